package dsn

import (
	"fmt"
	"strings"
)

// template is one line of a dialect record: words with holes in them. It
// matches at the start of a line and says nothing about what follows its end.
type template struct {
	tokens []token
	fixed  int // bytes of words, the weight of a match
}

// token is either words in lower case or a hole.
type token struct {
	words string
	hole  string
}

// capture is what the holes of a template held.
type capture struct {
	address, host span // zero when there was no such hole
	local         span
	answer        int  // where {reply}, {rest} or {line} begins, -1 when there was none
	line          bool // the answer ends with its line
	end           int  // where the match ends
}

// parseTemplate compiles s. The holes are {addr}, an address; {local}, the
// local part of one whose domain is the reporter's, to what follows it or the
// end of the line; {host} and {ip}; {reply}, which begins with a reply or status
// code and takes the rest of the paragraph; {rest} and {line}, which take that
// of the paragraph or of the line whatever it is; {command}, an SMTP command;
// {any}, as little as possible of the line.
func parseTemplate(s string) (template, error) {
	t := template{tokens: make([]token, 0, 1+2*strings.Count(s, "{"))}
	for s != "" {
		words, rest, more := strings.Cut(s, "{")
		if words != "" {
			folded := strings.Map(foldRune, collapseKeepingEnds(words))
			t.tokens = append(t.tokens, token{words: folded})
			t.fixed += len(folded)
		}
		if !more {
			break
		}
		hole, rest, ok := strings.Cut(rest, "}")
		switch hole {
		case "addr", "local", "host", "ip", "reply", "rest", "line", "command", "any":
		default:
			ok = false
		}
		if !ok {
			return t, fmt.Errorf("dsn: unknown hole in %q", s)
		}
		t.tokens = append(t.tokens, token{hole: hole})
		s = rest
	}
	if len(t.tokens) == 0 {
		return t, fmt.Errorf("dsn: an empty template")
	}
	return t, nil
}

// collapseKeepingEnds makes one space of every run of white space.
func collapseKeepingEnds(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		if n := spaces(s[i:]); n > 0 {
			b.WriteByte(' ')
			i += n
			continue
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

// match reports whether text has the form of t at offset at, and what stands
// in the holes. End is where the line ends.
func (t *template) match(text string, at, end int) (capture, bool) {
	return t.matchBehind(0, text, at, end)
}

// matchBehind is match where the first n bytes are known to be the words that
// t begins with, if n is not 0.
func (t *template) matchBehind(n int, text string, at, end int) (capture, bool) {
	c, tokens := capture{answer: -1}, t.tokens
	if n > 0 {
		tokens = tokens[1:]
		at, end = at+n, endBehind(text, at+n, end)
	}
	ok := match(tokens, text, at, end, &c)
	return c, ok
}

// endBehind returns where the line ends whose words end at offset at: it is
// another one than that which ends at end if they went on beyond.
func endBehind(text string, at, end int) int {
	if at > end {
		end, _ = lineEnd(text, at)
	}
	return end
}

func match(tokens []token, text string, at, end int, c *capture) bool {
	for i, tok := range tokens {
		switch tok.hole {
		case "":
			n, ok := foldMatch(text[at:], tok.words)
			if !ok {
				return false
			}
			at, end = at+n, endBehind(text, at+n, end)
		case "addr":
			m, ok := nextAddress(text[:end], at)
			if !ok || m.start != at {
				return false
			}
			c.address, at = span{m.start, m.end}, m.end
		case "local":
			n := at
			for n < end && (isAtext(text[n]) || text[n] == '.') && !(i+1 < len(tokens) && strings.HasPrefix(tokens[i+1].words, text[n:n+1])) {
				n++
			}
			if isRule(text[at:n]) || n < end && i == len(tokens)-1 {
				return false
			}
			c.local, at = span{at, n}, n
		case "host":
			n := at
			for n < end && (isAlnum(text[n]) || text[n] == '.' || text[n] == '-' || text[n] == '_') {
				n++
			}
			for n > at && text[n-1] == '.' {
				n--
			}
			if n == at {
				return false
			}
			c.host, at = span{at, n}, n
		case "ip":
			n := at
			for n < end && (isAlnum(text[n]) || strings.IndexByte(".:[]", text[n]) >= 0) {
				n++
			}
			for n > at && (text[n-1] == ':' || text[n-1] == '.') {
				n--
			}
			if n == at {
				return false
			}
			at = n
		case "command":
			command, _ := smtpCommand(text[at:end])
			if command == "" {
				return false
			}
			at += len(command)
		case "reply":
			at += spaces(text[at:end])
			rest := text[at:end]
			if len(rest) < 3 || rest[0] != '4' && rest[0] != '5' || rest[1] < '0' && rest[1] != '.' || rest[1] > '9' || len(rest) > 3 && isAlnum(rest[3]) && rest[1] != '.' {
				return false
			}
			c.answer, at = at, end
		case "rest", "line":
			c.answer, at, c.line = at, end, tok.hole == "line"
		case "any":
			// Far enough for a name; without a bound two of them could take quadratic time.
			for last := min(end, at+200); at <= last; at++ {
				if match(tokens[i+1:], text, at, end, c) {
					return true
				}
			}
			return false
		}
	}
	c.end = at
	return true
}
