package dsn

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"nixie/codes"
)

// prose reads the human-readable part. Where no machine-readable part names a
// recipient, the report is what the text says; where one does, the text only
// fills what is missing.
func (p *parser) prose() {
	complete := p.isComplete()
	var stub prose
	for i := range p.texts {
		part := &p.texts[i]
		if p.Text != "" && (complete || part.media == "text/html" && part.within == "multipart/alternative" && len(p.Text) > maxStub) {
			break
		}
		text := p.text(part)
		if strings.TrimSpace(text) == "" {
			continue
		}
		at := Place{part.number, 1}
		if p.Text == "" {
			p.Text, p.TextAt = text, at
		}
		if complete {
			break
		}
		if len(p.Recipients) == 0 {
			if before := p.embedded(part.number, text); len(before) < len(text) {
				text, p.Text = before, before
			}
		}
		found := readText(p.Header, text, at, p.Original != nil)
		if found.Original >= 0 && found.Dialect != "" {
			p.Text, p.TextAt = text[:found.Original], at
			p.originalIn(part, text, found.Original)
		}
		if found.saysNothing() && len(p.Recipients) == 0 && len(text) <= maxStub && i+1 < len(p.texts) && p.texts[i+1].within == "multipart/alternative" {
			stub, p.Text = found, ""
			continue
		}
		if p.TextAt != at && part.within != "multipart/alternative" && found.Kind == DeliveryStatus && found.namesNobody() && !saysFailure(text) {
			continue // what a gateway puts below, such as the name of its virus scanner
		}
		if len(found.Recipients) > 0 || found.Kind != "" {
			p.add(found)
			p.limitRecipients()
			stub = prose{}
			break
		}
	}
	if stub.Kind != "" {
		p.add(stub)
	}
	p.commands()
	p.failedRecipients()
	p.addressee()
	p.whom()
}

// maxStub is how long a text may be that says no more than that the HTML beside
// it is to be read.
const maxStub = 300

// saysNothing reports whether a report neither names a recipient nor says why.
func (found *prose) saysNothing() bool {
	return found.namesNobody() && found.Recipients[0].Diagnostic.Text == ""
}

func (found *prose) namesNobody() bool {
	return len(found.Recipients) == 1 && found.Recipients[0].Address() == ""
}

// saysFailure reports whether a text has words or a code of failure or delay.
func saysFailure(text string) bool {
	return hasFailureCode(text) || saysIn(text)&(saysFailed|saysDelayed) != 0
}

// addressee restores the domain of a recipient that a server knows by its own
// name: it is that of the one the original was sent to, if the local part is
// the same.
func (p *parser) addressee() {
	if p.Kind != DeliveryStatus || p.Original == nil || len(p.Recipients) != 1 || p.Recipients[0].Original.Value != "" {
		return
	}
	to := p.Original.Header.Get("To")
	r := &p.Recipients[0]
	if strings.Count(to, "@") != 1 {
		return
	}
	if a := bareAddress(to); sameLocalPart(a, r.Final.Value) && !strings.EqualFold(a, r.Final.Value) {
		r.Original = Typed{Value: a}
	}
}

// isComplete reports whether the machine-readable parts leave nothing to the
// text: every recipient is named and, unless delivery went well, answered for.
func (p *parser) isComplete() bool {
	if p.Kind == FeedbackReport || p.Kind == DispositionNotification {
		return true
	}
	for i := range p.Recipients {
		r := &p.Recipients[i]
		delivered := r.Action == Delivered || r.Action == Relayed || r.Action == Expanded
		answered := r.Diagnostic.Reply != 0 || hasWords(r.Diagnostic.Text) && r.Diagnostic.Type != "smtp" && !isGeneric(r.Status)
		if r.Address() == "" || !delivered && !answered {
			return false
		}
	}
	return len(p.Recipients) > 0
}

// hasWords reports whether a diagnostic says more than the exit status of a
// program: "X-Unix; 71".
func hasWords(diagnostic string) bool {
	return strings.Trim(diagnostic, "0123456789 ") != ""
}

// originalIn keeps the returned message that stands in the text of a part, from
// offset on.
func (p *parser) originalIn(part *part, text string, offset int) {
	if p.Original != nil {
		return
	}
	raw := part.body[:min(len(part.body), len(text))]
	if string(raw) == text {
		raw = raw[offset:]
	} else { // it was encoded
		raw = []byte(text[offset:])
	}
	p.inline(raw, Place{part.number, lineAt(text, offset)})
}

// inline keeps the returned message that stands in a text.
func (p *parser) inline(raw []byte, at Place) {
	if p.Original == nil {
		p.original(&part{number: at.Part, media: "text/plain", body: withoutMargin(raw)}, true)
		p.Original.Raw, p.Original.At = raw, at
	}
}

// withoutMargin returns raw without what its first line begins with to set it
// off, white space or marks of quotation, on each line that begins so.
func withoutMargin(raw []byte) []byte {
	margin := string(raw[:len(raw)-len(bytes.TrimLeft(raw, "> \t"))])
	if margin == "" {
		return raw
	}
	raw = bytes.ReplaceAll(raw[len(margin):], []byte("\n"+margin), []byte("\n"))
	return bytes.ReplaceAll(raw, []byte("\n"+strings.TrimRight(margin, " \t")+"\n"), []byte("\n\n"))
}

// add joins what the text says to what the machine-readable parts say.
func (p *parser) add(found prose) {
	p.as(found.Kind, found.Dialect)
	if p.Kind != DeliveryStatus {
		p.Recipients = found.Recipients
		return
	}
	if p.ReportingMTA.Value == "" {
		p.ReportingMTA = found.Reporting
	}
	if len(p.Recipients) == 0 {
		p.Dialect, p.Recipients = found.Dialect, found.Recipients
		return
	}
	known := byAddress(found.Recipients)
	for i := range p.Recipients {
		r := &p.Recipients[i]
		f := cmp.Or(known[strings.ToLower(r.Original.Value)], known[strings.ToLower(r.Final.Value)])
		if f == nil && len(p.Recipients) == 1 && len(found.Recipients) == 1 {
			// Each side speaks of one only: they are the same unless their addresses say otherwise.
			if only := &found.Recipients[0]; r.Address() == "" || only.Address() == "" || strings.HasPrefix(r.Address(), "@") || sameLocalPart(r.Address(), only.Address()) {
				f = only
			}
		}
		if f != nil {
			fill(r, f)
		}
	}
}

// byAddress finds recipients by their addresses in lower case.
func byAddress(recipients []Recipient) map[string]*Recipient {
	known := make(map[string]*Recipient, len(recipients))
	for i := range recipients {
		r := &recipients[i]
		for _, a := range []string{r.Original.Value, r.Final.Value} {
			if a = strings.ToLower(a); a != "" && known[a] == nil {
				known[a] = r
			}
		}
	}
	return known
}

// sameLocalPart reports whether two addresses differ in the domain only, as
// where a server has put its own name for the domain.
func sameLocalPart(a, b string) bool {
	a, _, _ = strings.Cut(a, "@")
	b, _, _ = strings.Cut(b, "@")
	return strings.EqualFold(a, b)
}

// commands takes from the text which command an answer belongs to: Postfix
// names it there ("in reply to RCPT TO command") and not in Diagnostic-Code,
// Sendmail shows the session.
func (p *parser) commands() {
	if p.Kind != DeliveryStatus || len(p.Recipients) == 0 {
		return
	}
	if d := &p.Recipients[0].Diagnostic; len(p.Recipients) == 1 && d.Command == "" && d.Reply != 0 && strings.Contains(p.Text, "\n>>> ") {
		d.Command = commandOf(d.Reply, p.Text)
	}
	if !slices.ContainsFunc(p.Recipients, func(r Recipient) bool { return r.Diagnostic.Text != "" && r.Diagnostic.Command == "" }) {
		return
	}
	var known map[string]*Recipient
	for rest := p.Text; ; {
		at := strings.Index(rest, "command)")
		if at < 0 {
			return
		}
		start := at
		for start > 0 && rest[start-1:start+1] != "\n\n" {
			start--
		}
		paragraph := rest[start:]
		paragraph, rest, _ = strings.Cut(paragraph, "\n\n")
		if known == nil {
			known = byAddress(p.Recipients)
		}
		if m, ok := nextAddress(paragraph, 0); ok {
			if r := known[strings.ToLower(paragraph[m.start:m.end])]; r != nil && r.Diagnostic.Text != "" && r.Diagnostic.Command == "" {
				r.Diagnostic.Command = commandIn(collapse(paragraph))
			}
		}
	}
}

// commandOf returns the command that was answered with reply in the session
// that text shows.
func commandOf(reply codes.Reply, text string) string {
	r := reader{text: text}
	r.need(len(text))
	for _, x := range r.transcript() {
		if strings.HasPrefix(x.text, reply.String()) {
			return x.command
		}
	}
	return ""
}

// fill gives r what it lacks.
func fill(r, from *Recipient) {
	switch {
	case r.Address() == "":
		r.Original, r.Final, r.At = from.Original, from.Final, from.At
	case r.Original.Value == "" && from.Original.Value != "":
		r.Original = from.Original
	case r.Original.Value == "" && !strings.EqualFold(r.Final.Value, from.Final.Value):
		r.Original = from.Final
	}
	if r.Action == "" {
		r.Action = from.Action
	}
	if r.Diagnostic.Text == "" || r.Diagnostic.Reply == 0 && from.Diagnostic.Reply != 0 && (r.Diagnostic.Status == codes.Status{} || from.Diagnostic.Status == r.Diagnostic.Status) {
		if from.Diagnostic.Text != "" {
			r.Diagnostic = from.Diagnostic
		}
	}
	if r.RemoteMTA.Value == "" {
		r.RemoteMTA = from.RemoteMTA
	}
}

// failedRecipients reads X-Failed-Recipients, with which Exim and Gmail name
// whom they gave up. It is the report where nothing else names anybody.
func (p *parser) failedRecipients() {
	if p.Kind != "" && p.Kind != DeliveryStatus {
		return
	}
	var known map[string]*Recipient
	for f := range p.Header.All("X-Failed-Recipients") {
		if known == nil {
			known = byAddress(p.Recipients)
		}
		for word := range strings.SplitSeq(f.Text(), ",") {
			address := decodeOctal(bareAddress(word))
			if !strings.Contains(address, "@") || known[strings.ToLower(address)] != nil {
				continue
			}
			p.as(DeliveryStatus, "x-failed-recipients")
			r := Recipient{Final: Typed{Value: address}, Action: Failed, At: Place{Line: f.Line}}
			if len(p.Recipients) == 1 && !strings.Contains(f.Text(), ",") {
				// Exim names the address that it got here, and in the report
				// what became of it by aliases and forwarding.
				if only := &p.Recipients[0]; only.Original.Value == "" {
					only.Original = r.Final
				}
				continue
			}
			p.addRecipient(r)
			known[strings.ToLower(address)] = &r
		}
	}
}
