package render

import (
	"io"
	"strings"
)

// List writes rows under a head, with the columns lined up. The last column is
// wrapped to what is left of so many columns, or stands below the others where
// that is too little; 0 sets no limit.
func List(out io.Writer, columns int, style Style, head []string, rows [][]string) error {
	widths := make([]int, len(head))
	for _, row := range append([][]string{head}, rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], width(cell))
		}
	}
	last := len(head) - 1
	left := 0
	for _, w := range widths[:last] {
		left += w + gap
	}
	room, below := 0, false
	if columns > 0 {
		room = columns - left
		if below = room < min(widths[last], 40); below {
			left = len(indent)
			room = max(columns-left, 20)
		}
	}

	var b strings.Builder
	write := func(row []string, style func(string) string) {
		for i, cell := range row[:last] {
			b.WriteString(style(cell))
			if !below || i < last-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-width(cell)+gap))
			}
		}
		if below {
			b.WriteString("\n" + indent)
		}
		for i, part := range wrap(row[last], room) {
			if i > 0 {
				b.WriteString(strings.Repeat(" ", left))
			}
			b.WriteString(style(strings.TrimRight(part, " ")))
			b.WriteByte('\n')
		}
	}
	write(head, style.Bold)
	for _, row := range rows {
		write(row, func(s string) string { return s })
	}
	_, err := io.WriteString(out, b.String())
	return err
}
