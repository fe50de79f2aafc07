package dsn

import "strings"

// prose is what the free-text reader found.
type prose struct {
	Dialect    string      // "qsbmf", "exim", …, "general"; "" when the text is no report
	Kind       Kind        // DeliveryStatus, or AutoReply where the text shows it is something else
	Reporting  Typed       // reporting MTA if the text names it
	Recipients []Recipient // in the order of the text
	Original   int         // offset in text where the returned original begins, -1 when it is not in the text
}

// readText reads what a report says in prose. Header is the message's own
// header; text is its human-readable part as UTF-8 with \n line ends; at is
// the Place of its first line. Attached: the message carries a returned
// original as a part of its own.
func readText(header Fields, text string, at Place, attached bool) prose {
	return readTextWithout(header, text, at, attached, "")
}

// readTextWithout is readText with one dialect switched off.
func readTextWithout(header Fields, text string, at Place, attached bool, without string) prose {
	if notice, ok := readNotification(text, at); ok {
		return notice
	}
	r := reader{signs: readSigns(header), at: at, attached: attached, original: -1}
	r.split(text)
	r.cut()
	d := pickDialect(&r, header, without)
	found := prose{}
	if d != nil {
		if d.notice {
			return prose{Original: -1}
		}
		r.run(d)
		found.Dialect, found.Reporting = d.name, r.reporting
	}
	r.hits = findPhrases(make([]hit, 0, 64), r.text)
	if len(r.items) == 0 {
		r.findItems()
	}
	r.trustHeader()
	switch {
	case r.isReport(d != nil):
		found.Kind = DeliveryStatus
		found.Recipients = r.recipients()
		if found.Dialect == "" {
			found.Dialect = "general"
		}
	case r.isAutoReply():
		return prose{Dialect: "general", Kind: AutoReply, Original: -1}
	default:
		return prose{Original: -1}
	}
	found.Original = r.original
	return found
}

// reader is one run of readText.
type reader struct {
	signs    signs
	at       Place
	attached bool

	text      string // what stands before the returned original
	rows      []row
	original  int // where the returned original begins in the whole text, -1 if it does not
	forwarded bool
	hits      []hit

	items     []item
	marks     []mark
	reporting Typed
	action    Action // that the dialect found for all, "" for none
	common    span   // a diagnostic of the dialect that holds for all
}

// row is a line of the text.
type row struct {
	start, end int // without the space around it
	indent     int
	quoted     bool // it begins with > as quoted mail does
}

// span is a piece of the text.
type span struct{ start, end int }

// item is one recipient as the text names it.
type item struct {
	row       int
	address   string
	former    string // what it was before forwarding or aliases
	rest      int    // where the text about it begins
	action    Action
	answer    span // its diagnostic, where the dialect says which it is
	mentioned bool // in a sentence, not as an item of a list
	labelled  bool // after a label, at the end of a line
}

// mark is one more place where an item is named.
type mark struct{ item, row, rest int }

func (r *reader) line(row int) Place { return Place{r.at.Part, r.at.Line + row} }

func (r *reader) row(i int) string { return r.text[r.rows[i].start:r.rows[i].end] }

// rowOf returns the row in which offset stands.
func (r *reader) rowOf(offset int) int {
	low, high := 0, len(r.rows)
	for low+1 < high {
		if mid := (low + high) / 2; r.rows[mid].start <= offset {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}

func (r *reader) blank(i int) bool { return r.rows[i].start == r.rows[i].end }

// split finds the lines of text up to the returned original.
func (r *reader) split(text string) {
	r.text = text
	r.rows = make([]row, 0, min(strings.Count(text, "\n")+1, 200))
	for pos := 0; pos < len(text); {
		end := strings.IndexByte(text[pos:], '\n')
		next := pos + end + 1
		if end < 0 {
			end, next = len(text)-pos, len(text)
		}
		r.rows = append(r.rows, makeRow(text, pos, pos+end))
		pos = next
	}
}

func makeRow(text string, start, end int) row {
	var w row
	w.start, w.end = start, end
	for w.start < w.end {
		if n := spaces(text[w.start:w.end]); n > 0 {
			w.start += n
		} else if text[w.start] == '\r' {
			w.start++
		} else {
			break
		}
	}
	for w.end > w.start && strings.IndexByte(" \t\r", text[w.end-1]) >= 0 {
		w.end--
	}
	w.indent = w.start - start
	if w.start < w.end && text[w.start] == '>' {
		// ">>> RCPT TO" is a transcript, "> bob@example.org" an item of MDaemon's.
		s := text[w.start:w.end]
		rest := strings.TrimLeft(s, "> ")
		m, ok := nextAddress(rest, 0)
		w.quoted = !isTranscript(s) && !(ok && m.start == 0 && m.end == len(rest))
	}
	return w
}

// trustHeader makes the items those of X-Failed-Recipients where the text
// names none of them: it may show a local part only, or nobody.
func (r *reader) trustHeader() {
	if len(r.signs.failed) == 0 {
		return
	}
	for _, it := range r.items {
		for _, failed := range r.signs.failed {
			if strings.EqualFold(it.address, failed) || strings.EqualFold(it.former, failed) {
				return
			}
		}
	}
	r.items, r.marks = r.items[:0], nil
	for _, failed := range r.signs.failed {
		it := item{address: failed, mentioned: true}
		local, _, _ := strings.Cut(failed, "@")
		for i := range r.rows {
			if strings.EqualFold(strings.Trim(r.row(i), "<>:"), local) {
				it.row, it.rest, it.mentioned = i, r.rows[i].end, false
			}
		}
		r.items = append(r.items, it)
	}
}
