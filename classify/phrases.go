package classify

import (
	"cmp"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
)

// Limits of a phrase. A gap is what an asterisk stands for.
const (
	maxGap          = 8
	maxSegmentWords = 32
)

var (
	errNoWord     = errors.New("phrase has no word")
	errGapAtEdge  = errors.New("phrase begins or ends with *")
	errLongPhrase = errors.New("phrase is too long")
	errAddress    = errors.New("phrase has an address; {addr} stands for any")
)

// checkPhrase reports why a phrase cannot be matched; nil if it can.
func checkPhrase(phrase string) error {
	if strings.Contains(phrase, "@") {
		return errAddress
	}
	parts := 0
	empty := false
	for part := range strings.SplitSeq(phrase, "*") {
		words, s := 0, scanner{text: fillHoles(part)}
		for ; s.next(); words++ {
			if len(s.key()) == 0 {
				return fmt.Errorf("phrase has a word that no text can match: %q", s.text[s.start:s.end])
			}
		}
		if words > maxSegmentWords {
			return errLongPhrase
		}
		parts, empty = parts+1, empty || words == 0
	}
	switch {
	case empty && parts == 1:
		return errNoWord
	case empty:
		return errGapAtEdge
	}
	return nil
}

// fillHoles fills the holes of a phrase with an address, host name or URL each, which matches any other.
func fillHoles(phrase string) string {
	if strings.IndexByte(phrase, '{') < 0 { // as in most
		return phrase
	}
	return holes.Replace(phrase)
}

var holes = strings.NewReplacer("{addr}", "a@b", "{ip}", "0.0.0.0", "{host}", hostWord, "{block-page}", blockPageWord)

// The hosts that stand for a host name that no phrase names, and for a URL
// whose path isBlockPage.
const (
	hostWord      = "host.invalid"
	blockPageWord = "block-page.invalid"
)

// key returns the folded word in the form in which a phrase names it: a host
// name or the host of a URL as it is.
func (s *scanner) key() []byte {
	if s.host != (hostRange{}) {
		for name := range domains(s.text[s.host.start:s.host.end], &s.buf) {
			return name
		}
	}
	return s.word()
}

// A segment is the words of a phrase up to an asterisk or the end. Phrases
// that begin alike share those that an asterisk follows.
type segment struct {
	use   int32 // what the phrase was added for, if it ends here
	gap   int32 // the number, from 1, of the asterisk that follows; 0 if the phrase ends here
	after int32 // the asterisk before it; 0 for the first of a phrase
	words int32 // in this segment
	total int32 // in this and the segments before
}

// A trie is made of phrases, word by word; an automaton is made from it.
type trie struct {
	ids   wordTable // of the words that phrases have: the node after the word alone
	nodes []node    // the first for no word
	table []int32   // the nodes after more than a word: a hash table with open addressing, a power of two long
	ends  []end
	scan  scanner // of the phrase that is added
}

// A node stands for the words of a segment read so far: the last of them, and
// the node before. An asterisk has a node too; its word is the complement of the
// asterisk before it.
type node struct{ from, word int32 }

// An end is where a segment ends.
type end struct {
	segment // with nodes for the asterisks
	node    int32
}

// newTrie returns a trie for about so many phrases.
func newTrie(phrases int) *trie {
	t := &trie{
		ids:   newWordTable(phrases / 6),
		nodes: make([]node, 1, 3*phrases/2+1),
		table: make([]int32, 1<<bits.Len(uint(phrases))),
		ends:  make([]end, 0, phrases+phrases/8),
	}
	clear(t.table) // memory that is read before it is written to takes twice as long to get
	return t
}

// add adds a phrase that checkPhrase finds good. Each match of it will carry use.
func (t *trie) add(phrase string, use int32) {
	seg := segment{use: use}
	for {
		part, rest, more := strings.Cut(phrase, "*")
		var at int32
		at, seg.words = t.path(part)
		seg.total += seg.words
		if !more {
			t.ends = append(t.ends, end{seg, at})
			return
		}
		known := len(t.nodes)
		seg.gap = t.step(at, ^seg.after)
		if int(seg.gap) == known {
			t.ends = append(t.ends, end{seg, at})
		}
		seg.after, seg.gap, phrase = seg.gap, 0, rest
	}
}

// path returns the node for the words of text, and their number.
func (t *trie) path(text string) (at, words int32) {
	text = fillHoles(text)
	s := &t.scan
	s.begun, s.reply, s.chunk = false, "", 0
	for s.text, s.pos = text, 0; ; words++ {
		for s.pos < len(text) && text[s.pos] == ' ' {
			s.pos++
		}
		if n := letterWord(text[s.pos:]); n > 0 {
			at = follow(t, at, text[s.pos:s.pos+n])
			s.pos += n
			continue
		}
		if !s.next() {
			return at, words
		}
		at = follow(t, at, s.key())
	}
}

// letterWord returns how long the word is that text begins with, if it is of
// small letters of ASCII alone, as most of a phrase are; else 0.
func letterWord(text string) int {
	n := 0
	for n < len(text) && 'a' <= text[n] && text[n] <= 'z' {
		n++
	}
	if n > maxWord || n < len(text) && text[n] != ' ' {
		return 0
	}
	return n
}

// wordsOf returns the words of text.
func wordsOf(text string) *wordTable {
	words := newWordTable(len(text) / 4)
	for s := (scanner{text: text}); s.next(); {
		key := keyOf(s.word())
		if free := slotOf(&words, s.word(), key); free.id == 0 {
			words.add(free, string(s.word()), key, 1)
		}
	}
	return &words
}

// A chooser chooses the phrases that a text may have by the words of the text.
type chooser struct {
	words *wordTable // nil for all phrases
	first string     // the first word of the phrase before, with which many begin
	has   bool       // whether the text has it
}

// takes reports whether the text may have a phrase. Any with a host name counts,
// for another phrase may name a host below it.
func (c *chooser) takes(phrase string) bool {
	if c.words == nil {
		return true
	}
	if rest, ok := strings.CutPrefix(phrase, c.first); !ok || c.first == "" || rest != "" && rest[0] != ' ' {
		c.read(phrase)
	}
	return c.has || strings.IndexByte(phrase, '.') >= 0
}

// read reads the first word of a phrase.
func (c *chooser) read(phrase string) {
	if n := letterWord(phrase); n > 0 {
		c.first = phrase[:n]
		c.has = slotOf(c.words, c.first, keyOf(c.first)).id != 0
		return
	}
	s := scanner{text: fillHoles(phrase)}
	c.has = s.next() && (s.host != (hostRange{}) || c.words.id(s.word()) != 0)
	c.first = ""
	if len(s.text) == len(phrase) {
		c.first = phrase[:s.end]
	}
}

// follow returns the node that a word leads to.
func follow[T string | []byte](t *trie, at int32, word T) int32 {
	key := keyOf(word)
	slot := slotOf(&t.ids, word, key)
	id := slot.id
	if id == 0 {
		id = t.newNode(0, 0)
		t.ids.add(slot, string(word), key, id)
	}
	if at == 0 {
		return id
	}
	return t.step(at, id)
}

func (t *trie) newNode(from, word int32) int32 {
	t.nodes = append(t.nodes, node{from, word})
	return int32(len(t.nodes)) - 1
}

// step returns the node that a word leads to, and makes it where there is none.
func (t *trie) step(from, word int32) int32 {
	if 3*(len(t.nodes)-t.ids.words) > 2*len(t.table) { // too full to find a place soon
		old := t.table
		t.table = make([]int32, 2*len(old))
		for _, to := range old {
			if to != 0 {
				*t.slot(t.nodes[to]) = to
			}
		}
	}
	to := t.slot(node{from, word})
	if *to == 0 {
		*to = t.newNode(from, word)
	}
	return *to
}

// slot returns where a node stands in the table, or where to put it.
func (t *trie) slot(n node) *int32 {
	hash := (uint64(uint32(n.from))<<32 | uint64(uint32(n.word))) * hashFactor >> 32
	for ; ; hash++ {
		to := &t.table[hash&uint64(len(t.table)-1)]
		if *to == 0 || t.nodes[*to] == n {
			return to
		}
	}
}

// automaton returns an automaton that finds the phrases. The trie is of no use after.
func (t *trie) automaton() *automaton {
	a := &automaton{
		ids:      t.ids,
		states:   make([]state, 1, len(t.nodes)),
		segments: make([]segment, 0, len(t.ends)),
	}
	numbers := make([]int32, len(t.nodes)) // of asterisks, and of the words as states
	for i, n := range t.nodes {
		if n.word < 0 {
			a.gaps++
			numbers[i] = a.gaps
		}
	}
	nodes, firstNode := group(len(t.nodes), len(t.nodes), func(i int) int32 { return t.nodes[i].from })
	ends, firstEnd := group(len(t.ends), len(t.nodes), func(i int) int32 { return t.ends[i].node })
	list := make([]int32, 1, len(t.nodes)) // the nodes as a.states has them
	for i := 0; i < len(list); i++ {
		from, at := list[i], &a.states[i]
		next := nodes[firstNode[from]:firstNode[from+1]]
		if from == 0 {
			next = next[1:] // without itself
		} else if len(next) > 1 {
			slices.SortFunc(next, func(x, y int32) int { return cmp.Compare(t.nodes[x].word, t.nodes[y].word) })
		}
		at.next.start = int32(len(list))
		for _, to := range next {
			word := t.nodes[to].word
			if word < 0 {
				continue
			}
			if from == 0 {
				numbers[to] = int32(len(list))
			}
			at.words |= bitOf(numbers[word])
			list = append(list, to)
			a.states = append(a.states, state{word: numbers[word]})
		}
		at.next.end = int32(len(list))
		at.ends.start = int32(len(a.segments))
		for _, j := range ends[firstEnd[from]:firstEnd[from+1]] {
			seg := t.ends[j].segment
			seg.after, seg.gap = numbers[seg.after], numbers[seg.gap]
			a.segments = append(a.segments, seg)
		}
		at.ends.end = int32(len(a.segments))
	}
	for i := range a.ids.slots {
		slot := &a.ids.slots[i]
		slot.id = numbers[slot.id]
	}
	return a
}

// group sorts the numbers below n by group and returns where each group starts.
func group(n, groups int, of func(int) int32) (sorted, starts []int32) {
	starts = make([]int32, groups+1)
	for i := range n {
		starts[of(i)+1]++
	}
	for i := range groups {
		starts[i+1] += starts[i]
	}
	sorted = make([]int32, n)
	free := slices.Clone(starts)
	for i := range n {
		g := of(i)
		sorted[free[g]] = int32(i)
		free[g]++
	}
	return sorted, starts
}
