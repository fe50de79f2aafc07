package origin

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"time"
)

// VERP makes and reads envelope addresses that tell for which recipient a
// message was, and that only the holder of a key can make: variable envelope
// return paths with a signature.
//
//	bounce-anna=example.net=spring=a37fhkq7w2m5zr4t6b
//	prefix-local=domain=campaign=key, expiry, signature
//
// Such an address is sent as MAIL FROM. What stands in it survives changes of
// case, and gateways that rewrite the character behind the prefix; it is no
// secret to the recipient and to the servers on the way, so it proves a report
// about that recipient and no other. The zero value makes and finds none.
//
// In detail, for other languages. ASCII letters count as lower case. The
// payload is the recipient, followed by "=" and the campaign where there is
// one. In both, octets other than a-z, 0-9, "-" and single dots become "_" and
// two hexadecimal digits; the last "@" of the recipient becomes "=". A payload
// that would make the local part longer than 64 octets has in place of the
// recipient "=" and the base32 of the first 10 octets of
//
//	HMAC-SHA-256(secret, "recipient:" + recipient)
//
// Behind the payload stand "=", the key's id (one character), the day on which
// the address expires, as three base32 digits of days since 1970-01-01,
// highest first, and the base32 of the first 8 octets of
//
//	HMAC-SHA-256(secret, "verp:" + id + day + ":" + payload + "@" + domain)
//
// Base32 is that of RFC 4648 in lower case without padding.
type VERP struct {
	Prefix string // what local parts begin with; "" for "bounce-". Its last character, if no letter or digit, may come back as another
	Keys   []Key  // the first signs, each verifies
}

// Key is a secret with its name, so that keys can be changed while addresses
// of the old one are still about. Whoever knows the secret can make proofs of
// grade Token for every recipient.
type Key struct {
	ID     string // one character, a-z or 0-9
	Secret []byte // at least 16 octets, from a good source of randomness
}

// VERPAddress is what a signed envelope address stands for.
type VERPAddress struct {
	Recipient string    // lower case; "" if the address holds only its digest
	Digest    string    // of a recipient that is too long to be written out
	Campaign  string    // lower case, "" if there is none
	Domain    string    // behind the @
	Key       string    // the id of the key
	Expires   time.Time // the end of its last day, UTC
	key       Key
}

// ErrNoToken says that an address is not of the form asked for: it is neither
// genuine nor forged.
var ErrNoToken = errors.New("origin: no token in the address")

const (
	maxLocal   = 64             // octets, RFC 5321 section 4.5.3.1.1
	maxAddress = 254            // octets, RFC 5321 section 4.5.3.1.3
	tailLength = 1 + 3 + 13     // key id, day, signature
	day        = 24 * time.Hour // without leap seconds, as Unix time
	lastDay    = 32*32*32 - 1   // that three digits can write
	minSecret  = 16             // octets
	digits     = "abcdefghijklmnopqrstuvwxyz234567"
)

var base32Lower = base32.NewEncoding(digits).WithPadding(base32.NoPadding)

// Mint makes the envelope address for mail to a recipient. The campaign may be
// ""; with it the payload should stay short. The address expires at the end of
// the day (UTC) in which expires lies: some weeks are right, for reports of
// delay and failure may come late and twice.
func (v *VERP) Mint(domain, recipient, campaign string, expires time.Time) (string, error) {
	if len(v.Keys) == 0 {
		return "", errors.New("origin: no key to sign with")
	}
	k := v.Keys[0]
	if err := k.Valid(); err != nil {
		return "", err
	}
	recipient, domain = lower(recipient), normalDomain(domain)
	local, host, ok := cutLast(recipient, '@')
	days := expires.Unix() / int64(day/time.Second)
	switch {
	case !ok || local == "" || host == "" || len(recipient) > maxAddress:
		return "", fmt.Errorf("origin: %q is no address", recipient)
	case domain == "" || strings.ContainsAny(domain, "@ <>"):
		return "", fmt.Errorf("origin: %q is no domain", domain)
	case days < 0 || days > lastDay:
		return "", errors.New("origin: the expiry is out of range")
	}
	tail := ""
	if campaign != "" {
		tail = "=" + escape(lower(campaign))
	}
	word, separator := v.prefix()
	prefix := word + separator
	payload := escape(local) + "=" + escape(host) + tail
	if len(prefix)+len(payload)+1+tailLength > maxLocal {
		payload = "=" + k.digest(recipient) + tail
	}
	if len(prefix)+len(payload)+1+tailLength > maxLocal {
		return "", errors.New("origin: the campaign is too long for an address")
	}
	stamp := k.ID + string([]byte{digits[days>>10&31], digits[days>>5&31], digits[days&31]})
	return prefix + payload + "=" + stamp + k.sign(stamp, payload, domain) + "@" + domain, nil
}

// Verify reads an address that Mint made and checks its signature. The error
// is ErrNoToken if the address is of another form. An address that has expired
// by now is returned with an error.
func (v *VERP) Verify(address string, now time.Time) (VERPAddress, error) {
	var a VERPAddress
	local, domain, ok := cutLast(lower(strings.Trim(strings.TrimSpace(address), "<>")), '@')
	prefix, _ := v.prefix()
	if !ok || len(local) > maxLocal || strings.Contains(local, "@") || len(v.Keys) == 0 || !strings.HasPrefix(local, prefix) || len(local) < len(prefix)+1+tailLength {
		return a, ErrNoToken
	}
	payload, tail, ok := cutLast(local[len(prefix):], '=')
	if !ok || len(tail) != tailLength || len(payload) < 2 || isAlphanumeric(payload[0]) {
		return a, ErrNoToken
	}
	payload = payload[1:] // without the character behind the prefix, whatever it became
	a.Domain, a.Key = normalDomain(domain), tail[:1]
	stamp, signature := tail[:4], tail[4:]
	days := 0
	for _, c := range stamp[1:] {
		digit := strings.IndexRune(digits, c)
		if digit < 0 {
			return a, ErrNoToken
		}
		days = days<<5 | digit
	}
	a.Expires = time.Unix(0, 0).UTC().Add(time.Duration(days+1) * day)

	for _, k := range v.Keys {
		if k.ID == a.Key && k.Valid() == nil && hmac.Equal([]byte(signature), []byte(k.sign(stamp, payload, a.Domain))) {
			a.key = k
		}
	}
	if a.key.ID == "" {
		return VERPAddress{Domain: a.Domain, Key: a.Key}, errors.New("origin: the address is not signed with our key")
	}
	local, rest, _ := strings.Cut(payload, "=")
	host, campaign, _ := strings.Cut(rest, "=")
	if local == "" {
		a.Digest = host
	} else {
		a.Recipient = unescape(local) + "@" + unescape(host)
	}
	a.Campaign = unescape(campaign)
	if !now.Before(a.Expires) {
		return a, fmt.Errorf("origin: the address expired on %s", a.Expires.Add(-day).Format(time.DateOnly))
	}
	return a, nil
}

// Is reports whether the address was made for this recipient.
func (a *VERPAddress) Is(recipient string) bool {
	if a.Digest != "" {
		return hmac.Equal([]byte(a.Digest), []byte(a.key.digest(lower(recipient))))
	}
	return sameAddress(a.Recipient, recipient)
}

// prefix returns the prefix and the character behind it.
func (v *VERP) prefix() (word, separator string) {
	word = lower(v.Prefix)
	switch last := len(word) - 1; {
	case last < 0:
		return "bounce", "-"
	case isAlphanumeric(word[last]):
		return word, "-"
	default:
		return word[:last], word[last:]
	}
}

// Valid returns an error if the key cannot be used: addresses are neither
// signed nor found genuine with it.
func (k *Key) Valid() error {
	switch {
	case len(k.ID) != 1 || !isAlphanumeric(lower(k.ID)[0]) || lower(k.ID) != k.ID:
		return fmt.Errorf("origin: the id of a key is one of a-z and 0-9, not %q", k.ID)
	case len(k.Secret) < minSecret:
		return fmt.Errorf("origin: the secret of key %s is shorter than %d octets", k.ID, minSecret)
	}
	return nil
}

func (k *Key) sign(stamp, payload, domain string) string {
	return base32Lower.EncodeToString(k.mac("verp:" + stamp + ":" + payload + "@" + domain)[:8])
}

func (k *Key) digest(recipient string) string {
	return base32Lower.EncodeToString(k.mac("recipient:" + recipient)[:10])
}

func (k *Key) mac(s string) []byte {
	h := hmac.New(sha256.New, k.Secret)
	h.Write([]byte(s))
	return h.Sum(nil)
}

const hexDigits = "0123456789abcdef"

// escape writes s so that it can stand in a local part and does not hold "=".
func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case isAlphanumeric(c), c == '-', c == '.' && (i == 0 || s[i-1] != '.'):
			b.WriteByte(c)
		default:
			b.Write([]byte{'_', hexDigits[c>>4], hexDigits[c&15]})
		}
	}
	return b.String()
}

// unescape undoes escape. What escape does not write stays as it is.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '_' && i+2 < len(s) {
			high, low := strings.IndexByte(hexDigits, s[i+1]), strings.IndexByte(hexDigits, s[i+2])
			if high >= 0 && low >= 0 {
				b.WriteByte(byte(high<<4 | low))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// lower returns s with its ASCII letters in lower case. It changes no other
// byte, so what stands at an offset in the one does in the other.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] |= 0x20
		}
	}
	return string(b)
}

func isAlphanumeric(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }

// cutLast cuts s around the last c.
func cutLast(s string, c byte) (before, after string, found bool) {
	i := strings.LastIndexByte(s, c)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}
