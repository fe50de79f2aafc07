package codes

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A left says what stands before a number, from what speaks against a code to
// what speaks for one.
type left uint8

const (
	leftPart    left = iota // the number is a piece of something else
	leftPlain               // an ordinary word
	leftBracket             // an opening bracket
	leftDelim               // other punctuation, or the start of a line
	leftSaid                // a word that brings in an answer: "said", "returned"
	leftNamed               // a word for codes: "error", "SMTP"; or who answers: "<bob@example.org>:"
	leftStart               // nothing: the text begins
)

// A right says what stands after a number.
type right uint8

const (
	rightPart  right = iota // the number is a piece of something else
	rightCount              // a unit, a plural, a street: "421 messages"
	rightPlain              // an ordinary word
	rightEnd                // nothing: the sentence or line ends
	rightText               // a sentence begins
	rightMail               // words of a refusal, an address or another code
	rightLabel              // a word for codes: "550 error"
)

// allows reports whether a number between l and r is a code.
func (l left) allows(r right) bool {
	switch {
	case l == leftPart || r == rightPart || r == rightCount:
		return false
	case r == rightLabel || l >= leftNamed:
		return true
	case l == leftSaid:
		return r != rightPlain
	}
	return l != leftPlain && r == rightMail
}

// near is how far Find looks to either side of a number, in bytes.
const near = 96

// left looks at what stands before the number at text[i].
func (f *finder) left(i int) left {
	t := f.text[max(0, i-near):i]
	if t == "" {
		return leftStart
	}
	l := leftPlain
	switch c := t[len(t)-1]; c {
	case '.', '-':
		if !strings.HasSuffix(t, "..") && !strings.HasSuffix(t, "--") {
			return leftPart
		}
		l = leftDelim
	case ',':
		if len(t) > 1 && isDigit(t[len(t)-2]) {
			return leftPart
		}
	case '=', ':':
		name := lastWord(t[:len(t)-1])
		rest := t[:len(t)-1-len(name)]
		switch k := kindBefore(name); {
		case rest != "" && strings.IndexByte("?&/.-@:", rest[len(rest)-1]) >= 0 && name != "" || c == ':' && strings.HasSuffix(rest, ":"):
			return leftPart
		case k == codeWord || k == saidWord:
			return leftNamed
		case name != "" || c == '=':
			return leftPart
		}
	case '/', '@', '+', '$', '%', '&', '?', '~', '^', '\\', '_':
		return leftPart
	default:
		if c >= utf8.RuneSelf {
			r, _ := utf8.DecodeLastRuneInString(t)
			switch {
			case strings.ContainsRune(units, r):
				return leftPart
			case !unicode.IsLetter(r):
				l = leftDelim
			}
		}
	}
	return f.leftOf(t, i-len(t), l)
}

// leftOf goes back over the punctuation and space at the end of t, which
// begins at text[start], to the words before.
func (f *finder) leftOf(t string, start int, l left) left {
	colon := false
	for t != "" {
		c := t[len(t)-1]
		switch c {
		case ' ', '\t', '\r':
		case '(', '[', '{':
			l = max(l, leftBracket)
		case ':':
			colon = true
			l = leftDelim
		case '\n', ';', '"', '\'', '<', '>', '-', '|', '*', '=', '`', ',', '!', '?':
			l = leftDelim
		case '#':
		default:
			goto word
		}
		if strings.HasSuffix(t, "<<<") || colon && c != ':' && strings.IndexByte(">])\"'", c) >= 0 {
			return leftNamed
		}
		t = t[:len(t)-1]
	}
	if start == 0 {
		return leftStart
	}
	return leftPart

word:
	if end := start + len(t); f.last.End > 0 && end <= f.last.End {
		return leftNamed
	}
	if t[len(t)-1] == '.' {
		return max(l, leftDelim)
	}
	for range 4 {
		w := lastWord(t)
		before := strings.TrimRight(t[:len(t)-len(w)], " \t\r\n:,'\"(")
		switch kindBefore(w) {
		case otherWord:
			return leftPart
		case codeWord:
			if isHTTP(before) {
				return leftPart
			}
			return leftNamed
		case saidWord:
			if isHTTP(before) {
				return leftPart
			}
			if colon {
				return leftNamed
			}
			return leftSaid
		case linkWord:
			t = before
		default:
			if colon && l == leftDelim && w != "" && strings.HasSuffix(t[:len(t)-len(w)], ".") {
				return leftNamed // a host: what it answers
			}
			if w == "" && isHTTP(t) {
				return leftPart
			}
			return l
		}
	}
	return l
}

// isHTTP reports whether t ends with a word for the web, whose status codes
// look like those of mail: "HTTP/1.1", "HTTP status".
func isHTTP(t string) bool {
	t = t[strings.LastIndexAny(t[:len(t)-len(lastWord(t))], " \t\n")+1:]
	return len(t) >= 4 && strings.EqualFold(t[:4], "http")
}

// closes reports whether the number at text[i] stands in brackets after words
// of a refusal: "relaying denied (5.7.1)".
func (f *finder) closes(l left, r right, i int) bool {
	if l != leftBracket || r != rightEnd && r != rightText {
		return false
	}
	t := f.text[max(0, i-near):i]
	t = t[strings.LastIndexByte(t, '\n')+1:]
	for range 8 {
		t = strings.TrimRight(t, " \t([{#:,.'\"")
		w := lastWord(t)
		if w == "" {
			return false
		}
		if kindAfter(w) == mailWord {
			return true
		}
		t = t[:len(t)-len(w)]
	}
	return false
}

// right looks at what stands after the number that ends at i.
func (f *finder) right(i int) right {
	if f.joined(i) {
		return rightPart
	}
	t := f.text[i:min(len(f.text), i+near)]
	if line := strings.IndexByte(t, '\n'); line >= 0 {
		t = t[:line]
	}
	if strings.HasPrefix(t, ")") || strings.HasPrefix(t, "]") || strings.HasPrefix(t, ".") {
		return rightEnd
	}
	t = strings.TrimLeft(t, " \t\r-:;,.!?\"'(#*>")
	if t == "" {
		return rightEnd
	}
	if c := t[0]; c == '<' || c == '[' {
		return rightMail
	} else if isDigit(c) {
		return f.rightNumber(t, f.text[i-3:i])
	}
	return rightWords(t)
}

// rightNumber says what the number that t begins with makes of the one before it.
func (f *finder) rightNumber(t, before string) right {
	end := len(t) - len(strings.TrimLeft(t, "0123456789-"))
	switch _, n := scanStatus(t); {
	case n > 0 || t[:end] == before:
		return rightMail
	case end == len(t) || !isWord(t[end]) && t[end] != '.' && t[end] != ':':
		return rightPart
	}
	return rightText
}

// rightWords looks at the words that t begins with.
func rightWords(t string) right {
	first := rightText
	if 'a' <= t[0] && t[0] <= 'z' {
		first = rightPlain
	}
	for n := range 8 {
		w := firstWord(t)
		switch kind := kindAfter(w); {
		case n == 0 && kind == codeWord:
			return rightLabel
		case kind == mailWord || n < 3 && strings.HasPrefix(t[len(w):], "@"):
			return rightMail
		case n < 4 && kind == unitWord:
			return rightCount
		case n < 3 && first == rightPlain && len(w) > 3 && w[len(w)-1] == 's':
			return rightCount
		case n >= 2 && first == rightPlain:
			return first
		}
		t = strings.TrimLeft(t[len(w):], " \t\r-:;,.!?\"'()[]{}<>#*/=_+&%$|\\~^`0123456789@")
		if t == "" {
			break
		}
	}
	return first
}

// lastWord returns the letters that t ends with.
func lastWord(t string) string {
	i := len(t)
	for i > 0 && isLetter(t[i-1]) {
		i--
	}
	return t[i:]
}

// firstWord returns the letters that t begins with.
func firstWord(t string) string {
	i := 0
	for i < len(t) && isLetter(t[i]) {
		i++
	}
	return t[:i]
}

// isLetter reports whether c is of a letter, in any language.
func isLetter(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || c >= utf8.RuneSelf
}
