package dsn

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"unicode/utf8"
)

// Limits bound what is read of one message, so that a hostile one costs its
// reader no more than it is worth. A limit of zero or less is the default, which
// no honest report comes near; math.MaxInt is none. What lies beyond a limit is
// not read; a Defect says which limit that was, and what was read so far is kept.
type Limits struct {
	Size       int // bytes of the message, 64 MiB
	Depth      int // multiparts in multiparts, 20; what lies deeper is read as text
	Parts      int // parts of the message, 10,000
	Texts      int // text parts that are searched for a report in prose, 20
	Recipients int // recipients of the report, 200,000
	Field      int // bytes of the value of a field, 1 MiB
	Defects    int // defects that are listed, 1,000
}

// Parse is the function Parse within these limits.
func (l Limits) Parse(msg []byte) *Report {
	p := parser{Report: &Report{}, limits: l.orDefault()}
	if size := p.limits.Size; len(msg) > size {
		p.defect("limit Size", fmt.Sprintf("the message is longer than %d bytes; the rest was not read", size), Place{Line: 1})
		msg = msg[:size]
	}
	p.parse(msg)
	return p.Report
}

// Read is the function Read within these limits. Of r it takes one byte more
// than the limit of size at most.
func (l Limits) Read(r io.Reader) (*Report, error) {
	size := int64(min(l.orDefault().Size, math.MaxInt-1))
	msg, err := io.ReadAll(io.LimitReader(r, size+1))
	if err != nil {
		return nil, err
	}
	return l.Parse(msg), nil
}

func (l Limits) orDefault() Limits {
	return Limits{
		Size:       cmp.Or(max(l.Size, 0), 64<<20),
		Depth:      cmp.Or(max(l.Depth, 0), 20),
		Parts:      cmp.Or(max(l.Parts, 0), 10_000),
		Texts:      cmp.Or(max(l.Texts, 0), 20),
		Recipients: cmp.Or(max(l.Recipients, 0), 200_000),
		Field:      cmp.Or(max(l.Field, 0), 1<<20),
		Defects:    cmp.Or(max(l.Defects, 0), 1_000),
	}
}

// defect adds a defect to the list.
func (l *Limits) defect(list *[]Defect, rule, text string, at Place) {
	switch {
	case len(*list) < l.Defects:
		*list = append(*list, Defect{rule, text, at})
	case len(*list) == l.Defects:
		*list = append(*list, Defect{"limit Defects", "too many defects; this and the rest are not listed", at})
	}
}

// addRecipient adds a recipient.
func (p *parser) addRecipient(r Recipient) {
	p.Recipients = append(p.Recipients, r)
	p.limitRecipients()
}

// limitRecipients leaves out the recipients that are too many.
func (p *parser) limitRecipients() {
	n := p.limits.Recipients
	if len(p.Recipients) <= n {
		return
	}
	if !p.crowded {
		p.defect("limit Recipients", fmt.Sprintf("more than %d recipients; the rest was not read", n), p.Recipients[n].At)
	}
	p.crowded = true
	clear(p.Recipients[n:])
	p.Recipients = p.Recipients[:n]
}

// cutFields cuts the values that are too long, of fields in the given part.
func cutFields[T string | []byte](text T, fields []fieldSpan, limit int, part string, defect func(rule, text string, at Place)) {
	for i := range fields {
		f := &fields[i]
		if f.end-f.value <= limit {
			continue
		}
		f.end = f.value + limit
		for f.end > f.value && !utf8.RuneStart(text[f.end]) {
			f.end--
		}
		defect("limit Field", fmt.Sprintf("the value is longer than %d bytes; the rest was not read", limit), Place{part, f.line})
	}
}
