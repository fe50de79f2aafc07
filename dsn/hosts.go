package dsn

import (
	"cmp"
	"strings"

	"nixie/codes"
)

// lastingAnswer returns where the answer begins that decides, where several
// hosts were tried for one recipient: that of the last that refused for good,
// if the first only did for now. It is 0 where the first answer decides.
//
//	host mx1.example.org[192.0.2.1]: 451 4.3.0 Temporary lookup failure
//	host mx2.example.org[192.0.2.2]: 550 5.1.1 User unknown
func lastingAnswer(text string) int {
	at, end := 0, -1 // end of the code before
	for code := range codes.Find(text) {
		class := cmp.Or(code.Reply.Class(), code.Status.Class)
		switch {
		case !isFailure(class):
			continue
		case end < 0 && class != codes.Transient:
			return 0
		case end >= 0 && class == codes.Permanent:
			if host := nextHost(text[end:code.Start]); host >= 0 {
				at = end + host
			}
		}
		end = code.End
	}
	return at
}

// nextHost returns where in what stands between two answers the next host is
// named, -1 if none is: "host mx2.example.org", "while talking to
// mx2.example.org", or its name at the start of a line or of a clause. One that
// the first answer quotes is no next host.
func nextHost(text string) int {
	found := -1
	before := byte(':')           // what stands before the word
	start, announced := -1, false // of the words that announce a name; whether the last word is one
	for pos := 0; pos < len(text); {
		switch text[pos] {
		case '\n':
			if !announced {
				before = '\n'
			}
			pos++
			continue
		case ' ', '\t', '\r':
			pos++
			continue
		}
		end := pos
		for end < len(text) && strings.IndexByte(" \t\r\n", text[end]) < 0 {
			end++
		}
		word := strings.TrimLeft(text[pos:end], "<'\"")
		if n := strings.IndexAny(word, "[(<>,;'\""); n >= 0 {
			word = word[:n]
		}
		word = strings.TrimRight(word, ":.")
		if strings.IndexByte(word, '.') > 0 && isHostName(word) {
			switch {
			case start >= 0:
				found = start
			case before == '\n' || before == ';' || before == '|':
				found = pos
			}
		}
		start = -1
		switch {
		case strings.EqualFold(word, "host"), strings.EqualFold(word, "server"), strings.EqualFold(word, "mx"):
			if announced = true; before != ':' && before != '(' {
				start = pos
			}
		case word == "to" && strings.HasSuffix(text[:pos], "while talking "):
			announced, start = true, pos-len("while talking ")
		default:
			announced = false
		}
		before, pos = text[end-1], end
	}
	return found
}
