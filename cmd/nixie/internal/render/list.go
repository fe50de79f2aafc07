package render

import (
	"io"
	"strings"
)

// List writes rows under a head, with the columns lined up. The last column is
// wrapped to what is left of so many columns, or stands below the others where
// that is too little, with as many of those before it as find no room; 0 sets
// no limit.
func List(out io.Writer, columns int, style Style, head []string, rows [][]string) error {
	widths := make([]int, len(head))
	for _, row := range append([][]string{head}, rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], width(cell))
		}
	}
	span := func(from, to int) (sum int) {
		for _, w := range widths[from:to] {
			sum += w + gap
		}
		return sum
	}
	last := len(head) - 1
	left := span(0, last)
	room := columns - left // for the last column; not above 0 for no limit
	split := len(head)     // the column from which on all stand below
	if columns > 0 && room < min(widths[last], 40) {
		for split = last; split > 1 && span(0, split)-gap > columns; {
			split--
		}
		left = len(indent) + span(split, last)
		room = max(columns-left, 20)
	}

	var b strings.Builder
	write := func(row []string, style func(string) string) {
		line, pad := "", ""
		end := func() {
			if line != "" {
				b.WriteString(line + "\n")
			}
			line, pad = "", ""
		}
		for i, cell := range row[:last] {
			if i == split {
				end()
				pad = indent
			}
			if cell != "" {
				line += pad + style(cell)
				pad = ""
			}
			pad += strings.Repeat(" ", widths[i]-width(cell)+gap)
		}
		if split == last {
			end()
			pad = indent
		}
		for _, part := range wrap(row[last], room) {
			if part = strings.TrimRight(part, " "); part != "" {
				line += pad + style(part)
			}
			end()
			pad = strings.Repeat(" ", left)
		}
	}
	write(head, style.Bold)
	for _, row := range rows {
		write(row, func(s string) string { return s })
	}
	_, err := io.WriteString(out, b.String())
	return err
}
