package dsn

import (
	"slices"
	"strings"
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
// their bytes after folding, in which a run of bytes without a branch is one
// node.
type foldTable[T any] struct {
	nodes []foldNode[T] // the first is the root
	first [256]int32    // the root's child for each byte, 0 for none
}

type foldNode[T any] struct {
	label    string // the bytes that lead here from the parent
	values   []T    // of the phrases that end here
	keys     string // the first byte of the label of each child
	children int32  // the first child; the others follow it
}

// phrase is a phrase in lower case, and what it stands for.
type phrase[T any] struct {
	words string
	value T
}

// newFoldTable makes a table of phrases, none of them empty.
func newFoldTable[T any](phrases []phrase[T]) *foldTable[T] {
	slices.SortStableFunc(phrases, func(a, b phrase[T]) int { return strings.Compare(a.words, b.words) })
	t := &foldTable[T]{nodes: make([]foldNode[T], 1, 2*len(phrases)+1)}
	t.branch(0, phrases, 0)
	root := &t.nodes[0]
	for i := range len(root.keys) {
		t.first[root.keys[i]] = root.children + int32(i)
	}
	return t
}

// grow makes node at that of phrases, in order, which have their first from
// bytes and the one after in common.
func (t *foldTable[T]) grow(at int32, phrases []phrase[T], from int) {
	words, last := phrases[0].words, phrases[len(phrases)-1].words
	end := from
	for end < len(words) && words[end] == last[end] {
		end++
	}
	t.nodes[at].label = words[from:end]
	for len(phrases) > 0 && len(phrases[0].words) == end {
		t.nodes[at].values = append(t.nodes[at].values, phrases[0].value)
		phrases = phrases[1:]
	}
	t.branch(at, phrases, end)
}

// branch gives node at its children: one for each byte that phrases have
// behind the first from.
func (t *foldTable[T]) branch(at int32, phrases []phrase[T], from int) {
	var keys []byte
	for _, p := range phrases {
		if k := p.words[from]; len(keys) == 0 || keys[len(keys)-1] != k {
			keys = append(keys, k)
		}
	}
	child := int32(len(t.nodes))
	t.nodes[at].keys, t.nodes[at].children = string(keys), child
	t.nodes = append(t.nodes, make([]foldNode[T], len(keys))...)
	for _, k := range keys {
		n := 0
		for n < len(phrases) && phrases[n].words[from] == k {
			n++
		}
		t.grow(child, phrases[:n], from)
		phrases = phrases[n:]
		child++
	}
}

// foldClass is the folded form of each byte that is a character of its own:
// white space is a space, and what begins or goes on with a character beyond
// ASCII is beyond.
var foldClass = func() (class [256]byte) {
	for c := range class {
		switch {
		case c >= utf8.RuneSelf:
			class[c] = beyond
		case c == '\t' || c == '\n':
			class[c] = ' '
		default:
			class[c] = lower(byte(c))
		}
	}
	return class
}()

const beyond = 0xff

// at calls found for each phrase that text begins with, shorter ones first.
func (t *foldTable[T]) at(text string, found func(n int, value T)) {
	node, label := &t.nodes[0], "" // what of the node's label is still to come
	var folded [utf8.UTFMax]byte
	for i := 0; i < len(text); {
		// A label is long, and most of it plain letters.
		if label != "" && foldClass[text[i]] == label[0] && label[0] != ' ' {
			n := 1
			for n < len(label) && i+n < len(text) && label[n] != ' ' && foldClass[text[i+n]] == label[n] {
				n++
			}
			i, label = i+n, label[n:]
			if label == "" {
				for _, value := range node.values {
					found(i, value)
				}
			}
			continue
		}
		c, size, more := foldClass[text[i]], 1, 0
		if c == ' ' || c == beyond {
			if n := spaces(text[i:]); n > 0 {
				c, size = ' ', n
			} else {
				var r rune
				r, size = utf8.DecodeRuneInString(text[i:])
				more = utf8.EncodeRune(folded[:], foldRune(r)) - 1
				c = folded[0]
			}
		}
		for k := 0; ; k++ {
			if label != "" {
				if label[0] != c {
					return
				}
				label = label[1:]
			} else {
				next := t.child(node, c)
				if next == 0 {
					return
				}
				node = &t.nodes[next]
				label = node.label[1:]
			}
			if k == more {
				break
			}
			c = folded[k+1]
		}
		i += size
		if label == "" {
			for _, value := range node.values {
				found(i, value)
			}
		}
	}
}

// child returns the child of a node for a byte, 0 if there is none.
func (t *foldTable[T]) child(node *foldNode[T], c byte) int32 {
	if node == &t.nodes[0] {
		return t.first[c]
	}
	i := 0
	if len(node.keys) > 8 {
		i = strings.IndexByte(node.keys, c)
	} else {
		for i < len(node.keys) && node.keys[i] != c {
			i++
		}
	}
	if uint(i) >= uint(len(node.keys)) {
		return 0
	}
	return node.children + int32(i)
}
