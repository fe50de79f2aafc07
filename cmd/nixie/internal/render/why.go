package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"nixie/classify"
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
		source := place(e.At)
		if ref := t.why(e.Rule); ref != "" {
			source += "  [" + ref + "]"
		}
		for i, row := range wrap(Clean(e.Rule+"  "+source), t.room()) {
			label := ""
			if i == 0 {
				label = string(e.Basis)
			}
			dst = t.appendNote(dst, label, row)
		}
		if e.Quote != "" {
			line, start := lineOf(r.Report, q, e)
			for _, row := range t.quote(line, start, start+len(e.Quote)) {
				dst = t.appendNote(dst, "", row)
			}
		}
	}
	if m, ok := q.meaning(); ok {
		label := m.Code
		for _, row := range wrap(sentence(m.Title)+" "+m.Text+" ["+m.Reference+"]", t.room()) {
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
