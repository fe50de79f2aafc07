package classify

import (
	"encoding/binary"
	"math/bits"
)

// A wordTable gives numbers to words. It is a hash table with open addressing:
// a map takes twice as long to fill and to ask.
type wordTable struct {
	slots []wordSlot // a power of two long, a third of them free
	shift int        // of a hash, for the number of a slot
	text  []byte     // the long words, one behind the other
	words int
}

type wordSlot struct {
	key   uint64 // as keyOf gives it
	id    int32  // 0 in a free slot
	start uint32 // where a long word begins in the text
}

// newWordTable returns a table for about so many words.
func newWordTable(words int) wordTable {
	size := 64
	for 2*size < 3*words {
		size *= 2
	}
	t := wordTable{text: make([]byte, 0, 4*words)}
	t.setSlots(make([]wordSlot, size))
	clear(t.slots) // as in newTrie
	return t
}

func (t *wordTable) setSlots(slots []wordSlot) {
	t.slots, t.shift = slots, bits.LeadingZeros64(uint64(len(slots)-1))
}

// id returns the number of a word, 0 if it has none.
func (t *wordTable) id(word []byte) int32 {
	if len(word) > shortWord || cap(word) < 8 {
		return slotOf(t, word, keyOf(word)).id
	}
	key := binary.LittleEndian.Uint64(word[:8]) & (1<<(8*len(word)) - 1) // as keyOf, without a look at each byte
	return slotOf(t, word, key).id
}

// slotOf returns the slot of a word, or the free one where to put it.
func slotOf[T string | []byte](t *wordTable, word T, key uint64) *wordSlot {
	for i := key * hashFactor >> (t.shift & 63); ; i++ {
		s := &t.slots[i&uint64(len(t.slots)-1)]
		if s.id == 0 || s.key == key && (len(word) <= shortWord || string(t.text[s.start:][:len(word)]) == string(word)) {
			return s
		}
	}
}

// add puts a word into its free slot.
func (t *wordTable) add(free *wordSlot, word string, key uint64, id int32) {
	*free = wordSlot{key, id, uint32(len(t.text))}
	if len(word) > shortWord {
		t.text = append(t.text, word...)
	}
	if t.words++; 3*t.words > 2*len(t.slots) {
		old := t.slots
		t.setSlots(make([]wordSlot, 2*len(old)))
		for _, s := range old {
			if s.id != 0 {
				t.move(s)
			}
		}
	}
}

// move puts a slot into another table.
func (t *wordTable) move(s wordSlot) {
	i := s.key * hashFactor >> (t.shift & 63)
	for t.slots[i&uint64(len(t.slots)-1)].id != 0 {
		i++
	}
	t.slots[i&uint64(len(t.slots)-1)] = s
}

const (
	hashFactor = 0x9e3779b97f4a7c15
	shortWord  = 7 // bytes, which fit into a key
)

// keyOf returns a short word as a number; of a longer one, its length and a hash.
func keyOf[T string | []byte](word T) uint64 {
	n := len(word)
	switch {
	case n == 0:
		return 0
	case n < 4:
		return uint64(word[0]) | uint64(word[n/2])<<(n/2*8) | uint64(word[n-1])<<(n*8-8)
	case n <= shortWord: // the two halves overlap
		return four(word) | four(word[n-4:])<<(n*8-32)
	}
	hash := uint64(0)
	for rest := word; len(rest) > 8; rest = rest[8:] {
		hash = (hash ^ four(rest) ^ four(rest[4:])<<32) * hashFactor
		hash ^= hash >> 32
	}
	hash = (hash ^ four(word[n-8:]) ^ four(word[n-4:])<<32) * hashFactor
	return hash>>8 | uint64(n)<<56
}

// four joins the first four bytes of word.
func four[T string | []byte](word T) uint64 {
	return uint64(word[0]) | uint64(word[1])<<8 | uint64(word[2])<<16 | uint64(word[3])<<24
}
