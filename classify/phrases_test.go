package classify

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPhrases(t *testing.T) {
	for _, test := range []struct {
		name, phrase, text, want string // want is what matched, "" if nothing did
	}{
		{"in a sentence", "user unknown", "550 5.1.1 <bob@example.org>: User unknown in table", "User unknown"},
		{"over a line end", "user unknown", "The user\n550 5.1.1 unknown", "user\n550 5.1.1 unknown"},
		{"over a code", "user unknown", "550-User\r\n550-unknown", "User\r\n550-unknown"},
		{"parts of words", "user unknown", "superuser unknowns", ""},
		{"an address", "<{addr}>: user unknown", "550 <bob@example.org>: User unknown", "bob@example.org>: User unknown"},
		{"an IP address", "address {ip} is", "550 Your address [192.0.2.1] is invalid", "address [192.0.2.1] is"},
		{"an IP address of version 6", "address {ip} is", "550 Your address 2001:db8::1 is invalid", "address 2001:db8::1 is"},
		{"any host", "{host} does not exist", "mx.example.org does not exist", "mx.example.org does not exist"},
		{"no host", "{host} does not exist", "It does not exist", ""},
		{"a page about blocking", "see {block-page}", "see https://www.example.org/Blocked?ip=192.0.2.1", "see https://www.example.org/Blocked?ip=192.0.2.1"},
		{"another page", "see {block-page}", "see https://www.example.org/help", ""},
		{"no address", "{addr} user unknown", "550 : User unknown", ""},
		{"another sentence", "unknown sender", "User unknown. Sender notified", ""},
		{"a gap reaches into another sentence", "denied * log in", "Relaying denied. Please log in", "denied. Please log in"},
		{"in an address", "user unknown", "user-unknown@example.org user.unknown.example", ""},
		{"apostrophe", "doesn't exist", "It doesn’t exist", "doesn’t exist"},
		{"gap", "mailbox * full", "the mailbox of bob@example.org is full now", "mailbox of bob@example.org is full"},
		{"no words in the gap", "mailbox * full", "mailbox full", "mailbox full"},
		{"eight words in the gap", "mailbox * full", "mailbox 1 2 3 4 5 6 7 8 full", "mailbox 1 2 3 4 5 6 7 8 full"},
		{"nine words in the gap", "mailbox * full", "mailbox 1 2 3 4 5 6 7 8 9 full", ""},
		{"a gap into a reply", "host * not available", "host: mx.example.org (192.0.2.1) reason: 550-Mailbox is not\navailable", ""},
		{"a gap into the first reply", "host * not available", "host:\n550 Mailbox not available", ""},
		{"a gap over the lines of a reply", "mailbox * full", "550-The mailbox\n550-of Bob\n550 is full", "mailbox\n550-of Bob\n550 is full"},
		{"a gap over a number", "mailbox * full", "mailbox of 500 MB is full", "mailbox of 500 MB is full"},
		{"a gap within the second reply", "mailbox * full", "451 later; 550 mailbox is full", "mailbox is full"},
		{"the nearest start", "a * b", "a a a b", "a b"},
		{"two gaps", "a * b c * d", "a x b b c y y d", "a x b b c y y d"},
		{"segments do not overlap", "a b * b c", "a b c", ""},
		{"host", "spamhaus.org", "listed at zen.SPAMHAUS.org.", "zen.SPAMHAUS.org."},
		{"host in a URL", "spamhaus.org", "see https://www.spamhaus.org/lookup", "https://www.spamhaus.org/lookup"},
		{"another host", "spamhaus.org", "notspamhaus.org spamhaus.org.example", ""},
		{"two domains of a host", "a.example.org b", "x.a.example.org b", "x.a.example.org b"},
		{"a word is no host", "spamhaus", "zen.spamhaus.org", ""},
		{"Han", "邮箱不存在", "错误：邮箱 不存在。", "邮箱 不存在"},
		{"case that is not ASCII", "не найден", "Пользователь НЕ НАЙДЕН", "НЕ НАЙДЕН"},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.NoError(t, checkPhrase(test.phrase))
			all := newTrie(1)
			all.add(test.phrase, 0)
			a := all.automaton()
			got := ""
			a.find(test.text, &memory{}, func(m match) { got = test.text[m.start:m.end] }, func(*scanner) {})
			assert.Equal(t, test.want, got)
		})
	}
}

func TestCheckPhrase(t *testing.T) {
	for phrase, want := range map[string]string{
		"user unknown":              "",
		"no * here":                 "",
		"":                          "phrase has no word",
		"550 5.1.1":                 "phrase has no word",
		"*":                         "phrase begins or ends with *",
		"user *":                    "phrase begins or ends with *",
		"a ** b":                    "phrase begins or ends with *",
		"<{addr}> unknown":          "",
		"bob@example.org":           "phrase has an address; {addr} stands for any",
		strings.Repeat("a ", 33):    "phrase is too long",
		strings.Repeat("long", 100): `phrase has a word that no text can match: "` + strings.Repeat("long", 100) + `"`,
		"{block-page} " + strings.Repeat("long", 100): `phrase has a word that no text can match: "` + strings.Repeat("long", 100) + `"`,
	} {
		t.Run(phrase, func(t *testing.T) {
			got := ""
			if err := checkPhrase(phrase); err != nil {
				got = err.Error()
			}
			assert.Equal(t, want, got)
		})
	}
}

// FuzzPhrases compares the automaton with the plainest way to match.
func FuzzPhrases(f *testing.F) {
	f.Add("a b\na * b\nb c * a\na", "a b c a b a a")
	f.Add("x * x * x\nx x x", "x x x x x x x x")
	f.Add("a * b\na b * b", "a 550 b 550 b 451 a 451 b: 550 a b 451-b\n451-a\n451 b")
	f.Add("a b\n{addr} a\na * b", "a. B a@b a. b A! B <a@b>: A helo=b")
	f.Add("{host} a\n{block-page} a\nb.cc a", "x.aa a x.b.cc a http://x.aa/blocked a")
	f.Add("user unknown\nunknown\nunknown user", "user unknown user")
	f.Add("<{addr}> unknown\n({host}) a * b\n[{ip}] b\na.b c\n'{block-page}", "<a@b> unknown (x.y) a b [1.2.3.4] b x.a.b c x.y/block")
	f.Fuzz(func(t *testing.T, lines, text string) {
		all, few, chosen := newTrie(1), newTrie(1), chooser{words: wordsOf(text)}
		var phrases []string
		for phrase := range strings.Lines(lines) {
			if checkPhrase(phrase) == nil && len(phrases) < 50 {
				use := int32(len(phrases))
				all.add(phrase, use)
				if chosen.takes(phrase) {
					few.add(phrase, use)
				}
				phrases = append(phrases, phrase)
			}
		}
		a := all.automaton()
		matches := func(a *automaton) (found []match) {
			a.find(text, &memory{}, func(m match) { found = append(found, m) }, func(*scanner) {})
			return found
		}
		require.Equal(t, matches(a), matches(few.automaton()))
		got := map[string]bool{}
		m := &memory{}
		for range 2 { // the second pass shows whether the memory is clean
			clear(got)
			a.find(text, m, func(m match) {
				require.LessOrEqual(t, int(m.end), len(text))
				require.Less(t, m.start, m.end)
				got[fmt.Sprint(m.use, " ", m.end)] = true
			}, func(*scanner) {})
			want := map[string]bool{}
			for use, phrase := range phrases {
				for end := range naive(phrase, text, &a.ids) {
					want[fmt.Sprint(use, " ", end)] = true
				}
			}
			require.Equal(t, want, got)
		}
	})
}

// naive returns where each match of a phrase ends, by trying it at every word
// of the text in turn. A host is the longest of its domains that is named, or any.
func naive(phrase, text string, named *wordTable) map[int]bool {
	type word struct {
		key   string
		end   int
		reply int  // the word that its reply begins with
		first bool // of a sentence
	}
	var words []word
	before := 0
	for s := (scanner{text: text}); s.next(); before = s.end {
		w := word{string(s.word()), s.end, 0, beginsSentence(text[before:s.start], text[s.start])}
		if s.begun {
			w.reply = len(words)
		} else if len(words) > 0 {
			w.reply = words[len(words)-1].reply
		}
		if s.host != (hostRange{}) {
			w.key = hostWord
			if isBlockPage(text[s.host.end:s.end]) {
				w.key = blockPageWord
			}
			for name := range domains(text[s.host.start:s.host.end], &s.buf) {
				if named.id(name) != 0 {
					w.key = string(name)
					break
				}
			}
		}
		words = append(words, w)
	}
	var segments [][]string
	for part := range strings.SplitSeq(phrase, "*") {
		var segment []string
		for s := (scanner{text: fillHoles(part)}); s.next(); {
			segment = append(segment, string(s.key()))
		}
		segments = append(segments, segment)
	}
	ends := map[int]bool{}
	var try func(segment, at int)
	seen := map[[2]int]bool{}
	try = func(segment, at int) {
		if seen[[2]int{segment, at}] {
			return
		}
		seen[[2]int{segment, at}] = true
		for i, key := range segments[segment] {
			if at+i >= len(words) || words[at+i].key != key || i > 0 && words[at+i].first {
				return
			}
		}
		at += len(segments[segment])
		if segment == len(segments)-1 {
			ends[words[at-1].end] = true
			return
		}
		for gap := range maxGap + 1 {
			next := at + gap
			last := next + len(segments[segment+1]) - 1
			if last < len(words) && (at > words[last].reply || words[last].reply > next) {
				try(segment+1, next)
			}
		}
	}
	for at := range words {
		try(0, at)
	}
	return ends
}

// TestPhrasesOfFirstTexts compares what is found in samples with all phrases
// and with those that are chosen for the sample.
func TestPhrasesOfFirstTexts(t *testing.T) {
	c := standard()
	find := func(book *phraseBook, text string) (found []string) {
		book.find(text, &memory{}, func(m match) {
			u := book.uses[m.use]
			found = append(found, fmt.Sprint(u.provider, u.toSender, u.rule, book.unless[u.unless.start:u.unless.end], m.words, m.start, m.end, m.gap))
		}, func(*scanner) {})
		return found
	}
	n := 0
	for rule := range c.Rules() {
		for _, sample := range rule.Samples {
			if n++; n%10 == 0 { // each takes a millisecond
				assert.Equal(t, find(c.phrases(), sample), find(c.joinPhrases(wordsOf(sample)), sample), sample)
			}
		}
	}
}
