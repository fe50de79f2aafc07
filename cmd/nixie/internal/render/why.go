package render

import (
	"fmt"
	"strings"

	"nixie/dsn"
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
	for _, e := range q.Because {
		dst = t.appendNote(dst, string(e.Basis), Clean(e.Rule)+"  "+t.style.Dim(place(e.At)))
		if e.Quote != "" {
			line, start := lineOf(r.Report, q, e.Quote)
			for _, row := range t.quote(line, start, start+len(e.Quote)) {
				dst = t.appendNote(dst, "", row)
			}
		}
	}
	if means := q.means(); means != "" {
		label := "means"
		for _, row := range wrap(means, t.room()) {
			dst = t.appendNote(dst, label, row)
			label = ""
		}
	}
	return dst
}

func (t *Table) appendNote(dst []byte, label, text string) []byte {
	dst = append(dst, indent...)
	dst = append(dst, t.style.Dim(label)...)
	dst = append(dst, strings.Repeat(" ", max(labels-len(label), 1))...)
	return append(append(dst, strings.TrimRight(text, " ")...), '\n')
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
func lineOf(r *dsn.Report, q *Recipient, quote string) (line string, start int) {
	if i := strings.Index(q.Diagnostic.Text, quote); i >= 0 {
		return q.Diagnostic.Text, i
	}
	if i := strings.Index(r.Text, quote); i >= 0 {
		begin := strings.LastIndexByte(r.Text[:i], '\n') + 1
		end := len(r.Text)
		if n := strings.IndexByte(r.Text[i+len(quote):], '\n'); n >= 0 {
			end = i + len(quote) + n
		}
		return r.Text[begin:end], i - begin
	}
	return quote, 0
}

// quote returns line in rows as wide as the terminal, with line[start:end]
// marked.
func (t *Table) quote(line string, start, end int) []string {
	before, words := Clean(line[:start]), Clean(line[start:end])
	from, to := len(before), len(before)+len(words)
	rows := wrap(before+words+Clean(line[end:]), t.room())
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
