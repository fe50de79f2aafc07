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

// foldTable finds which of many phrases begin at a place in a text: a trie of
// their bytes after folding.
type foldTable[T any] struct {
	nodes []foldNode[T] // the first is the root
	first [256]int32    // the root's child for each byte, 0 for none
}

type foldNode[T any] struct {
	values      []T   // of the phrases that end here
	child, next int32 // the first child, and the next of the same parent; 0 for none
	byte        byte
}

func (t *foldTable[T]) child(at int32, c byte) int32 {
	for at = t.nodes[at].child; at != 0 && t.nodes[at].byte != c; at = t.nodes[at].next {
	}
	return at
}

// add adds a phrase, which is written in lower case.
func (t *foldTable[T]) add(words string, value T) {
	if len(t.nodes) == 0 {
		t.nodes = make([]foldNode[T], 1, 1<<15)
	}
	at := int32(0)
	for i := range len(words) {
		next := t.child(at, words[i])
		if next == 0 {
			next = int32(len(t.nodes))
			t.nodes = append(t.nodes, foldNode[T]{byte: words[i], next: t.nodes[at].child})
			t.nodes[at].child = next
		}
		at = next
	}
	t.nodes[at].values = append(t.nodes[at].values, value)
	t.first[words[0]] = t.child(0, words[0])
}

// at calls found for each phrase that text begins with, shorter ones first.
func (t *foldTable[T]) at(text string, found func(n int, value T)) {
	at := int32(0)
	for i := 0; i < len(text); {
		c := text[i]
		size := 1
		if space := spaces(text[i:]); space > 0 {
			c, size = ' ', space
		} else if c < utf8.RuneSelf {
			c = lower(c)
		} else {
			var r rune
			r, size = utf8.DecodeRuneInString(text[i:])
			var folded [utf8.UTFMax]byte
			n := utf8.EncodeRune(folded[:], foldRune(r))
			for _, b := range folded[:n-1] {
				if at = t.step(at, b); at == 0 {
					return
				}
			}
			c = folded[n-1]
		}
		if at = t.step(at, c); at == 0 {
			return
		}
		i += size
		for _, value := range t.nodes[at].values {
			found(i, value)
		}
	}
}

func (t *foldTable[T]) step(at int32, c byte) int32 {
	if at == 0 {
		return t.first[c]
	}
	return t.child(at, c)
}
