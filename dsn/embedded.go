package dsn

import (
	"bytes"
	"strings"
)

// embedded reads the fields of a delivery-status part that stand in a text
// because the MIME structure around them was lost on the way. It returns the
// text before them.
func (p *parser) embedded(number, text string) string {
	start := statusStart(text)
	if start < 0 {
		return text
	}
	if s := readSigns(p.Header); !s.machine() {
		return text
	}
	p.defect("RFC 3464 section 2", "the fields of a delivery-status part stand in the text", Place{number, lineAt(text, start)})
	p.as(DeliveryStatus, "rfc3464")
	p.delivery(number, text[start:], lineAt(text, start), nil)
	return text[:start]
}

// statusStart returns where the fields of a delivery-status part begin in
// text, -1 if there are none.
func statusStart(text string) int {
	final := 0
	for !hasPrefixFold(text[final:], "Final-Recipient:") {
		next := strings.IndexByte(text[final:], '\n') + 1
		if next == 0 || hasPrefixFold(text[final:], "Received:") {
			return -1 // none, or in the returned message
		}
		final += next
	}
	start := final
	if mta := indexLine(text[:final], "Reporting-MTA:"); mta >= 0 {
		start = mta
	}
	for start > 0 { // to the first field of the group
		above := strings.LastIndexByte(text[:start-1], '\n') + 1
		if name := headerName(text[above:start]); name == "" || isMessageField(name) {
			break
		}
		start = above
	}
	return start
}

// indexLine returns where the first line that begins with prefix begins; the
// case of ASCII letters does not count.
func indexLine(text, prefix string) int {
	for pos := 0; pos < len(text); {
		if lower(text[pos]) == lower(prefix[0]) && hasPrefixFold(text[pos:], prefix) {
			return pos
		}
		_, pos = lineEnd(text, pos)
	}
	return -1
}

// lineAt returns the number of the line in which offset stands.
func lineAt(text string, offset int) int { return 1 + strings.Count(text[:offset], "\n") }

// wrapped reads a report that another program sent on as an attachment of a
// notice of its own that names nobody.
func (p *parser) wrapped() {
	o := p.Original
	if o == nil || p.Kind != "" && p.Kind != DeliveryStatus || len(p.Recipients) > 0 && p.Recipients[0].Address() != "" {
		return
	}
	if f, _ := o.Header.Find("Content-Type"); indexFold(f.Value, "report-type") < 0 || !bytes.Contains(o.Raw, []byte("Final-Recipient")) {
		return
	}
	if s := readSigns(p.Header); !s.machine() && !s.robot {
		return
	}
	inner := parser{Report: &Report{}, limits: p.limits}
	inner.limits.Depth-- // for what is wrapped again
	inner.parse(o.Raw)
	if inner.Kind != DeliveryStatus {
		return
	}
	for i := range inner.Recipients {
		r := &inner.Recipients[i]
		r.At = within(o.At, r.At)
		r.Diagnostic.At = within(o.At, r.Diagnostic.At)
	}
	for _, d := range inner.Defects {
		p.defect(d.Rule, d.Text, within(o.At, d.At))
	}
	header, text, at, defects := p.Header, p.Text, p.TextAt, p.Defects
	*p.Report = *inner.Report
	p.Header, p.Text, p.TextAt, p.Defects = header, text, at, defects
	if p.Original != nil {
		p.Original.At = within(o.At, p.Original.At)
	}
}

// within is the place in the message around the one that stands at outer.
func within(outer, inner Place) Place {
	switch {
	case inner == Place{}:
		return inner
	case inner.Part == "":
		return Place{outer.Part, inner.Line}
	}
	return Place{outer.Part + "." + inner.Part, inner.Line}
}
