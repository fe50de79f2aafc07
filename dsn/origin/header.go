package origin

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// rawField is a header field as it stands, folds included, lines ended by
// CR LF.
type rawField struct {
	name string // lower case, without the space before the colon
	raw  string
}

// value returns what stands behind the colon.
func (f *rawField) value() string {
	_, v, _ := strings.Cut(f.raw, ":")
	return v
}

// messageStart returns msg from its first field on, without the lines that an mbox
// or a server may have put above.
func messageStart(msg []byte) []byte {
	for len(msg) > 0 {
		line, rest, _ := bytes.Cut(msg, []byte("\n"))
		if len(bytes.TrimSpace(line)) > 0 && !bytes.HasPrefix(line, []byte("From ")) && !bytes.HasPrefix(line, []byte(">From ")) {
			break
		}
		msg = rest
	}
	return msg
}

// splitHeader returns the fields of the header that msg begins with. A line
// that is no field counts as one with a name that nobody signs.
func splitHeader(msg []byte) []rawField {
	var fields []rawField
	var b strings.Builder
	end := func() {
		if b.Len() > 0 {
			raw := b.String()
			name, _, _ := strings.Cut(raw, ":")
			fields = append(fields, rawField{strings.ToLower(strings.TrimRight(name, " \t")), raw})
			b.Reset()
		}
	}
	for line := range bytes.Lines(msg) {
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		if len(line) == 0 {
			break
		}
		if line[0] != ' ' && line[0] != '\t' {
			end()
		}
		b.Write(line)
		b.WriteString("\r\n")
	}
	end()
	return fields
}

// What a header may have to be checked. go-msgauth takes time that grows with
// the square of these, and a stranger chooses them.
const (
	maxHeader = 256 << 10 // octets
	maxField  = 16 << 10
	maxFields = 1000
	maxNames  = 250 // in h=
)

// modest returns an error if a header is too large to be checked.
func modest(header []rawField) error {
	size := 0
	for i := range header {
		f := &header[i]
		size += len(f.raw)
		if len(f.raw) > maxField || f.name == "dkim-signature" && strings.Count(f.raw, ":") > maxNames {
			size = maxHeader + 1
		}
	}
	if size > maxHeader || len(header) > maxFields {
		return errors.New("the header is too large to be checked")
	}
	return nil
}

// signature is a DKIM-Signature field, RFC 6376 section 3.5.
type signature struct {
	field     rawField
	domain    string // d=
	selector  string // s=
	user      string // i=
	algorithm string // a=
	relaxed   bool   // header canonicalization
	partial   bool   // l= is there
	names     []string
	sig       []byte
	time      time.Time // t=
	expires   time.Time // x=
}

// tags reads a tag list, RFC 6376 section 3.2, without the white space in and
// around the values.
func tags(s string) (map[string]string, error) {
	all := make(map[string]string)
	for spec := range strings.SplitSeq(s, ";") {
		name, value, ok := strings.Cut(spec, "=")
		name = strings.Trim(name, " \t\r\n")
		switch {
		case !ok && name == "":
			continue
		case !ok || name == "":
			return nil, errors.New("the signature is no list of tags")
		}
		if _, twice := all[name]; twice {
			return nil, fmt.Errorf("the tag %s= stands twice", name)
		}
		all[name] = compact(value)
	}
	return all, nil
}

// compact returns s without white space.
func compact(s string) string {
	if !strings.ContainsAny(s, " \t\r\n") {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '\t' || r == '\r' || r == '\n' {
			return -1
		}
		return r
	}, s)
}

// parseSignature reads a DKIM-Signature field. After an error the signature
// holds what was read, so that it can be told whose it claims to be.
func parseSignature(f rawField) (signature, error) {
	s := signature{field: f}
	t, err := tags(f.value())
	if err != nil {
		return s, err
	}
	s.domain, s.selector, s.algorithm = normalDomain(t["d"]), t["s"], t["a"]
	for _, name := range []string{"v", "a", "b", "bh", "d", "h", "s"} {
		if t[name] == "" {
			return s, fmt.Errorf("the signature has no tag %s=", name)
		}
	}
	if t["v"] != "1" {
		return s, errors.New("the signature is of another version than 1")
	}
	if q, ok := t["q"]; ok && !slices.Contains(strings.Split(q, ":"), "dns/txt") {
		return s, errors.New("the key is not to be found in DNS")
	}
	switch header, _, _ := strings.Cut(t["c"], "/"); header {
	case "relaxed":
		s.relaxed = true
	case "", "simple":
	default:
		return s, errors.New("unknown canonicalization")
	}
	_, s.partial = t["l"]
	s.user = "@" + s.domain
	if i, ok := t["i"]; ok {
		if s.user = i; domainOf(i) != s.domain && !strings.HasSuffix(domainOf(i), "."+s.domain) {
			return s, errors.New("i= is not of the domain d=")
		}
	}
	s.names = strings.Split(strings.ToLower(t["h"]), ":")
	if !slices.Contains(s.names, "from") {
		return s, errors.New("the From field is not signed")
	}
	if s.sig, err = base64.StdEncoding.DecodeString(t["b"]); err != nil {
		return s, errors.New("b= is no base64")
	}
	if s.time, err = unixTime(t["t"]); err != nil {
		return s, errors.New("t= is no time")
	}
	if s.expires, err = unixTime(t["x"]); err != nil {
		return s, errors.New("x= is no time")
	}
	return s, nil
}

// unixTime reads seconds since 1970, the zero time if there are none.
func unixTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	n, err := strconv.ParseUint(s, 10, 40) // twelve digits, RFC 6376 section 3.5
	if err != nil {
		return time.Time{}, err
	}
	return time.Unix(int64(n), 0), nil
}

// pick returns the fields that the signature covers: for each name the one
// lowest in the header that was not picked before, RFC 6376 section 5.4.2. A
// field that somebody added above is not among them.
func (s *signature) pick(header []rawField) []rawField {
	below := make(map[string][]int)
	for i := range header {
		below[header[i].name] = append(below[header[i].name], i)
	}
	picked := make([]rawField, 0, len(s.names))
	for _, name := range s.names {
		if at := below[name]; len(at) > 0 {
			picked = append(picked, header[at[len(at)-1]])
			below[name] = at[:len(at)-1]
		}
	}
	return picked
}

// verify checks the signature over the picked fields, and nothing of the
// body.
func (s *signature) verify(picked []rawField, k *key) error {
	h := sha256.New()
	write := h.Write
	for i := range picked {
		write([]byte(canonical(picked[i].raw, s.relaxed)))
	}
	own := canonical(withoutSignature(s.field.raw), s.relaxed)
	write([]byte(strings.TrimSuffix(own, "\r\n")))
	sum := h.Sum(nil)

	algorithm, hash, _ := strings.Cut(s.algorithm, "-")
	switch {
	case hash != "sha256" || len(k.hashes) > 0 && !slices.Contains(k.hashes, hash):
		return fmt.Errorf("the hash of %q is not allowed", s.algorithm)
	case algorithm != k.algorithm:
		return fmt.Errorf("the signature is %q and the key %s", s.algorithm, k.algorithm)
	case k.strict && domainOf(s.user) != s.domain:
		return errors.New("i= is a subdomain, which the key does not allow")
	case k.rsa != nil:
		if rsa.VerifyPKCS1v15(k.rsa, crypto.SHA256, sum, s.sig) == nil {
			return nil
		}
	case len(k.ed25519) == ed25519.PublicKeySize:
		if ed25519.Verify(k.ed25519, sum, s.sig) {
			return nil
		}
	}
	form := "simple"
	if s.relaxed {
		form = "relaxed"
	}
	return fmt.Errorf("the signature does not fit the header (%s): it was changed, or is another's", form)
}

// canonical returns a field in the form that is signed, RFC 6376 sections
// 3.4.1 and 3.4.2.
func canonical(raw string, relaxed bool) string {
	if !relaxed {
		return raw
	}
	name, value, _ := strings.Cut(raw, ":")
	var b strings.Builder
	b.Grow(len(raw))
	b.WriteString(strings.ToLower(strings.TrimRight(name, " \t")))
	b.WriteByte(':')
	first := true
	for word := range strings.FieldsFuncSeq(value, func(r rune) bool { return r == ' ' || r == '\t' || r == '\r' || r == '\n' }) {
		if !first {
			b.WriteByte(' ')
		}
		first = false
		b.WriteString(word)
	}
	b.WriteString("\r\n")
	return b.String()
}

// withoutSignature returns a DKIM-Signature field with the value of its b=
// removed, RFC 6376 section 3.7. The line end stays.
func withoutSignature(raw string) string {
	colon := strings.IndexByte(raw, ':')
	for pos := colon + 1; pos > 0 && pos < len(raw); {
		end := strings.IndexByte(raw[pos:], ';')
		if end < 0 {
			end = len(raw)
		} else {
			end += pos
		}
		if equals := strings.IndexByte(raw[pos:end], '='); equals >= 0 && strings.Trim(raw[pos:pos+equals], " \t\r\n") == "b" {
			rest := raw[end:]
			if end == len(raw) {
				rest = "\r\n"
			}
			return raw[:pos+equals+1] + rest
		}
		pos = end + 1
	}
	return raw
}
