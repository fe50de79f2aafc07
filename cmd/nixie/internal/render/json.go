package render

import (
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"nixie/dsn"
	"nixie/dsn/origin"
)

// JSON appends one object on one line. A field that the message does not
// state is left out. It may be called concurrently.
func JSON(dst []byte, r *Result) []byte {
	o := object{append(dst, '{')}
	o.text("source", r.Source)
	o.text("kind", kind(r.Report))
	o.text("dialect", r.Report.Dialect)
	o.text("message_id", messageID(r.Report.Header.Get("Message-ID")))
	o.time("date", r.Report.Header.Date("Date"))
	o.text("reporting_mta", r.Report.ReportingMTA.Value)
	o.text("envelope_id", r.Report.EnvelopeID)
	o.time("arrival_date", r.Report.ArrivalDate)
	if original := r.Report.Original; original != nil {
		o.open("original", '{')
		o.original(original)
		o.close('}')
	}
	if r.Origin != nil {
		o.open("origin", '{')
		o.origin(r.Origin)
		o.close('}')
	}
	o.open("recipients", '[')
	for i := range r.Recipients {
		o.open("", '{')
		o.recipient(&r.Recipients[i])
		o.close('}')
	}
	o.close(']')
	if len(r.Report.Defects) > 0 {
		o.open("defects", '[')
		for _, d := range r.Report.Defects {
			o.open("", '{')
			o.text("rule", d.Rule)
			o.text("text", d.Text)
			o.place(d.At)
			o.close('}')
		}
		o.close(']')
	}
	return append(o.buf, '}', '\n')
}

func (o *object) original(original *dsn.Original) {
	header := original.Header
	o.text("message_id", messageID(header.Get("Message-ID")))
	o.text("from", header.Decoded("From"))
	o.text("to", header.Decoded("To"))
	o.text("subject", header.Decoded("Subject"))
	o.text("list_id", header.Decoded("List-ID"))
	o.key("whole")
	o.buf = strconv.AppendBool(o.buf, original.Whole)
}

func (o *object) origin(r *origin.Result) {
	o.text("proof", r.Proof.String())
	o.text("domain", r.Domain)
	o.text("selector", r.Selector)
	o.text("detail", originDetail(r))
}

func (o *object) recipient(r *Recipient) {
	o.text("address", r.Address())
	o.text("original_recipient", r.Original.Value)
	o.text("final_recipient", r.Final.Value)
	o.text("action", string(r.Action))
	o.text("status", r.status().String())
	o.text("reply", r.reply().String())
	o.text("diagnostic", r.Diagnostic.Text)
	o.text("remote_mta", r.RemoteMTA.Value)
	o.text("command", r.Diagnostic.Command)
	o.time("last_attempt", r.LastAttempt)
	o.time("retry_until", r.RetryUntil)

	o.open("verdict", '{')
	o.text("reason", string(r.Reason))
	o.text("fault", string(r.Fault))
	o.text("decision", string(r.Decision))
	o.text("bounce_type", r.BounceType())
	o.number("retry_after_s", int(r.After/time.Second))
	o.text("means", r.means())
	if len(r.Because) > 0 {
		o.open("because", '[')
		for _, e := range r.Because {
			o.open("", '{')
			o.text("basis", string(e.Basis))
			o.text("rule", e.Rule)
			o.text("quote", e.Quote)
			o.place(e.At)
			o.close('}')
		}
		o.close(']')
	}
	o.close('}')
}

func (o *object) place(at dsn.Place) {
	o.text("part", at.Part)
	o.number("line", at.Line)
}

// object is JSON being written. Strings hold no character raw that a terminal
// would act on; ones that are no UTF-8 get U+FFFD for what is not.
type object struct{ buf []byte }

func (o *object) key(name string) {
	if last := o.buf[len(o.buf)-1]; last != '{' && last != '[' {
		o.buf = append(o.buf, ',')
	}
	if name != "" {
		o.buf = append(o.buf, '"')
		o.buf = append(o.buf, name...)
		o.buf = append(o.buf, '"', ':')
	}
}

func (o *object) open(name string, bracket byte) {
	o.key(name)
	o.buf = append(o.buf, bracket)
}

func (o *object) close(bracket byte) { o.buf = append(o.buf, bracket) }

func (o *object) number(name string, n int) {
	if n != 0 {
		o.key(name)
		o.buf = strconv.AppendInt(o.buf, int64(n), 10)
	}
}

func (o *object) time(name string, t time.Time) {
	if !t.IsZero() {
		o.key(name)
		o.buf = append(o.buf, '"')
		o.buf = t.AppendFormat(o.buf, time.RFC3339)
		o.buf = append(o.buf, '"')
	}
}

func (o *object) text(name, value string) {
	if value == "" {
		return
	}
	o.key(name)
	o.buf = append(o.buf, '"')
	o.buf = appendJSON(o.buf, value)
	o.buf = append(o.buf, '"')
}

// appendJSON appends the inside of a JSON string, RFC 8259 section 7. What ends
// a script, or begins one, is escaped, so that the JSON can stand in a page.
func appendJSON(dst []byte, s string) []byte {
	done := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < 0x7f && c != '"' && c != '\\' && (c != '<' || !startsTag(s[i+1:])) {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if c >= utf8.RuneSelf && unicode.IsGraphic(r) && size > 1 {
			i += size
			continue
		}
		dst = append(dst, s[done:i]...)
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = appendUnicode(dst, r)
		}
		i += size
		done = i
	}
	return append(dst, s[done:]...)
}

// appendUnicode appends the escape of a character.
func appendUnicode(dst []byte, r rune) []byte {
	if r < 0x10000 {
		return appendHex(append(dst, '\\', 'u'), r, 4)
	}
	r -= 0x10000
	dst = appendHex(append(dst, '\\', 'u'), 0xd800+r>>10, 4)
	return appendHex(append(dst, '\\', 'u'), 0xdc00+r&0x3ff, 4)
}

// NewEncoder returns an encoder of JSON, a value a line, with nothing in it
// that a terminal acts on, that cannot be seen, or that begins or ends a
// script, as in [JSON].
func NewEncoder(to io.Writer) *json.Encoder {
	e := json.NewEncoder(escaper{to})
	e.SetEscapeHTML(false)
	return e
}

// escaper escapes in JSON what encoding/json leaves as it is.
type escaper struct{ to io.Writer }

// Write takes whole values, as json.Encoder writes them.
func (e escaper) Write(values []byte) (int, error) {
	var escaped []byte
	done, text := 0, string(values)
	for i, r := range text {
		if r == '<' && startsTag(text[i+1:]) || r != '\n' && !unicode.IsGraphic(r) {
			escaped = appendUnicode(append(escaped, text[done:i]...), r)
			done = i + utf8.RuneLen(r)
		}
	}
	_, err := e.to.Write(append(escaped, text[done:]...))
	return len(values), err
}

// startsTag reports whether a < before s begins what has a meaning inside the
// script element of a page, https://html.spec.whatwg.org/#restrictions-for-contents-of-script-elements.
func startsTag(s string) bool {
	const script = "script"
	return s != "" && (s[0] == '/' || s[0] == '!') || len(s) >= len(script) && strings.EqualFold(s[:len(script)], script)
}
