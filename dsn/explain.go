package dsn

import (
	"strings"

	"nixie/codes"
)

// recipients makes Recipients of the items: what is said of each, whether it
// failed, and who it was before forwarding.
func (r *reader) recipients() []Recipient {
	sessions := r.transcript()
	action := r.overall()
	list := make([]Recipient, 0, len(r.items))
	for i := range r.items {
		it := &r.items[i]
		end := r.endOf(it.row)
		rec := Recipient{Final: Typed{Value: it.address}, Action: it.action, At: r.line(it.row)}
		if it.former == "" {
			r.former(it, end)
		}
		if it.former != "" && !strings.EqualFold(it.former, it.address) {
			rec.Original.Value = it.former
		}
		if rec.Action == "" {
			rec.Action = action
		}
		r.explain(&rec, i, end, sessions)
		list = append(list, rec)
	}
	if len(list) == 0 {
		return r.nameless(action, sessions)
	}
	r.share(list)
	return list
}

// share gives the recipients without a diagnostic the one that holds for all:
// it stands after the last of them, or before the first.
func (r *reader) share(list []Recipient) {
	for i := len(list) - 2; i >= 0; i-- {
		if list[i].Diagnostic.Text == "" {
			list[i].Diagnostic, list[i].RemoteMTA = list[i+1].Diagnostic, list[i+1].RemoteMTA
		}
	}
	for i := range list {
		if d := &list[i].Diagnostic; d.Reply != 0 || d.Status != (codes.Status{}) {
			return
		}
	}
	above := r.bestParagraph(0, r.rowStart(r.items[0].row), false)
	for i := range list {
		if above.rank > 2 || above.rank == 2 && list[i].Diagnostic.Text == "" {
			r.diagnose(&list[i], above.span)
		}
	}
}

// nameless is a report that names nobody but says why.
func (r *reader) nameless(action Action, sessions []exchange) []Recipient {
	rec := Recipient{Action: action, At: r.at}
	r.items = []item{{mentioned: true}}
	r.explain(&rec, 0, len(r.text), sessions)
	return []Recipient{rec}
}

// formerWords stand before the address that a recipient was before
// forwarding, an alias or a list made it another.
var formerWords = []string{
	"(generated from ", "(ultimately generated from ", "(expanded from ", "(expanded from: ", "(originally addressed to ", "(original address: ",
	"(expanded from:", "(forwarded from ", "(was: ", "(alias of ", "originally addressed to ", "(original recipient: ", "original address: ",
}

// former reads who the item was before forwarding.
func (r *reader) former(it *item, end int) {
	text := r.text[min(it.rest, end):end]
	text = text[:min(len(text), 300)]
	for i := 0; i < len(text); i++ {
		if c := lower(text[i]); c != '(' && c != 'o' {
			continue
		}
		for _, words := range formerWords {
			n, ok := foldMatch(text[i:], words)
			if !ok {
				continue
			}
			if m, ok := nextAddress(text, i+n); ok && m.start-(i+n) < 4 {
				it.former = unquoteLocal(text[m.start:m.end])
				if close := strings.IndexByte(text[m.end:], ')'); close >= 0 && close < 4 {
					it.rest += m.end + close + 1
				}
				return
			}
		}
	}
}

// endOf returns where what is said of the recipient named in row i ends:
// where the next one is named.
func (r *reader) endOf(i int) int {
	end := len(r.text)
	for j := range r.items {
		if row := r.items[j].row; row > i {
			end = min(end, r.rows[row].start)
		}
	}
	for _, m := range r.marks {
		if m.row > i {
			end = min(end, r.rows[m.row].start)
		}
	}
	return end
}

// explain finds the diagnostic of item i: what the dialect points at, or in
// what stands between its address and the next, or in the transcript of a
// session, or in what stands before.
func (r *reader) explain(rec *Recipient, i, end int, sessions []exchange) {
	it := &r.items[i]
	found := finding{}
	if it.answer.end > it.answer.start {
		found = finding{it.answer, 4}
	} else {
		from := it.rest
		if it.mentioned {
			from = r.rows[it.row].start
		}
		found = r.bestParagraph(from, end, it.mentioned)
		for _, m := range r.marks {
			if m.item == i {
				if again := r.bestParagraph(m.rest, r.endOf(m.row), false); again.rank > found.rank {
					found = again
				}
			}
		}
	}
	if found.rank < 3 && r.common.end > r.common.start {
		found = finding{r.common, 4}
	}
	if found.rank > 0 {
		r.diagnose(rec, found.span)
	}
	d := &rec.Diagnostic
	if it.mentioned || d.Reply == 0 && d.Status == (codes.Status{}) || strings.HasPrefix(d.Text, "(reason:") && strings.Contains(d.Text, "...") {
		r.fromTranscript(rec, sessions)
	}
}

// diagnose makes the diagnostic of a piece of the text.
func (r *reader) diagnose(rec *Recipient, s span) {
	row := r.rowOf(s.start)
	text, command := r.withoutCommands(s)
	rec.Diagnostic = proseDiagnostic(text)
	rec.Diagnostic.At = r.line(row)
	if rec.Diagnostic.Command == "" {
		rec.Diagnostic.Command = command
	}
	if host := remoteHost(text); host != "" {
		rec.RemoteMTA = Typed{"dns", host}
	}
}

// withoutCommands returns the text of s without the lines of a transcript
// that are not answers, and the command that was answered.
func (r *reader) withoutCommands(s span) (text, command string) {
	text = strings.TrimSpace(r.text[s.start:s.end])
	if !strings.Contains(text, ">>>") && !strings.Contains(text, "<<<") {
		return text, ""
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(line, ">>>"); ok {
			if b.Len() == 0 || !strings.Contains(b.String(), "<<<") {
				command, _ = smtpCommand(strings.TrimLeft(rest, "> "))
			}
			continue
		}
		line = strings.TrimLeft(strings.TrimPrefix(line, "<<<"), "< ")
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(line)
	}
	return b.String(), command
}

// finding is a piece of text that may say why, and how likely: 4 with a reply
// code, 3 with a status, 2 with a phrase for a cause, 1 for its place alone.
type finding struct {
	span
	rank int
}

// bestParagraph chooses the paragraph between two offsets that says why.
func (r *reader) bestParagraph(from, to int, mentioned bool) finding {
	var best finding
	for p := range r.paragraphs(from, to) {
		text := r.text[p.start:p.end]
		if !hasLetters(text) {
			continue
		}
		rank := 0
		kinds := r.kindsBetween(p.start, p.end)
		p = r.narrow(p)
		switch d := proseDiagnostic(r.text[p.start:p.end]); {
		case d.Reply.Class() == codes.Transient || d.Reply.Class() == codes.Permanent:
			return finding{p, 4}
		case d.Status.Class == codes.Transient || d.Status.Class == codes.Permanent:
			rank = 3
		case kinds&saysCause != 0:
			rank = 2
		case from > 0 && kinds&(saysContact|saysDelayed|saysOriginal) == 0 && !mentioned:
			rank = 1
		}
		if rank > best.rank {
			best = finding{p, rank}
		}
	}
	return best
}

// narrow leaves of a paragraph what follows a label for the diagnostic, or
// begins with the line of a reply where only other things stand above it.
func (r *reader) narrow(p span) span {
	for i := r.rowOf(p.start); i < len(r.rows) && r.rows[i].start < p.end; i++ {
		w := r.rows[i]
		s := r.text[max(w.start, p.start):w.end]
		for _, label := range []string{"diagnostic-code:", "diagnostic-code :", "diagnostic code:"} {
			if n, ok := foldMatch(s, label); ok {
				end := w.end
				for j := i + 1; j < len(r.rows) && r.rows[j].start < p.end && headerName(r.row(j)) == ""; j++ {
					end = r.rows[j].end
				}
				start := max(w.start, p.start) + n
				if semicolon := strings.IndexByte(r.text[start:w.end], ';'); semicolon >= 0 && semicolon < 12 {
					start += semicolon + 1
				}
				return span{start, end}
			}
		}
		if w.start > p.start && startsReply(s) {
			above := r.text[p.start:w.start]
			if remoteHost(above) == "" && !endsWithReply(above) && !hasFailureCode(above) {
				return span{w.start, p.end}
			}
			break
		}
	}
	return p
}

// startsReply reports whether s begins like a line of an SMTP reply of failure.
func startsReply(s string) bool {
	return len(s) > 3 && (s[0] == '4' || s[0] == '5') && isDigits(s[:3]) && s[1] <= '7' && (s[3] == ' ' || s[3] == '-')
}

func endsWithReply(s string) bool {
	s = strings.TrimRight(s, " \n\t")
	return len(s) > 3 && startsReply(s[len(s)-3:]+" ")
}

// proseDiagnostic is parseDiagnostic for running text: a number that only
// software writes where it stands ("MAIL+RCPT 550 no such user") is a reply too.
func proseDiagnostic(text string) Diagnostic {
	d := parseDiagnostic(text)
	if d.Reply != 0 {
		return d
	}
	for i := 0; i+3 <= len(d.Text); i++ {
		if i > 0 && strings.IndexByte(" :;", d.Text[i-1]) < 0 || !startsReply(d.Text[i:]+" ") && !startsReply(d.Text[i:i+3]+" ") {
			continue
		}
		if i+3 < len(d.Text) && strings.IndexByte(" -,", d.Text[i+3]) < 0 {
			continue
		}
		reply, err := codes.ParseReply(d.Text[i : i+3])
		if _, known := reply.Meaning(); err != nil || !known {
			continue
		}
		before := strings.TrimRight(d.Text[:i], " ")
		if word := before[strings.LastIndexByte(before, ' ')+1:]; before == "" || strings.HasSuffix(before, ":") || isCodeWord(word) {
			d.Reply = reply
			return d
		}
	}
	return d
}

// isCodeWord reports whether software writes word before a reply code.
func isCodeWord(word string) bool {
	switch strings.ToLower(strings.Trim(word, "[]():,")) {
	case "mail+rcpt", "closing", "responsecode", "error_code", "code", "error", "said", "returned", "response", "message", "smtp", "status", "reply":
		return true
	}
	return false
}

// paragraphs yields the runs of lines without a blank one between two offsets.
func (r *reader) paragraphs(from, to int) func(yield func(span) bool) {
	return func(yield func(span) bool) {
		var p span
		first := true
		for i := r.rowOf(from); i < len(r.rows) && r.rows[i].start < to; i++ {
			w := r.rows[i]
			start := w.start
			if first && start < from {
				// What stands after the address on its line, without the marks between.
				start = w.end - len(strings.TrimLeft(r.text[min(from, w.end):w.end], ">\"')]:;,. \t"))
			}
			first = false
			blank := start >= w.end || isRule(r.text[start:w.end])
			if blank {
				if p.end > p.start && !yield(p) {
					return
				}
				p = span{}
				continue
			}
			if p.end == 0 {
				p.start = start
			}
			p.end = min(w.end, to)
		}
		if p.end > p.start {
			yield(p)
		}
	}
}

// fromTranscript takes the answer that a session gave about the recipient.
func (r *reader) fromTranscript(rec *Recipient, sessions []exchange) {
	var whole *exchange
	for i := range sessions {
		x := &sessions[i]
		switch {
		case x.address == "":
			if whole == nil {
				whole = x
			}
		case strings.EqualFold(x.address, rec.Final.Value) || strings.EqualFold(x.address, rec.Original.Value):
			r.answered(rec, x)
			return
		}
	}
	if whole != nil && rec.Diagnostic.Reply == 0 && len(r.items) < 2 {
		r.answered(rec, whole)
	}
}

func (r *reader) answered(rec *Recipient, x *exchange) {
	d := parseDiagnostic(x.text)
	if d.Reply == 0 && d.Status == (codes.Status{}) {
		return
	}
	d.At = r.line(x.row)
	if d.Command == "" {
		d.Command = x.command
	}
	rec.Diagnostic = d
	if x.host != "" {
		rec.RemoteMTA = Typed{"dns", x.host}
	}
}

// hostWords stand before the name of the server that answered.
var hostWords = []string{"host ", "server ", "talking to ", "connected to ", "remote mta "}

// remoteHost returns the host that the text names as the one that answered.
func remoteHost(text string) string {
	for _, words := range hostWords {
		for from := 0; ; {
			i := indexFold(text[from:], words)
			if i < 0 {
				break
			}
			from += i + len(words)
			name := text[from:]
			if end := strings.IndexAny(name, " \t\n[(,;"); end >= 0 {
				name = name[:end]
			}
			name = strings.TrimRight(strings.Trim(name, "<>'\""), ".:")
			if strings.IndexByte(name, '.') > 0 && isHostName(name) {
				return name
			}
		}
	}
	return ""
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
