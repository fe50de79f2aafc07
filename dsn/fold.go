package dsn

import (
	"bytes"
	"slices"
	"strings"
	"sync"
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
	switch {
	case r < utf8.RuneSelf:
		return rune(lower(byte(r)))
	case 0x2e80 <= r && r < 0xa640: // CJK has no case
		return r
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
	nodes  []foldNode // the first is the root
	keys   []byte     // the first byte of each node's label
	values []T        // what the phrases stand for, in their order
	first  [256]int32 // the root's child for each byte, 0 for none

	// How the phrases begin:
	short    headSet // those of less than eight bytes
	long     []entry // those of more: a hash table
	caseless bitSet  // those of a script without case: their first character
}

type foldNode struct {
	label           string // the bytes that lead here from the parent
	values, beyond  int32  // values[values:beyond] are of the phrases that end here
	children, count int32  // the first child, and how many there are
}

// phrase is a phrase in lower case, and what it stands for.
type phrase[T any] struct {
	words string
	value T
}

// newFoldTable makes a table of phrases, none of them empty.
func newFoldTable[T any](phrases []phrase[T]) *foldTable[T] {
	order := func(a, b phrase[T]) int { return strings.Compare(a.words, b.words) }
	if !slices.IsSortedFunc(phrases, order) {
		slices.SortStableFunc(phrases, order)
	}
	n := len(phrases)
	t := &foldTable[T]{nodes: make([]foldNode, 1, 2*n+1), keys: make([]byte, 1, 2*n+1), values: make([]T, n)}
	for i := range phrases {
		t.values[i] = phrases[i].value
	}
	t.branch(0, phrases, 0, n, 0)
	root := &t.nodes[0]
	for i := root.children; i < root.children+root.count; i++ {
		t.first[t.keys[i]] = i
	}
	t.addHeads(phrases)
	return t
}

// grow makes node at that of phrases[low:high], which have their first from
// bytes and the one after in common.
func (t *foldTable[T]) grow(at int32, phrases []phrase[T], low, high, from int) {
	words, last := phrases[low].words, phrases[high-1].words
	end := from
	for end < len(words) && words[end] == last[end] {
		end++
	}
	beyond := low
	for beyond < high && len(phrases[beyond].words) == end {
		beyond++
	}
	t.nodes[at] = foldNode{label: words[from:end], values: int32(low), beyond: int32(beyond)}
	t.branch(at, phrases, beyond, high, end)
}

// branch gives node at its children: one for each byte that phrases[low:high]
// have behind the first from.
func (t *foldTable[T]) branch(at int32, phrases []phrase[T], low, high, from int) {
	child := int32(len(t.nodes))
	for i := low; i < high; i++ {
		if k := phrases[i].words[from]; i == low || k != phrases[i-1].words[from] {
			t.nodes, t.keys = append(t.nodes, foldNode{}), append(t.keys, k)
		}
	}
	t.nodes[at].children, t.nodes[at].count = child, int32(len(t.nodes))-child
	for low < high {
		next := low + 1
		for next < high && phrases[next].words[from] == phrases[low].words[from] {
			next++
		}
		t.grow(child, phrases, low, next, from)
		low, child = next, child+1
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
	e, i := t.enter(text)
	if i < 0 {
		return
	}
	node := &t.nodes[e.node]
	label := node.label[e.done:] // what of it is still to come
	var folded [utf8.UTFMax]byte
	for {
		if label == "" {
			for _, value := range t.values[node.values:node.beyond] {
				found(i, value)
			}
		}
		if i == len(text) {
			return
		}
		// A label is long, and most of it plain letters.
		if label != "" && foldClass[text[i]] == label[0] && label[0] != ' ' {
			n := 1
			for n < len(label) && i+n < len(text) && label[n] != ' ' && foldClass[text[i+n]] == label[n] {
				n++
			}
			i, label = i+n, label[n:]
			continue
		}
		c, size, more := foldClass[text[i]], 1, 0
		if c == ' ' && i+1 < len(text) && ' ' < text[i+1] && text[i+1] < utf8.RuneSelf {
			// one space, as mostly
		} else if c == ' ' || c == beyond {
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
	}
}

// in reports whether one of the phrases stands in text, be it inside a word.
func (t *foldTable[T]) in(text string) bool {
	found := false
	for i := 0; i < len(text) && !found; {
		c := foldClass[text[i]]
		if c == beyond || t.first[c] != 0 {
			t.at(text[i:], func(int, T) { found = true })
		}
		if c == beyond || c == ' ' { // at looks at a whole run of white space, so only once
			i += max(1, spaces(text[i:]))
		} else {
			i++
		}
	}
	return found
}

// wordTable returns what makes, once it is asked, a table of words alone.
func wordTable(words ...string) func() *foldTable[struct{}] {
	return sync.OnceValue(func() *foldTable[struct{}] {
		phrases := make([]phrase[struct{}], len(words))
		for i, w := range words {
			phrases[i].words = w
		}
		return newFoldTable(phrases)
	})
}

// child returns the child of a node for a byte, 0 if there is none.
func (t *foldTable[T]) child(node *foldNode, c byte) int32 {
	if node == &t.nodes[0] {
		return t.first[c]
	}
	keys := t.keys[node.children : node.children+node.count]
	i := 0
	if len(keys) > 8 {
		i = bytes.IndexByte(keys, c)
	} else {
		for i < len(keys) && keys[i] != c {
			i++
		}
	}
	if uint(i) >= uint(len(keys)) {
		return 0
	}
	return node.children + int32(i)
}
