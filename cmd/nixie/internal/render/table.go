package render

import (
	"bytes"
	"cmp"
	"io"
	"strings"

	"nixie/classify"
)

// Table writes a table for people: one row for each recipient, and one for a
// message without any. Where the terminal has no room for the source beside
// the rest, it stands on a line of its own above the rows.
type Table struct {
	out    io.Writer
	width  int        // of the terminal, in columns; 0 for no limit
	style  Style      // colours or none
	why    References // the evidence below each row; nil for none
	alone  string     // a source that needs no naming
	widths [columns]int
	begun  bool
	above  bool   // the source stands above the rows
	last   string // the source of the last row
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
// stands below each row. The source alone is not named: it is the only one.
func NewTable(out io.Writer, columns int, style Style, why References, alone string) *Table {
	return &Table{out: out, width: columns, style: style, why: why, alone: alone}
}

// Append appends the rows of one message in the form that Write reads: cells
// ended by tabs, lines without tabs kept as they are. It may be called
// concurrently.
func (t *Table) Append(dst []byte, r *Result) []byte {
	source := r.Source
	if source == t.alone {
		source = ""
	}
	if len(r.Recipients) == 0 {
		cells := [columns]string{"-", kind(r.Report), "", "", "", source}
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
			cmp.Or(q.Address(), "-"), cmp.Or(string(q.Reason), "unknown"), string(q.Fault), string(q.Decision), code, source,
		})
		if t.why != nil {
			dst = t.appendWhy(dst, r, q)
		}
	}
	return dst
}

func appendRow(dst []byte, cells [columns]string) []byte {
	cells[colAddress] = shorten(cells[colAddress], maxAddress)
	for _, cell := range cells {
		dst = append(append(dst, Clean(cell)...), '\t')
	}
	return append(dst, '\n')
}

// Write writes whole rows of Append, with the columns lined up.
func (t *Table) Write(rows []byte) (int, error) {
	for row := range bytes.Lines(rows) {
		if cells, ok := cut(row); ok {
			t.fit(cells)
		}
	}
	var out []byte
	if !t.begun {
		t.begun = true
		out = t.begin(out)
	}
	for row := range bytes.Lines(rows) {
		cells, ok := cut(row)
		if !ok {
			out = append(out, row...)
			continue
		}
		if t.above && cells[colSource] != t.last {
			t.last = cells[colSource]
			out = append(append(out, t.style.Dim(t.last)...), '\n')
		}
		out = t.appendLine(out, cells, false)
	}
	_, err := t.out.Write(out)
	return len(rows), err
}

// begin appends the head, and decides where the source stands.
func (t *Table) begin(dst []byte) []byte {
	head := [columns]string{"ADDRESS", "REASON", "FAULT", "DECISION", "CODE", "SOURCE"}
	if t.widths[colSource] == 0 {
		head[colSource] = ""
	}
	t.fit(head)
	total := -gap
	for _, w := range t.widths {
		total += w + gap
	}
	if t.width > 0 && total > t.width {
		t.above = head[colSource] != ""
	}
	return t.appendLine(dst, head, true)
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

// gap is the space between columns.
const gap = 2

func (t *Table) appendLine(dst []byte, cells [columns]string, head bool) []byte {
	if t.above {
		cells[colSource] = ""
		dst = append(dst, "  "...)
	}
	w := t.layout()
	for i, cell := range cells {
		cell = clip(cell, w[i])
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

// layout returns the widths of the columns as they go on the terminal. What
// does not fit is cut off the address, and of the source if it stands there.
func (t *Table) layout() [columns]int {
	w := t.widths
	if t.width == 0 {
		return w
	}
	room := t.width
	for _, i := range [...]int{colReason, colFault, colDecision, colCode} {
		room -= w[i] + gap
	}
	switch {
	case t.above:
		room -= 2
	case w[colSource] > 0:
		w[colSource] = min(w[colSource], room/2)
		room -= w[colSource] + gap
	}
	w[colAddress] = min(w[colAddress], max(room, 10))
	return w
}
