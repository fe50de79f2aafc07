package dsn

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// phraseKind is what a phrase of phrases.txt or languages.txt says about the text around it.
type phraseKind uint16

const (
	saysFailed    phraseKind = 1 << iota // delivery failed
	saysCause                            // why: said of the address, the mailbox, the host or the message
	saysDelayed                          // not delivered yet, and still being tried
	saysFinal                            // no longer being tried
	saysDelivered                        // delivered
	saysAway                             // an automatic answer of a person who is away or gone
	saysChallenge                        // a demand to confirm before delivery
	saysContact                          // an address to ask follows
	saysSender                           // a sender's address follows
	saysRecipient                        // a recipient's address follows
	saysOriginal                         // the returned message follows, if the line is a separator
	saysForwarded                        // a message that somebody forwards follows
	saysGoods                            // a delivery of goods
	saysSubject                          // the Subject of a report, though not by itself a statement of failure
	saysOnward                           // between two addresses, or after the second: mail to the first goes to the second; with saysRecipient, a member of the first
	saysYours                            // the message of who gets the report
)

var phraseKinds = map[string]phraseKind{
	"failed": saysFailed, "cause": saysCause, "delayed": saysDelayed, "final": saysFinal, "delivered": saysDelivered,
	"away": saysAway, "challenge": saysChallenge, "contact": saysContact, "sender": saysSender, "recipient": saysRecipient,
	"original": saysOriginal, "forwarded": saysForwarded, "goods": saysGoods, "subject": saysSubject, "onward": saysOnward, "yours": saysYours,
}

// phrasesText is what is said in the languages of most reports, languagesText
// in the others.
var (
	//go:embed phrases.txt
	phrasesText string
	//go:embed languages.txt
	languagesText string
)

// phrases holds the phrases of both.
var phrases = sync.OnceValue(func() *foldTable[phraseKind] {
	text := phrasesText + "\n" + languagesText
	list := make([]phrase[phraseKind], 0, strings.Count(text, "\nPhrase:"))
	for group := range Groups(text) {
		kind, ok := phraseKinds[group.Get("Means")]
		if !ok {
			panic("dsn: a phrase of unknown meaning " + group.Get("Means"))
		}
		for f := range group.All("Phrase") {
			list = append(list, phrase[phraseKind]{f.Text(), kind})
			if plain := withoutAccents(f.Text()); len(plain) >= minPlain {
				list = append(list, phrase[phraseKind]{plain, kind})
			}
		}
	}
	slices.SortFunc(list, func(a, b phrase[phraseKind]) int { return strings.Compare(a.words, b.words) })
	all := list[:0]
	for _, p := range list {
		if last := len(all) - 1; last >= 0 && all[last].words == p.words { // it says several things
			all[last].value |= p.value
		} else {
			all = append(all, p)
		}
	}
	return newFoldTable(all)
})

// minPlain is how long a phrase has to be, in bytes, for its form without accents
// to be no word of another language, as "refuse" is for "refusé".
const minPlain = 10

// accented has the accented letters of Latin, each before its plain form.
const accented = "áaàaâaäaãaåaāaăaąaçcćcčcďdđdéeèeêeëeēeėeęeěeğgģgíiìiîiïiīiįiıiķkľlļlłlñnńnňnņnóoòoôoöoõoőoøo" +
	"řrśsšsşsșsťtţtțtúuùuûuüuūuůuűuųuýyźzžzżz"

// withoutAccents returns a phrase as servers write it that send ASCII only; ""
// if it has no accents, or letters that cannot be written so.
func withoutAccents(words string) string {
	plain := make([]byte, 0, len(words))
	for _, r := range words {
		if r >= utf8.RuneSelf {
			i := strings.IndexRune(accented, r)
			if i < 0 {
				return ""
			}
			r = rune(accented[i+utf8.RuneLen(r)])
		}
		plain = append(plain, byte(r))
	}
	if len(plain) == len(words) {
		return ""
	}
	return string(plain)
}

// hit is a phrase found in a text.
type hit struct {
	kind       phraseKind
	start, end int
}

// findPhrases appends to hits the phrases that begin in text[from:to], in
// order. A phrase may go on beyond.
func findPhrases(hits []hit, text string, from, to int) []hit {
	t := phrases()
	for i := nextStart(text, from, to, beginsAfter[' ']); i < to; i = nextStart(text, i+1, to, beginsAfter[text[i]]) {
		t.at(text[i:], func(n int, kind phraseKind) {
			hits = append(hits, hit{kind, i, i + n})
		})
	}
	return hits
}

// nextStart returns the first offset from i on where a phrase may begin, to if
// there is none; at i, if the byte there is of one of the classes.
func nextStart(text string, i, to int, classes byteClass) int {
	for ; i < to; i++ {
		if classOf[text[i]]&classes != 0 {
			return i
		}
		classes = beginsAfter[text[i]]
	}
	return to
}

// byteClass is what a byte is to the beginnings of words, or several of them.
type byteClass uint8

const (
	other     byteClass = 1 << iota
	alnum               // a letter or digit of ASCII
	opening             // an opening parenthesis
	lead                // begins a character beyond ASCII
	wide                // begins a character of a script that puts no space between words
	following           // goes on with a character
	noBreak             // the last byte of a no-break space
)

// begins has the classes of which a byte may begin a phrase after one of each
// class. Scripts that put no space between words begin one with every character.
var begins = map[byteClass]byteClass{
	other:     alnum | opening | lead | wide,
	alnum:     wide,
	opening:   alnum | opening | lead | wide,
	lead:      alnum | wide,
	wide:      alnum | wide,
	following: alnum | wide,
	noBreak:   alnum | lead | wide,
}

var (
	classOf = func() (classes [256]byteClass) {
		for i := range classes {
			classes[i] = classOfByte(byte(i))
		}
		return classes
	}()
	beginsAfter = func() (classes [256]byteClass) {
		for i := range classes {
			classes[i] = begins[classOf[i]]
		}
		return classes
	}()
)

func classOfByte(c byte) byteClass {
	switch {
	case isAlnum(c):
		return alnum
	case c == '(':
		return opening
	case c == 0xe0 || c >= 0xe3: // Thai and its kin, and from the kana on
		return wide
	case c == 0xa0:
		return noBreak
	case c >= utf8.RuneSelf && !utf8.RuneStart(c):
		return following
	case c >= utf8.RuneSelf:
		return lead
	}
	return other
}

// saysIn returns what all phrases in text say together.
func saysIn(text string) phraseKind {
	var kinds phraseKind
	for _, h := range findPhrases(make([]hit, 0, 16), text, 0, len(text)) {
		kinds |= h.kind
	}
	return kinds
}

// phraseAt returns what the phrases that begin at the start of text say.
func phraseAt(text string) phraseKind {
	var kinds phraseKind
	phrases().at(strings.TrimLeft(text, " \t[(*-=#"), func(_ int, kind phraseKind) { kinds |= kind })
	return kinds
}
