package dsn

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"nixie/codes"
)

// diagnose makes the diagnostic of a piece of the text.
func (r *reader) diagnose(rec *Recipient, s span) {
	if s.end > s.start+maxParagraph {
		s.end = r.characterAt(s.start + maxParagraph)
	}
	s.start += lastingAnswer(r.text[s.start:s.end])
	text, command := withoutCommands(strings.TrimSpace(r.text[s.start:s.end]))
	if strings.HasSuffix(text, ")") && strings.Count(text, ")") > strings.Count(text, "(") {
		text = text[:len(text)-1] // it closes what was opened before the diagnostic
	}
	rec.Diagnostic = proseDiagnostic(text)
	rec.Diagnostic.At = r.line(r.rowOf(s.start))
	if rec.Diagnostic.Command == "" {
		rec.Diagnostic.Command = command
	}
	if host := remoteHost(text); host != "" {
		rec.RemoteMTA = Typed{"dns", host}
	}
}

// proseDiagnostic is ParseDiagnostic for running text.
func proseDiagnostic(text string) Diagnostic {
	d := ParseDiagnostic(text)
	if d.Reply == 0 {
		d.Reply = looseReply(text)
	}
	if n := len(d.Text) - 3; d.Reply == 0 && n > 0 && d.Text[n-1] == ' ' && startsReply(d.Text[n:]) && saysIn(text)&saysCause != 0 { // "user not found 550"
		if reply, err := codes.ParseReply(d.Text[n:]); err == nil {
			d.Reply = reply
		}
	}
	return d
}

// findCodes returns the first codes in running text, as proseDiagnostic does.
func findCodes(text string) codes.Code {
	var first codes.Code
	for c := range codes.Find(text) {
		first.Reply = cmp.Or(first.Reply, c.Reply)
		first.Status = cmp.Or(first.Status, c.Status)
		if first.Reply != 0 && first.Status != (codes.Status{}) {
			break
		}
	}
	if first.Reply == 0 {
		first.Reply = looseReply(text)
	}
	return first
}

// looseReply returns a number that only software writes where it stands, as
// in "MAIL+RCPT 550 no such user", "(error code 552)" or "550 No such user" in
// quotes.
func looseReply(text string) codes.Reply {
	for i := 0; i+3 <= len(text); i++ {
		if text[i] != '4' && text[i] != '5' || text[i+1] > '7' || !isDigits(text[i:i+3]) {
			continue
		}
		last, _ := utf8.DecodeLastRuneInString(text[:i])
		if i > 0 && last != ':' && last != '：' && last != ';' && !strings.ContainsRune(beforeReply, last) {
			continue
		}
		reply, err := codes.ParseReply(text[i : i+3])
		if _, known := reply.Meaning(); err != nil || !known {
			continue
		}
		start := max(0, i-near)
		before, after := strings.TrimRight(text[start:i], beforeReply), text[i+3:]
		word := before[strings.LastIndexAny(before, " \n\t")+1:]
		switch {
		case isCodeWord(word), start == 0 && word == before && actionWord(word) != "": // "Delayed 451 try again"
			if after == "" || !isAlnum(after[0]) && after[0] != '.' {
				return reply
			}
		case !startsReply(text[i:]):
		case last == '\n' && hasAnySuffix(before, ".", "。", "!", "！") && startsWithLetter(after):
			return reply
		case start == 0 && before == "", strings.HasSuffix(before, ":"), strings.HasSuffix(before, "："), strings.HasPrefix(after, " <"), strings.ContainsRune(quotesBefore, last) && startsWithLetter(after), phraseAt(after)&saysCause != 0:
			return reply
		}
	}
	return 0
}

// beforeReply may stand between a reply code and the words before it.
const beforeReply = " \n\t([|" + quotesBefore

const quotesBefore = "\"'“«「（"

// startsWithLetter reports whether s is a space and a letter.
func startsWithLetter(s string) bool {
	if !strings.HasPrefix(s, " ") {
		return false
	}
	first, _ := utf8.DecodeRuneInString(s[1:])
	return unicode.IsLetter(first)
}

func hasAnySuffix(s string, suffixes ...string) bool {
	return slices.ContainsFunc(suffixes, func(p string) bool { return strings.HasSuffix(s, p) })
}

// isCodeWord reports whether software writes word before a reply code.
func isCodeWord(word string) bool {
	word = strings.Trim(word, "[]():：,")
	found := false
	words().at(word, func(n int, means string) { found = found || means == "code" && n == len(word) })
	return found
}

// startsReply reports whether s begins like a line of an SMTP reply of failure.
func startsReply(s string) bool {
	return len(s) >= 3 && (s[0] == '4' || s[0] == '5') && isDigits(s[:3]) && s[1] <= '7' &&
		(len(s) == 3 || strings.IndexByte(" -,\n", s[3]) >= 0)
}

func endsWithReply(s string) bool {
	s = strings.TrimRight(s, " \n\t")
	return len(s) > 3 && startsReply(s[len(s)-3:])
}

// diagnosticLabels name the field of a delivery status, which some reports
// have in their text.
var diagnosticLabels = []string{"diagnostic-code:", "diagnostic-code :", "diagnostic code:"}

// narrow leaves of a paragraph what follows a label for the diagnostic, or
// begins with the line of a reply where only other things stand above it.
func (r *reader) narrow(p span) span {
	for i := r.rowOf(p.start); i < len(r.rows) && r.rows[i].start < p.end; i++ {
		start, end := max(r.rows[i].start, p.start), r.rows[i].end
		for _, label := range diagnosticLabels {
			n, ok := foldMatch(r.text[start:], label)
			if !ok {
				continue
			}
			for j := i + 1; j < len(r.rows) && r.rows[j].start < p.end && headerName(r.row(j)) == ""; j++ {
				end = r.rows[j].end
			}
			start = min(start+n, end)
			if semicolon := strings.IndexByte(r.text[start:end], ';'); semicolon >= 0 && semicolon < 12 {
				start += semicolon + 1
			}
			return span{start, end}
		}
		if start > p.start && startsReply(r.text[start:end]) {
			above := r.text[p.start:start]
			if remoteHost(above) == "" && !endsWithReply(above) && !hasFailureCode(above) {
				return span{start, p.end}
			}
			return p
		}
	}
	return r.labelled(p)
}

// labelled leaves of a paragraph of "Label: value" lines those that say why.
func (r *reader) labelled(p span) span {
	n := 0
	for i := r.rowOf(p.start); i < len(r.rows) && r.rows[i].start < p.end && n < 2; i++ {
		if valueAt(r.row(i)) > 0 {
			n++
		}
	}
	if n < 2 {
		return p
	}
	first, last, labels, value := -1, -1, 0, 0
	says := false
	for i := r.rowOf(p.start); i < len(r.rows) && r.rows[i].start < p.end; i++ {
		start := max(r.rows[i].start, p.start)
		row := r.text[start:max(start, r.rows[i].end)]
		n := valueAt(row)
		if n > 0 {
			labels++
			says = hasFailureCode(row) || looseReply(row) != 0 || r.kindsBetween(start, r.rows[i].end)&saysCause != 0 && !(isCells(row) && r.groundOf(p) > byNothing)
			if says && first < 0 {
				first, value = i, start+n
			}
		} else if labels == 0 && (hasFailureCode(row) || looseReply(row) != 0) {
			return p
		}
		if says { // what follows without a label is the rest of it
			last = i
		}
	}
	if first < 0 {
		return p
	}
	if valueAt(r.text[r.rows[first].start:r.rows[last].end]) > 0 {
		for i := first + 1; i <= last; i++ {
			if valueAt(r.row(i)) > 0 {
				value = max(r.rows[first].start, p.start)
			}
		}
	}
	return span{value, r.rows[last].end}
}

// isCells reports whether a line is the row of a table, whose first cell may be
// a label: where a code stands in another row, a phrase in this one says little.
func isCells(row string) bool { return strings.IndexByte(row, '\t') >= 0 }

// maxLabel is how long a label can be, in bytes.
const maxLabel = 200

// valueAt returns where the value begins in a line such as "Reason: no such
// user", or one of two cells, 0 if it has no such label.
func valueAt(s string) int {
	start := s[:min(len(s), maxLabel)]
	if strings.IndexByte(start, ':') < 0 && strings.IndexByte(start, '\t') < 0 && !strings.Contains(start, "：") {
		return 0 // as most
	}
	words := 0
	for i, c := range start {
		switch {
		case 'a' <= c|0x20 && c|0x20 <= 'z':
		case c == ':' || c == '：' || c == '\t':
			n := i + utf8.RuneLen(c)
			rest := s[n:]
			if i == 0 || c == ':' && rest != "" && spaces(rest) == 0 {
				return 0
			}
			return n + spaces(rest)
		case c == ' ' || c == '\u00a0' || c == '\u3000':
			if words++; words > 5 {
				return 0
			}
		case strings.ContainsRune("'’-()/*【】・", c) || unicode.IsLetter(c) || unicode.IsMark(c) || unicode.IsSymbol(c) && c >= utf8.RuneSelf:
		default:
			return 0
		}
	}
	return 0
}

// withoutCommands returns text without the lines of a transcript that are not
// answers, and the command that was answered.
func withoutCommands(text string) (answer, command string) {
	if !strings.Contains(text, ">>>") && !strings.Contains(text, "<<<") {
		return text, ""
	}
	var b strings.Builder
	answered := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(line, ">>>"); ok {
			if !answered {
				command, _ = smtpCommand(unquoted(rest))
			}
			continue
		}
		rest, ok := strings.CutPrefix(line, "<<<")
		answered = answered || ok
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(strings.TrimLeft(rest, "< "))
	}
	return b.String(), command
}

// hostWords stand before the name of the server that answered, the surest first.
var hostWords = []string{"host", "server", "talking to", "connected to", "remote mta"}

// remoteHost returns the host that the text names as the one that answered.
func remoteHost(text string) string {
	host, words := "", hostWords
	for i := -1; ; {
		next := strings.IndexByte(text[i+1:], ' ')
		if next < 0 {
			return host
		}
		i += next + 1
		for rank := range words {
			if w := words[rank]; i < len(w) || text[i-1]|0x20 != w[len(w)-1] || !hasSuffixFold(text[:i], w) {
				continue
			}
			name := text[i+1:]
			if end := strings.IndexAny(name, " \t\n[(,;"); end >= 0 {
				name = name[:end]
			}
			name = strings.TrimRight(strings.Trim(name, "<>'\""), ".:")
			if strings.IndexByte(name, '.') > 0 && isHostName(name) {
				host, words = name, words[:rank]
			}
			break
		}
	}
}

func isHostName(s string) bool {
	letter := false
	for i := range len(s) {
		c := s[i]
		if !isAlnum(c) && c != '-' && c != '.' && c != '_' {
			return false
		}
		letter = letter || c > '9'
	}
	return letter
}
