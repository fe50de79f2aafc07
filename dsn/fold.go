package dsn

import (
	"unicode"
	"unicode/utf8"
)

// foldMatch reports whether text begins with words, and how many bytes of text
// they take. Case does not count, any run of white space matches a space (so a
// sentence matches over a line break), and a curly apostrophe is a straight
// one. Words are written in lower case.
func foldMatch(text, words string) (int, bool) {
	i := 0
	for j := 0; j < len(words); {
		if i >= len(text) {
			return 0, false
		}
		c, w := text[i], words[j]
		if w == ' ' {
			n := spaces(text[i:])
			if n == 0 {
				return 0, false
			}
			i, j = i+n, j+1
			continue
		}
		if c < utf8.RuneSelf && w < utf8.RuneSelf {
			if lower(c) != w {
				return 0, false
			}
			i, j = i+1, j+1
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		s, m := utf8.DecodeRuneInString(words[j:])
		if foldRune(r) != s {
			return 0, false
		}
		i, j = i+n, j+m
	}
	return i, true
}

// foldRune is the lower case of r, and the plain form of the punctuation that
// software writes in several ways.
func foldRune(r rune) rune {
	switch r {
	case '’', '‘', '´', '`':
		return '\''
	case '：':
		return ':'
	case 'İ':
		return 'i'
	}
	if r < utf8.RuneSelf {
		return rune(lower(byte(r)))
	}
	return unicode.ToLower(r)
}

// spaces returns how many bytes of white space text begins with; a no-break
// space and an ideographic one count.
func spaces(text string) int {
	i := 0
	for i < len(text) {
		switch c := text[i]; {
		case c == ' ' || c == '\t' || c == '\n':
			i++
		case c == 0xc2 && i+1 < len(text) && text[i+1] == 0xa0:
			i += 2
		case c == 0xe3 && i+2 < len(text) && text[i+1] == 0x80 && text[i+2] == 0x80:
			i += 3
		default:
			return i
		}
	}
	return i
}

// foldTable finds which of many phrases begin at a place in a text. It holds
// them by their first two bytes after folding.
type foldTable[T any] struct {
	by map[[2]byte][]foldEntry[T]
}

type foldEntry[T any] struct {
	words string
	value T
}

func (t *foldTable[T]) add(words string, value T) {
	if t.by == nil {
		t.by = map[[2]byte][]foldEntry[T]{}
	}
	key, ok := foldKey(words)
	if !ok {
		panic("dsn: a phrase of less than two letters: " + words)
	}
	t.by[key] = append(t.by[key], foldEntry[T]{words, value})
}

// at calls found for each phrase that text begins with.
func (t *foldTable[T]) at(text string, found func(n int, value T)) {
	key, ok := foldKey(text)
	if !ok {
		return
	}
	for _, e := range t.by[key] {
		if n, ok := foldMatch(text, e.words); ok {
			found(n, e.value)
		}
	}
}

// foldKey returns the first two bytes of the folded text.
func foldKey(text string) (key [2]byte, ok bool) {
	if len(text) < 2 {
		return key, false
	}
	if a, b := text[0], text[1]; a < utf8.RuneSelf && b < utf8.RuneSelf {
		if b == '\t' || b == '\n' {
			b = ' '
		}
		return [2]byte{lower(a), lower(b)}, true
	}
	var folded [2 * utf8.UTFMax]byte
	n := 0
	for i := 0; i < len(text) && n < 2; {
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == ' ' || r == '\u3000' {
			r = ' '
		}
		n += utf8.EncodeRune(folded[n:], foldRune(r))
		i += size
	}
	return [2]byte{folded[0], folded[1]}, n >= 2
}
