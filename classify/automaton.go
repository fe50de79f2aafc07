package classify

import (
	"slices"
	"strings"
)

// An automaton finds all of many phrases in one pass over the words of a
// text: a trie of words, of which as many branches are followed at once as a
// segment has words at most. The segments of a phrase with gaps are found one
// by one. The time is linear in the text whatever stands there. It is safe for
// concurrent use.
type automaton struct {
	ids      wordTable // of the words that phrases have, from 1
	states   []state   // after each of the words alone; then after more
	segments []segment
	gaps     int32
}

// A state stands for the words of a segment read so far.
type state struct {
	word  int32  // the last of them, where there are several
	words uint32 // a bit for each word that leads on, as bitOf gives it
	next  span   // of the states that these lead to, in the order of the words
	ends  span   // of the segments that end here
}

// bitOf maps words to bits. Most words that follow in a text lead nowhere,
// which shows by their bit.
func bitOf(word int32) uint32 { return 1 << (word & 31) }

// match is a phrase found in a text: text[start:end].
type match struct {
	use        int32 // what the phrase was added for
	words      int32 // how many words of the phrase, without gaps
	start, end int32
	gap        bool // it reaches over an asterisk
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
		m.states[active] = 0
		before := m.states[:active+1]
		active = 0
		for _, from := range before {
			state := id
			if from != 0 {
				if state = a.after(from, id); state == 0 {
					continue
				}
			}
			at := &a.states[state]
			if at.words != 0 {
				m.states[active] = state
				active++
			}
			for i := at.ends.start; i < at.ends.end; i++ {
				seg := &a.segments[i]
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

// after returns the state that a word leads to from another; 0 for none.
func (a *automaton) after(state, word int32) int32 {
	at := &a.states[state]
	if at.words&bitOf(word) == 0 {
		return 0
	}
	low, high := at.next.start, at.next.end
	for low < high {
		middle := (low + high) / 2
		if a.states[middle].word < word {
			low = middle + 1
		} else {
			high = middle
		}
	}
	if low == at.next.end || a.states[low].word != word {
		return 0
	}
	return low
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
