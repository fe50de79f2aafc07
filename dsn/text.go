package dsn

import (
	"cmp"
	"slices"
	"strings"
	"sync"
)

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

// readTextWithout is readText with one dialect switched off, or all with "*".
func readTextWithout(header Fields, text string, at Place, attached bool, without string) prose {
	if notice, ok := readNotification(text, at); ok {
		return notice
	}
	r := reader{signs: readSigns(header), at: at, attached: attached, text: text, original: -1}
	s := scratches.Get().(*scratch)
	r.rows, r.hits = s.rows, s.hits
	defer func() {
		if cap(r.rows)+cap(r.hits) < 1<<13 { // of a larger text they are not worth keeping
			s.rows, s.hits = r.rows[:0], r.hits[:0]
			scratches.Put(s)
		}
	}()
	r.read()
	found := prose{Original: -1}
	d := pickDialect(&r, header, without)
	if d != nil {
		if d.notice {
			return found
		}
		r.run(d)
		found.Dialect = d.name
	}
	if len(r.items) == 0 {
		r.findItems()
	}
	if len(r.items) == 0 && r.signs.machine() && r.signs.failed == nil {
		r.findHalves()
		r.findLocals()
	}
	r.trustHeader()
	switch {
	case r.isReport(d):
		found.Kind, found.Reporting, found.Recipients, found.Original = DeliveryStatus, r.reporting, r.recipients(), r.original
	case r.isAutoReply():
		found.Kind, found.Dialect = AutoReply, ""
		if r.signs.autoReply {
			found.Dialect = "rfc3834"
		}
	default:
		return prose{Original: -1}
	}
	found.Dialect = cmp.Or(found.Dialect, "general")
	return found
}

// reader is one run of readText.
type reader struct {
	signs    signs
	at       Place
	attached bool

	text      string // what stands before the returned original
	rows      []row  // its lines
	split     int    // how much of text is split into rows
	walked    int    // how many rows paragraphs has gone through
	original  int    // where the returned original begins in the whole text, -1 if it does not
	forwarded bool   // a person forwards it
	hits      []hit  // the phrases in text, in order

	items     []item
	index     map[string]int // the items by address in lower case, once they are many
	reporting Typed
	action    Action          // that the dialect found for all, "" for none
	common    span            // a diagnostic of the dialect that holds for all
	notes     map[string]span // the footnotes by their marks, once they are asked for
}

// scratch is what one run of a reader leaves to the next.
type scratch struct {
	rows []row
	hits []hit
}

var scratches = sync.Pool{New: func() any { return &scratch{} }}

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
	address   string
	former    string // what it was before forwarding or aliases
	mark             // where it is named
	again     []mark // where it is named again, as an item
	action    Action
	answer    span // its diagnostic, where the dialect says which it is
	mentioned bool // in a sentence, not as an item of a list
	labelled  bool // after a label, at the end of a line
}

// mark is a place where an item is named.
type mark struct {
	row  int
	rest int // where what is said about it begins
}

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

// need splits the text into lines up to row i, and reports whether there is one.
func (r *reader) need(i int) bool {
	for len(r.rows) <= i && r.split < len(r.text) {
		end := strings.IndexByte(r.text[r.split:], '\n')
		next := r.split + end + 1
		if end < 0 {
			end, next = len(r.text)-r.split, len(r.text)
		}
		r.rows = append(r.rows, makeRow(r.text, r.split, r.split+end))
		r.split = next
	}
	return i < len(r.rows)
}

func makeRow(text string, start, end int) row {
	var w row
	w.start, w.end = start, end
	w.start += spaces(text[start:end])
	for w.end > w.start && isBlank(text[w.end-1]) {
		w.end--
	}
	w.indent = w.start - start
	if w.start < w.end && text[w.start] == '>' {
		// ">>> RCPT TO" is a transcript, "> bob@example.org" an item of MDaemon's.
		s := text[w.start:w.end]
		rest := unquoted(s)
		m, ok := nextAddress(rest, 0)
		w.quoted = !isTranscript(s) && !(ok && m.start == 0 && m.end == len(rest))
	}
	return w
}

// unquoted returns a line without the marks of quoted mail before it.
func unquoted(s string) string {
	for s != "" && (s[0] == '>' || s[0] == ' ') {
		s = s[1:]
	}
	return s
}

// addItem adds a recipient, unless it is one already.
func (r *reader) addItem(it item) {
	it.address = unquoteLocal(it.address)
	if r.find(it.address) >= 0 {
		return
	}
	r.items = append(r.items, it)
	switch {
	case r.index != nil:
		r.index[strings.ToLower(it.address)] = len(r.items) - 1
	case len(r.items) > 16:
		r.index = make(map[string]int, 64)
		for i := range r.items {
			r.index[strings.ToLower(r.items[i].address)] = i
		}
	}
}

// trustHeader makes the items those of X-Failed-Recipients where the text
// names none of them: it may show a local part only, or nobody.
func (r *reader) trustHeader() {
	if len(r.signs.failed) == 0 || slices.ContainsFunc(r.signs.failed, func(failed string) bool { return r.find(failed) >= 0 }) {
		return
	}
	r.items, r.index = nil, nil
	for _, failed := range r.signs.failed {
		it := item{address: failed, mentioned: true}
		local, _, _ := strings.Cut(failed, "@")
		for i := range min(len(r.rows), 100) {
			if strings.EqualFold(strings.Trim(r.row(i), "<>:"), local) {
				it.mark, it.mentioned = mark{i, r.rows[i].end}, false
			}
		}
		r.addItem(it)
	}
}

// find returns the number of the item with that address, -1 if none has it.
func (r *reader) find(address string) int {
	if r.index != nil {
		if n, ok := r.index[strings.ToLower(address)]; ok {
			return n
		}
		return -1
	}
	return slices.IndexFunc(r.items, func(it item) bool { return strings.EqualFold(it.address, address) })
}
