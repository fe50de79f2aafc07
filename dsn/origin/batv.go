package origin

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// BATVKey is a key of the "prvs" scheme of bounce address tag validation
// (draft-levine-smtp-batv-01), in which a mail server signs the envelope
// sender of all that it sends:
//
//	prvs=1660a3f2c1=anna@example.org
//
// The tag expires after a week and speaks of no recipient: each of them knows
// it and could report another. Its signature has 24 bits, so it can be guessed
// by whoever can send millions of reports.
type BATVKey struct {
	Digit  byte   // '0' to '9'
	Secret []byte // what the mail server is given
}

// batvDays is how many days a tag may be valid from its making.
const batvDays = 7

// VerifyBATV checks a prvs address and returns the sender that it was made
// for. The error is ErrNoToken if it is none, or there are no keys. A pass
// shows that the address was made with one of the keys in the last week, and
// nothing of who uses it now.
func VerifyBATV(keys []BATVKey, address string, now time.Time) (sender string, err error) {
	tag, sender, ok := splitBATV(address)
	if !ok || len(keys) == 0 {
		return "", ErrNoToken
	}
	genuine := false
	for _, k := range keys {
		genuine = genuine || k.Digit == tag[0] && len(k.Secret) > 0 && hmac.Equal([]byte(tag[4:]), []byte(k.sign(tag[:4], sender)))
	}
	if !genuine {
		return sender, errors.New("origin: the prvs tag is not signed with our key")
	}
	expires, err := strconv.Atoi(tag[1:4])
	if err != nil {
		return sender, ErrNoToken
	}
	today := int(now.Unix() / int64(day/time.Second))
	if left := ((expires-today)%1000 + 1000) % 1000; left > batvDays {
		return sender, errors.New("origin: the prvs tag has expired")
	}
	return sender, nil
}

// BATV returns the prvs address for a sender, as a mail server does that signs
// with this key. It is valid for a week from now.
func (k *BATVKey) BATV(sender string, now time.Time) string {
	expires := (now.Unix()/int64(day/time.Second) + batvDays) % 1000
	stamp := fmt.Sprintf("%c%03d", k.Digit, expires)
	return "prvs=" + stamp + k.sign(stamp, sender) + "=" + sender
}

// sign returns the first three octets of the signature in hexadecimal.
func (k *BATVKey) sign(stamp, sender string) string {
	h := hmac.New(sha1.New, k.Secret)
	h.Write([]byte(stamp + sender))
	return hex.EncodeToString(h.Sum(nil)[:3])
}

// splitBATV cuts a prvs address in its tag, in lower case, and the sender.
func splitBATV(address string) (tag, sender string, ok bool) {
	scheme, rest, ok := strings.Cut(address, "=")
	if !ok || !strings.EqualFold(scheme, "prvs") {
		return "", "", false
	}
	tag, sender, ok = strings.Cut(rest, "=")
	tag = lower(tag)
	if !ok || len(tag) != 10 || strings.Trim(tag[:4], "0123456789") != "" || strings.Trim(tag[4:], hexDigits) != "" {
		return "", "", false
	}
	return tag, sender, true
}
