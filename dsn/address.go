package dsn

import (
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"
)

// mention is an address in a text: text[start:end] without the brackets or
// quotes that stand around it.
type mention struct {
	start, end int
	bracketed  bool // in angle brackets
}

// addresses yields the addresses in text, in order.
func addresses(text string) iter.Seq[mention] {
	return func(yield func(mention) bool) {
		for from := 0; ; {
			m, ok := nextAddress(text, from)
			if !ok || !yield(m) {
				return
			}
			from = m.end
		}
	}
}

// nextAddress returns the first address in text at or after from.
func nextAddress(text string, from int) (mention, bool) {
	for at := from; at < len(text); {
		i := strings.IndexByte(text[at:], '@')
		if i < 0 {
			break
		}
		i += at
		start, end := localStart(text, from, i), domainEnd(text, i+1)
		if start < i && end > i+1 {
			m := mention{start: start, end: end}
			m.bracketed = start > 0 && text[start-1] == '<' && end < len(text) && text[end] == '>'
			if isDomain(text[i+1:end], m.bracketed) {
				return m, true
			}
		}
		at = i + 1
	}
	return mention{}, false
}

// localStart returns where the local part before the @ at text[at] begins.
func localStart(text string, from, at int) int {
	if at > from && text[at-1] == '"' { // a quoted string, RFC 5321 section 4.1.2
		if i := strings.LastIndexByte(text[from:at-1], '"'); i >= 0 && strings.IndexByte(text[from+i:at], '\n') < 0 && i+1 < at-1-from {
			return from + i
		}
		return at
	}
	i := at
	wide := false // a letter beyond ASCII was taken
	for i > from {
		r, n := utf8.DecodeLastRuneInString(text[from:i])
		switch {
		case r < utf8.RuneSelf:
			if !isAtext(byte(r)) && r != '.' {
				return trimLocal(text, i, at)
			}
		case r == utf8.RuneError || isWideSpace(r):
			return trimLocal(text, i, at)
		case isSpaceless(r) && i < at && !wide:
			// Chinese and Japanese put no space between a word and an address.
			return trimLocal(text, i, at)
		case !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsSymbol(r) && !unicode.IsDigit(r) && r != '\u200d':
			return trimLocal(text, i, at)
		default:
			wide = true
		}
		i -= n
	}
	return trimLocal(text, i, at)
}

// trimLocal skips quotes, bullets and the like that stand before an address
// without a space between.
func trimLocal(text string, i, at int) int {
	for i < at && strings.IndexByte("'`*|.=#~", text[i]) >= 0 && !strings.HasPrefix(text[i:], "=?") {
		i++
	}
	if equal := strings.IndexByte(text[i:at], '='); equal > 0 && equal < at-i-1 && isAddressLabel(text[i:i+equal]) {
		return i + equal + 1
	}
	return i
}

// isAddressLabel reports whether s stands before an address in "to=bob@example.org".
func isAddressLabel(s string) bool {
	switch strings.ToLower(s) {
	case "to", "rcpt", "rcpt_to", "rcptto", "orig_to", "recipient", "address", "addr", "email", "mail", "user", "mailbox", "for", "from", "sender":
		return true
	}
	return false
}

func domainEnd(text string, i int) int {
	if i < len(text) && text[i] == '[' { // an address literal, RFC 5321 section 4.1.3
		if n := strings.IndexByte(text[i:min(len(text), i+50)], ']'); n > 0 && !strings.ContainsAny(text[i:i+n], " \t\n<>@") {
			return i + n + 1
		}
		return i
	}
	start := i
	ascii := false // the label so far has ASCII letters
	for i < len(text) {
		c := text[i]
		if c < utf8.RuneSelf {
			if !isAlnum(c) && c != '-' && c != '.' && c != '_' {
				break
			}
			if c == '.' && (i == start || text[i-1] == '.') {
				break
			}
			ascii = c != '.' && (ascii || isAlnum(c))
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		if !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) || isSpaceless(r) && ascii {
			break
		}
		i += n
	}
	for i > start && (text[i-1] == '.' || text[i-1] == '-' || text[i-1] == '_') {
		i--
	}
	return i
}

// isDomain reports whether s can be the domain of an address in running text:
// with a dot, or any name where angle brackets mark it as an address.
func isDomain(s string, bracketed bool) bool {
	if s[0] == '[' {
		return true
	}
	if s[0] == '-' || len(s) > 253 {
		return false
	}
	return bracketed || strings.IndexByte(s, '.') > 0
}

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// isAtext reports whether c may stand in a local part unquoted, RFC 5322 section 3.2.3.
func isAtext(c byte) bool {
	return isAlnum(c) || strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}

func isWideSpace(r rune) bool { return r == '\u00a0' || r == '\u3000' || r == '\ufeff' }

// isSpaceless reports whether r is of a script that puts no spaces between words.
func isSpaceless(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai)
}
