// Package render writes what was read and judged: as JSON Lines, CSV and a
// table. Text from mail is made harmless for the place where it goes.
package render

import (
	"cmp"
	"strings"
	"unicode"
	"unicode/utf8"

	"nixie/classify"
	"nixie/codes"
	"nixie/dsn"
	"nixie/dsn/origin"
)

// Result is one message, read and judged.
type Result struct {
	Source     string // the path, "path:3" in an mbox
	Report     *dsn.Report
	Recipients []Recipient
	Origin     *origin.Result // whether the report is about our mail; nil if that was not asked
}

// Recipient is one recipient with the verdict on it.
type Recipient struct {
	*dsn.Recipient
	classify.Verdict
}

// References returns where a rule's meaning is documented, "" if nowhere.
type References func(rule string) string

// status is the most specific enhanced code that the message states.
func (r *Recipient) status() codes.Status {
	return cmp.Or(r.Verdict.Status, r.Diagnostic.Status, r.Recipient.Status)
}

// reply is the reply code that the message states.
func (r *Recipient) reply() codes.Reply {
	return cmp.Or(r.Verdict.Reply, r.Diagnostic.Reply)
}

// means is the documented meaning of the most specific code, one sentence: of
// a code that no list has, what its class means; "" if there is no code.
func (r *Recipient) means() string {
	m, ok := r.meaning()
	if !ok {
		return ""
	}
	if m.Standing == "" {
		return m.Class
	}
	text, _, _ := strings.Cut(cmp.Or(m.Text, m.Title), ". ")
	return sentence(text)
}

// meaning is the meaning of the most specific code; false if there is no code.
func (r *Recipient) meaning() (codes.Meaning, bool) {
	if s := r.status(); s != (codes.Status{}) {
		m, _ := s.Meaning()
		return m, true
	}
	m, _ := r.reply().Meaning()
	return m, m.Code != ""
}

// kind is the report's kind, "none" for a message that is no report.
func kind(r *dsn.Report) string { return cmp.Or(string(r.Kind), "none") }

// Clean returns s as it can be shown on a terminal: control characters,
// bidirectional controls and whatever else cannot be seen become escapes such
// as \x1b and \u202e, and bytes that are no UTF-8 become escapes too.
func Clean(s string) string {
	if isClean(s) {
		return s
	}
	return string(appendClean(nil, s))
}

func isClean(s string) bool {
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if c < ' ' || c == 0x7f {
				return false
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if !unicode.IsGraphic(r) || r == utf8.RuneError && size == 1 {
			return false
		}
		i += size
	}
	return true
}

func appendClean(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			dst = appendHex(append(dst, `\x`...), rune(s[i]), 2)
		case unicode.IsGraphic(r):
			dst = append(dst, s[i:i+size]...)
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case r == '\r':
			dst = append(dst, `\r`...)
		case r < 0x100:
			dst = appendHex(append(dst, `\x`...), r, 2)
		case r < 0x10000:
			dst = appendHex(append(dst, `\u`...), r, 4)
		default:
			dst = appendHex(append(dst, `\U`...), r, 8)
		}
		i += size
	}
	return dst
}

// appendHex appends r in so many hexadecimal digits.
func appendHex(dst []byte, r rune, digits int) []byte {
	for shift := 4 * (digits - 1); shift >= 0; shift -= 4 {
		dst = append(dst, "0123456789abcdef"[r>>shift&0xf])
	}
	return dst
}

// messageID is a message identifier without the angle brackets, and what
// stands around them.
func messageID(s string) string {
	if _, rest, ok := strings.Cut(s, "<"); ok {
		s, _, _ = strings.Cut(rest, ">")
	}
	return s
}
