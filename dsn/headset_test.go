package dsn

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestHeadOf(t *testing.T) {
	for text, size := range map[string]int{
		"is full, sorry": 8, "IS FULL, sorry": 8, "is\n full, sorry": 9,
		"is full,": 8, "is full \n\u00a0sorry": 11, "is full": 0, "is  full": 0, "can’t be": 0, "не доставлено": 0,
	} {
		_, n := headOf(text)
		assert.Equal(t, size, n, "%q", text)
	}
	want, _ := headOf("is full, sorry")
	for _, text := range []string{"IS FULL, sorry", "is\n full, sorry", "Is \t\n full,"} {
		h, _ := headOf(text)
		assert.Equal(t, want, h, "%q", text)
	}
	for _, text := range []string{"is full. sorry", "is[full, sorry", "is\rfull, sorry", "@s full, sorry"} {
		h, _ := headOf(text)
		assert.NotEqual(t, want, h, "%q", text)
	}
}

// TestHeadsOfPhrases looks for each phrase in the forms in which a text may
// have it, and compares with a walk from the root.
func TestHeadsOfPhrases(t *testing.T) {
	bare := *phrases()
	bare.short.add(" ") // anything may begin a short phrase
	for group := range Groups(phrasesText + "\n" + languagesText) {
		for f := range group.All("Phrase") {
			words := f.Text() + " and more"
			for _, text := range []string{words, strings.ToUpper(words), strings.ReplaceAll(words, " ", "\n\t"), strings.ReplaceAll(words, "'", "’"), f.Text()} {
				type find struct {
					n    int
					kind phraseKind
				}
				var found, want []find
				phrases().at(text, func(n int, kind phraseKind) { found = append(found, find{n, kind}) })
				bare.at(text, func(n int, kind phraseKind) { want = append(want, find{n, kind}) })
				assert.Equal(t, want, found, "%q", text)
			}
		}
	}
}
