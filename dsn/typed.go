package dsn

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// parseTyped reads "type; value", RFC 3464 section 2.1.2. A type is one word;
// anything else before a semicolon belongs to the value.
func parseTyped(s string) Typed {
	s = unfold(s)
	name, value, ok := strings.Cut(s, ";")
	name = strings.TrimSpace(withoutComments(name))
	if !ok || name == "" || !isType(name) {
		return Typed{Value: strings.TrimSpace(s)}
	}
	return Typed{strings.ToLower(name), strings.TrimSpace(value)}
}

// isType reports whether s can be a type: one word, and no address, host or
// number.
func isType(s string) bool {
	for i := range len(s) {
		switch s[i] {
		case ' ', '\t', '@', '<', '>', ':', ',', '.', '[', ']', '(', ')':
			return false
		}
	}
	return !isDigits(s)
}

// parseAddress reads a recipient field, RFC 3464 section 2.3.1 and 2.3.2: the
// address without comments and angle brackets, xtext (RFC 3461 section 4) and
// utf-8-addr-xtext (RFC 6533 section 3) decoded.
func parseAddress(s string) Typed {
	a := parseTyped(s)
	a.Value = bareAddress(a.Value)
	switch {
	case a.Type == "utf-8":
		a.Value = decodeUnicode(a.Value)
	case strings.Contains(a.Value, "+"):
		a.Value = decodeXtext(a.Value)
	}
	return a
}

// parseHost reads a host field such as Remote-MTA, without its comment.
func parseHost(s string) Typed {
	h := parseTyped(s)
	h.Value = strings.TrimSpace(withoutComments(h.Value))
	return h
}

// bareAddress takes comments, a display name, angle brackets, quotes around
// the whole and a mailto: off an address.
func bareAddress(s string) string {
	s = strings.TrimSpace(withoutComments(s))
	if strings.HasSuffix(s, ">") {
		if i := strings.LastIndexByte(s, '<'); i >= 0 {
			s = s[i+1 : len(s)-1]
		}
	}
	for s != "" && isAroundAddress(s[0]) {
		s = s[1:]
	}
	for s != "" && isAroundAddress(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	if len(s) > 2 && s[0] == '"' && s[len(s)-1] == '"' && strings.Contains(s, "@") {
		s = s[1 : len(s)-1]
	}
	if hasPrefixFold(s, "mailto:") {
		s = s[len("mailto:"):]
	}
	if strings.Contains(s, "@") && !strings.Contains(s, `"`) {
		s = foldedAddress(s)
		if s[0] == '@' {
			s = s[strings.LastIndexByte(s, ':')+1:] // without a source route, RFC 5321 appendix C
		}
	}
	return s
}

func isAroundAddress(c byte) bool {
	return c == '<' || c == '>' || c == ' ' || c == '\t' || c == 0
}

// foldedAddress returns an address that a fold cut in two or three on one
// line. What follows in more words than that is no part of it.
func foldedAddress(s string) string {
	if strings.Count(s, " ") <= 2 {
		return strings.ReplaceAll(s, " ", "")
	}
	for word := range strings.FieldsSeq(s) {
		if strings.Contains(word, "@") {
			return word
		}
	}
	return s
}

// withoutComments drops the comments of RFC 5322 section 3.2.2 that stand
// outside quotes.
func withoutComments(s string) string {
	start := strings.IndexByte(s, '(')
	if start < 0 {
		return s
	}
	if end := len(s) - 1; s[end] == ')' && !strings.ContainsAny(s[start+1:end], `()\`) && !strings.ContainsAny(s[:start], `"\`) {
		return s[:start] // one at the end
	}
	var b strings.Builder
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && i+1 < len(s):
			if depth == 0 {
				b.WriteString(s[i : i+2])
			}
			i++
			continue
		case c == '"' && depth == 0:
			quoted = !quoted
		case c == '(' && !quoted:
			depth++
			continue
		case c == ')' && !quoted && depth > 0:
			depth--
			continue
		}
		if depth == 0 {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// decodeXtext decodes the "+XX" of xtext, RFC 3461 section 4, but only +2B,
// +3D and, where no @ stands, +40: many servers write the address as it is,
// and then "+20" is more likely the tag of a subaddress than a space.
func decodeXtext(s string) string {
	var b strings.Builder
	whole := strings.Contains(s, "@")
	for i := 0; i < len(s); i++ {
		if s[i] == '+' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			if c := unhex(s[i+1])<<4 | unhex(s[i+2]); c == '+' || c == '=' || c == '@' && !whole {
				b.WriteByte(c)
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// decodeUnicode decodes the "\x{e9}" of utf-8-addr-xtext, RFC 6533 section 3:
// up to six digits.
func decodeUnicode(s string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, `\x{`)
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		s = rest
		hex, _, closed := strings.Cut(rest[:min(len(rest), len("10ffff}"))], "}")
		n, err := strconv.ParseUint(hex, 16, 32)
		if !closed || err != nil || n == 0 || !utf8.ValidRune(rune(n)) {
			b.WriteString(`\x{`)
			continue
		}
		b.WriteRune(rune(n))
		s = rest[len(hex)+1:]
	}
}

// decodeOctal decodes the "\303\274" that Exim writes for other bytes than ASCII.
func decodeOctal(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil && n >= 0x80 {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	if !utf8.ValidString(b.String()) {
		return s
	}
	return b.String()
}

func isDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
