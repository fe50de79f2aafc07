package classify

import (
	_ "embed"
	"strings"
	"sync"
	"unicode/utf8"

	"nixie/dsn"
)

//go:embed words-of-codes.txt
var wordsOfCodes string

// mailboxWords are those that speak of a mailbox, domainWords those that speak of
// a domain, emptyWords those that say nothing of the matter.
var mailboxWords, domainWords, emptyWords = codeWords("mailbox"), codeWords("domain"), codeWords("nothing")

func codeWords(meaning string) func() *wordTable {
	return sync.OnceValue(func() *wordTable {
		var words strings.Builder
		for group := range dsn.Groups(wordsOfCodes) {
			if group.Get("Means") != meaning {
				continue
			}
			for _, f := range group[1:] {
				words.WriteString(f.Text() + " ")
			}
		}
		return wordsOf(words.String())
	})
}

// maxLocalPart is how long one is at most, RFC 5321 section 4.5.3.1.1.
const maxLocalPart = 64

// ofOtherMatter reports whether the answer has words, if none that a rule knows,
// and none of them is of the mailbox or the domain at fault: the code of a dead
// mailbox proves nothing beside "550 5.1.1 Zip bomb". Behind a colon stands the
// cause. Where a script other than Latin stands, nothing is known of the words.
func (f *facts) ofOtherMatter(fault Fault) bool {
	text := f.texts[theAnswer]
	text = text[:min(len(text), maxText)]
	for {
		i := strings.LastIndex(text, ": ")
		if other, said := f.matter(text[i+1:], fault); said || i < 0 {
			return other
		}
		text = text[:i]
	}
}

// matter reports whether a clause is of another matter, and whether it says of which it is.
func (f *facts) matter(clause string, fault Fault) (other, said bool) {
	for s := (scanner{text: clause}); s.next(); {
		word := s.word()
		switch {
		case len(word) < 2 || s.host != hostRange{} || strings.ContainsAny(string(word), "0123456789"):
		case word[0] >= utf8.RuneSelf || mailboxWords().id(word) != 0, fault == Domain && domainWords().id(word) != 0:
			return false, true
		case !other && emptyWords().id(word) == 0:
			other = !f.inLocalPart(word)
		}
	}
	return other, other
}

// inLocalPart reports whether the word stands in the local part of the recipient.
func (f *facts) inLocalPart(word []byte) bool {
	for _, address := range f.addresses {
		local, _, _ := strings.Cut(address, "@")
		if strings.Contains(strings.ToLower(local[:min(len(local), maxLocalPart)]), string(word)) {
			return true
		}
	}
	return false
}
