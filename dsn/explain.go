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
		end := len(r.text)
		if i+1 < len(r.items) {
			end = r.rows[r.items[i+1].row].start
		}
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
		r.explain(&rec, it, end, sessions)
		list = append(list, rec)
	}
	if len(list) == 0 {
		return r.nameless(action, sessions)
	}
	// One text for all of them stands after the last, or before the first.
	for i := len(list) - 2; i >= 0; i-- {
		if list[i].Diagnostic.Text == "" {
			list[i].Diagnostic, list[i].RemoteMTA = list[i+1].Diagnostic, list[i+1].RemoteMTA
		}
	}
	return list
}

// nameless is a report that names nobody but says why.
func (r *reader) nameless(action Action, sessions []exchange) []Recipient {
	rec := Recipient{Action: action, At: r.at}
	r.explain(&rec, &item{}, len(r.text), sessions)
	if rec.Diagnostic.Text == "" && action == "" {
		return nil
	}
	return []Recipient{rec}
}

// overall is the action for recipients that the text lists without saying.
// What it says first counts, unless it says that the end has come.
func (r *reader) overall() Action {
	if r.action != "" {
		return r.action
	}
	kinds := r.kindsBetween(0, len(r.text)) | r.signs.subject
	switch {
	case kinds&saysDelayed != 0 && !r.finalFirst():
		return Delayed
	case kinds&saysDelivered != 0 && kinds&(saysFailed|saysFinal) == 0:
		return Delivered
	}
	return Failed
}

// finalFirst reports whether the text gives up before it speaks of a delay.
func (r *reader) finalFirst() bool {
	if r.signs.subject&saysDelayed != 0 {
		return false
	}
	for _, h := range r.hits {
		switch {
		case h.kind&saysFinal != 0:
			return true
		case h.kind&saysDelayed != 0:
			// "I'm not going to try again" may follow what was tried.
			for _, later := range r.hits {
				if later.kind&saysFinal != 0 && later.start > h.start && later.start-h.start < 200 {
					return true
				}
			}
			return false
		}
	}
	return false
}

// formerWords stand before the address that a recipient was before
// forwarding, an alias or a list made it another.
var formerWords = []string{
	"(generated from ", "(ultimately generated from ", "(expanded from ", "(expanded from: ", "(originally addressed to ", "(original address: ",
	"(forwarded from ", "(was: ", "(alias of ", "originally addressed to ", "(original recipient: ",
}

// former reads who the item was before forwarding.
func (r *reader) former(it *item, end int) {
	text := r.text[min(it.rest, end):end]
	text = text[:min(len(text), 300)]
	for i := 0; i < len(text); i++ {
		if text[i] != '(' && text[i] != 'o' && text[i] != 'O' {
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

// explain finds the diagnostic of one recipient: what the dialect points at,
// or in what stands between its address and the next, or in the transcript of
// a session, or in what stands before.
func (r *reader) explain(rec *Recipient, it *item, end int, sessions []exchange) {
	if it.answer.end > it.answer.start {
		r.diagnose(rec, it.answer)
	} else if s, ok := r.bestParagraph(it.rest, end, it.mentioned); ok {
		r.diagnose(rec, s)
	} else if r.common.end > r.common.start {
		r.diagnose(rec, r.common)
	}
	d := &rec.Diagnostic
	if d.Reply == 0 && (d.Status == codes.Status{} || d.Text == "") || strings.Contains(d.Text, "...") {
		r.fromTranscript(rec, sessions)
	}
	if d.Reply == 0 && d.Status == (codes.Status{}) && len(r.items) < 2 {
		// The reason may stand above the address.
		if s, ok := r.bestParagraph(0, r.rows[it.row].start, false); ok && (hasFailureCode(r.text[s.start:s.end]) || d.Text == "") {
			r.diagnose(rec, s)
		}
	}
}

// diagnose makes the diagnostic of a piece of the text.
func (r *reader) diagnose(rec *Recipient, s span) {
	row := r.rowOf(s.start)
	text, command := r.withoutCommands(s)
	rec.Diagnostic = parseDiagnostic(text)
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

// bestParagraph chooses the piece of text between two offsets that says why:
// the first paragraph with a code, else the first with a phrase for a cause,
// else what stands directly after.
func (r *reader) bestParagraph(from, to int, mentioned bool) (span, bool) {
	var cause, near span
	for p := range r.paragraphs(from, to) {
		text := r.text[p.start:p.end]
		if !hasLetters(text) {
			continue
		}
		if hasFailureCode(text) {
			return p, true
		}
		kinds := r.kindsBetween(p.start, p.end)
		if cause.end == 0 && kinds&saysCause != 0 {
			cause = p
		}
		if near.end == 0 && from > 0 && kinds&(saysContact|saysDelayed|saysOriginal) == 0 && !mentioned {
			near = p
		}
	}
	if cause.end > 0 {
		return cause, true
	}
	return near, near.end > 0
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
				start = min(from+len(r.text[from:w.end])-len(strings.TrimLeft(r.text[from:w.end], ">\"')]:;,. \t")), w.end)
				first = false
			}
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
	if whole != nil && rec.Diagnostic.Reply == 0 {
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
