package origin

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/stretchr/testify/require"

	"nixie/dsn"
)

// today is when the tests run. go-msgauth has a clock of its own, so it must
// not be far from the real one.
var today = time.Now()

var (
	rsa1024 = sync.OnceValue(func() crypto.Signer { return newRSA(1024) })
	rsa2048 = sync.OnceValue(func() crypto.Signer { return newRSA(2048) })
	rsa4096 = sync.OnceValue(func() crypto.Signer { return newRSA(4096) })
	edKey   = sync.OnceValue(func() crypto.Signer {
		return ed25519.NewKeyFromSeed([]byte("a seed that is 32 octets long !!"))
	})
	otherKey = sync.OnceValue(func() crypto.Signer {
		return ed25519.NewKeyFromSeed([]byte("another seed of the same length!"))
	})
)

func newRSA(bits int) crypto.Signer {
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return k
}

// record is the key record of a key.
func record(s crypto.Signer) string {
	switch k := s.Public().(type) {
	case *rsa.PublicKey:
		der, _ := x509.MarshalPKIXPublicKey(k)
		return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
	case ed25519.PublicKey:
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(k)
	}
	panic("unknown key")
}

const body = "Hello,\n\nthe news of spring.  Two spaces, and grüße.\n"

// mailTo is a message of ours before it is signed.
func mailTo(to string) string {
	return "From: News <news@example.org>\nTo: " + to + "\nSubject: The news of spring, with a subject that is long enough to be\n folded\n" +
		"Date: " + today.Format(time.RFC1123Z) + "\nMessage-ID: <17@example.org>\nMIME-Version: 1.0\n" +
		"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n" + body
}

var signedFields = []string{"From", "To", "Subject", "Date", "Message-ID"}

// sign signs a message for example.org, selector s.
func sign(t testing.TB, msg string, change func(*dkim.SignOptions)) string {
	o := &dkim.SignOptions{
		Domain: "example.org", Selector: "s", Signer: edKey(), Hash: crypto.SHA256, HeaderKeys: signedFields,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
	}
	if change != nil {
		change(o)
	}
	var b bytes.Buffer
	require.NoError(t, dkim.Sign(&b, strings.NewReader(strings.ReplaceAll(msg, "\n", "\r\n")), o))
	return strings.ReplaceAll(b.String(), "\r\n", "\n")
}

// signTags signs the header of msg with a DKIM-Signature of these tags, which
// need not make sense. Relaxed in the header, over From and To.
func signTags(msg, tags string) string {
	fields := splitHeader([]byte(msg))
	s := signature{relaxed: true, names: []string{"from", "to"}}
	h := sha256.New()
	for _, f := range s.pick(fields) {
		h.Write([]byte(canonical(f.raw, true)))
	}
	field := "DKIM-Signature: " + tags + "; h=from:to; b="
	h.Write([]byte(strings.TrimSuffix(canonical(field, true), "\r\n")))
	sig, err := edKey().Sign(nil, h.Sum(nil), crypto.Hash(0))
	if err != nil {
		panic(err)
	}
	return field + base64.StdEncoding.EncodeToString(sig) + "\n" + msg
}

func bodyHash(s string) string {
	sum := sha256.Sum256([]byte(strings.ReplaceAll(s, "\n", "\r\n")))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// headerOf returns the header of a message.
func headerOf(msg string) string {
	header, _, _ := strings.Cut(msg, "\n\n")
	return header + "\n"
}

// bounce is a report to be written.
type bounce struct {
	top       string   // header fields above all others
	from      string   // "" for the mail system of mx.example.net
	to        string   // "" for news@example.org
	mta       string   // Reporting-MTA
	named     []string // recipients; nil for anna@example.net
	headers   string   // the original, header only
	originals []string // the original, whole
}

const anna = "anna@example.net"

func (b bounce) String() string {
	or := func(s, other string) string {
		if s == "" {
			return other
		}
		return s
	}
	if b.named == nil {
		b.named = []string{anna}
	}
	var w strings.Builder
	fmt.Fprintf(&w, "%sFrom: %s\nTo: %s\nSubject: Undelivered Mail Returned to Sender\n", b.top,
		or(b.from, "MAILER-DAEMON@mx.example.net"), or(b.to, "news@example.org"))
	fmt.Fprintf(&w, "Date: %s\nMessage-ID: <report.1@mx.example.net>\nAuto-Submitted: auto-replied\nMIME-Version: 1.0\n", today.Format(time.RFC1123Z))
	w.WriteString("Content-Type: multipart/report; report-type=delivery-status; boundary=\"=_b\"\n\n--=_b\nContent-Type: text/plain\n\nNot delivered.\n\n")
	fmt.Fprintf(&w, "--=_b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; %s\n", or(b.mta, "mx.example.net"))
	for _, a := range b.named {
		fmt.Fprintf(&w, "\nFinal-Recipient: rfc822; %s\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n", a)
	}
	if b.headers != "" {
		w.WriteString("\n--=_b\nContent-Type: text/rfc822-headers\n\n" + b.headers)
	}
	for _, o := range b.originals {
		w.WriteString("\n--=_b\nContent-Type: message/rfc822\n\n" + o)
	}
	w.WriteString("\n--=_b--\n")
	return w.String()
}

// checker is the Checker of example.org.
func checker() *Checker {
	return &Checker{
		Domains: []string{"example.org"},
		Records: map[string]string{"s._domainkey.example.org": record(edKey())},
		VERP:    VERP{Keys: []Key{verpKey}},
		BATV:    []BATVKey{batvKey},
		SentID: func(_ context.Context, id, recipient string) bool {
			return id == "17@example.org" && (recipient == anna || recipient == "")
		},
		AuthservIDs: []string{"mx.example.org"},
		Hosts:       []string{"example.org"},
		LookupTXT:   dns,
		Now:         func() time.Time { return today },
	}
}

var (
	verpKey = Key{ID: "a", Secret: []byte("a secret of the example")}
	batvKey = BATVKey{Digit: '1', Secret: []byte("another secret")}
)

// dns holds the keys of strangers.
func dns(_ context.Context, name string) ([]string, error) {
	switch name {
	case "s._domainkey.mx.example.net", "s._domainkey.example.net", "s._domainkey.example.com":
		return []string{record(otherKey())}, nil
	case "slow._domainkey.example.org", "slow._domainkey.example.net":
		return nil, fmt.Errorf("lookup: %w", context.DeadlineExceeded)
	case "revoked._domainkey.example.org":
		return []string{"v=DKIM1; p="}, nil
	}
	return nil, nil
}

// check checks a message.
func check(c *Checker, msg string) Result {
	return c.Check(context.Background(), Message{Raw: []byte(msg), Report: dsn.Parse([]byte(msg))})
}

// token is a VERP address for a recipient.
func token(t testing.TB, recipient string, expires time.Time) string {
	v := VERP{Keys: []Key{verpKey}}
	a, err := v.Mint("example.org", recipient, "", expires)
	require.NoError(t, err)
	return a
}
