package classify

import (
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

// An automaton finds all of many phrases in one pass over the words of a
// text: a trie of words, of which as many branches are followed at once as a
// segment has words at most. A phrase with gaps is a chain of segments that
// are found one by one. The time is linear in the text whatever stands there.
// Once all phrases are added it is safe for concurrent use.
type automaton struct {
	ids      wordTable // of the words that phrases have: the state after the word alone
	states   []state   // from 1
	steps    []step    // a hash table with open addressing, a power of two long
	segments []segment // from 1
	gaps     int32
	scan     scanner // of the phrase that is added
}

// A state stands for the words of a segment read so far.
type state struct {
	end  int32  // the first segment that ends here; 0 for none
	next uint32 // a bit for each word that leads on, as bitOf gives it
}

// bitOf maps words to bits. Most words that follow in a text lead nowhere,
// which shows by their bit.
func bitOf(word int32) uint32 { return 1 << (word & 31) }

// A step leads from a state to that after another word. A map of them would
// take twice as long to fill, which is most of the time to start.
type step struct{ from, word, to int32 }

// A segment is the words of a phrase up to an asterisk or the end. Phrases
// that begin alike share those that an asterisk follows.
type segment struct {
	use   int32 // what the phrase was added for, if it ends here
	gap   int32 // the number, from 1, of the asterisk that follows; 0 if the phrase ends here
	after int32 // the asterisk before it; 0 for the first of a phrase
	words int32 // in this segment
	total int32 // in this and the segments before
	next  int32 // the next that ends at the same state; 0 for none
}

// match is a phrase found in a text: text[start:end].
type match struct {
	use        int32 // what the phrase was added for
	words      int32 // how many words of the phrase, without gaps
	start, end int32
	gap        bool // it reaches over an asterisk
}

// newAutomaton returns an automaton for about so many phrases.
func newAutomaton(phrases int) *automaton {
	a := &automaton{
		ids:      newWordTable(phrases / 6),
		steps:    make([]step, 1<<bits.Len(uint(phrases))),
		states:   make([]state, 1, 3*phrases/2+1),
		segments: make([]segment, 1, phrases+phrases/8+1),
	}
	clear(a.steps) // memory that is read before it is written to takes twice as long to get
	return a
}

// add adds a phrase that checkPhrase finds good. Each match of it will carry use.
func (a *automaton) add(phrase string, use int32) {
	seg := segment{use: use}
	for {
		part, rest, more := strings.Cut(phrase, "*")
		var state int32
		state, seg.words = a.path(part)
		seg.total += seg.words
		if !more {
			a.end(state, seg)
			return
		}
		seg.after, phrase = a.gapAfter(state, seg), rest
	}
}

// end notes that a segment ends at a state.
func (a *automaton) end(state int32, seg segment) {
	to := &a.states[state].end
	for *to != 0 {
		to = &a.segments[*to].next
	}
	*to = int32(len(a.segments))
	a.segments = append(a.segments, seg)
}

// pack puts the segments that end at a state side by side.
func (a *automaton) pack() {
	packed := make([]segment, 1, len(a.segments))
	for i := range a.states {
		at := &a.states[i]
		next := at.end
		if next != 0 {
			at.end = int32(len(packed))
		}
		for next != 0 {
			seg := a.segments[next]
			if next = seg.next; next != 0 {
				seg.next = int32(len(packed)) + 1
			}
			packed = append(packed, seg)
		}
	}
	a.segments = packed
}

// gapAfter returns the asterisk that follows a segment.
func (a *automaton) gapAfter(state int32, seg segment) int32 {
	for i := a.states[state].end; i != 0; i = a.segments[i].next {
		if known := &a.segments[i]; known.gap != 0 && known.after == seg.after {
			return known.gap
		}
	}
	a.gaps++
	seg.gap = a.gaps
	a.end(state, seg)
	return seg.gap
}

// path returns the state for the words of text, and their number.
func (a *automaton) path(text string) (at, words int32) {
	text = fillHoles(text)
	s := &a.scan
	s.begun, s.reply, s.chunk = false, "", 0
	for s.text, s.pos = text, 0; ; words++ {
		for s.pos < len(text) && text[s.pos] == ' ' {
			s.pos++
		}
		if n := letterWord(text[s.pos:]); n > 0 {
			at = follow(a, at, text[s.pos:s.pos+n])
			s.pos += n
			continue
		}
		if !s.next() {
			return at, words
		}
		at = follow(a, at, s.key())
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

// mayBegin reports whether a phrase may begin with one of the words. Any with a
// host name counts, for another phrase may name a host below it.
func mayBegin(phrase string, words *wordTable) bool {
	n := letterWord(phrase)
	switch {
	case n > 0 && slotOf(words, phrase[:n], keyOf(phrase[:n])).id != 0, strings.IndexByte(phrase, '.') >= 0:
		return true
	case n > 0:
		return false
	}
	s := scanner{text: fillHoles(phrase)}
	return s.next() && (s.host != (hostRange{}) || words.id(s.word()) != 0)
}

// follow returns the state that a word leads to.
func follow[T string | []byte](a *automaton, at int32, word T) int32 {
	key := keyOf(word)
	slot := slotOf(&a.ids, word, key)
	id := slot.id
	if id == 0 {
		id = a.newState()
		a.ids.add(slot, string(word), key, id)
	}
	if at == 0 {
		return id
	}
	return a.step(at, id)
}

func (a *automaton) newState() int32 {
	a.states = append(a.states, state{})
	return int32(len(a.states)) - 1
}

// step returns the state that a word leads to, and makes it where there is none.
func (a *automaton) step(from, word int32) int32 {
	if 3*(len(a.states)-a.ids.words) > 2*len(a.steps) { // too full to find a place soon
		old := a.steps
		a.steps = make([]step, 2*len(old))
		for _, st := range old {
			if st.to != 0 {
				*slot(a.steps, st.from, st.word) = st
			}
		}
	}
	st := slot(a.steps, from, word)
	if st.to == 0 {
		*st = step{from, word, a.newState()}
		a.states[from].next |= bitOf(word)
	}
	return st.to
}

// slot returns the step from a state with a word, or where to put it.
func slot(steps []step, from, word int32) *step {
	hash := (uint64(from)<<32 | uint64(word)) * 0x9e3779b97f4a7c15 >> 32
	for ; ; hash++ {
		st := &steps[hash&uint64(len(steps)-1)]
		if st.to == 0 || st.from == from && st.word == word {
			return st
		}
	}
}

// hostID returns the number of the host name that the scanner stands at, 0 for
// one that no phrase has. It counts as the longest of its parent domains that a
// phrase names: zen.spamhaus.org as spamhaus.org.
func (a *automaton) hostID(s *scanner) int32 {
	for name := range domains(s.text[s.host.start:s.host.end], &s.buf) {
		if id := a.ids.id(name); id != 0 {
			return id
		}
	}
	if s.end > s.host.end && isBlockPage(s.text[s.host.end:s.end]) {
		return a.ids.id([]byte(blockPageWord))
	}
	return a.ids.id([]byte(hostWord))
}

// isBlockPage reports whether the path of a URL tells that it explains why
// mail from a host is refused.
func isBlockPage(path string) bool {
	path = path[:min(len(path), 256)]
	for i := range path {
		if strings.IndexByte("bdrasBDRAS", path[i]) < 0 { // as most
			continue
		}
		for _, mark := range [...]string{"block", "blacklist", "delist", "dnsbl", "rbl", "abuse", "spam", "reputation"} {
			if len(path)-i >= len(mark) && strings.EqualFold(path[i:i+len(mark)], mark) {
				return true
			}
		}
	}
	return false
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
	before     int32 // the hit before this one with the same asterisk behind it, from 1; 0 for none
	gap        int32
	start, end int32 // start of the phrase in bytes; the number of the word after the segment
}

// memory is what a pass needs to remember of the text; it is used again for the next.
type memory struct {
	scan   scanner
	starts [2 * maxSegmentWords]int32 // of the words read last, in bytes
	states [maxSegmentWords + 1]int32 // that the words read last lead to, and the first
	last   []int32                    // the last hit before each asterisk, from 1
	hits   []hit
}

func (m *memory) reset(gaps int32) {
	if len(m.last) <= int(gaps) {
		m.last = make([]int32, gaps+1)
	}
	for _, h := range m.hits {
		m.last[h.gap] = 0
	}
	m.hits = m.hits[:0]
}

// find calls found for every phrase in text and seen for every host name.
func (a *automaton) find(text string, m *memory, found func(match), seen func(s *scanner)) {
	m.reset(a.gaps)
	var active, n, reply int32 // how many states; reply is the word that the last reply begins with
	end := 0                   // where the word before ends
	m.scan = scanner{text: text}
	for s := &m.scan; s.next(); {
		if s.begun {
			reply = n
		}
		if s.host.end > 0 {
			seen(s)
		}
		m.starts[uint32(n)%uint32(len(m.starts))] = int32(s.start)
		n++
		if s.start-end > 1 && beginsSentence(text[end:s.start], text[s.start]) {
			active = 0
		}
		end = s.end
		var id int32
		if s.host.end == 0 {
			id = a.ids.id(s.word())
		} else {
			id = a.hostID(s)
		}
		if id == 0 {
			active = 0
			continue
		}
		bit := bitOf(id)
		m.states[active] = 0
		before := m.states[:active+1]
		active = 0
		for _, state := range before {
			if state == 0 {
				state = id
			} else if a.states[state].next&bit == 0 {
				continue
			} else if state = slot(a.steps, state, id).to; state == 0 {
				continue
			}
			at := a.states[state]
			if at.next != 0 {
				m.states[active] = state
				active++
			}
			for i := at.end; i != 0; {
				seg := &a.segments[i]
				i = seg.next
				if seg.after != 0 && m.last[seg.after] == 0 { // as with most
					continue
				}
				first := n - seg.words
				start := m.starts[uint32(first)%uint32(len(m.starts))]
				if seg.after != 0 {
					var ok bool
					if start, ok = m.before(seg.after, first, reply); !ok {
						continue
					}
				}
				if seg.gap == 0 {
					found(match{seg.use, seg.total, start, int32(s.end), seg.after != 0})
					continue
				}
				m.hits = append(m.hits, hit{m.last[seg.gap], seg.gap, start, n})
				m.last[seg.gap] = int32(len(m.hits))
			}
		}
	}
}

// beginsSentence reports whether a word with that first byte begins a sentence,
// by what stands between it and the word before.
func beginsSentence(between string, first byte) bool {
	return len(between) > 1 && 'A' <= first && first <= 'Z' &&
		(strings.Contains(between, ". ") || strings.Contains(between, "! ") || strings.Contains(between, "? "))
}

// before returns where the phrase starts whose segment before an asterisk ends
// at most a gap before the given word. A gap does not reach into another reply.
func (m *memory) before(gap, word, reply int32) (start int32, ok bool) {
	for i := m.last[gap]; i != 0; i = m.hits[i-1].before {
		h := &m.hits[i-1]
		if h.end <= word {
			return h.start, h.end >= word-maxGap && (h.end > reply || reply > word)
		}
	}
	return 0, false
}
