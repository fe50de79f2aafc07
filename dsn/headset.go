package dsn

// headSet tells of most words, at little cost, that no phrase begins there. It
// has the hashes of the first six bytes of the phrases after folding; of those
// that are shorter, of the first four or two.
type headSet struct{ six, four, two bitSet }

// add adds a phrase in lower case.
func (h *headSet) add(words string) {
	head, n := headOf(words)
	switch {
	case n >= 6:
		h.six.add(head)
	case n >= 4:
		h.four.add(head & firstFour)
	case n >= 2:
		h.two.add(head & firstTwo)
	default:
		for i := range h.two {
			h.two[i] = ^uint64(0)
		}
	}
}

// mayBegin reports whether text may begin with one of the phrases.
func (h *headSet) mayBegin(text string) bool {
	head, n := headOf(text)
	return n < 6 || head&notASCII != 0 || h.six.has(head) || h.four.has(head&firstFour) || h.two.has(head&firstTwo)
}

const (
	firstTwo  = 0xffff
	firstFour = 0xffffffff
	notASCII  = 0x808080808080
)

// headOf joins the first six bytes of text after folding, and says how many it
// has. Any run of white space is one space.
func headOf(text string) (head uint64, n int) {
	for i := 0; n < 6 && i < len(text); n++ {
		c := foldClass[text[i]]
		head |= uint64(c) << (8 * n)
		for i++; c == ' ' && i < len(text) && foldClass[text[i]] == ' '; i++ {
		}
	}
	return head, n
}

// bitSet is a set of the hashes of numbers.
type bitSet [128]uint64

func (s *bitSet) add(n uint64) {
	n = n * 0x9e3779b97f4a7c15 >> 51
	s[n>>6] |= 1 << (n & 63)
}

func (s *bitSet) has(n uint64) bool {
	n = n * 0x9e3779b97f4a7c15 >> 51
	return s[n>>6]>>(n&63)&1 != 0
}
