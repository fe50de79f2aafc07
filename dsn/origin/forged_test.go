package origin

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/stretchr/testify/assert"

	"nixie/dsn"
)

const (
	bob      = "bob@example.com"
	received = "Received: from mx.example.net (mx.example.net [203.0.113.5])\n\tby mx.example.org (Postfix) with ESMTP id 1; Mon, 1 Jan 2024 00:00:00 +0000\n"
	internal = "Received: from localhost (localhost [127.0.0.1])\n\tby mail.example.org (Postfix) with ESMTP id 2; Mon, 1 Jan 2024 00:00:01 +0000\n"
	passed   = "Authentication-Results: mx.example.org; spf=pass smtp.helo=mx.example.net\n"
)

// signReport signs a report as a stranger's server does.
func signReport(t *testing.T, b bounce, domain string) string {
	return sign(t, b.String(), func(o *dkim.SignOptions) { o.Domain, o.Signer = domain, otherKey() })
}

// Reports that nobody sent but a forger: he has seen any mail that went to
// another address, may own a domain, and writes what he likes.
func TestForged(t *testing.T) {
	week := 7 * 24 * time.Hour
	ours := sign(t, mailTo(anna), nil) // that anna got
	bobs := sign(t, mailTo(bob), nil)  // that bob got
	change := func(old, new string) string { return strings.Replace(ours, old, new, 1) }
	unknown := func(msg string) string { return strings.ReplaceAll(msg, "<17@example.org>", "<18@example.org>") }
	at := func(address string) string { return "Delivered-To: " + address + "\n" }
	ar := func(value string) bounce { return bounce{top: "Authentication-Results: " + value + "\n" + received} }
	gmail := func(from string) bounce {
		return bounce{from: from, mta: "mx.example.net"}
	}
	bobsToken, ownToken := token(t, bob, today.Add(week)), token(t, anna, today.Add(week))
	local, _, _ := strings.Cut(ownToken, "@")

	for name, msg := range map[string]string{
		// What came back.
		"no original":                           bounce{}.String(),
		"an unsigned original":                  bounce{originals: []string{unknown(mailTo(anna))}}.String(),
		"an original of the forger's domain":    bounce{originals: []string{unknown(sign(t, unknown(mailTo(anna)), func(o *dkim.SignOptions) { o.Domain, o.Signer = "example.com", otherKey() }))}}.String(),
		"our domain, the forger's key":          bounce{originals: []string{sign(t, unknown(mailTo(anna)), func(o *dkim.SignOptions) { o.Signer = otherKey() })}}.String(),
		"our domain, a selector of the forger":  bounce{originals: []string{sign(t, unknown(mailTo(anna)), func(o *dkim.SignOptions) { o.Selector, o.Signer = "evil", otherKey() })}}.String(),
		"d= ours and i= his":                    bounce{originals: []string{signTags(unknown(mailTo(anna)), "v=1; a=ed25519-sha256; c=relaxed/simple; d=example.org; i=@example.com; s=s; bh="+bodyHash(body))}}.String(),
		"the mail that another got":             bounce{originals: []string{unknown(bobs)}}.String(),
		"the mail that another got, unaltered":  bounce{originals: []string{sign(t, unknown(mailTo(bob)), nil)}}.String(),
		"its header":                            bounce{headers: headerOf(sign(t, unknown(mailTo(bob)), nil))}.String(),
		"an altered To":                         bounce{originals: []string{strings.Replace(sign(t, unknown(mailTo(bob)), nil), "To: "+bob, "To: "+anna, 1)}}.String(),
		"an altered To, header only":            bounce{headers: headerOf(strings.Replace(sign(t, unknown(mailTo(bob)), nil), "To: "+bob, "To: "+anna, 1))}.String(),
		"a second To above":                     bounce{originals: []string{"To: " + anna + "\n" + sign(t, unknown(mailTo(bob)), nil)}}.String(),
		"a second To below":                     bounce{headers: headerOf(sign(t, unknown(mailTo(bob)), nil)) + "To: " + anna + "\n"}.String(),
		"a Cc that is not signed":               bounce{originals: []string{"Cc: " + anna + "\n" + sign(t, unknown(mailTo(bob)), nil)}}.String(),
		"To joined to another field":            bounce{originals: []string{strings.Replace(sign(t, unknown(mailTo(bob)), nil), "To: "+bob, "To: "+bob+",\n "+anna, 1)}}.String(),
		"an unsigned To":                        bounce{originals: []string{sign(t, unknown(mailTo(anna)), func(o *dkim.SignOptions) { o.HeaderKeys = []string{"From", "Subject"} })}}.String(),
		"the victim as a display name":          bounce{originals: []string{sign(t, unknown(mailTo(`"`+anna+`" <`+bob+">")), nil)}}.String(),
		"the victim as an encoded display name": bounce{originals: []string{sign(t, unknown(mailTo("=?utf-8?q?anna=40example.net=2C?= <"+bob+">")), nil)}}.String(),
		"one more recipient in the report":      bounce{named: []string{bob, anna}, originals: []string{sign(t, unknown(mailTo(bob)), nil)}}.String(),
		"another Message-ID":                    bounce{originals: []string{change("<17@example.org>", "<18@example.org>")}}.String(),
		"another Subject":                       bounce{originals: []string{unknown(change("Subject: The", "Subject: A"))}}.String(),
		"a copied signature":                    bounce{originals: []string{ours[:strings.Index(ours, "From:")] + "From: news@example.org\nTo: " + anna + "\nMessage-ID: <18@example.org>\n\nHi\n"}}.String(),
		"a signature without b=":                bounce{originals: []string{unknown(strings.Replace(ours, " b=", " x=", 1))}}.String(),
		"an empty b=":                           bounce{originals: []string{unknown("DKIM-Signature: v=1; a=ed25519-sha256; d=example.org; s=s; h=From:To; bh=; b=\n" + mailTo(anna))}}.String(),
		"nine signatures of his, ours last":     bounce{originals: []string{strings.Repeat("DKIM-Signature: v=1; d=example.com; s=s\n", 9) + unknown(ours)}}.String(),
		"an expired signature":                  bounce{originals: []string{sign(t, unknown(mailTo(anna)), func(o *dkim.SignOptions) { o.Expiration = today.Add(-week) })}}.String(),
		"a revoked key":                         bounce{originals: []string{sign(t, unknown(mailTo(anna)), func(o *dkim.SignOptions) { o.Selector = "revoked" })}}.String(),
		"two originals, his own and a made one": bounce{originals: []string{sign(t, unknown(mailTo(bob)), nil), mailTo(anna)}}.String(),
		"two originals, both genuine":           bounce{named: []string{anna, bob}, originals: []string{ours, bobs}}.String(),
		"an original and a header":              bounce{originals: []string{bobs}, headers: headerOf(ours)}.String(),
		"a report in a report":                  bounce{originals: []string{bounce{originals: []string{ours}}.String()}}.String(),
		"a report in a report, nobody named":    bounce{named: []string{}, originals: []string{bounce{originals: []string{sign(t, unknown(mailTo(bob)), nil)}}.String()}}.String(),
		"a report that we signed":               bounce{originals: []string{sign(t, bounce{from: "MAILER-DAEMON@example.org", to: bob}.String(), nil)}}.String(),
		"a report that we signed to the victim": bounce{originals: []string{sign(t, bounce{from: "MAILER-DAEMON@example.org", to: anna}.String(), nil)}}.String(),
		"our mail as an attachment of his":      bounce{originals: []string{"From: x@example.com\nTo: " + anna + "\nContent-Type: multipart/mixed; boundary=i\n\n--i\nContent-Type: message/rfc822\n\n" + ours + "\n--i--\n"}}.String(),

		// Message-IDs.
		"a known Message-ID, another recipient": bounce{named: []string{bob}, originals: []string{mailTo(anna)}}.String(),
		"a Message-ID in another field":         bounce{originals: []string{strings.Replace(unknown(mailTo(anna)), "Subject: ", "Subject: Message-ID: <17@example.org> ", 1)}}.String(),
		"two Message-IDs":                       bounce{originals: []string{"Message-ID: <17@example.org>\n" + unknown(mailTo(anna))}}.String(),
		"two Message-IDs, the known one last":   bounce{originals: []string{"Message-ID: <18@example.org>\n" + mailTo(anna)}}.String(),
		"a Message-ID with another in it":       bounce{originals: []string{strings.Replace(mailTo(anna), "<17@example.org>", "<x> <17@example.org>", 1)}}.String(),
		"two originals with a known Message-ID": bounce{originals: []string{mailTo(anna), mailTo(anna)}}.String(),

		// Tokens.
		"the token of another recipient":       bounce{to: bobsToken}.String(),
		"the token of another, delivered":      bounce{top: at(bobsToken)}.String(),
		"a token, and one recipient more":      bounce{to: ownToken, named: []string{anna, bob}}.String(),
		"an expired token":                     bounce{to: token(t, anna, today.Add(-2*24*time.Hour))}.String(),
		"a token under another domain":         bounce{to: local + "@example.com"}.String(),
		"a token with another recipient in it": bounce{to: strings.Replace(bobsToken, "bob=example.com", "anna=example.net", 1)}.String(),
		"a token signed with another key":      bounce{to: mintWith(t, Key{"a", []byte("the forger's own secret")}, anna)}.String(),
		"a token with an unknown key id":       bounce{to: mintWith(t, Key{"q", []byte("the forger's own secret")}, anna)}.String(),
		"a token in the Subject":               "Subject: " + ownToken + "\n" + bounce{}.String(),
		"a token as a display name":            bounce{to: `"` + ownToken + `" <news@example.org>`}.String(),
		"unsigned VERP":                        bounce{to: "bounce+anna=example.net@example.org"}.String(),
		"a prvs tag of nobody":                 bounce{to: "prvs=1" + fmt.Sprintf("%03d", (today.Unix()/86400+5)%1000) + "abcdef=news@example.org"}.String(),
		"a prvs tag of another sender":         bounce{to: strings.Replace(batvKey.BATV("bob@example.org", today), "=bob@", "=news@", 1)}.String(),
		"an old prvs tag":                      bounce{to: batvKey.BATV("news@example.org", today.Add(-15*24*time.Hour))}.String(),
		"an SRS address around unsigned VERP":  bounce{to: "SRS0=abcd=QT=example.org=bounce-anna=example.net@forwarder.example.net"}.String(),

		// Authentication of the report.
		"A-R in what the forger sent":                                bounce{top: received + passed}.String(),
		"A-R below a hop of his own":                                 bounce{top: internal + received + passed}.String(),
		"A-R below a HELO in our name":                               bounce{top: "Received: from mail.example.org (evil.example.com [203.0.113.66])\n\tby mx.example.org; Mon, 1 Jan 2024 00:00:00 +0000\n" + passed}.String(),
		"A-R below a HELO with our address":                          bounce{top: "Received: from [127.0.0.1] (evil.example.com [203.0.113.66])\n\tby mx.example.org; Mon, 1 Jan 2024 00:00:00 +0000\n" + passed}.String(),
		"A-R below a HELO alone":                                     bounce{top: "Received: from mail.example.org\n\tby mx.example.org; Mon, 1 Jan 2024 00:00:00 +0000\n" + passed}.String(),
		"A-R without any Received, of another id":                    bounce{top: "Authentication-Results: mx.example.net; spf=pass smtp.helo=mx.example.net\n"}.String(),
		"A-R of an id that begins like ours":                         ar("mx.example.org.example.com; spf=pass smtp.helo=mx.example.net").String(),
		"A-R with another result quoted":                             ar(`mx.example.org; spf=fail smtp.mailfrom="x; spf=pass smtp.helo=mx.example.net; y"@example.com`).String(),
		"A-R with a quote escaped":                                   ar(`mx.example.org; spf=fail smtp.mailfrom="x\"; spf=pass smtp.helo=mx.example.net; \""@example.com`).String(),
		"A-R with a quote left open":                                 ar(`mx.example.org; spf=fail smtp.mailfrom="x; spf=pass smtp.helo=mx.example.net`).String(),
		"A-R with another result as a comment":                       ar("mx.example.org; spf=fail (x; spf=pass smtp.helo=mx.example.net) smtp.helo=example.com").String(),
		"A-R: SPF failed":                                            ar("mx.example.org; spf=fail smtp.helo=mx.example.net").String(),
		"A-R: SPF of the forger's domain":                            ar("mx.example.org; spf=pass smtp.helo=mx.example.com").String(),
		"A-R: SPF of a user of the domain":                           ar("mx.example.org; spf=pass smtp.mailfrom=eve@example.net").String(),
		"A-R: DKIM of the forger's domain":                           ar("mx.example.org; dkim=pass header.d=example.com").String(),
		"A-R: DKIM under one public suffix":                          bounce{top: "Authentication-Results: mx.example.org; dkim=pass header.d=evil.co.uk\n", from: "MAILER-DAEMON@evil.co.uk", mta: "mx.bank.co.uk", named: []string{"anna@bank.co.uk"}}.String(),
		"A-R in the original":                                        bounce{originals: []string{passed + unknown(mailTo(anna))}}.String(),
		"signed by the forger's domain":                              signReport(t, bounce{}, "example.com"),
		"signed, and From of the forger":                             signReport(t, bounce{from: "MAILER-DAEMON@example.com"}, "example.com"),
		"signed by a neighbour who calls himself a system elsewhere": signReport(t, bounce{from: "MAILER-DAEMON@example.com"}, "example.net"),
		"signed by the recipient's neighbour":                        signReport(t, gmail("eve@example.net"), "example.net"),
		"signed, with two authors":                                   signReport(t, gmail("MAILER-DAEMON@example.net, eve@example.net"), "example.net"),
		"signed, and another From above":                             "From: MAILER-DAEMON@example.net\n" + signReport(t, gmail("eve@example.net"), "example.net"),
		"signed, and altered":                                        strings.Replace(signReport(t, bounce{}, "example.net"), "Status: 5.1.1", "Status: 5.1.2", 1),
		"signed in part":                                             signTags(bounce{}.String(), "v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.net; s=s; l=0; bh="+emptyHash),
		"signed by a domain that is slow":                            sign(t, bounce{}.String(), func(o *dkim.SignOptions) { o.Domain, o.Selector = "example.net", "slow" }),
		"signed by a domain without a key":                           sign(t, bounce{}.String(), func(o *dkim.SignOptions) { o.Domain, o.Selector = "example.net", "gone" }),

		// Everything at once.
		"all that the forger has": bounce{top: at(bobsToken) + received + passed, to: "news@example.org", named: []string{anna},
			originals: []string{"To: " + anna + "\n" + sign(t, unknown(mailTo(bob)), nil)}}.String(),
	} {
		t.Run(name, func(t *testing.T) {
			got := check(checker(), msg)
			assert.Equal(t, None, got.Proof, "%+v", got.Check)
			assert.NotEmpty(t, got.Checks)
		})
	}
}

const emptyHash = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

func mintWith(t *testing.T, k Key, recipient string) string {
	v := VERP{Keys: []Key{k}}
	a, err := v.Mint("example.org", recipient, "", today.Add(7*24*time.Hour))
	assert.NoError(t, err)
	return a
}

// A genuine report of each kind reaches its grade.
func TestGenuine(t *testing.T) {
	ours := sign(t, mailTo(anna), nil)
	address := token(t, anna, today.Add(7*24*time.Hour))
	for _, test := range []struct {
		name    string
		msg     string
		proof   Proof
		domain  string
		about   []string
		aligned string
	}{
		{"token in To", bounce{to: address}.String(), Token, "example.org", []string{anna}, ""},
		{"token in Delivered-To", bounce{top: "Delivered-To: " + address + "\n"}.String(), Token, "example.org", []string{anna}, ""},
		{"token in Received", bounce{top: "Received: by mx.example.org for <" + address + ">; Mon, 1 Jan 2024 00:00:00 +0000\n"}.String(), Token, "example.org", []string{anna}, ""},
		{"token in upper case", bounce{to: strings.ToUpper(address)}.String(), Token, "example.org", []string{anna}, ""},
		{"token, nobody named", bounce{to: address, named: []string{}}.String(), Token, "example.org", []string{anna}, ""},
		{"token within SRS", bounce{to: "SRS0=abcd=QT=example.org=" + strings.TrimSuffix(address, "@example.org") + "@forwarder.example.net"}.String(), Token, "example.org", []string{anna}, ""},
		{"token and a signed original", bounce{to: address, originals: []string{ours}}.String(), Token, "example.org", []string{anna}, ""},
		{"token of another, signed original", bounce{to: token(t, bob, today.Add(24*time.Hour)), originals: []string{ours}}.String(), DKIM, "example.org", []string{anna}, ""},
		{"prvs", bounce{to: batvKey.BATV("news@example.org", today)}.String(), Token, "example.org", nil, ""},
		{"whole original", bounce{originals: []string{ours}}.String(), DKIM, "example.org", []string{anna}, ""},
		{"header of the original", bounce{headers: headerOf(ours)}.String(), DKIMHeader, "example.org", []string{anna}, ""},
		{"known Message-ID", bounce{originals: []string{mailTo(anna)}}.String(), MessageID, "example.org", []string{anna}, ""},
		{"known Message-ID, header", bounce{headers: "Message-ID: <17@example.org>\nFrom: news@example.org\n"}.String(), MessageID, "example.org", []string{anna}, ""},
		{"known Message-ID, answered to", "References: <17@example.org>\n" + bounce{}.String(), MessageID, "example.org", []string{anna}, ""},
		{"signed by the recipient's domain", signReport(t, bounce{}, "example.net"), Authenticated, "example.net", []string{anna}, "recipient"},
		{"signed by the reporting host", signReport(t, bounce{named: []string{bob}}, "mx.example.net"), Authenticated, "mx.example.net", []string{bob}, "reporting-mta"},
		{"signed for himself", signReport(t, bounce{from: anna, mta: "x.example.com"}, "example.net"), Authenticated, "example.net", []string{anna}, "recipient"},
		{"SPF above Received", bounce{top: passed + received}.String(), Authenticated, "mx.example.net", []string{anna}, "recipient"},
		{"SPF above ours", bounce{top: internal + passed + received}.String(), Authenticated, "mx.example.net", []string{anna}, "recipient"},
		{"SPF of postmaster", bounce{top: "Authentication-Results: mx.example.org (milter) 1; spf=pass (it may) smtp.mailfrom=postmaster@mx.example.net\n" + received}.String(), Authenticated, "mx.example.net", []string{anna}, "recipient"},
		{"DKIM as our server found it", bounce{top: "Authentication-Results: mx.example.org;\n\tdkim=pass (2048-bit key; secure) header.d=example.net header.i=@example.net\n" + received}.String(), Authenticated, "example.net", []string{anna}, "recipient"},
		{"SPF of no-one's and of ours", bounce{top: "Authentication-Results: mx.example.com; spf=fail smtp.helo=mx.example.net\n" + passed + received}.String(), Authenticated, "mx.example.net", []string{anna}, "recipient"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := check(checker(), test.msg)
			assert.Equal(t, test.proof, got.Proof, "%+v", got.Checks)
			assert.Equal(t, test.domain, got.Domain)
			assert.Equal(t, test.about, got.About)
			assert.Equal(t, test.aligned, got.Aligned)
			assert.NotEmpty(t, got.Detail)
		})
	}
}

// The envelope tells more than the header, where it is known.
func TestEnvelope(t *testing.T) {
	address := token(t, anna, today.Add(24*time.Hour))
	m := Message{Raw: []byte(bounce{to: address}.String())}
	m.Report = dsn.Parse(m.Raw)
	m.To = []string{"news@example.org"}
	assert.Equal(t, None, checker().Check(context.Background(), m).Proof)
	m.To = []string{address}
	assert.Equal(t, Token, checker().Check(context.Background(), m).Proof)
}

// What the grade Authenticated leaves open: a stranger with a domain of his
// own reaches it in his own name, and it says so.
func TestAuthenticatedStranger(t *testing.T) {
	b := bounce{from: "MAILER-DAEMON@example.com", mta: "mx.example.com"}
	got := check(checker(), signReport(t, b, "example.com"))
	assert.Equal(t, Authenticated, got.Proof)
	assert.Equal(t, "reporting-mta", got.Aligned)
	assert.False(t, got.Proof.AtLeast(MessageID))
}

// A report that is sent again: the proof ends with the token, the signature
// or the age that is allowed.
func TestReplay(t *testing.T) {
	c := checker()
	c.SentID, c.LookupTXT, c.MaxAge = nil, nil, 14*24*time.Hour
	for _, msg := range []string{
		bounce{to: token(t, anna, today.Add(14*24*time.Hour))}.String(),
		bounce{originals: []string{sign(t, mailTo(anna), nil)}}.String(),
		bounce{headers: headerOf(sign(t, mailTo(anna), func(o *dkim.SignOptions) { o.Expiration = today.Add(14 * 24 * time.Hour) }))}.String(),
		bounce{to: batvKey.BATV("news@example.org", today)}.String(),
	} {
		c.Now = func() time.Time { return today.Add(24 * time.Hour) }
		assert.NotEqual(t, None, check(c, msg).Proof)
		c.Now = func() time.Time { return today.Add(16 * 24 * time.Hour) }
		assert.Equal(t, None, check(c, msg).Proof)
	}
}

func TestProof(t *testing.T) {
	assert.True(t, Token.AtLeast(DKIM))
	assert.True(t, DKIMHeader.AtLeast(DKIMHeader))
	assert.False(t, MessageID.AtLeast(DKIMHeader))
	assert.True(t, None.AtLeast(None))
	assert.False(t, Proof("made up").AtLeast(None))
	assert.Equal(t, "none", None.String())
	assert.Equal(t, "dkim-header", DKIMHeader.String())
}

// The look-ups that a report can cause are few, whatever stands in it.
func TestLookupsAreBounded(t *testing.T) {
	var lookups atomic.Int32 // signatures are verified side by side
	c := checker()
	c.SentID = nil
	c.LookupTXT = func(context.Context, string) ([]string, error) { lookups.Add(1); return nil, nil }
	one := "DKIM-Signature: v=1; a=ed25519-sha256; d=%s; s=x; h=from; bh=" + emptyHash + "; b=" + base64.StdEncoding.EncodeToString(make([]byte, 64)) + "\n"
	ours, theirs := strings.Repeat(fmt.Sprintf(one, "example.org"), 1000), strings.Repeat(fmt.Sprintf(one, "example.net"), 1000)
	got := check(c, theirs+bounce{originals: []string{ours + mailTo(bob)}}.String())
	assert.Equal(t, None, got.Proof)
	assert.LessOrEqual(t, int(lookups.Load()), maxSignatures+maxReportSignatures)
}

// A report whose signature cannot be checked now may be checked again later.
func TestReportTempError(t *testing.T) {
	got := check(checker(), sign(t, bounce{}.String(), func(o *dkim.SignOptions) { o.Domain, o.Selector = "example.net", "slow" }))
	last := got.Checks[len(got.Checks)-1]
	assert.Equal(t, Authenticated, last.Proof)
	assert.Equal(t, TempError, last.Outcome, last.Detail)
}

// Reports that would keep a checker busy for minutes if its time grew with the
// square of their size.
func TestLargeReports(t *testing.T) {
	const n = 100_000
	ours := sign(t, mailTo(bob), nil)
	named := make([]string, n/10)
	for i := range named {
		named[i] = fmt.Sprintf("u%d@example.net", i)
	}
	bh := "; bh=" + bodyHash(body) + "; h=from" + strings.Repeat(":x", n) + "; b=AAAA\n"
	for name, msg := range map[string]string{
		"folds":               bounce{originals: []string{"X: y\n" + strings.Repeat(" z\n", n) + ours}}.String(),
		"fields":              bounce{originals: []string{strings.Repeat("X: y\n", n) + ours}}.String(),
		"signed names":        bounce{originals: []string{"DKIM-Signature: v=1; a=ed25519-sha256; d=example.org; s=s" + bh + ours}}.String(),
		"signatures":          bounce{originals: []string{strings.Repeat("DKIM-Signature: v=1; d=example.org\n", n/10) + ours}}.String(),
		"recipients":          bounce{named: named, originals: []string{ours}}.String(),
		"signed recipients":   bounce{named: named, originals: []string{sign(t, mailTo(strings.Join(named[:500], ",\n ")), nil)}}.String(),
		"originals":           bounce{originals: slices.Repeat([]string{"From: a@example.com\n\n"}, n/10)}.String(),
		"folds in the report": "X: y\n" + strings.Repeat(" z\n", n) + signReport(t, bounce{}, "example.net"),
		"names in the report": "DKIM-Signature: v=1; a=ed25519-sha256; d=example.net; s=s" + bh + bounce{}.String(),
		"results":             "Authentication-Results: mx.example.org" + strings.Repeat("; spf=pass smtp.helo=example.com", n/10) + "\n" + bounce{}.String(),
		"open comments":       "Authentication-Results: mx.example.org " + strings.Repeat("(", n) + "\n" + bounce{}.String(),
		"addresses":           "To: " + strings.Repeat("bounce-a=b=c@example.org, ", n/10) + "x@example.org\n" + bounce{}.String(),
	} {
		t.Run(name, func(t *testing.T) {
			c := checker()
			c.SentID = nil
			assert.Equal(t, None, check(c, msg).Proof)
		})
	}
}

// Without a clock nothing that can expire counts.
func TestNoClock(t *testing.T) {
	c := checker()
	c.SentID, c.Now = nil, nil
	for _, msg := range []string{
		bounce{to: token(t, anna, today.Add(24*time.Hour))}.String(),
		bounce{to: batvKey.BATV("news@example.org", time.Unix(0, 0))}.String(),
		bounce{originals: []string{sign(t, mailTo(anna), func(o *dkim.SignOptions) { o.Expiration = today.Add(24 * time.Hour) })}}.String(),
	} {
		assert.Equal(t, None, check(c, msg).Proof)
	}
	assert.Equal(t, DKIM, check(c, bounce{originals: []string{sign(t, mailTo(anna), nil)}}.String()).Proof)
}

func TestPlainResults(t *testing.T) {
	for value, want := range map[string]string{
		"mx.example.org; spf=pass":                 "mx.example.org; spf=pass",
		"mx (a (b) \\) c)1; spf=pass (d)":          "mx   1; spf=pass  ",
		`mx; spf=pass smtp.mailfrom="a"@b.example`: "mx; spf=pass smtp.mailfrom=a@b.example",
		"mx; spf=pass)":                            "",
		"mx; (spf=pass":                            "",
		`mx; "spf=pass`:                            "",
		`mx; "a b"`:                                "",
		`mx; "a;b"`:                                "",
		`mx; "a\"b"`:                               "",
	} {
		got, err := plainResults(value)
		assert.Equal(t, want, got, value)
		assert.Equal(t, want == "", err != nil, value)
	}
}
