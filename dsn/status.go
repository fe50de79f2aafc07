package dsn

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"nixie/codes"
)

// delivery reads message/delivery-status (RFC 3464) and
// message/global-delivery-status (RFC 6533). Text begins at the given line of
// the part; header has the fields of the report that the part's own header has.
// Where a returned message follows without a boundary, it ends there.
func (p *parser) delivery(number, text string, line int, header Fields) {
	first := len(p.Fields)
	p.Fields = append(p.Fields, header...)
	var open Fields // of the recipient that is being read
	flush := func() {
		if len(open) > 0 {
			p.recipient(number, open)
		}
		open = nil
	}
	groups, before := 0, len(p.Recipients)
	for offset, group := range p.groups(number, text, line) {
		if groups > 0 && beginsMessage(group) {
			p.inline([]byte(text[offset:]), Place{number, group[0].Line})
			break
		}
		groups++
		ofMessage := len(p.Recipients) == before && len(open) == 0 && (groups == 1 || !hasRecipientField(group))
		if len(open) > 0 && repeats(open, group) {
			flush()
		} else if len(open) > 0 {
			p.defect("RFC 3464 section 2.1", "a blank line inside the fields of one recipient", Place{number, group[0].Line})
		}
		start := 0 // where in group the recipient begins
		if ofMessage {
			for start < len(group) && recipientField(group[start].Name) == "" {
				start++
			}
			p.Fields = join(p.Fields, group[:start])
			if 0 < start && start < len(group) {
				p.defect("RFC 3464 section 2.1", "no blank line between the fields of the message and of a recipient", Place{number, group[start].Line})
			}
		}
		for i := start; i < len(group); i++ {
			if !group[i].Is("Final-Recipient") || !has(open, "Final-Recipient") && !has(group[start:i], "Final-Recipient") {
				continue
			}
			p.defect("RFC 3464 section 2.1", "no blank line between two recipients", Place{number, group[i].Line})
			end := i
			if end > start && group[end-1].Is("Original-Recipient") {
				end--
			}
			open = join(open, group[start:end])
			flush()
			start = end
		}
		open = join(open, group[start:])
	}
	flush()
	p.perMessage(number, p.Fields[first:])
}

// recipientField returns the name of a per-recipient field of RFC 3464
// section 2.3 as the RFC spells it, "" for another.
func recipientField(name string) string {
	var buf [32]byte
	switch string(lowerName(&buf, name)) {
	case "original-recipient":
		return "Original-Recipient"
	case "final-recipient":
		return "Final-Recipient"
	case "action":
		return "Action"
	case "status":
		return "Status"
	case "remote-mta":
		return "Remote-MTA"
	case "diagnostic-code":
		return "Diagnostic-Code"
	case "last-attempt-date":
		return "Last-Attempt-Date"
	case "final-log-id":
		return "Final-Log-ID"
	case "will-retry-until":
		return "Will-Retry-Until"
	}
	return ""
}

// join is append that takes b as it is where a is empty.
func join(a, b Fields) Fields {
	if len(a) == 0 {
		return b[:len(b):len(b)]
	}
	return append(a, b...)
}

func has(fields Fields, name string) bool {
	_, ok := fields.Find(name)
	return ok
}

// beginsMessage reports whether group is no part of a report but the header
// of a message or of a part.
func beginsMessage(group Fields) bool {
	for _, f := range group {
		if f.Name != "" {
			return isMessageField(f.Name)
		}
	}
	return false
}

func hasRecipientField(group Fields) bool {
	return slices.ContainsFunc(group, func(f Field) bool { return recipientField(f.Name) != "" })
}

// repeats reports whether group has a per-recipient field that open has, so
// that it must speak of another recipient.
func repeats(open, group Fields) bool {
	var missing []string // from open
	for _, f := range group {
		name := recipientField(f.Name)
		if name == "" || slices.Contains(missing, name) {
			continue
		}
		if has(open, name) {
			return true
		}
		missing = append(missing, name)
	}
	return false
}

// perMessage reads the per-message fields, RFC 3464 section 2.2.
func (p *parser) perMessage(number string, fields Fields) {
	for _, f := range fields {
		switch {
		case f.Is("Original-Envelope-Id"):
			p.EnvelopeID = f.Text()
		case f.Is("Reporting-MTA"):
			p.ReportingMTA = parseHost(f.Value)
		case f.Is("DSN-Gateway"):
			p.DSNGateway = parseHost(f.Value)
		case f.Is("Received-From-MTA"):
			p.ReceivedFromMTA = parseHost(f.Value)
		case f.Is("Arrival-Date"):
			p.ArrivalDate = p.date(number, f)
		}
	}
	if p.ReportingMTA.Value == "" {
		p.defect("RFC 3464 section 2.2.2", "no Reporting-MTA field", Place{number, 1})
	}
}

// recipient reads the fields of one recipient, RFC 3464 section 2.3.
func (p *parser) recipient(number string, fields Fields) {
	r := Recipient{Fields: fields, At: Place{number, fields[0].Line}}
	known := false
	for _, f := range fields {
		at := Place{number, f.Line}
		field := recipientField(f.Name)
		known = known || field != ""
		switch field {
		case "Original-Recipient":
			r.Original = parseAddress(f.Value)
			if r.Final.Value == "" {
				r.At = at
			}
		case "Final-Recipient":
			r.Final = parseAddress(f.Value)
			r.At = at
		case "Action":
			r.Action = p.action(f, at)
		case "Status":
			r.Status = p.status(f, at)
		case "Remote-MTA":
			r.RemoteMTA = parseHost(f.Value)
		case "Diagnostic-Code":
			d := parseDiagnosticCode(f.Value)
			if d.At = at; r.Diagnostic.Text == "" || !hasCode(&r.Diagnostic) && hasCode(&d) {
				r.Diagnostic = d
			}
		case "Last-Attempt-Date":
			r.LastAttempt = p.date(number, f)
		case "Will-Retry-Until":
			r.RetryUntil = p.date(number, f)
		case "Final-Log-ID":
			r.FinalLogID = f.Text()
		}
	}
	if !known {
		p.Fields = append(p.Fields, fields...)
		return
	}
	if r.Final.Value == "" {
		p.defect("RFC 3464 section 2.3.2", "no Final-Recipient field", r.At)
	}
	if r.Action == "" {
		p.defect("RFC 3464 section 2.3.3", "no Action field", r.At)
	}
	p.addRecipient(r)
}

// action reads an Action, RFC 3464 section 2.3.3.
func (p *parser) action(f Field, at Place) Action {
	word := strings.ToLower(strings.TrimSpace(withoutComments(f.Text())))
	switch a := Action(strings.TrimRight(word, ".;")); a {
	case Failed, Delayed, Delivered, Relayed, Expanded:
		return a
	case "fail", "failure", "undeliverable":
		p.defect("RFC 3464 section 2.3.3", fmt.Sprintf("Action %q, read as failed", word), at)
		return Failed
	case "":
		return ""
	}
	p.defect("RFC 3464 section 2.3.3", fmt.Sprintf("unknown Action %q", word), at)
	return Action(f.Text())
}

// status reads a Status, RFC 3464 section 2.3.4.
func (p *parser) status(f Field, at Place) codes.Status {
	s, err := codes.ParseStatus(f.Text())
	if err == nil {
		return s
	}
	p.defect("RFC 3464 section 2.3.4", fmt.Sprintf("Status %q is not a status code", f.Text()), at)
	for code := range codes.Find(f.Text()) {
		if code.Status != (codes.Status{}) {
			return code.Status
		}
	}
	return codes.Status{}
}

// date reads a date field; one that does not parse costs a Defect.
func (p *parser) date(number string, f Field) time.Time {
	t := parseDate(f.Value)
	if t.IsZero() {
		p.defect("RFC 5322 section 3.3", fmt.Sprintf("%s %q is not a date", f.Name, f.Text()), Place{number, f.Line})
	}
	return t
}
