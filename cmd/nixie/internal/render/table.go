package render

import (
	"bytes"
	"cmp"
	"io"
	"strings"

	"nixie/classify"
)

// Table writes a table for people: one row for each recipient, and one for a
// message without any.
type Table struct {
	out    io.Writer
	width  int        // of the terminal, in columns; 0 for no limit
	style  Style      // colours or none
	why    References // the evidence below each row; nil for none
	widths [columns]int
	begun  bool
}

// The columns.
const (
	colAddress = iota
	colReason
	colFault
	colDecision
	colCode
	colSource
	columns
)

// NewTable returns a table that is written to out, which is so many columns
// wide; 0 sets no limit. With why, the references of rules, the evidence
// stands below each row.
func NewTable(out io.Writer, columns int, style Style, why References) *Table {
	return &Table{out: out, width: columns, style: style, why: why}
}

// Append appends the rows of one message in the form that Write reads: cells
// ended by tabs, lines without tabs kept as they are. It may be called
// concurrently.
func (t *Table) Append(dst []byte, r *Result) []byte {
	if len(r.Recipients) == 0 {
		cells := [columns]string{"-", kind(r.Report), "", "", "", r.Source}
		if r.Report.Kind == "" {
			cells[colReason] = "no report"
		}
		return appendRow(dst, cells)
	}
	for i := range r.Recipients {
		q := &r.Recipients[i]
		code := q.status().String()
		if code == "" {
			code = q.reply().String()
		}
		dst = appendRow(dst, [columns]string{
			cmp.Or(q.Address(), "-"), cmp.Or(string(q.Reason), "unknown"), string(q.Fault), string(q.Decision), code, r.Source,
		})
		if t.why != nil {
			dst = t.appendWhy(dst, r, q)
		}
	}
	return dst
}

func appendRow(dst []byte, cells [columns]string) []byte {
	for _, cell := range cells {
		dst = append(append(dst, Clean(cell)...), '\t')
	}
	return append(dst, '\n')
}

// Write writes whole rows of Append, with the columns lined up.
func (t *Table) Write(rows []byte) (int, error) {
	var out []byte
	head := [columns]string{"ADDRESS", "REASON", "FAULT", "DECISION", "CODE", "SOURCE"}
	if !t.begun {
		t.fit(head)
	}
	for row := range bytes.Lines(rows) {
		if cells, ok := cut(row); ok {
			t.fit(cells)
		}
	}
	if !t.begun {
		t.begun = true
		out = t.appendLine(out, head, true)
	}
	for row := range bytes.Lines(rows) {
		if cells, ok := cut(row); ok {
			out = t.appendLine(out, cells, false)
		} else {
			out = append(out, row...)
		}
	}
	_, err := t.out.Write(out)
	return len(rows), err
}

// cut parts a row into its cells.
func cut(row []byte) (cells [columns]string, ok bool) {
	rest := string(row)
	for i := range cells {
		if cells[i], rest, ok = strings.Cut(rest, "\t"); !ok {
			return cells, false
		}
	}
	return cells, true
}

// fit widens the columns for a row.
func (t *Table) fit(cells [columns]string) {
	for i, cell := range cells {
		t.widths[i] = max(t.widths[i], width(cell))
	}
}

const gap = 2

// layout returns the widths of the columns as they go on the terminal: the
// address and the source share what the short ones leave. Fault follows from
// the reason and goes first when there is no room.
func (t *Table) layout() [columns]int {
	w := t.widths
	if t.width == 0 {
		return w
	}
	room := func() int {
		n := t.width
		for _, i := range [...]int{colReason, colFault, colDecision, colCode} {
			if w[i] > 0 {
				n -= w[i] + gap
			}
		}
		return n - gap
	}
	want := w[colAddress] + w[colSource]
	if want > room() && room() < 50 {
		w[colFault] = 0
	}
	if left := room(); want > left {
		// Each gets what it asks for if that is less than half; else what the other leaves.
		half := max(left/2, 10)
		switch {
		case w[colSource] <= half:
			w[colAddress] = max(left-w[colSource], 10)
		case w[colAddress] <= half:
			w[colSource] = max(left-w[colAddress], 10)
		default:
			w[colAddress], w[colSource] = max(left-half, 10), half
		}
	}
	return w
}

func (t *Table) appendLine(dst []byte, cells [columns]string, head bool) []byte {
	w := t.layout()
	for i, cell := range cells {
		if w[i] == 0 {
			continue
		}
		if i == colSource {
			cell = clipLeft(cell, w[i])
		} else {
			cell = clip(cell, w[i])
		}
		pad := w[i] - width(cell) + gap
		switch {
		case head:
			cell = t.style.Bold(cell)
		case i == colSource, cells[colReason] == "no report":
			cell = t.style.Dim(cell)
		case i == colReason && classify.Reason(cells[i]).Dead() && cells[colDecision] == string(classify.GiveUp):
			cell = t.style.Red(cell)
		}
		dst = append(dst, cell...)
		if i != colSource {
			dst = append(dst, strings.Repeat(" ", pad)...)
		}
	}
	return append(bytes.TrimRight(dst, " "), '\n')
}
