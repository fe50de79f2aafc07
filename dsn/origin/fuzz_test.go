package origin

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nixie/dsn"
)

// No address that was not minted is taken for one; what was minted, is.
func FuzzToken(f *testing.F) {
	v := VERP{Keys: []Key{verpKey}}
	for _, address := range []string{
		token(f, anna, today.Add(time.Hour)), batvKey.BATV("news@example.org", today),
		"list-bounces+anna=example.net@lists.example.org", "bounce+anna==a==example.net==list@lists.example.org",
		"SRS1=AbCd=one.example.net==x7Ks=QT=example.org=news@example.net", "btv1==266d6f5a1b2==news@example.org", "list-return-17-a=b.example@example.org",
	} {
		f.Add(address, anna, "spring")
	}
	f.Fuzz(func(t *testing.T, address, recipient, campaign string) {
		if a, err := v.Verify(address, today); err == nil {
			assert.True(t, a.Recipient != "" || a.Digest != "")
			if a.Recipient != "" { // it is what Mint makes
				again, err := v.Mint(a.Domain, a.Recipient, a.Campaign, a.Expires.Add(-time.Second))
				require.NoError(t, err)
				assert.Equal(t, again[len("bounce-"):], lower(strings.Trim(strings.TrimSpace(address), "<>"))[len("bounce-"):])
			}
		}
		VerifyBATV([]BATVKey{batvKey}, address, today)
		if c, ok := Decode(address); ok {
			assert.Contains(t, c.Address, "@")
			assert.LessOrEqual(t, len(c.Address), len(address)+1)
		}

		minted, err := v.Mint("example.org", recipient, campaign, today)
		if err != nil {
			return
		}
		local, domain, _ := strings.Cut(minted, "@")
		assert.LessOrEqual(t, len(local), maxLocal)
		assert.Equal(t, "example.org", domain)
		for i := range len(local) {
			assert.True(t, isAlphanumeric(local[i]) || strings.IndexByte("-._=", local[i]) >= 0, minted)
		}
		assert.NotContains(t, minted, "..")
		a, err := v.Verify(strings.ToUpper(minted), today)
		require.NoError(t, err)
		assert.True(t, a.Is(recipient))
		assert.Equal(t, lower(campaign), a.Campaign)
	})
}

// Whatever the header, the check ends, ends alike each time, and gives no
// proof for a recipient that we did not sign for.
func FuzzHeaderSignature(f *testing.F) {
	f.Add(sign(f, mailTo(anna), nil))
	f.Add(headerOf(sign(f, mailTo(anna), nil)))
	f.Add(rfc6376)
	f.Add(rfc8463)
	f.Add("DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=s; h=from:from:to; b=\n\t=;\n;;=b=\nFrom : x\n")
	f.Add("DKIM-Signature:;b=")
	c := &Checker{
		Domains: []string{"example.org", "example.com", "football.example.com"},
		Records: map[string]string{
			"s._domainkey.example.org":                 record(edKey()),
			"brisbane._domainkey.example.com":          rfcRSAKey,
			"brisbane._domainkey.football.example.com": rfcEd25519Key,
			"test._domainkey.football.example.com":     rfc8463RSAKey,
		},
		Now: func() time.Time { return today },
	}
	f.Fuzz(func(t *testing.T, header string) {
		report := dsn.Parse([]byte(bounce{named: []string{"nobody@example.invalid"}}.String()))
		report.Original = &dsn.Original{Raw: []byte(header)}
		m := Message{Report: report}
		got := c.Check(context.Background(), m)
		assert.Equal(t, got, c.Check(context.Background(), m))
		assert.Equal(t, None, got.Proof)
		for _, check := range got.Checks {
			assert.NotEmpty(t, check.Detail)
			assert.NotEmpty(t, check.Outcome)
		}
	})
}

// The same for whole messages.
func FuzzCheck(f *testing.F) {
	f.Add(bounce{top: passed + received, originals: []string{sign(f, mailTo(bob), nil)}}.String())
	f.Add(bounce{top: internal + passed + received, named: []string{bob}, headers: headerOf(sign(f, mailTo(anna), nil))}.String())
	f.Add(bounce{to: token(f, bob, today)}.String())
	f.Fuzz(func(t *testing.T, msg string) {
		got := check(checker(), msg)
		assert.Equal(t, got, check(checker(), msg))
		assert.Equal(t, got.Proof == None, got.Outcome != Pass)
	})
}
