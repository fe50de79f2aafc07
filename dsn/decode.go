package dsn

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"mime"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-message/charset"
	"golang.org/x/text/encoding/charmap"
)

// charsets are most that are met.
var charsets = []string{"us-ascii", "utf-8", "iso-8859-1"}

// text returns the part's text as UTF-8 with \n line ends. What cannot be
// decoded is kept as it came, with a Defect. Scratch is memory for the work.
func (p *part) text(scratch *[]byte, defect func(rule, text string, at Place)) string {
	bad := func(rule, text string) { defect(rule, text, Place{p.number, 1}) }
	body := p.body
	encoding, _, _ := strings.Cut(p.encoding, ";")
	switch encoding = strings.Trim(encoding, ` "'`); encoding {
	case "quoted-printable":
		var ok bool
		if *scratch, ok = decodeQuotedPrintable((*scratch)[:0], body); !ok {
			bad("RFC 2045 section 6.7", "quoted-printable with a = that encodes nothing")
		}
		body = *scratch
	case "base64":
		var ok bool
		if body, ok = decodeBase64(body); !ok {
			bad("RFC 2045 section 6.8", "base64 with other characters or a cut end")
		}
	case "", "7bit", "8bit", "binary":
	default:
		bad("RFC 2045 section 6", "unknown Content-Transfer-Encoding "+encoding)
	}
	label := lowerOf(bytes.Trim(param(p.params, "charset"), `'" `), charsets)
	if bytes.IndexByte(body, '\r') >= 0 && !strings.HasPrefix(label, "utf-16") && !strings.HasPrefix(label, "utf-32") {
		*scratch = unixLines((*scratch)[:0], body)
		body = *scratch
	}
	s := decodeCharset(body, label, bad)
	if p.media == "text/html" {
		s = htmlText(s)
	}
	if strings.IndexByte(s, '\r') >= 0 { // of UTF-16, UTF-32 or UTF-7, or &#13;
		s = string(unixLines(nil, []byte(s)))
	}
	return s
}

// plain returns the body as it stands, or what base64 hides in it: gateways
// encode what RFC 2046 section 5.2.1 wants left alone, such as message/rfc822.
// Quoted-printable stays, for there the label often belongs to the message inside.
func (p *part) plain() []byte {
	body := p.body
	switch {
	case p.encoding == "base64" && firstField(body) == "":
		body, _ = decodeBase64(body)
	case p.encoding == "quoted-printable" && bytes.IndexByte(body, '=') >= 0:
		body, _ = decodeQuotedPrintable(nil, body)
	}
	return body
}

// firstField returns the name of the field that the body begins with, "" if it
// begins with no field.
func (p *part) firstField() string {
	if p.encoding == "quoted-printable" || p.encoding == "base64" {
		body := bytes.TrimLeft(p.body, " \t\r\n")
		head := part{encoding: p.encoding, body: body[:min(len(body), 1000)]}
		return firstField(head.plain())
	}
	return firstField(p.body)
}

// decodeCharset returns b as UTF-8. The label is in lower case. Where it is
// missing, unknown or wrong the bytes decide: UTF-8 if they are that, else
// ISO-2022-JP if they switch to it, else windows-1252.
func decodeCharset(b []byte, label string, bad func(rule, text string)) string {
	plain := isASCII(b)
	escapes := plain && bytes.IndexByte(b, 0x1b) >= 0
	switch label {
	case "", "us-ascii", "ascii", "utf-8", "utf8", "unknown-8bit", "x-unknown", "8bit", "7bit", "binary":
		if plain && !escapes || !plain && utf8.Valid(b) {
			return string(b)
		}
		if label != "" {
			bad("RFC 2046 section 4.1.2", "text that is not in its charset "+label)
		}
		label = "windows-1252"
		if escapes {
			if !bytes.Contains(b, []byte("\x1b$")) {
				return string(b)
			}
			label = "iso-2022-jp"
		}
	case "iso-8859-1", "iso8859-1", "latin1", "latin-1":
		if plain && !escapes {
			return string(b)
		}
		// The quotes and dashes of windows-1252 stand where Latin-1 has control
		// characters; all else is the same.
		if slices.ContainsFunc(b, func(c byte) bool { return 0x80 <= c && c < 0xa0 }) {
			bad("RFC 2046 section 4.1.2", "windows-1252 text that is called "+label)
		}
		label = "windows-1252"
	default:
		if plain && !escapes && !strings.HasPrefix(label, "utf-16") && !strings.HasPrefix(label, "utf-7") && label != "hz-gb-2312" {
			return string(b)
		}
	}
	if s, ok := convert(label, b); ok {
		return s
	}
	bad("RFC 2046 section 4.1.2", "unknown charset "+label)
	if utf8.Valid(b) {
		return string(b)
	}
	s, _ := convert("windows-1252", b)
	return s
}

// convert returns b, which is in the charset of that name, as UTF-8.
func convert(label string, b []byte) (string, bool) {
	if label == "windows-1252" {
		return fromWindows1252(b), true
	}
	r, err := charset.Reader(label, bytes.NewReader(b))
	if err != nil {
		return "", false
	}
	var out bytes.Buffer
	out.Grow(len(b) + len(b)/2 + bytes.MinRead)
	if _, err := out.ReadFrom(r); err != nil {
		return "", false
	}
	return strings.ToValidUTF8(out.String(), "\ufffd"), true
}

// fromWindows1252 is convert for the charset of most text that has none: little
// of it is not ASCII.
func fromWindows1252(b []byte) string {
	var out strings.Builder
	out.Grow(len(b) + len(b)/8)
	for len(b) > 0 {
		n := asciiPrefix(b)
		out.Write(b[:n])
		if b = b[n:]; len(b) > 0 {
			out.WriteRune(charmap.Windows1252.DecodeByte(b[0]))
			b = b[1:]
		}
	}
	return out.String()
}

func isASCII(b []byte) bool { return asciiPrefix(b) == len(b) }

// asciiPrefix returns how many bytes of ASCII b begins with.
func asciiPrefix(b []byte) int {
	rest := b
	for len(rest) >= 16 && (binary.LittleEndian.Uint64(rest)|binary.LittleEndian.Uint64(rest[8:]))&highBits == 0 {
		rest = rest[16:]
	}
	for i, c := range rest {
		if c >= utf8.RuneSelf {
			return len(b) - len(rest) + i
		}
	}
	return len(b)
}

// decodeWords decodes the encoded words of RFC 2047 in a header value; what
// does not decode stays as it is.
func decodeWords(s string) string {
	if !strings.Contains(s, "=?") {
		if utf8.ValidString(s) {
			return s
		}
		return decodeCharset([]byte(s), "", func(string, string) {})
	}
	if decoded, err := wordDecoder.DecodeHeader(s); err == nil {
		return strings.ToValidUTF8(decoded, "\ufffd")
	}
	return s
}

var wordDecoder = mime.WordDecoder{CharsetReader: func(label string, input io.Reader) (io.Reader, error) {
	b, err := io.ReadAll(input)
	if err != nil {
		return nil, err
	}
	s, ok := convert(label, b)
	if !ok {
		return nil, errors.New("unknown charset " + label)
	}
	return strings.NewReader(s), nil
}}

// decodeQuotedPrintable decodes RFC 2045 section 6.7 and appends it to dst. A =
// that encodes nothing is kept, and reported by false.
func decodeQuotedPrintable(dst, b []byte) ([]byte, bool) {
	ok := true
	dst = slices.Grow(dst, len(b))
	for len(b) > 0 {
		i := bytes.IndexByte(b, '=')
		if i < 0 {
			break
		}
		dst = append(dst, b[:i]...)
		b = b[i:]
		if len(b) >= 3 && isHex(b[1]) && isHex(b[2]) {
			dst = append(dst, unhex(b[1])<<4|unhex(b[2]))
			b = b[3:]
			continue
		}
		row := b[1:]
		for len(row) > 0 && isBlank(row[0]) {
			row = row[1:]
		}
		switch {
		case len(row) == 0:
			b = nil
		case row[0] == '\n':
			b = row[1:]
		case len(row) > 1 && row[0] == '\r' && row[1] == '\n':
			b = row[2:]
		default:
			ok = false
			dst = append(dst, '=')
			b = b[1:]
		}
	}
	return append(dst, b...), ok
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'F' || 'a' <= c && c <= 'f'
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}

// decodeBase64 decodes RFC 2045 section 6.8. Other characters are passed over
// and a cut end is dropped; both are reported by false.
func decodeBase64(b []byte) ([]byte, bool) {
	// Padding ends the data; a footer behind it is no part of it.
	data, rest, _ := bytes.Cut(b, []byte{'='})
	ok := len(bytes.Trim(rest, "= \t\r\n")) == 0
	digits := make([]byte, 0, len(data))
	for _, c := range data {
		switch {
		case isAlnum(c), c == '+', c == '/':
			digits = append(digits, c)
		case c == '\r', c == '\n', c == ' ', c == '\t':
		default:
			ok = false
		}
	}
	if len(digits)%4 == 1 {
		digits = digits[:len(digits)-1]
		ok = false
	}
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(digits)))
	n, err := base64.RawStdEncoding.Decode(out, digits)
	return out[:n], ok && err == nil
}
