package origin

import (
	"context"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// key is a DKIM public key, RFC 6376 section 3.6.1 and RFC 8463 section 4.
type key struct {
	algorithm string // "rsa" or "ed25519"
	rsa       *rsa.PublicKey
	ed25519   ed25519.PublicKey
	hashes    []string // that may be used; empty for any
	strict    bool     // t=s
}

// The bits that an RSA key may have. RFC 8301 section 3.2 wants 1024 to 4096;
// beyond 8192 a check would take too long.
const (
	minKeyBits = 1024
	maxKeyBits = 8192
)

// CheckRecord returns what is wrong with a DKIM key record, RFC 6376 section
// 3.6.1; nil if it holds a key that signatures can be verified with.
func CheckRecord(record string) error {
	_, err := parseKey(record)
	return err
}

// parseKey reads a key record.
func parseKey(record string) (*key, error) {
	t, err := tags(record)
	if err != nil {
		return nil, errors.New("the key record is no list of tags")
	}
	if v, ok := t["v"]; ok && v != "DKIM1" {
		return nil, errors.New("the key record is of an unknown version")
	}
	p, ok := t["p"]
	switch {
	case !ok:
		return nil, errors.New("the key record has no key")
	case p == "":
		return nil, errors.New("the key is revoked")
	}
	if s, ok := t["s"]; ok && !slices.Contains(strings.Split(s, ":"), "*") && !slices.Contains(strings.Split(s, ":"), "email") {
		return nil, errors.New("the key is not for mail")
	}
	der, err := base64.StdEncoding.DecodeString(p)
	if err != nil {
		return nil, errors.New("the key is no base64")
	}
	k := &key{algorithm: t["k"]}
	if t["h"] != "" {
		k.hashes = strings.Split(t["h"], ":")
	}
	k.strict = slices.Contains(strings.Split(t["t"], ":"), "s")
	switch k.algorithm {
	case "", "rsa":
		k.algorithm = "rsa"
		if k.rsa, err = parseRSA(der); err != nil {
			return nil, err
		}
	case "ed25519":
		if len(der) != ed25519.PublicKeySize {
			return nil, errors.New("the Ed25519 key is not 32 octets long")
		}
		k.ed25519 = der
	default:
		return nil, fmt.Errorf("unknown kind of key %q", k.algorithm)
	}
	return k, nil
}

// parseRSA reads an RSA key in either of the forms in use (RFC 6376, erratum
// 3017).
func parseRSA(der []byte) (*rsa.PublicKey, error) {
	var k *rsa.PublicKey
	if any, err := x509.ParsePKIXPublicKey(der); err == nil {
		k, _ = any.(*rsa.PublicKey)
	} else if k, err = x509.ParsePKCS1PublicKey(der); err != nil {
		return nil, errors.New("the key is no RSA key")
	}
	switch {
	case k == nil:
		return nil, errors.New("the key is no RSA key")
	case k.N.BitLen() < minKeyBits || k.N.BitLen() > maxKeyBits:
		return nil, fmt.Errorf("an RSA key of %d bits is not accepted", k.N.BitLen())
	}
	return k, nil
}

// lookup returns the key record of that name.
func (c *Checker) lookup(ctx context.Context, name string) (string, error) {
	name = normalDomain(name)
	if record, ok := c.Records[name]; ok {
		return record, nil
	}
	if c.LookupTXT == nil {
		return "", errNoKey
	}
	records, err := c.LookupTXT(ctx, name)
	switch {
	case err != nil:
		return "", err
	case len(records) == 0:
		return "", errors.New("there is no key record")
	case len(records) > 1:
		return "", errors.New("there is more than one key record")
	}
	return records[0], nil
}

var errNoKey = errors.New("no key is known, and none may be looked up")

// failed returns the outcome of a check that ended in err.
func failed(err error) Outcome {
	var e interface{ Temporary() bool }
	var t interface{ Timeout() bool }
	switch {
	case errors.Is(err, errNoKey):
		return Absent
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled),
		errors.As(err, &e) && e.Temporary(), errors.As(err, &t) && t.Timeout():
		return TempError
	}
	return Fail
}
