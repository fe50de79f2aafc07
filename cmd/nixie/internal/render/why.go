package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"nixie/classify"
	"nixie/dsn"
	"nixie/dsn/origin"
)

// indent is where the evidence stands below a row, and labels the room for
// the word before it.
const (
	indent = "    "
	labels = 10
)

// appendWhy appends the ground of a verdict: for each piece of evidence the
// rule, and its words in the line where they stand; then what the code means.
func (t *Table) appendWhy(dst []byte, r *Result, q *Recipient) []byte {
	last := ""
	for _, e := range q.Because {
		line, start := lineOf(r.Report, q, e)
		parts := []string{e.Rule}
		if e.Quote != "" && (line == last || !bool(t.style)) {
			parts = append(parts, "“"+shorten(e.Quote, maxShown)+"”")
		}
		if at := place(e.At); at != "" && line != last {
			parts = append(parts, at)
		}
		if ref := t.why(e.Rule); ref != "" {
			parts = append(parts, "["+ref+"]")
		}
		dst = t.appendNote(dst, string(e.Basis), wrap(Clean(strings.Join(parts, "  ")), t.room()))
		if line != "" && line != last {
			dst = t.appendNote(dst, "", t.quote(line, start, start+len(e.Quote)))
			last = line
		}
	}
	if o := r.Origin; o != nil {
		words := o.Proof.String() + ": " + originDetail(o)
		if o.Domain != "" {
			words += " [" + strings.TrimSuffix(o.Domain+", "+o.Selector, ", ") + "]"
		}
		dst = t.appendNote(dst, "origin", wrap(Clean(shorten(words, maxShown)), t.room()))
	}
	if m, ok := q.meaning(); ok {
		dst = t.appendNote(dst, m.Code, wrap(sentence(m.Title)+" "+m.Text+" ["+m.Reference+"]", t.room()))
	}
	return dst
}

// originDetail says what the proof of a report rests on or, if it has none,
// what was found wrong.
func originDetail(r *origin.Result) string {
	if r.Proof != origin.None {
		return r.Detail
	}
	var details []string
	for _, c := range r.Checks {
		if c.Outcome != origin.Absent && !slices.Contains(details, c.Detail) {
			details = append(details, c.Detail)
		}
	}
	return cmp.Or(strings.Join(details, "; "), "nothing speaks for it")
}

// appendNote appends rows of text with a word before the first.
func (t *Table) appendNote(dst []byte, label string, rows []string) []byte {
	for _, row := range rows {
		dst = append(dst, indent...)
		dst = append(dst, t.style.Dim(label)...)
		dst = append(dst, strings.Repeat(" ", max(labels-len(label), 1))...)
		dst = append(append(dst, strings.TrimRight(row, " ")...), '\n')
		label = ""
	}
	return dst
}

// room is how many columns a note has.
func (t *Table) room() int {
	if t.width == 0 {
		return 0
	}
	return max(t.width-len(indent)-labels, 20)
}

// place says where something stands.
func place(at dsn.Place) string {
	switch {
	case at == dsn.Place{}:
		return ""
	case at.Part == "":
		return fmt.Sprintf("header, line %d", at.Line)
	}
	return fmt.Sprintf("part %s, line %d", at.Part, at.Line)
}

// lineOf returns the line of the message in which the quoted words stand, and
// where in it they start; the words alone if it is not found.
func lineOf(r *dsn.Report, q *Recipient, e classify.Evidence) (line string, start int) {
	switch e.At.Part {
	case "":
		line = fieldAt(r.Header, e)
	case r.TextAt.Part:
	default:
		line = cmp.Or(fieldAt(q.Fields, e), fieldAt(r.Fields, e))
	}
	if i := strings.Index(line, e.Quote); i >= 0 {
		return line, i
	}
	if i := strings.Index(q.Diagnostic.Text, e.Quote); i >= 0 {
		return q.Diagnostic.Text, i
	}
	if i := strings.Index(r.Text, e.Quote); i >= 0 {
		begin := strings.LastIndexByte(r.Text[:i], '\n') + 1
		end := len(r.Text)
		if n := strings.IndexByte(r.Text[i+len(e.Quote):], '\n'); n >= 0 {
			end = i + len(e.Quote) + n
		}
		return r.Text[begin:end], i - begin
	}
	return e.Quote, 0
}

// fieldAt returns the field in which evidence stands, on one line; "" if it
// stands in none of these.
func fieldAt(fields dsn.Fields, e classify.Evidence) string {
	for _, f := range slices.Backward(fields) {
		if f.Line <= e.At.Line {
			if text := f.Text(); strings.Contains(text, e.Quote) {
				return f.Name + ": " + text
			}
			return ""
		}
	}
	return ""
}

// quote returns line in rows as wide as the terminal, with line[start:end]
// marked. Of a long line it has what stands around these words.
func (t *Table) quote(line string, start, end int) []string {
	before, words := Clean(shortenFront(line[:start], maxShown)), Clean(shorten(line[start:end], maxShown))
	from, to := len(before), len(before)+len(words)
	rows := wrap(before+words+Clean(shorten(line[end:], maxShown)), t.room())
	at := 0
	for i, row := range rows {
		a, b := clamp(from-at, row), clamp(to-at, row)
		at += len(row)
		rows[i] = row[:a] + t.style.Underline(row[a:b]) + row[b:]
	}
	return rows
}

// clamp moves i to the nearest place in s.
func clamp(i int, s string) int { return min(max(i, 0), len(s)) }
