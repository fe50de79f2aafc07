package classify

// A wordTable gives numbers to words. It is a hash table with open addressing:
// a map takes twice as long to fill and to ask.
type wordTable struct {
	slots []wordSlot // a power of two long, a third of them free
	text  []byte     // the words, one behind the other
	words int
}

type wordSlot struct {
	id         int32 // 0 in a free slot
	hash       uint32
	start, end uint32 // the word is text[start:end]
}

// newWordTable returns a table for about so many words.
func newWordTable(words int) wordTable {
	size := 64
	for 2*size < 3*words {
		size *= 2
	}
	t := wordTable{slots: make([]wordSlot, size), text: make([]byte, 0, 6*words)}
	clear(t.slots) // as in newAutomaton
	return t
}

// id returns the number of a word, 0 if it has none.
func (t *wordTable) id(word []byte) int32 { return slotOf(t, word, hashWord(word)).id }

// slotOf returns the slot of a word, or the free one where to put it.
func slotOf[T string | []byte](t *wordTable, word T, hash uint32) *wordSlot {
	for i := hash; ; i++ {
		s := &t.slots[i&uint32(len(t.slots)-1)]
		if s.id == 0 || s.hash == hash && string(t.text[s.start:s.end]) == string(word) {
			return s
		}
	}
}

// add puts a word into its free slot.
func (t *wordTable) add(free *wordSlot, word string, hash uint32, id int32) {
	start := uint32(len(t.text))
	t.text = append(t.text, word...)
	*free = wordSlot{id, hash, start, uint32(len(t.text))}
	if t.words++; 3*t.words > 2*len(t.slots) {
		old := t.slots
		t.slots = make([]wordSlot, 2*len(old))
		for i := range old {
			if s := &old[i]; s.id != 0 {
				*slotOf(t, t.text[s.start:s.end], s.hash) = *s
			}
		}
	}
}

func hashWord[T string | []byte](word T) uint32 {
	const factor = 0x9e3779b97f4a7c15
	hash := uint64(len(word))
	for len(word) > 8 {
		hash = (hash ^ four(word) ^ four(word[4:])<<32) * factor
		hash ^= hash >> 32
		word = word[8:]
	}
	switch n := len(word); {
	case n >= 4: // the two halves may overlap
		hash ^= four(word) | four(word[n-4:])<<32
	case n > 0:
		hash ^= uint64(word[0]) | uint64(word[n/2])<<8 | uint64(word[n-1])<<16
	}
	return uint32(hash * factor >> 32)
}

// four joins the first four bytes of word.
func four[T string | []byte](word T) uint64 {
	return uint64(word[0]) | uint64(word[1])<<8 | uint64(word[2])<<16 | uint64(word[3])<<24
}
