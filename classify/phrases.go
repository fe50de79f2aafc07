package classify

import (
	"cmp"
	"errors"
	"fmt"
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
		words, s := 0, scanner{text: withAddress(part)}
		for ; s.next(); words++ {
			if len(s.key()) == 0 {
				return fmt.Errorf("phrase has a word that no text can match: %q", part[s.start:s.end])
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

// withAddress fills the hole {addr} of a phrase with an address, which matches any other.
func withAddress(phrase string) string { return strings.ReplaceAll(phrase, "{addr}", "a@b") }

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

// An automaton finds all of many phrases in one pass over the words of a
// text: Aho-Corasick, with words in the place of letters. A phrase with gaps
// is a chain of segments that are found one by one. The time is linear in the
// text whatever stands there. It is safe for concurrent use once built.
type automaton struct {
	ids      map[string]int32 // of the words that phrases have, from 1
	states   []state
	edges    []edge // of each state in turn; by word, where there are more than a few
	root     []int32
	segments []segment
}

// A state stands for the words of a segment read so far.
type state struct {
	edges, end int32 // in automaton.edges
	fail       int32 // the state of the longest proper ending of the words
	report     int32 // the nearest state along fail, this one included, at which segments end; 0 for none
	segments   []int32
}

type edge struct{ word, state int32 }

// fewEdges is how many edges are looked through one by one.
const fewEdges = 16

// A segment is the words of a phrase up to an asterisk or the end. Phrases
// that begin alike share their segments.
type segment struct {
	after int32   // the segment before it; -1 for the first of a phrase
	words int32   // in this segment
	total int32   // in this and the segments before
	uses  []int32 // of the phrases that end with it
	more  bool    // another segment may follow
}

// match is a phrase found in a text: text[start:end].
type match struct {
	use        int32 // what the phrase was added for
	words      int32 // how many words of the phrase, without gaps
	start, end int32
}

// A builder collects phrases for an automaton.
type builder struct {
	ids      map[string]int32
	next     map[step]int32
	steps    []step  // the one that leads to each state after the root
	states   []state // edges and fail are still to come
	segments []segment
	known    map[segmentKey]int32
	scan     scanner
}

type (
	step       struct{ state, word int32 }
	segmentKey struct{ after, state int32 }
)

// newBuilder returns a builder for about so many phrases.
func newBuilder(phrases int) *builder {
	return &builder{
		ids:    make(map[string]int32, phrases),
		next:   make(map[step]int32, 4*phrases),
		states: make([]state, 1, 4*phrases+1),
		known:  make(map[segmentKey]int32, phrases),
	}
}

// add adds a phrase that checkPhrase finds good. Each match of it will carry use.
func (b *builder) add(phrase string, use int32) {
	after, total := int32(-1), int32(0)
	for more := true; more; {
		var part string
		part, phrase, more = strings.Cut(phrase, "*")
		state, words := b.path(part)
		key := segmentKey{after, state}
		total += words
		id, ok := b.known[key]
		if !ok {
			id = int32(len(b.segments))
			b.known[key] = id
			b.segments = append(b.segments, segment{after: after, words: words, total: total})
			end := &b.states[key.state]
			end.segments = append(end.segments, id)
		}
		if more {
			b.segments[id].more = true
		} else {
			b.segments[id].uses = append(b.segments[id].uses, use)
		}
		after = id
	}
}

// path returns the state for the words of text, and their number.
func (b *builder) path(text string) (at, words int32) {
	b.scan = scanner{text: withAddress(text)}
	for ; b.scan.next(); words++ {
		word := b.scan.key()
		id, ok := b.ids[string(word)]
		if !ok {
			id = int32(len(b.ids)) + 1
			b.ids[string(word)] = id
		}
		next, ok := b.next[step{at, id}]
		if !ok {
			next = int32(len(b.states))
			b.next[step{at, id}] = next
			b.steps = append(b.steps, step{at, id})
			b.states = append(b.states, state{})
		}
		at = next
	}
	return at, words
}

// build returns the automaton of the phrases added.
func (b *builder) build() *automaton {
	a := &automaton{ids: b.ids, states: b.states, root: make([]int32, len(b.ids)+1), segments: b.segments}
	a.edges = make([]edge, len(b.steps))
	for _, s := range b.steps {
		a.states[s.state].end++ // for now, how many edges the state has
	}
	var from int32
	for i := range a.states {
		s := &a.states[i]
		s.edges, s.end, from = from, from, from+s.end
	}
	for i, s := range b.steps {
		at := &a.states[s.state]
		a.edges[at.end] = edge{s.word, int32(i) + 1}
		at.end++
	}
	for _, s := range a.states {
		if s.end-s.edges > fewEdges {
			slices.SortFunc(a.edges[s.edges:s.end], func(x, y edge) int { return cmp.Compare(x.word, y.word) })
		}
	}
	for _, e := range a.edges[:a.states[0].end] {
		a.root[e.word] = e.state
	}
	for queue := []int32{0}; len(queue) > 0; queue = queue[1:] {
		from := &a.states[queue[0]]
		for _, e := range a.edges[from.edges:from.end] {
			to := &a.states[e.state]
			if queue[0] != 0 {
				to.fail = a.step(from.fail, e.word)
			}
			if to.report = a.states[to.fail].report; len(to.segments) > 0 {
				to.report = e.state
			}
			queue = append(queue, e.state)
		}
	}
	return a
}

// step returns the state after another word.
func (a *automaton) step(at, word int32) int32 {
	for at != 0 {
		s := &a.states[at]
		edges := a.edges[s.edges:s.end]
		if len(edges) > fewEdges {
			i, ok := slices.BinarySearchFunc(edges, word, func(e edge, word int32) int { return cmp.Compare(e.word, word) })
			if ok {
				return edges[i].state
			}
		} else {
			for _, e := range edges {
				if e.word == word {
					return e.state
				}
			}
		}
		at = s.fail
	}
	return a.root[word]
}

// wordID returns the number of the word that the scanner stands at, 0 for one
// that no phrase has. A host name counts as the longest of its parent domains
// that a phrase names: zen.spamhaus.org as spamhaus.org.
func (a *automaton) wordID(s *scanner) int32 {
	if s.host == (hostRange{}) {
		return a.ids[string(s.word())]
	}
	for name := range domains(s.text[s.host.start:s.host.end], &s.buf) {
		if id := a.ids[string(name)]; id != 0 {
			return id
		}
	}
	return 0
}

// domains yields a host name in lower case and its parent domains but the
// last, the longest first; of a name too long for buf, those that fit.
func domains(host string, buf *[maxWord]byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for strings.HasSuffix(host, ".") {
			host = host[:len(host)-1]
		}
		for len(host) > len(buf) {
			_, parent, ok := strings.Cut(host[len(host)-len(buf)-1:], ".")
			if !ok {
				return
			}
			host = parent
		}
		name := buf[:len(host)]
		for i := range len(host) {
			name[i] = lower(host[i])
		}
		for {
			dot := slices.Index(name, '.')
			if dot < 0 || !yield(name) {
				return
			}
			name = name[dot+1:]
		}
	}
}

// hit is a segment found that another may follow.
type hit struct {
	before     int32 // the hit of the same segment before this one, from 1; 0 for none
	segment    int32
	start, end int32 // start of the phrase in bytes; the number of the word after the segment
}

// memory is what a pass needs to remember of the text; it is used again for the next.
type memory struct {
	scan scanner
	last []int32 // the last hit of each segment, from 1
	hits []hit
}

func (m *memory) reset(segments int) {
	if len(m.last) < segments {
		m.last = make([]int32, segments)
	}
	for _, h := range m.hits {
		m.last[h.segment] = 0
	}
	m.hits = m.hits[:0]
}

// find calls found for every phrase in text and seen for every host name.
func (a *automaton) find(text string, m *memory, found func(match), seen func(s *scanner)) {
	m.reset(len(a.segments))
	var starts [2 * maxSegmentWords]int32 // of the words read last, in bytes
	var at, n, reply int32                // reply is the word that the last reply begins with
	m.scan = scanner{text: text}
	for s := &m.scan; s.next(); {
		if s.begun {
			reply = n
		}
		if s.host != (hostRange{}) {
			seen(s)
		}
		starts[n%int32(len(starts))] = int32(s.start)
		n++
		id := a.wordID(s)
		if id == 0 {
			at = 0
			continue
		}
		at = a.step(at, id)
		for end := a.states[at].report; end != 0; end = a.states[a.states[end].fail].report {
			for _, id := range a.states[end].segments {
				seg := &a.segments[id]
				first := n - seg.words
				start := starts[first%int32(len(starts))]
				if seg.after >= 0 {
					var ok bool
					if start, ok = m.before(seg.after, first, reply); !ok {
						continue
					}
				}
				if seg.more {
					m.hits = append(m.hits, hit{m.last[id], id, start, n})
					m.last[id] = int32(len(m.hits))
				}
				for _, use := range seg.uses {
					found(match{use, seg.total, start, int32(s.end)})
				}
			}
		}
	}
}

// before returns where the phrase starts whose segment ends at most a gap
// before the given word. A gap does not reach into another reply.
func (m *memory) before(segment, word, reply int32) (start int32, ok bool) {
	for i := m.last[segment]; i != 0; i = m.hits[i-1].before {
		h := &m.hits[i-1]
		if h.end <= word {
			return h.start, h.end >= word-maxGap && (h.end > reply || reply > word)
		}
	}
	return 0, false
}
