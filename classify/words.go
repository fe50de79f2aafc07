package classify

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A scanner yields the words of a text.
//
// A word is a run of letters, marks and digits, in lower case and without
// accents, which servers that answer in ASCII leave out; an apostrophe inside
// it is left out too, so that "doesn't" is the word doesnt, but for the article
// or particle of "l'adresse", which is a word of its own. A character of
// a script that puts no spaces between words (Han, Kana, Hangul, Thai …) is a
// word of its own. A mail address, a URL, a host name and a number with dots
// are one word each, whatever stands in them: "spam" is no word of
// spam@example.org, which is the word @. An IP address is the word #. Reply and
// status codes are no words, since servers repeat them inside a sentence, at the
// head of each line of a long reply.
type scanner struct {
	text  string
	codes bool // reply codes are words too
	pos   int  // where the next word is looked for
	chunk int  // where the run without spaces ends that pos stands in

	reply string // the code of the last reply that began
	begun bool   // a reply other than the last began before the word

	start, end int       // the word stands in text[start:end]
	host       hostRange // of a host name or URL, its host
	size       int       // of the folded word in buf, 0 when no phrase can have it
	buf        [maxWord]byte
}

// The words that stand for any mail address and any IP address.
const (
	addrWord = "@"
	ipWord   = "#"
)

// maxWord is the longest word that a phrase can have, in bytes.
const maxWord = 64

// hostRange is where the host name stands in a text; empty when there is none.
type hostRange struct{ start, end int }

// word returns the folded word, which the next call of next overwrites; empty
// for a word that no phrase can name.
func (s *scanner) word() []byte { return s.buf[:s.size] }

// next finds the next word and reports whether there is one.
func (s *scanner) next() bool {
	s.begun = false
	for {
		for s.pos < len(s.text) && parts[s.text[s.pos]] {
			s.pos++
		}
		if s.pos == len(s.text) {
			return false
		}
		if s.text[s.pos] >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s.text[s.pos:])
			switch {
			case isSpaceless(r):
				s.set(s.pos, s.pos+n)
				s.size = copy(s.buf[:], s.text[s.pos:s.pos+n])
				s.pos += n
				return true
			case !isWordRune(r):
				s.pos += n
				continue
			}
		}
		if !s.simple() {
			if s.pos >= s.chunk {
				if found, isWord := s.opaque(); isWord {
					return true
				} else if found {
					continue
				}
			}
			s.plain()
		}
		if s.codes || !isReplyCode(s.buf[:s.size]) {
			return true
		}
		s.begin(s.text[s.start:s.end])
	}
}

// simple takes the run without spaces at pos if it is no more than a word of
// ASCII letters and digits, with or without a mark behind it, as most are.
func (s *scanner) simple() bool {
	text := s.text[s.pos:]
	if len(text) > len(s.buf) {
		text = text[:len(s.buf)]
	}
	n := 0
	for ; n < len(text); n++ {
		c := folded[text[n]]
		if c == 0 {
			break
		}
		s.buf[n] = c
	}
	if end := s.pos + n; end < len(s.text) {
		switch c := s.text[end]; {
		case c == '.', c == ':' && (s.pos == 0 || s.text[s.pos-1] != ':'):
			if end+1 < len(s.text) && s.text[end+1] > ' ' {
				return false
			}
		case chunkClass[c] != ends || c == ':':
			return false
		}
	}
	s.set(s.pos, s.pos+n)
	s.size = n
	s.pos += n
	return true
}

// begin notes that a reply begins at a code, unless it goes on with the same
// one, as the lines of a long reply do, or the code stands inside a sentence.
func (s *scanner) begin(code string) {
	before := s.start
	for before > 0 && (s.text[before-1] == ' ' || s.text[before-1] == '\t') {
		before--
	}
	if code != s.reply && (before == 0 || strings.IndexByte("\n\r:;,#<([\"'", s.text[before-1]) >= 0) {
		s.reply, s.begun = code, true
	}
}

func (s *scanner) set(start, end int) {
	s.start, s.end, s.size, s.host = start, end, 0, hostRange{}
}

// plain reads the run of letters, marks and digits at pos.
func (s *scanner) plain() {
	s.set(s.pos, s.pos)
	i, long := s.pos, false
	for i < len(s.text) {
		c := s.text[i]
		if c < utf8.RuneSelf {
			if !isAlnum(c) {
				if c == '\'' && s.lettersAround(i, 1) && !isElision(s.buf[:s.size]) {
					i++
					continue
				}
				break
			}
			if s.size < len(s.buf) {
				s.buf[s.size] = lower(c)
				s.size++
			} else {
				long = true
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s.text[i:])
		if r == '’' && s.lettersAround(i, n) && !isElision(s.buf[:s.size]) {
			i += n
			continue
		}
		if !isWordRune(r) || isSpaceless(r) {
			break
		}
		switch letter := fold(r); {
		case letter == dropped:
		case s.size+utf8.UTFMax <= len(s.buf):
			s.size += utf8.EncodeRune(s.buf[s.size:], letter)
		default:
			long = true
		}
		i += n
	}
	s.end, s.pos = i, i
	if long || i < len(s.text) && s.text[i] == '=' && (isLogged(s.buf[:s.size]) || strings.HasPrefix(s.text[i:], "=pass")) {
		s.size = 0
	}
}

// isLogged reports whether a word before an equals sign names a detail of the
// session, as in "helo=<mx.example.org>", and is no part of what is said.
func isLogged(word []byte) bool {
	switch string(word) {
	case "helo", "ehlo", "from", "sender", "client", "ip", "relay", "proto", "mailfrom", "rdns", "ptr", "policy":
		return true
	}
	return false
}

// isElision reports whether an apostrophe after the word parts it from the
// next, as in French and Italian.
func isElision(word []byte) bool {
	switch string(word) {
	case "l", "d", "n", "s", "c", "j", "m", "t", "qu", "un", "dell", "all", "nell", "sull", "dall", "quell":
		return true
	}
	return false
}

// plainLetters are the letters that differ from each other by accents only,
// the one without before the others.
const plainLetters = "aàáâãäåāăą cçćĉċč dďđ eèéêëēĕėęě gĝğġģ hĥħ iìíîïĩīĭįı jĵ kķ lĺļľł nñńņň oòóôõöøōŏő " +
	"rŕŗř sśŝşšș tţťŧț uùúûüũūŭůűų wŵ yýÿŷ zźżž еѐё иѝй αά εέ ηή ιίϊΐ οό υύϋΰ ωώ σς"

// letters are the folded forms of the letters, digits and marks of Latin, Greek
// and Cyrillic: small, and without accents. It is 0 for what is none of these,
// and dropped for an accent that stands by itself behind its letter.
var letters = func() (table ['ԯ' + 1]rune) {
	plain := map[rune]rune{}
	for group := range strings.FieldsSeq(plainLetters) {
		first, n := utf8.DecodeRuneInString(group)
		for _, r := range group[n:] {
			plain[r] = first
		}
	}
	for i := range table {
		switch r := rune(i); {
		case 0x300 <= r && r <= 0x36f:
			table[i] = dropped
		case unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r):
			table[i] = unicode.ToLower(r)
			if letter, ok := plain[table[i]]; ok {
				table[i] = letter
			}
		}
	}
	return table
}()

const dropped = -1

// fold returns the folded form of a character of a word.
func fold(r rune) rune {
	if int(r) < len(letters) {
		return letters[r]
	}
	return unicode.ToLower(r)
}

// lettersAround reports whether the n bytes at i stand between two word characters.
func (s *scanner) lettersAround(i, n int) bool {
	before, _ := utf8.DecodeLastRuneInString(s.text[:i])
	after, _ := utf8.DecodeRuneInString(s.text[i+n:])
	return isWordRune(before) && isWordRune(after)
}

// folded is the lower case of each letter and digit of ASCII, 0 for all else.
var folded = func() (fold [256]byte) {
	for c := range utf8.RuneSelf {
		if isAlnum(byte(c)) {
			fold[c] = lower(byte(c))
		}
	}
	return fold
}()

// parts is what stands between words of ASCII.
var parts = func() (parts [256]bool) {
	for c := range utf8.RuneSelf {
		parts[c] = folded[c] == 0
	}
	return parts
}()

// isReplyCode reports whether a word is the code of a negative reply.
func isReplyCode(word []byte) bool {
	return len(word) == 3 && (word[0] == '4' || word[0] == '5') && isDigit(word[1]) && isDigit(word[2])
}

func isDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isAlnum(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// isWordRune reports whether r is a letter, digit or mark.
func isWordRune(r rune) bool {
	if int(r) < len(letters) {
		return letters[r] != 0
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r))
}

// isSpaceless reports whether r is of a script that puts no spaces between words.
func isSpaceless(r rune) bool {
	switch {
	case r < 0x0e00:
		return false
	case '一' <= r && r <= '鿿', '가' <= r && r <= '힣', r == 'ー': // what most of it is
		return true
	}
	return unicode.In(r, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar,
		unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo)
}
