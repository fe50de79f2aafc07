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
	rightLine               // the same after a hyphen, as in a reply of several lines: "550-Unknown user"
	rightLabel              // a word for codes: "550 error"
)

// allows reports whether a number between l and r is a code.
func (l left) allows(r right) bool {
	switch {
	case l == leftPart || r == rightPart || r == rightCount:
		return false
	case r >= rightLine || l >= leftNamed:
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
	case '/', '@', '+', '$', '%', '&', '?', '!', '~', '^', '\\', '_':
		return leftPart
	case '<':
		l = leftBracket
	case '.', '-':
		if len(t) < 2 || t[len(t)-2] != c {
			return leftPart
		}
		l = leftDelim
	case ',':
		if len(t) > 1 && isDigit(t[len(t)-2]) {
			return leftPart
		}
	case '=', ':':
		t = t[:len(t)-1]
		if l = leftGlued(t, c); l != leftDelim {
			return l
		}
	default:
		r, n := utf8.DecodeLastRuneInString(t)
		switch {
		case c < utf8.RuneSelf || unicode.IsLetter(r):
		case strings.ContainsRune(units, r):
			return leftPart
		case r == '\u00a0': // a space that does not break
			t = t[:len(t)-n]
		default: // such as a full-width colon
			l, t = leftDelim, t[:len(t)-n]
		}
	}
	return f.leftPast(t, max(0, i-near), l)
}

// leftGlued says what t does for a number that the sign c alone parts from it:
// "code=550", "said:550", but not "example.org:550" or "?id=550". It is
// leftDelim where t ends with a bracket or the like.
func leftGlued(t string, c byte) left {
	name := lastWord(t)
	rest := t[:len(t)-len(name)]
	switch k := kindBefore(name); {
	case name == "" && (c == '=' || t == "" || isDigit(t[len(t)-1]) || t[len(t)-1] == ':'):
		return leftPart
	case name == "":
		return leftDelim
	case rest != "" && strings.IndexByte("?&/.-@:", rest[len(rest)-1]) >= 0:
		return leftPart
	case k == codeWord || k == saidWord:
		return leftNamed
	case c == '=':
		return leftBracket
	}
	return leftPart
}

// leftPast goes back over the punctuation and space at the end of t, which
// begins at text[start], to the words before. What it finds is at least l.
func (f *finder) leftPast(t string, start int, l left) left {
	colon, bracket, ticket := false, false, strings.HasSuffix(t, "#")
	for {
		if t == "" && start == 0 && ticket {
			return leftDelim
		} else if t == "" && start == 0 {
			return leftStart
		} else if t == "" {
			return leftDelim
		}
		c := t[len(t)-1]
		switch {
		case strings.HasSuffix(t, "<<<"), colon && strings.IndexByte(">])", c) >= 0:
			return leftNamed
		case strings.IndexByte(" \t\r#=<>", c) >= 0:
		case c == '(' || c == '[' || c == '{':
			l = max(l, leftBracket)
			bracket = true
		case strings.IndexByte("\n;:\"'-|*`,!?", c) >= 0:
			l = leftDelim
			colon = colon || c == ':'
		default:
			l = f.leftWords(t, start, l, colon)
			if ticket && (l < leftNamed || bracket) {
				return leftPlain
			}
			return l
		}
		t = t[:len(t)-1]
	}
}

// leftWords looks at the words that t ends with. Colon tells that one follows
// them.
func (f *finder) leftWords(t string, start int, l left, colon bool) left {
	if start+len(t) <= f.last.End {
		return leftNamed
	}
	if t[len(t)-1] == '.' {
		return max(l, leftDelim)
	}
	for range 4 {
		w := lastWord(t)
		before := t[:len(t)-len(w)]
		k := kindBefore(w)
		switch {
		case k == otherWord || ofWeb(t):
			return leftPart
		case k == codeWord, k == saidWord && colon:
			return leftNamed
		case k == saidWord:
			return leftSaid
		case k == linkWord:
			t = strings.TrimRight(before, " \t\r\n:,'\"(")
		case colon && len(w) > 1 && strings.HasSuffix(before, "."):
			return leftNamed // a host, and what it answers
		default:
			return l
		}
	}
	return l
}

// ofWeb reports whether the last words of t speak of HTTP, whose status codes
// look like reply codes. A URL does not.
func ofWeb(t string) bool {
	t = t[max(0, len(t)-24):]
	for i := 0; i+4 <= len(t); i++ {
		if t[i]|0x20 == 'h' && strings.EqualFold(t[i:i+4], "http") {
			rest := strings.TrimLeft(t[i+4:], "sS")
			return !strings.HasPrefix(rest, "://")
		}
	}
	return false
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
	if t != "" && strings.IndexByte(")].", t[0]) >= 0 {
		if t = strings.TrimLeft(t[1:], " "); t != "" && isDigit(t[0]) {
			return rightPart
		}
		return rightEnd
	}
	glued := strings.HasPrefix(t, "-")
	t = strings.TrimLeft(t, " \t\r\u00a0-:;,.!?\"'([#>")
	switch {
	case t == "":
		return rightEnd
	case t[0] == '<' && len(t) > 1 && isWord(t[1]):
		return rightMail
	case isDigit(t[0]) && isCount(t):
		return rightPart
	case t[0] == '%' || startsWithUnit(t) || strings.HasPrefix(t, "x ") && isDigit(t[min(2, len(t)-1)]):
		return rightCount
	}
	r := rightWords(t)
	if r == rightMail && glued && t[0] <= 'Z' {
		return rightLine
	}
	return r
}

// startsWithUnit reports whether t begins with a sign such as that of a currency.
func startsWithUnit(t string) bool {
	r, _ := utf8.DecodeRuneInString(t)
	return r >= utf8.RuneSelf && strings.ContainsRune(units, r)
}

// isCount reports whether t begins with a number that makes no sense after a
// code: neither a reply code nor an address.
func isCount(t string) bool {
	end := len(t) - len(strings.TrimLeft(t, "0123456789-"))
	rest := t[end:]
	if rest != "" && (isWord(rest[0]) || rest[0] == '.' || rest[0] == ':') {
		return false
	}
	rest = strings.TrimLeft(rest, " ")
	return end != 3 || !reply(t).listed() || rest != "" && isDigit(rest[0])
}

// rightWords looks at the words that t begins with.
func rightWords(t string) right {
	for _, p := range [...]string{"Internal Server Error", "Bad Gateway", "Gateway Time"} {
		if len(t) >= len(p) && strings.EqualFold(t[:len(p)], p) {
			return rightPart // of HTTP
		}
	}
	if isHost(t) {
		return rightMail
	}
	r := rightText
	if 'a' <= t[0] && t[0] <= 'z' {
		r = rightPlain
	}
	t = fromLetter(t)
	mail := false
	for n := range 8 {
		w := firstWord(t)
		k := kindAfter(w)
		switch {
		case k == codeWord && (n == 0 || n == 1 && mail):
			return rightLabel
		case n == 1 && mail:
			return rightMail
		case k == mailWord && n == 0:
			mail = r != rightPlain || !strings.HasSuffix(w, "ed") // "550 rejected" may be a sum
		case k == mailWord || n < 3 && strings.HasPrefix(t[len(w):], "@"):
			return rightMail
		case k == unitWord && n < 4:
			return rightCount
		case r == rightPlain && n < 3 && len(w) > 3 && w[len(w)-1] == 's':
			return rightCount
		case r == rightPlain && n == 2:
			return r
		}
		t = fromLetter(t[len(w):])
		if t == "" {
			break
		}
	}
	if mail {
		return rightMail
	}
	return r
}

// fromLetter returns t without what is no letter before the first word.
func fromLetter(t string) string {
	i := 0
	for i < len(t) && !isLetter(t[i]) && (t[i] >= ' ' && t[i] < 0x7f || t[i] == '\t' || t[i] == '\r') {
		i++
	}
	return t[i:]
}

// isHost reports whether t begins with the name of a host.
func isHost(t string) bool {
	end := strings.IndexAny(t, " \t\r:;,()[]<>\"'")
	if end < 0 {
		end = len(t)
	}
	name := strings.TrimRight(t[:end], ".")
	dot := strings.LastIndexByte(name, '.')
	return dot > 1 && len(firstWord(name[dot+1:])) == len(name)-dot-1 && len(name)-dot > 2 && isWord(name[dot-1])
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
