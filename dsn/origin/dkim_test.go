package origin

import (
	"context"
	"crypto"
	"mime/quotedprintable"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// refold folds the fields of a header anew, as relays do.
func refold(msg, fold string) string {
	header, body, _ := strings.Cut(msg, "\n\n")
	header = strings.ReplaceAll(strings.ReplaceAll(header, "\n ", " "), "\n\t", " ")
	lines := strings.Split(header, "\n")
	for i, line := range lines {
		if len(line) > 60 {
			if at := strings.LastIndexByte(line[:60], ' '); at > 20 {
				lines[i] = line[:at] + fold + line[at+1:]
			}
		}
	}
	return strings.Join(lines, "\n") + "\n\n" + body
}

// toQuotedPrintable converts the body, as a relay does that offers no
// 8BITMIME.
func toQuotedPrintable(msg string) string {
	header, body, _ := strings.Cut(msg, "\n\n")
	var b strings.Builder
	w := quotedprintable.NewWriter(&b)
	w.Write([]byte(body))
	w.Close()
	return strings.Replace(header, "Encoding: 8bit", "Encoding: quoted-printable", 1) + "\n\n" + strings.ReplaceAll(b.String(), "\r\n", "\n")
}

// Every key and canonicalization, and what happens to a message on its way.
func TestSignatures(t *testing.T) {
	type way struct {
		name          string
		change        func(msg string) bounce
		relaxed       Proof // what relaxed/relaxed proves; the header alone is simple below
		simple, loose Proof // simple/simple; and the two mixed forms
		simpleHeader  Proof // simple/relaxed
	}
	whole := func(msg string) bounce { return bounce{originals: []string{msg}} }
	ways := []way{
		{"whole", whole, DKIM, DKIM, DKIM, DKIM},
		{"trace fields above", func(m string) bounce {
			return whole("Return-Path: <b@example.org>\nReceived: from a by b; Mon, 1 Jan 2024 00:00:00 +0000\nX-Spam: no\n" + m)
		}, DKIM, DKIM, DKIM, DKIM},
		{"headers only", func(m string) bounce { return bounce{headers: headerOf(m)} }, DKIMHeader, DKIMHeader, DKIMHeader, DKIMHeader},
		{"headers as message/rfc822", func(m string) bounce { return whole(headerOf(m) + "\n") }, DKIMHeader, DKIMHeader, DKIMHeader, DKIMHeader},
		{"CR LF", func(m string) bounce { return whole(strings.ReplaceAll(m, "\n", "\r\n")) }, DKIM, DKIM, DKIM, DKIM},
		{"body cut", func(m string) bounce { return whole(m[:len(m)-20]) }, DKIMHeader, DKIMHeader, DKIMHeader, DKIMHeader},
		{"footer of a list", func(m string) bounce { return whole(m + "-- \nto leave, write to us\n") }, DKIMHeader, DKIMHeader, DKIMHeader, DKIMHeader},
		{"8-bit to quoted-printable", func(m string) bounce { return whole(toQuotedPrintable(m)) }, DKIMHeader, DKIMHeader, DKIMHeader, DKIMHeader},
		{"spaces at line ends", func(m string) bounce { return whole(strings.Replace(m, "Hello,", "Hello, ", 1)) }, DKIM, DKIMHeader, DKIM, DKIM},
		{"folded with a space", func(m string) bounce { return whole(refold(m, "\n ")) }, DKIM, None, DKIM, None},
		{"folded with a tab", func(m string) bounce { return whole(refold(m, "\n\t")) }, DKIM, None, DKIM, None},
		{"folded, headers only", func(m string) bounce { return bounce{headers: headerOf(refold(m, "\n\t"))} }, DKIMHeader, None, DKIMHeader, None},
		{"names in other case", func(m string) bounce { return whole(strings.Replace(m, "\nSubject:", "\nSUBJECT:", 1)) }, DKIM, None, DKIM, None},
		{"Subject marked", func(m string) bounce { return whole(strings.Replace(m, "\nSubject: ", "\nSubject: [SPAM] ", 1)) }, None, None, None, None},
		{"fields in another order", func(m string) bounce {
			return whole(strings.Replace(strings.Replace(m, "\nDate:", "\nX-Mark: 1\nDate:", 1), "MIME-Version: 1.0\n", "", 1))
		}, DKIM, DKIM, DKIM, DKIM},
		{"a second To above", func(m string) bounce { return whole("To: bob@example.com\n" + m) }, DKIM, DKIM, DKIM, DKIM},
		{"a second To below", func(m string) bounce { return whole(strings.Replace(m, "\n\n", "\nTo: bob@example.com\n\n", 1)) }, None, None, None, None},
	}
	keys := map[string]func() crypto.Signer{"rsa1024": rsa1024, "rsa2048": rsa2048, "rsa4096": rsa4096, "ed25519": edKey}
	forms := []struct {
		header, body dkim.Canonicalization
		want         func(way) Proof
	}{
		{dkim.CanonicalizationRelaxed, dkim.CanonicalizationRelaxed, func(w way) Proof { return w.relaxed }},
		{dkim.CanonicalizationSimple, dkim.CanonicalizationSimple, func(w way) Proof { return w.simple }},
		{dkim.CanonicalizationRelaxed, dkim.CanonicalizationSimple, func(w way) Proof {
			if w.name == "spaces at line ends" {
				return DKIMHeader
			}
			return w.loose
		}},
		{dkim.CanonicalizationSimple, dkim.CanonicalizationRelaxed, func(w way) Proof { return w.simpleHeader }},
	}
	for name, key := range keys {
		for _, form := range forms {
			signed := sign(t, mailTo(anna), func(o *dkim.SignOptions) {
				o.Signer, o.HeaderCanonicalization, o.BodyCanonicalization = key(), form.header, form.body
			})
			for _, way := range ways {
				t.Run(name+"/"+string(form.header)+"/"+string(form.body)+"/"+way.name, func(t *testing.T) {
					c := &Checker{
						Domains: []string{"example.org"},
						Records: map[string]string{"s._domainkey.example.org": record(key())},
					}
					got := check(c, way.change(signed).String())
					require.NotEmpty(t, got.Checks)
					assert.Equal(t, form.want(way), got.Proof, "%+v", got.Checks)
					if got.Proof != None {
						assert.Equal(t, "example.org", got.Domain)
						assert.Equal(t, "s", got.Selector)
						assert.Equal(t, []string{anna}, got.About)
						assert.ElementsMatch(t, []string{"from", "to", "subject", "date", "message-id"}, got.Fields)
					}
				})
			}
		}
	}
}

// Signatures and keys that are not as they should be.
func TestSignatureFaults(t *testing.T) {
	with := func(change func(*dkim.SignOptions)) string { return sign(t, mailTo(anna), change) }
	tags := func(tags string) string { return signTags(mailTo(anna), tags) }
	const plain = "v=1; a=ed25519-sha256; c=relaxed/simple; d=example.org; s=s"
	bh := "; bh=" + bodyHash(body)
	selector := func(s string) string { return with(func(o *dkim.SignOptions) { o.Selector = s }) }
	for _, test := range []struct {
		name    string
		msg     string
		proof   Proof
		outcome Outcome // of the first check of a signature
		detail  string
	}{
		{"as it should be", tags(plain + bh), DKIM, Pass, ""},
		{"two signatures, one of ours", sign(t, with(nil), func(o *dkim.SignOptions) { o.Domain, o.Signer = "example.com", otherKey() }), DKIM, Pass, ""},
		{"two of ours, the first broken", strings.Replace(sign(t, with(nil), func(o *dkim.SignOptions) { o.Identifier = "x@example.org" }), "i=x@", "i=y@", 1), DKIM, Fail, "does not fit the header"},
		{"expired", with(func(o *dkim.SignOptions) { o.Expiration = today.Add(-time.Hour) }), None, Fail, "expired"},
		{"not yet expired", with(func(o *dkim.SignOptions) { o.Expiration = today.Add(time.Hour) }), DKIM, Pass, ""},
		{"l=", tags(plain + bh + "; l=5"), DKIMHeader, Pass, "signed in part"},
		{"l=0", tags(plain + bh + "; l=0"), DKIMHeader, Pass, "signed in part"},
		{"a stranger's domain", with(func(o *dkim.SignOptions) { o.Domain = "example.com" }), None, Absent, "no signature of our domains"},
		{"a subdomain", with(func(o *dkim.SignOptions) { o.Domain = "sub.example.org" }), None, Absent, "no signature of our domains"},
		{"another key", with(func(o *dkim.SignOptions) { o.Signer = otherKey() }), None, Fail, "does not fit the header"},
		{"revoked", selector("revoked"), None, Fail, "revoked"},
		{"no key", selector("gone"), None, Fail, "no key record"},
		{"DNS times out", selector("slow"), None, TempError, "deadline"},
		{"of another kind", strings.Replace(with(nil), "a=ed25519-sha256", "a=rsa-sha256", 1), None, Fail, "rsa"},
		{"sha1", tags(strings.Replace(plain, "sha256", "sha1", 1) + bh), None, Fail, "not allowed"},
		{"version 2", tags(strings.Replace(plain, "v=1", "v=2", 1) + bh), None, Fail, "version"},
		{"another i=", tags(plain + bh + "; i=@example.com"), None, Fail, "i="},
		{"i= of a subdomain", tags(plain + bh + "; i=@a.example.org"), DKIM, Pass, ""},
		{"another q=", tags(plain + bh + "; q=dane"), None, Fail, "DNS"},
		{"unknown c=", tags(strings.Replace(plain, "relaxed", "loose", 1) + bh), None, Fail, "canonicalization"},
		{"a tag twice", tags(plain + bh + "; s=s"), None, Absent, "no signature of our domains"},
		{"no bh=", tags(plain), None, Fail, "bh="},
		{"b= broken", strings.Replace(with(nil), "b=", "b=*", 1), None, Fail, ""},
		{"From not signed", strings.Replace(with(nil), "From:", "Form:", 1), None, Fail, "From field is not signed"},
		{"a second From above", "From: bob@example.com\n" + with(nil), DKIM, Pass, ""},
		{"not signed", mailTo(anna), None, Absent, "no signature"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := checker()
			c.SentID = nil
			c.Records["s._domainkey.example.com"] = record(otherKey())
			got := check(c, bounce{originals: []string{test.msg}}.String())
			assert.Equal(t, test.proof, got.Proof, "%+v", got.Checks)
			for _, check := range got.Checks {
				if check.Proof != Token {
					assert.Equal(t, test.outcome, check.Outcome, check.Detail)
					assert.Contains(t, check.Detail, test.detail)
					break
				}
			}
		})
	}
}

// Whom a signature speaks for.
func TestSignedRecipients(t *testing.T) {
	for _, test := range []struct {
		name  string
		to    string
		named []string
		proof Proof
	}{
		{"the same", anna, []string{anna}, DKIM},
		{"with a name", "Anna <" + anna + ">", []string{anna}, DKIM},
		{"in other case", "Anna@Example.NET", []string{anna}, DKIM},
		{"one of several", anna + ", Bob <bob@example.com>", []string{"bob@example.com"}, DKIM},
		{"all of several", anna + ", Bob <bob@example.com>", []string{anna, "bob@example.com"}, DKIM},
		{"one too many", anna, []string{anna, "bob@example.com"}, None},
		{"another", anna, []string{"bob@example.com"}, None},
		{"the name is an address", `"bob@example.com" <` + anna + ">", []string{"bob@example.com"}, None},
		{"a comment is an address", anna + " (bob@example.com)", []string{"bob@example.com"}, None},
		{"a group", "friends: " + anna + ", bob@example.com;", []string{"bob@example.com"}, DKIM},
		{"nobody", "undisclosed-recipients:;", []string{anna}, None},
		{"no list", anna + " bob@example.com", []string{anna}, None},
		{"a list of ours", "news-list@example.org", []string{anna, "bob@example.com"}, DKIM},
		{"an IDN", "anna@bücher.example", []string{"anna@xn--bcher-kva.example"}, DKIM},
		{"none named", anna, []string{}, DKIM},
		{"none named, nobody signed", "undisclosed-recipients:;", []string{}, None},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := checker()
			c.SentID, c.Lists = nil, []string{"news-list@example.org"}
			msg := bounce{named: test.named, originals: []string{sign(t, mailTo(test.to), nil)}}.String()
			got := check(c, msg)
			assert.Equal(t, test.proof, got.Proof, "%+v", got.Checks)
		})
	}
}

func TestMaxAge(t *testing.T) {
	msg := bounce{originals: []string{sign(t, mailTo(anna), nil)}}.String()
	c := checker()
	c.SentID, c.MaxAge = nil, 30*24*time.Hour
	assert.Equal(t, DKIM, check(c, msg).Proof)

	c.Now = func() time.Time { return today.Add(31 * 24 * time.Hour) }
	got := check(c, msg)
	assert.Equal(t, None, got.Proof)
	assert.Contains(t, got.Checks[1].Detail, "too old")

	c.Now = nil
	assert.Equal(t, None, check(c, msg).Proof)
}

// A program without DNS, with the key at hand, never looks anything up.
func TestOffline(t *testing.T) {
	c := checker()
	c.LookupTXT = func(context.Context, string) ([]string, error) {
		require.Fail(t, "looked up")
		return nil, nil
	}
	assert.Equal(t, DKIM, check(c, bounce{originals: []string{sign(t, mailTo(anna), nil)}}.String()).Proof)
}

func TestZeroChecker(t *testing.T) {
	var c Checker
	for _, msg := range []string{
		"", "no report",
		bounce{originals: []string{sign(t, mailTo(anna), nil)}}.String(),
		bounce{to: token(t, anna, today.Add(time.Hour))}.String(),
	} {
		got := check(&c, msg)
		assert.Equal(t, None, got.Proof)
		for _, check := range got.Checks {
			assert.Equal(t, Absent, check.Outcome, check.Detail)
		}
	}
	assert.Equal(t, Result{}, c.Check(context.Background(), Message{}))
}

// The example of RFC 6376 appendix A, with its key of appendix C.
const rfc6376 = `DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;
      c=simple/simple; q=dns/txt; i=joe@football.example.com;
      h=Received : From : To : Subject : Date : Message-ID;
      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB
      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut
      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV
      4bmp/YzhwvcubU4=;
Received: from client1.football.example.com  [192.0.2.1]
      by submitserver.example.com with SUBMISSION;
      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game. Are you hungry yet?

Joe.
`

// The example of RFC 8463 appendix A, with its keys.
const rfc8463 = `DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
`

const (
	rfcRSAKey = "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYt" +
		"IxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhi" +
		"tdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB"
	rfc8463RSAKey = "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2" +
		"jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZy" +
		"VYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"
	rfcEd25519Key = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
)

func TestRFCExamples(t *testing.T) {
	for _, test := range []struct {
		name, msg, domain string
		records           map[string]string
		selector          string
	}{
		{"RFC 6376", rfc6376, "example.com", map[string]string{"brisbane._domainkey.example.com": rfcRSAKey}, "brisbane"},
		{"RFC 8463, Ed25519", rfc8463, "football.example.com", map[string]string{"brisbane._domainkey.football.example.com": rfcEd25519Key}, "brisbane"},
		{"RFC 8463, RSA", rfc8463, "football.example.com", map[string]string{"test._domainkey.football.example.com": rfc8463RSAKey}, "test"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := Checker{Domains: []string{test.domain}, Records: test.records}
			named := []string{"suzie@shopping.example.net"}
			got := check(&c, bounce{named: named, headers: headerOf(test.msg)}.String())
			assert.Equal(t, DKIMHeader, got.Proof, "%+v", got.Checks)
			assert.Equal(t, test.selector, got.Selector)
			got = check(&c, bounce{named: named, originals: []string{test.msg}}.String())
			assert.Equal(t, DKIM, got.Proof, "%+v", got.Checks)
			got = check(&c, bounce{named: named, headers: headerOf(strings.Replace(test.msg, "dinner", "supper", 1))}.String())
			assert.Equal(t, None, got.Proof, "%+v", got.Checks)
		})
	}
}
