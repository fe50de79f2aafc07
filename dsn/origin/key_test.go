package origin

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseKey(t *testing.T) {
	ofBits := func(bits uint) string {
		n := new(big.Int).Lsh(big.NewInt(1), bits-1)
		der, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: n.Add(n, big.NewInt(1)), E: 65537})
		require.NoError(t, err)
		return base64.StdEncoding.EncodeToString(der)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	ecDER, err := x509.MarshalPKIXPublicKey(ec.Public())
	require.NoError(t, err)
	pkcs1 := base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(rsa1024().Public().(*rsa.PublicKey)))

	for _, test := range []struct{ name, record, err string }{
		{"as it should be", record(edKey()), ""},
		{"without a version", "p=" + ofBits(2048), ""},
		{"folded", "v=DKIM1;\n\tk=rsa;  p = " + strings.Replace(ofBits(2048), "A", "A \t", 3), ""},
		{"as PKCS #1", "p=" + pkcs1, ""},
		{"for mail", "s=email:x; p=" + pkcs1, ""},
		{"1024 bits", "p=" + ofBits(1024), ""},
		{"1023 bits", "p=" + ofBits(1023), "1023 bits"},
		{"8193 bits", "p=" + ofBits(8193), "8193 bits"},
		{"revoked", "v=DKIM1; p=", "revoked"},
		{"no key", "v=DKIM1", "has no key"},
		{"no tags", "hello", "no list of tags"},
		{"another version", "v=DKIM2; p=" + pkcs1, "version"},
		{"not for mail", "s=tlsrpt; p=" + pkcs1, "not for mail"},
		{"no base64", "p=***", "base64"},
		{"no key in it", "p=AAAA", "no RSA key"},
		{"another kind", "p=" + base64.StdEncoding.EncodeToString(ecDER), "no RSA key"},
		{"a kind of its own", "k=x; p=AAAA", "unknown kind"},
		{"a short Ed25519 key", "k=ed25519; p=AAAA", "32 octets"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := CheckRecord(test.record)
			if test.err == "" {
				assert.NoError(t, err)
			} else {
				assert.ErrorContains(t, err, test.err)
			}
		})
	}
}

// What a key allows: t=s no subdomain in i=, h= which hashes.
func TestKeyLimits(t *testing.T) {
	const tags = "v=1; a=ed25519-sha256; c=relaxed/simple; d=example.org; s=s"
	bh := "; bh=" + bodyHash(body)
	for _, test := range []struct {
		name, limit, tags string
		want              Proof
	}{
		{"t=s", "; t=s", tags + bh, DKIM},
		{"t=s and a subdomain", "; t=s", tags + "; i=@a.example.org" + bh, None},
		{"t=y", "; t=y", tags + "; i=@a.example.org" + bh, DKIM},
		{"h=sha256", "; h=sha256", tags + bh, DKIM},
		{"h=sha1", "; h=sha1", tags + bh, None},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := Checker{Domains: []string{"example.org"}, Records: map[string]string{"s._domainkey.example.org": record(edKey()) + test.limit}}
			assert.Equal(t, test.want, check(&c, bounce{originals: []string{signTags(mailTo(anna), test.tags)}}.String()).Proof)
		})
	}
}
