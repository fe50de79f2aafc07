package classify

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWordTable(t *testing.T) {
	table := newWordTable(1)
	words := []string{"a", "ab", "abc", "abcd", "abcdefgh", "abcdefghi", strings.Repeat("x", maxWord), "ü"}
	for i := range 1000 {
		words = append(words, fmt.Sprint("word", i))
	}
	for i, word := range words {
		assert.Zero(t, table.id([]byte(word)), word)
		key := keyOf(word)
		assert.Equal(t, key, keyOf([]byte(word)), word)
		table.add(slotOf(&table, word, key), word, key, int32(i)+1)
	}
	for i, word := range words {
		assert.EqualValues(t, i+1, table.id([]byte(word)), word)
	}
	assert.Zero(t, table.id([]byte("other")))
}
