package dsn

// head is what a text or a phrase begins with: eight bytes after folding, the
// first one lowest.
type head uint64

const (
	firstTwo  = 1<<16 - 1
	firstFour = 1<<32 - 1
	firstSix  = 1<<48 - 1
	eachByte  = 0x0101010101010101
	highBits  = 0x80 * eachByte
)

// headOf returns the head of text and how many bytes of text it takes, 0 where
// the text is shorter or has characters beyond ASCII there. Any run of white
// space is one space.
func headOf(text string) (h head, size int) {
	if len(text) < 8 {
		return 0, 0
	}
	w := eight(text)
	if w&highBits != 0 {
		return 0, 0
	}
	blanks := ^atLeast(w, '!') & highBits
	if atLeast(w, ' ')&highBits != highBits || blanks&(blanks<<8) != 0 {
		return slowHeadOf(text)
	}
	capitals := atLeast(w, 'A') &^ atLeast(w, 'Z'+1) & highBits
	if size = 8; blanks>>63 != 0 {
		size += spaces(text[8:])
	}
	return head(w | capitals>>2), size
}

// slowHeadOf is headOf for any white space.
func slowHeadOf(text string) (h head, size int) {
	for n := 0; n < 64; n += 8 {
		if size == len(text) || foldClass[text[size]] == beyond {
			return 0, 0
		}
		c := foldClass[text[size]]
		h |= head(c) << n
		if size++; c == ' ' {
			size += spaces(text[size:])
		}
	}
	return h, size
}

// headSet tells of most heads that no phrase of less than eight bytes begins
// like them.
type headSet struct{ six, four, two bitSet }

// add adds a phrase in lower case.
func (s *headSet) add(words string) {
	var h head
	for i := range len(words) {
		h |= head(words[i]) << (8 * i)
	}
	switch {
	case len(words) >= 6:
		s.six.add(h & firstSix)
	case len(words) >= 4:
		s.four.add(h & firstFour)
	case len(words) >= 2:
		s.two.add(h & firstTwo)
	default:
		for i := range s.two {
			s.two[i] = ^uint64(0)
		}
	}
}

func (s *headSet) has(h head) bool {
	return s.six.has(h&firstSix) || s.four.has(h&firstFour) || s.two.has(h&firstTwo)
}

// bitSet is a set of the hashes of heads.
type bitSet [128]uint64

func (s *bitSet) add(h head) { s[h.hash()>>57] |= 1 << (h.hash() >> 51 & 63) }

func (s *bitSet) has(h head) bool { return s[h.hash()>>57]>>(h.hash()>>51&63)&1 != 0 }

func (h head) hash() uint64 { return uint64(h) * 0x9e3779b97f4a7c15 }

// entry is where in a foldTable one is behind a head.
type entry struct {
	head head
	node int32
	done int32 // bytes of the node's label
}

// isCaseless reports whether text begins with three bytes of a character of a
// script without case: from Devanagari to Tibetan, from the kana to the last
// CJK ideograph, or Hangul.
func isCaseless(text string) bool {
	return len(text) >= 3 && (text[0] == 0xe0 || 0xe3 <= text[0] && text[0] <= 0xe9 || 0xeb <= text[0] && text[0] <= 0xed)
}

func firstThreeOf(text string) head { return head(text[0]) | head(text[1])<<8 | head(text[2])<<16 }

// addHeads makes the tables by which at enters t.
func (t *foldTable[T]) addHeads(phrases []phrase[T]) {
	heads := 1 // of the phrases, which are in order
	for i := 1; i < len(phrases); i++ {
		if a, b := phrases[i-1].words, phrases[i].words; a[:min(8, len(a))] != b[:min(8, len(b))] {
			heads++
		}
	}
	size := 2
	for size < 2*heads {
		size *= 2
	}
	t.long = make([]entry, size)
	for _, p := range phrases {
		h, n := headOf(p.words)
		switch {
		case isCaseless(p.words):
			t.caseless.add(firstThreeOf(p.words))
		case len(p.words) < 8:
			t.short.add(p.words)
		case n == 8:
			if e := t.slot(h); e.head == 0 {
				*e = t.behind(p.words[:n])
				e.head = h
			}
		}
	}
}

// slot returns the entry of a head, or the free one where it would stand.
func (t *foldTable[T]) slot(h head) *entry {
	last := uint64(len(t.long) - 1)
	for i := h.hash() >> 32; ; i++ {
		if e := &t.long[i&last]; e.head == h || e.head == 0 {
			return e
		}
	}
}

// behind returns where one is behind the first words of a phrase.
func (t *foldTable[T]) behind(words string) entry {
	var e entry
	for i := 0; i < len(words); i++ {
		if node := &t.nodes[e.node]; int(e.done) == len(node.label) {
			e.node, e.done = t.child(node, words[i]), 0
		}
		e.done++
	}
	return e
}

// enter returns where one is in t behind the head of text, and how much of
// text that is: none of it where the whole walk is needed, -1 if no phrase
// begins like that.
func (t *foldTable[T]) enter(text string) (entry, int) {
	h, size := headOf(text)
	switch {
	case size > 0 && !t.short.has(h):
	case isCaseless(text) && !t.caseless.has(firstThreeOf(text)),
		t.first[' '] == 0 && spaces(text[:min(len(text), 3)]) > 0: // else at looks at a whole run of it
		return entry{}, -1
	default:
		return entry{}, 0
	}
	e := t.slot(h)
	if e.head == 0 {
		return entry{}, -1
	}
	return *e, size
}
