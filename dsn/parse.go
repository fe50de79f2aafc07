package dsn

import (
	"bytes"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"
)

// Parse reads a message. It is total: any bytes give a Report, and what
// breaks a rule is read over and named in Defects. The Report keeps no
// reference to msg except in Original.Raw. What is read of a message that is
// made to be large has limits, the defaults of Limits.
func Parse(msg []byte) *Report { return Limits{}.Parse(msg) }

// Read reads a message from r to its end or to the limit of size; it fails
// only if r does.
func Read(r io.Reader) (*Report, error) { return Limits{}.Read(r) }

// parser is one run of Parse.
type parser struct {
	*Report
	*memory
	limits  Limits // none of them zero
	crowded bool   // there were more recipients than the limit

	complainers map[string]bool // by address
}

// memory is what a run of Parse needs and does not keep.
type memory struct {
	texts []part      // the text parts before the returned original
	open  []multipart // of the walker
	spans []fieldSpan // of the last header
	loose []int       // its lines that are no field

	scratch []byte // what a text is decoded into on the way
}

var memories = sync.Pool{New: func() any {
	return &memory{texts: make([]part, 0, 4), open: make([]multipart, 0, 4), spans: make([]fieldSpan, 0, 64)}
}}

// release gives the memory back for another run.
func (m *memory) release() {
	if cap(m.texts) > 100 || cap(m.open) > 100 || cap(m.loose) > 1000 {
		return // not worth keeping
	}
	if cap(m.scratch) > 1<<16 {
		m.scratch = nil
	}
	clear(m.texts)
	clear(m.open[:cap(m.open)])
	m.texts, m.open = m.texts[:0], m.open[:0]
	memories.Put(m)
}

func (p *parser) defect(rule, text string, at Place) {
	p.limits.defect(&p.Defects, rule, text, at)
}

// text decodes a part.
func (p *parser) text(part *part) string { return part.text(&p.scratch, p.defect) }

// groups reads the groups of fields of a machine-readable part whose text
// begins at the given line.
func (p *parser) groups(number, text string, line int) iter.Seq2[int, Fields] {
	return func(yield func(offset int, group Fields) bool) {
		r := fieldReader[string]{text: text}
		var spans [16]fieldSpan
		var loose []int
		var memory Fields
		for pos := 0; pos < len(text); {
			var found []fieldSpan
			offset := pos
			found, pos, line = r.group(pos, line, spans[:0], &loose)
			for _, line := range loose {
				p.defect("RFC 3464 section 2.1", "a line that is no field", Place{number, line})
			}
			loose = loose[:0]
			cutFields(text, found, p.limits.Field, number, p.defect)
			if cap(memory) < len(found) { // enough for the groups that follow as well
				lines := strings.Count(text[offset:min(offset+2000, len(text))], "\n")
				memory = make(Fields, 0, max(lines, len(found)))
			}
			group := appendFields(memory, text, found)
			if memory = group[len(group):]; len(group) > 0 && !yield(offset, group) {
				return
			}
		}
	}
}

func (p *parser) parse(msg []byte) {
	if hasBareCR(msg) {
		p.defect("RFC 5322 section 2.3", "a bare CR; read as a line end", Place{Line: 1})
		msg = lineFeeds(msg)
	}
	p.memory = memories.Get().(*memory)
	defer p.release()
	w := walker{msg: msg, memory: p.memory, limits: p.limits, top: &p.Header, defects: &p.Defects}
	var part part
	for header, ok := w.next(&part); ok; header, ok = w.next(&part) {
		p.part(&part, header)
	}
	p.fromOriginal()
	p.prose()
	p.wrapped()
	if p.Kind == "" || p.Kind == AutoReply {
		if f, ok := autoReplyField(p.Header); ok {
			p.as(AutoReply, "rfc3834")
			p.Fields = Fields{f}
		}
	}
	if p.Kind == "" {
		p.Recipients, p.Original = nil, nil
	}
	if p.Kind == AutoReply {
		p.Back = returnDate(p.Text[:min(len(p.Text), 4000)], parseDate(p.Header.Get("Date")))
		if len(p.Recipients) == 0 {
			p.answerer()
		}
	}
}

// part adds what one part says, which has those fields in its header.
func (p *parser) part(part *part, header []fieldSpan) {
	switch part.media {
	case "message/delivery-status", "message/global-delivery-status":
		p.as(DeliveryStatus, "rfc3464")
		// The blank line before some may be missing.
		others := func(f fieldSpan) bool { return !isStatusField(string(part.header[f.start:f.name])) }
		p.delivery(part.number, p.text(part), 1, fieldsAt(part.header, slices.DeleteFunc(header, others)))
	case "message/feedback-report":
		p.as(FeedbackReport, "arf")
		p.feedback(part)
	case "message/disposition-notification", "message/global-disposition-notification":
		p.as(DispositionNotification, "mdn")
		p.disposition(part)
	case "message/rfc822", "message/global", "message/partial":
		p.original(part, true)
	case "text/rfc822-headers", "message/global-headers", "message/rfc822-headers", "text/rfc822-header", "text/rfc822", "text/global-headers":
		p.original(part, false)
	case "text/plain", "text/html", "text/delivery-status", "text/rfc3464", "application/octet-stream", "message/delivery-report":
		p.mislabelled(part)
	}
}

// mislabelled reads a part for what it is: a report or a returned message
// that the server gave another type, or just text.
func (p *parser) mislabelled(part *part) {
	first := part.firstField()
	switch {
	case part.within != "" && (len(p.texts) > 0 || part.media != "text/plain") && isStatusField(first) && bytes.Contains(part.plain(), []byte("-Recipient:")):
		p.defect("RFC 3464 section 2", "a delivery-status part of type "+part.media, Place{part.number, 1})
		p.as(DeliveryStatus, "rfc3464")
		p.delivery(part.number, p.text(part), 1, nil)
	case p.Kind != "" && p.Original == nil && isMessageField(first):
		p.defect("RFC 6522 section 3", "a returned message of type "+part.media, Place{part.number, 1})
		p.original(part, true)
	case !strings.HasPrefix(part.media, "text/") || p.Original != nil:
	case len(p.texts) == p.limits.Texts:
		p.defect("limit Texts", "too many text parts; this one was not read", Place{part.number, 1})
	default:
		p.texts = append(p.texts, *part)
	}
}

// firstField returns the name of the field that body begins with, "" if it
// begins with no field.
func firstField(body []byte) string {
	for len(body) > 0 && (isBlank(body[0]) || body[0] == '\r' || body[0] == '\n') {
		body = body[1:]
	}
	body = body[:min(len(body), 80)]
	if i := fieldName(body); i > 0 {
		return string(body[:i])
	}
	return ""
}

func isStatusField(name string) bool {
	var buf [32]byte
	switch string(lowerName(&buf, name)) {
	case "reporting-mta", "original-envelope-id", "dsn-gateway", "received-from-mta", "arrival-date", "final-recipient", "original-recipient":
		return true
	}
	return false
}

func isMessageField(name string) bool {
	var buf [32]byte
	switch string(lowerName(&buf, name)) {
	case "received", "return-path", "from", "to", "subject", "date", "message-id", "mime-version", "dkim-signature", "content-type", "x-mailer", "delivered-to":
		return true
	}
	return false
}

// as notes the kind of report; the first machine-readable part decides.
func (p *parser) as(kind Kind, dialect string) {
	if p.Kind == "" {
		p.Kind, p.Dialect = kind, dialect
	}
}

// original keeps the returned message.
func (p *parser) original(part *part, whole bool) {
	if p.Original != nil {
		return
	}
	raw := part.plain()
	w := walker{msg: raw, memory: p.memory, limits: p.limits, prose: part.media == "text/plain"}
	start := w.skipEnvelope()
	header, body := w.header(start, "")
	p.Original = &Original{
		Header: fieldsAt(raw[start:], header),
		Whole:  whole && len(bytes.TrimSpace(raw[body:])) > 0,
		Raw:    raw,
		At:     Place{part.number, 1},
	}
}

// fromOriginal reads a complaint in the form of Microsoft's JMRP: nothing but
// the returned message, with the complainer in a field of its own.
func (p *parser) fromOriginal() {
	if p.Original == nil || p.Kind != "" && p.Kind != FeedbackReport {
		return
	}
	if f, ok := p.Original.Header.Find("X-HmXmrOriginalRecipient"); ok {
		p.as(FeedbackReport, "jmrp")
		if len(p.Recipients) == 0 {
			p.complainer(parseAddress(f.Value), Place{p.Original.At.Part, f.Line})
		}
	}
}

// answerer names who answered automatically.
func (p *parser) answerer() {
	if f, ok := p.Header.Find("From"); ok {
		if address := bareAddress(f.Text()); strings.Contains(address, "@") {
			p.Recipients = []Recipient{{Final: Typed{Value: address}, At: Place{Line: f.Line}}}
		}
	}
}
