package dsn

import (
	"cmp"
	"math/bits"
	"strings"
	"unicode/utf8"

	"nixie/codes"
)

// parseDiagnosticCode reads the value of a Diagnostic-Code field, RFC 3464
// section 2.3.6: a type, a semicolon and the answer.
func parseDiagnosticCode(value string) Diagnostic {
	typed := parseTyped(value)
	d := ParseDiagnostic(typed.Value)
	d.Type = typed.Type
	if d.Type == "smtp" && d.Reply == 0 {
		d.Reply = replyIn(d.Text)
	}
	return d
}

// ParseDiagnostic reads an answer in any form: its codes, and the command it
// answers where the words say so. The first reply code and the first enhanced
// status code count, but a status that says no more than its class gives way
// to a later one that does, and a reply code of another class than the status
// beside it (554 4.4.7) to a later one that agrees with its own. Where a host
// only refused for now, the answer of another that did for good counts.
func ParseDiagnostic(text string) Diagnostic {
	d := Diagnostic{Text: joinReply(collapse(text))}
	agrees := false // the reply with the status beside it
	for code := range codes.Find(d.Text) {
		both := code.Reply != 0 && code.Status != codes.Status{}
		if code.Reply != 0 && (d.Reply == 0 || !agrees && both && code.Reply.Class() == code.Status.Class) {
			d.Reply = code.Reply
			agrees = !both || code.Reply.Class() == code.Status.Class
		}
		if code.Status != (codes.Status{}) && (d.Status == codes.Status{} || isGeneric(d.Status) && !isGeneric(code.Status)) {
			d.Status = code.Status
		}
	}
	if cmp.Or(d.Reply.Class(), d.Status.Class) == codes.Transient {
		if at := lastingAnswer(d.Text); at > 0 {
			lasting := ParseDiagnostic(d.Text[at:])
			lasting.Text = d.Text
			return lasting
		}
	}
	d.Command = commandIn(d.Text)
	return d
}

// replyIn finds the reply code among the first words of an answer that is
// known to be one: "DATA closing 550 Message refused".
func replyIn(answer string) codes.Reply {
	words := 0
	for word := range strings.FieldsSeq(answer) {
		code, _, _ := strings.Cut(word, "-")
		if len(code) == 3 && (code[0] == '4' || code[0] == '5') {
			if reply, err := codes.ParseReply(code); err == nil {
				return reply
			}
		}
		if words++; words == 4 {
			break
		}
	}
	return 0
}

// isGeneric reports whether a status says no more than its class.
func isGeneric(s codes.Status) bool { return s.Subject == 0 && s.Detail == 0 }

// commands are the names of SMTP commands, as reports write them.
var commands = []string{"RCPT TO", "MAIL FROM", "end of DATA", "DATA", "EHLO", "HELO", "LHLO", "STARTTLS", "AUTH", "QUIT", "VRFY", "RSET", "BDAT"}

// commandsBy has the commands by their first letter.
var commandsBy = func() (by [256][]string) {
	for _, c := range commands {
		by[c[0]] = append(by[c[0]], c)
	}
	return by
}()

// commandIn returns the command that an answer says it answers: "RCPT TO",
// "end of DATA"; "" when it names none. The word before it tells that it is
// meant so: "in reply to RCPT TO", "after end of data", "in response to our
// MAIL FROM", "after pipelined RCPT TO".
func commandIn(text string) string {
	start := 0 // of the word before pos
	for {
		space := strings.IndexByte(text[start:], ' ')
		if space < 0 || start+space+1 == len(text) {
			return ""
		}
		word, next := text[start:start+space], text[start+space+1:]
		for _, c := range commandsBy[next[0]] {
			if isCommand(next, c) && announcesCommand(word) {
				return c
			}
		}
		start += space + 1
	}
}

// announcesCommand reports whether a command may follow word.
func announcesCommand(word string) bool {
	switch strings.ToLower(word) {
	case "to", "after", "for", "our", "pipelined", "sending", "was", "sent:", "the":
		return true
	}
	return false
}

// isCommand reports whether text begins with a command: in capitals, but for
// the words of "end of data", and not as the beginning of a longer word.
func isCommand(text, command string) bool {
	if !hasPrefixFold(text, command) || text[0] != command[0] {
		return false // "auth" is a word, "AUTH" a command
	}
	return len(text) == len(command) || !isAlnum(text[len(command)])
}

// joinReply joins the lines of an SMTP reply that a server has run together:
// the code that begins each line, RFC 5321 section 4.2.1, stays on the first.
func joinReply(text string) string {
	i := strings.IndexByte(text, '-')
	if i < 3 || !isDigits(text[i-3:i]) || i > 3 && text[i-4] != ' ' && text[i-4] != ';' {
		return text
	}
	code := text[i-3 : i]
	var b strings.Builder
	rest := text[i:]
	b.WriteString(text[:i])
	for {
		next := strings.Index(rest, " "+code)
		if next < 0 {
			break
		}
		line := rest[next+1+len(code):]
		if line != "" && line[0] != '-' && line[0] != ' ' {
			b.WriteString(rest[:next+1+len(code)])
			rest = line
			continue
		}
		b.WriteString(rest[:next])
		if line = strings.TrimLeft(line, "- "); line != "" {
			word, after, _ := strings.Cut(line, " ")
			if _, err := codes.ParseStatus(word); err == nil {
				line = after
			}
			b.WriteByte(' ')
		}
		rest = line
	}
	b.WriteString(rest)
	return strings.TrimSpace(b.String())
}

// collapse puts text on one line: every run of white space becomes one space.
func collapse(s string) string {
	s = strings.TrimSpace(s)
	i := looseSpace(s)
	if i < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	if utf8.RuneCountInString(s) != len(s) { // other white space may be there
		for word := range strings.FieldsSeq(s) {
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(word)
		}
		return b.String()
	}
	for ; i >= 0; i = looseSpace(s) {
		b.WriteString(s[:i])
		b.WriteByte(' ')
		s = strings.TrimLeft(s[i:], " \t\n\v\f\r")
	}
	b.WriteString(s)
	return b.String()
}

// looseSpace returns where the first white space is that is not one space, -1
// if there is none. The text does not end in white space.
func looseSpace(s string) int {
	for i := 0; i < len(s); i++ {
		for ; i+8 < len(s); i += 8 { // to a control character or to two spaces
			n, next := eight(s[i:]), eight(s[i+1:])
			if found := highBits &^ (atLeast(n, ' ') & (atLeast(n, '!') | atLeast(next, '!'))); found != 0 {
				i += bits.TrailingZeros64(found) / 8
				break
			}
		}
		if c := s[i]; c == ' ' && isASCIISpace(s[i+1]) || c != ' ' && isASCIISpace(c) {
			return i
		}
	}
	return -1
}

func isASCIISpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

// indexFold is strings.Index without regard to the case of ASCII letters.
func indexFold(s, sub string) int {
	first := sub[0] | 0x20 // the same for both cases
	for i := 0; i+len(sub) <= len(s); i++ {
		if s[i]|0x20 == first && hasPrefixFold(s[i:], sub) {
			return i
		}
	}
	return -1
}

// hasPrefixFold reports whether s begins with prefix, which is not empty; case
// does not count.
func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && s[0]|0x20 == prefix[0]|0x20 && strings.EqualFold(s[:len(prefix)], prefix)
}

// hasSuffixFold reports whether s ends with suffix, which is in lower case.
func hasSuffixFold(s, suffix string) bool {
	n := len(s) - len(suffix)
	return n >= 0 && lower(s[len(s)-1]) == suffix[len(suffix)-1] && strings.EqualFold(s[n:], suffix)
}

func lower(c byte) byte {
	n := uint(c) // of this size the compiler makes no branch
	if n-'A' <= 'Z'-'A' {
		n += 'a' - 'A'
	}
	return byte(n)
}
