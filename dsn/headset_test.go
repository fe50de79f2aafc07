package dsn

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestHeadSet(t *testing.T) {
	var set headSet
	for _, words := range []string{"not delivered", "is full", "spam", "a copy of", "hi", "can't", "не доставлено"} {
		set.add(words)
	}
	for _, text := range []string{"Not delivered", "is\n full", "A\tcopy of", "A  copy of", "Hi, Bob", "can’t", "НЕ доставлено", "no", "Spammer"} {
		assert.True(t, set.mayBegin(text), text)
	}
	for _, text := range []string{"nothing", "was full", "acopy of", "cannot", "it is full", "not here", "special"} {
		assert.False(t, set.mayBegin(text), text)
	}
	set.add(" ")
	assert.True(t, set.mayBegin("nothing"), "a phrase that begins anywhere")
}

// TestHeadsOfPhrases tries each phrase in the forms in which a text may have it.
func TestHeadsOfPhrases(t *testing.T) {
	for group := range Groups(phrasesText + "\n" + languagesText) {
		for f := range group.All("Phrase") {
			words := f.Text() + " and more"
			for _, text := range []string{words, strings.ToUpper(words), strings.ReplaceAll(words, " ", "\n\t"), strings.ReplaceAll(words, "'", "’")} {
				phrases().at(text, func(int, phraseKind) { assert.True(t, phrases().heads.mayBegin(text), text) })
			}
		}
	}
}
