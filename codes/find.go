package codes

import (
	"iter"
	"strings"
)

// Find yields the codes that stand in text, in order and without overlap: a
// reply code with the status right after it as one Code ("550-5.1.1",
// "550 #5.1.1"), each line of a multi-line reply for itself. Addresses, IP
// addresses, URLs, versions, dates, times, sizes, counts, telephone numbers
// and the like are no codes.
//
// What stands around a number decides. A reply with a status beside it and a
// status after # need nothing more. Else the number must stand at the start of
// the text, after a word such as "error" or "said", or before one ("a 550
// error"); or at the start of a line or after punctuation, with words of a
// refusal following. Find reads the text once, in linear time, and does not
// allocate.
func Find(text string) iter.Seq[Code] {
	return func(yield func(Code) bool) {
		f := finder{text: text}
		for i := 0; i < len(text); {
			if !isDigit(text[i]) {
				i++
				continue
			}
			c, ok := f.at(i)
			if !ok {
				i = f.skip(i)
				continue
			}
			if !yield(c) {
				return
			}
			f.last = c
			i = c.End
		}
	}
}

// A finder looks for codes in text.
type finder struct {
	text string
	last Code // the code found before
}

// skip returns the end of the letters and digits at i.
func (f *finder) skip(i int) int {
	for i < len(f.text) && isWord(f.text[i]) {
		i++
	}
	return i
}

// at returns the code that begins at the digit text[i], if one does.
func (f *finder) at(i int) (Code, bool) {
	t := f.text[i:]
	if i > 0 && isWord(f.text[i-1]) {
		return Code{}, false
	}
	if len(t) > 3 && t[1] == '.' {
		return f.status(i)
	}
	if len(t) >= 3 && '2' <= t[0] && t[0] <= '5' && isDigit(t[1]) && isDigit(t[2]) &&
		(len(t) == 3 || !isWord(t[3])) {
		return f.reply(i)
	}
	if len(t) >= 8 && isWord(t[4]) && isWord(t[7]) { // as in every form of an error number
		return f.hresult(i)
	}
	return Code{}, false
}

// reply returns the reply code at text[i], with the status that belongs to it.
func (f *finder) reply(i int) (Code, bool) {
	c := Code{Reply: reply(f.text[i : i+3]), Start: i, End: i + 3}
	if c.Reply.Class() == 3 {
		return Code{}, false
	}
	l := f.left(i)
	if l == leftPart {
		return Code{}, false
	}
	if st, end := f.pair(c.End); end > 0 && fits(c.Reply.Class(), st.Class) {
		c.Status, c.End = st, end
		return c, true
	}
	r := f.right(c.End)
	switch {
	case r == rightPart || r == rightCount:
		return Code{}, false
	case f.continues(c):
		return c, true
	case !c.Reply.listed() && (l < leftNamed || c.Reply.Class() == Success || c.Reply.ofWeb()),
		c.Reply.ofWeb() && l != leftStart:
		return Code{}, false
	}
	return c, l.allows(r) || f.closes(l, r, i)
}

// continues reports whether c is the next line of the reply that was found last.
func (f *finder) continues(c Code) bool {
	return c.Reply == f.last.Reply && f.last.End < len(f.text) && f.text[f.last.End] == '-'
}

// fits reports whether a status of class st can go with a reply of class r.
// Servers do send 552 4.2.2 and 421 5.7.32.
func fits(r, st Class) bool { return r == st || r >= Transient && st >= Transient }

// pair reads the status that goes with a reply code that ends at i, and where
// it ends; 0 if there is none.
func (f *finder) pair(i int) (Status, int) {
	const most = 12 // bytes of "-", " (#", a fold of the line, U+00A0 and the like between the two
	for j := i; j < len(f.text) && j <= i+most; j++ {
		switch c := f.text[j]; c {
		case ' ', '\t', '\r', '\n', 0xc2, 0xa0, '>', '-', ':', ';', ',', '/', '#', '(', ')', '[', '<', '\'', '"', '_', '=':
		default:
			st, n := scanStatus(f.text[j:])
			if j == i || n == 0 || f.joined(j+n) {
				return Status{}, 0
			}
			return st, j + n
		}
	}
	return Status{}, 0
}

// status returns the status at text[i], where no reply code goes with it.
func (f *finder) status(i int) (Code, bool) {
	st, n := scanStatus(f.text[i:])
	if n == 0 || st.Subject > 7 {
		return Code{}, false
	}
	c := Code{Status: st, Start: i, End: i + n}
	l := f.left(i)
	if l == leftPart || f.joined(c.End) {
		return Code{}, false
	}
	if i > 0 && f.text[i-1] == '#' && (i == 1 || strings.IndexByte(" \t\n([<{-;:,.*", f.text[i-2]) >= 0) {
		return c, true
	}
	r := f.right(c.End)
	if r == rightPart || l != leftNamed && isVersion(st, l) {
		return Code{}, false
	}
	return c, l.allows(r) || f.closes(l, r, i)
}

// isVersion reports whether a status that l does not name is likelier to be a
// version or a date. Servers make up numbers of their own in class 4 and 5
// with the subject 7 or a large detail.
func isVersion(st Status, l left) bool {
	made := st.Class != Success && (st.Subject == 7 || st.Detail >= 100)
	switch {
	case l == leftStart:
		return st.Class == Success && !st.listed()
	case st.Class == Success:
		return true
	}
	return !st.listed() && !made
}

// hresult returns the error number of a mail client at text[i].
func (f *finder) hresult(i int) (Code, bool) {
	if i > 0 && f.text[i-1] == '-' { // a negative decimal
		i--
	}
	t := f.text[i:min(len(f.text), i+16)]
	c := Code{Start: i}
	if h, n := scanHex(t); n > 0 && (n == len(t) || !isWord(t[n])) {
		c.HResult, c.End = h, i+n
		l := f.left(i)
		if f.joined(c.End) || l == leftPart {
			return Code{}, false
		}
		decimal := strings.Trim(t[:n], "0123456789") == ""
		return c, l >= leftNamed && h>>24 == 0x80 || h.listed() && !decimal
	}
	n := len(t) - len(strings.TrimLeft(t, "-0123456789"))
	if n < 10 || n > 11 {
		return Code{}, false
	}
	h, err := ParseHResult(t[:n])
	if err != nil || !h.listed() || f.joined(i+n) {
		return Code{}, false
	}
	c.HResult, c.End = h, i+n
	l := f.left(i)
	return c, l >= leftNamed || t[0] == '-' && l != leftPart
}

// isWord reports whether c can be inside a word or number.
func isWord(c byte) bool {
	return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_'
}

// joined reports whether what begins at i belongs to the number before it.
func (f *finder) joined(i int) bool {
	if i >= len(f.text) {
		return false
	}
	c, next := f.text[i], byte(' ')
	if i+1 < len(f.text) {
		next = f.text[i+1]
	}
	switch c {
	case '.', ',', '\'', '*':
		return isWord(next) || next == '@'
	case '/':
		return next > ' '
	case ':', '-', '|':
		return isDigit(next)
	case '@', '%', '+', '=', '&', '$', '\\', '~', '^':
		return true
	}
	return isWord(c) || startsWithUnit(f.text[i:])
}

// units are the signs that make a number beside them an amount or a measure.
const units = "€£¥°×‰½²³ºª§№"
