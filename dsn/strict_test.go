package dsn

import (
	"bufio"
	"bytes"
	"io"
	"math/rand/v2"
	"mime"
	mimemultipart "mime/multipart"
	"net/mail"
	"net/textproto"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"nixie/codes"
)

// stated is what a delivery status says of one recipient.
type stated struct {
	original, final string
	action          Action
	status          codes.Status
}

// strictly reads a delivery status notification by the letter of RFC 3464,
// with the standard library alone. It returns false for what is no such
// message, breaks a rule, or is written in a form that can be read in more
// than one way; then nothing can be said of what Parse should find.
func strictly(msg []byte) (recipients []stated, ok bool) {
	crs, lfs := bytes.Count(msg, []byte("\r")), bytes.Count(msg, []byte("\n"))
	if bytes.IndexByte(msg, 0) >= 0 || hasBareCR(msg) || crs != 0 && crs != lfs {
		return nil, false
	}
	if bytes.HasPrefix(msg, []byte(":")) || bytes.Contains(msg, []byte("\n:")) {
		return nil, false // the standard library passes over fields without a name
	}
	m, err := mail.ReadMessage(bytes.NewReader(msg))
	if err != nil || len(m.Header["Content-Type"]) != 1 || m.Header.Get("X-Failed-Recipients") != "" {
		return nil, false
	}
	if !strictNames(textproto.MIMEHeader(m.Header), isStated) {
		return nil, false
	}
	media, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || media != "multipart/report" || !strings.EqualFold(params["report-type"], "delivery-status") || params["boundary"] == "" {
		return nil, false
	}
	if bytes.Count(msg, []byte("--"+params["boundary"]+"--")) != 1 {
		return nil, false
	}
	body := mimemultipart.NewReader(m.Body, params["boundary"])
	for n := 1; ; n++ {
		part, err := body.NextRawPart()
		if err == io.EOF {
			return recipients, n == 3 || n == 4 // two parts, or three with the original
		}
		if err != nil {
			return nil, false
		}
		text, err := io.ReadAll(part)
		if err != nil {
			return nil, false
		}
		media, _, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		encoding := part.Header.Get("Content-Transfer-Encoding")
		switch {
		case err != nil || len(part.Header["Content-Type"]) != 1 || !strictNames(part.Header, isStated):
			return nil, false
		case n == 2 && encoding != "" && !strings.EqualFold(encoding, "7bit") || n == 2 && !isASCII(text):
			return nil, false
		case n == 1 && isStated(firstField(text)): // read for what it looks like, whatever its type
			return nil, false
		case n == 1 && media != "text/plain", n == 2 && media != "message/delivery-status", n == 3 && media != "message/rfc822" && media != "text/rfc822-headers":
			return nil, false
		case n == 2:
			if recipients, ok = strictStatus(text); !ok {
				return nil, false
			}
		}
	}
}

// isStated reports whether a field belongs into a delivery status.
func isStated(name string) bool { return isStatusField(name) || recipientField(name) != "" }

// strictNames reports whether all fields of a header have names of RFC 5322
// section 2.2, which the standard library does not demand, and none is foreign
// to it.
func strictNames(header textproto.MIMEHeader, foreign func(name string) bool) bool {
	for name := range header {
		if fieldName(name+":") != len(name) || strings.ContainsAny(name, " \t") || foreign(name) {
			return false
		}
	}
	return true
}

// strictStatus reads the body of a message/delivery-status: the fields of the
// message, and those of one or more recipients.
func strictStatus(body []byte) (recipients []stated, ok bool) {
	r := textproto.NewReader(bufio.NewReader(bytes.NewReader(append(bytes.TrimRight(body, "\r\n"), "\r\n\r\n"...))))
	message, err := r.ReadMIMEHeader()
	ofMessage := func(name string) bool { return recipientField(name) != "" || isMessageField(name) }
	if err != nil || len(message["Reporting-Mta"]) != 1 || !strictNames(message, ofMessage) {
		return nil, false
	}
	for {
		group, err := r.ReadMIMEHeader()
		if err == io.EOF && len(group) == 0 {
			return recipients, len(recipients) > 0
		}
		if err != nil && err != io.EOF {
			return nil, false
		}
		s, ok := strictRecipient(group)
		if !ok {
			return nil, false
		}
		recipients = append(recipients, s)
		if err == io.EOF {
			return recipients, true
		}
	}
}

// strictRecipient reads the fields of one recipient, RFC 3464 section 2.3.
func strictRecipient(group textproto.MIMEHeader) (s stated, ok bool) {
	for _, values := range group {
		if len(values) != 1 {
			return s, false
		}
	}
	if !strictNames(group, func(name string) bool {
		return isStatusField(name) && recipientField(name) == "" || isMessageField(name)
	}) {
		return s, false
	}
	if s.final, ok = strictAddress(group.Get("Final-Recipient")); !ok {
		return s, false
	}
	if original := group.Get("Original-Recipient"); original != "" {
		if s.original, ok = strictAddress(original); !ok {
			return s, false
		}
	}
	s.action = Action(strings.ToLower(group.Get("Action")))
	if !slices.Contains([]Action{Failed, Delayed, Delivered, Relayed, Expanded}, s.action) {
		return s, false
	}
	var err error
	s.status, err = codes.ParseStatus(group.Get("Status"))
	return s, err == nil
}

// strictAddress reads "rfc822; local@domain" with a dot-atom on either side,
// RFC 5321 section 4.1.2. Xtext is out: many servers do not write it.
func strictAddress(field string) (string, bool) {
	kind, address, ok := strings.Cut(field, ";")
	address = strings.TrimSpace(address)
	local, domain, at := strings.Cut(address, "@")
	if !ok || !at || !strings.EqualFold(strings.TrimSpace(kind), "rfc822") || strings.Contains(local, "+") {
		return "", false
	}
	for atom := range strings.SplitSeq(local, ".") {
		if atom == "" || slices.ContainsFunc([]byte(atom), func(c byte) bool { return !isAtext(c) }) {
			return "", false
		}
	}
	for label := range strings.SplitSeq(domain, ".") {
		if strings.Trim(label, "-") != label || label == "" || slices.ContainsFunc([]byte(label), func(c byte) bool { return !isAlnum(c) && c != '-' }) {
			return "", false
		}
	}
	return address, true
}

// agrees demands that Parse reads what a strict reading does, where there is
// one. The text and the returned message may add an original recipient.
func agrees(t *testing.T, msg []byte) bool {
	want, ok := strictly(msg)
	if !ok {
		return false
	}
	r := Parse(msg)
	assert.Equal(t, DeliveryStatus, r.Kind)
	var have []stated
	for i := range r.Recipients {
		x := &r.Recipients[i]
		s := stated{x.Original.Value, x.Final.Value, x.Action, x.Status}
		if i < len(want) && want[i].original == "" {
			s.original = ""
		}
		have = append(have, s)
	}
	assert.Equal(t, want, have, "%q", msg)
	return true
}

// TestStrict compares the two readings of each message, and of those that some
// damage leaves well formed.
func TestStrict(t *testing.T) {
	read, mutants := 0, 0
	eachMessage(t, func(t *testing.T, msg []byte) {
		if !agrees(t, msg) {
			return
		}
		read++
		random := rand.New(rand.NewPCG(seed(msg), 1))
		for range 200 {
			if agrees(t, mutate(random, msg)) {
				mutants++
			}
		}
	})
	assert.Greater(t, read, 40, "messages that are well formed")
	assert.Greater(t, mutants, 500, "mutants that are")
}

// FuzzStrict holds that whatever is well formed gives the recipients of a
// strict reading.
func FuzzStrict(f *testing.F) {
	for _, msg := range messages(f) {
		if _, ok := strictly(msg); ok {
			f.Add(msg)
		}
	}
	f.Fuzz(func(t *testing.T, msg []byte) { agrees(t, msg) })
}
