package push

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"nixie/classify"
	"nixie/classify/ledger"
)

// Standing is what became of an address.
type Standing struct {
	ID string `json:"id"` // the same whenever the target is told of the same
	ledger.State
}

// Kinds are the kinds of targets.
var Kinds = []string{"listmonk", "webhook"}

// New returns a target of that kind. The secret is the token of an API user,
// or the key that signs.
func New(kind, target, secret string) (*Target, error) {
	u, err := ParseURL(target)
	if err != nil {
		return nil, err
	}
	switch kind {
	case "listmonk":
		user := u.User.Username()
		if user == "" {
			return nil, errors.New("name the API user of listmonk: https://USER@HOST")
		}
		const path = "/webhooks/bounce"
		if u.User = nil; !strings.HasSuffix(u.Path, path) {
			u = u.JoinPath(path)
		}
		return &Target{URL: u.String(), Seal: func(r *http.Request, _ []byte, _ time.Time) { r.SetBasicAuth(user, secret) }}, nil
	case "webhook":
		if len(secret) < 16 {
			return nil, errors.New("a key that signs must have 16 octets or more: openssl rand -hex 32")
		}
		return &Target{URL: u.String(), Seal: func(r *http.Request, body []byte, now time.Time) {
			r.Header.Set(SignatureHeader, Signature(secret, now, body))
		}}, nil
	}
	return nil, fmt.Errorf("%q is no kind of target: %s", kind, strings.Join(Kinds, " or "))
}

// SignatureHeader is the field in which a webhook finds the signature.
const SignatureHeader = "Nixie-Signature"

// Signature signs what is posted at that time: "t=SECONDS,v1=HEX", where HEX
// is the HMAC-SHA256, with the secret as its key, of the seconds since 1970 in
// decimal, a full stop and the body.
func Signature(secret string, now time.Time, body []byte) string {
	t := strconv.FormatInt(now.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// Bounce is a dropped address in the words of listmonk,
// https://listmonk.app/docs/bounces/#webhook-api.
type Bounce struct {
	Email  string   `json:"email"`
	Source string   `json:"source"`
	Type   string   `json:"type"` // hard or complaint
	Meta   Standing `json:"meta"`
}

// Listmonk returns what listmonk is told of a dropped address.
func Listmonk(s Standing) Bounce {
	b := Bounce{s.Address, "nixie", "hard", s}
	if s.Reason == classify.Complaint {
		b.Type = "complaint"
	}
	return b
}
