package render

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"nixie/classify"
	"nixie/dsn"
)

// Unclassified gathers the answers that no rule tells more of than that
// delivery failed. They are grouped by their text, with what differs from one
// message to the next left out.
type Unclassified struct {
	groups map[string]*group
	format string
	out    io.Writer
	width  int
	style  Style
}

type group struct {
	text, example string
	count         int
}

// noAnswer marks a group of recipients without an answer: there is none to
// write a rule for.
const noAnswer = "(no answer)"

// last orders what Flush writes last behind the rest.
func (g *group) last() int {
	if strings.HasSuffix(g.text, noAnswer) {
		return 1
	}
	return 0
}

// maxGroups bounds the memory: further groups are counted as one.
const maxGroups = 100_000

// NewUnclassified returns one that Flush writes to out, in the format table,
// json or csv. A table is so many columns wide; 0 sets no limit.
func NewUnclassified(out io.Writer, format string, columns int, style Style) *Unclassified {
	return &Unclassified{groups: make(map[string]*group), format: format, out: out, width: columns, style: style}
}

// Append appends what of one message is unclassified in the form that Write
// reads: a line for each recipient, the text and the source with a tab between.
// It may be called concurrently.
func (u *Unclassified) Append(dst []byte, r *Result) []byte {
	if r.Report.Kind != dsn.DeliveryStatus {
		return dst
	}
	for i := range r.Recipients {
		q := &r.Recipients[i]
		switch q.Reason {
		case "", classify.PermanentFailure, classify.TransientFailure:
			text := normalize(q.Diagnostic.Text)
			if text == "" {
				text = strings.TrimSpace(q.status().String() + " " + noAnswer)
			}
			dst = append(append(dst, Clean(text)...), '\t')
			dst = append(append(dst, Clean(r.Source)...), '\n')
		}
	}
	return dst
}

// Write counts what Append made.
func (u *Unclassified) Write(lines []byte) (int, error) {
	for line := range strings.Lines(string(lines)) {
		text, source, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		g := u.groups[text]
		if g == nil {
			if len(u.groups) >= maxGroups {
				text = "(others)"
			}
			g = cmp.Or(u.groups[text], &group{text: text, example: source})
			u.groups[text] = g
		}
		g.count++
	}
	return len(lines), nil
}

// Flush writes the groups, the most frequent first, and those without an answer last.
func (u *Unclassified) Flush() error {
	groups := slices.SortedFunc(maps.Values(u.groups), func(a, b *group) int {
		return cmp.Or(cmp.Compare(a.last(), b.last()), cmp.Compare(b.count, a.count), strings.Compare(a.text, b.text))
	})
	var out []byte
	switch u.format {
	case "json":
		for _, g := range groups {
			o := object{append(out, '{')}
			o.number("count", g.count)
			o.text("text", g.text)
			o.text("example", g.example)
			out = append(o.buf, '}', '\n')
		}
	case "csv":
		out = append(out, "count,text,example\n"...)
		for _, g := range groups {
			out = appendCell(fmt.Appendf(out, "%d,", g.count), g.text)
			out = append(appendCell(append(out, ','), g.example), '\n')
		}
	default:
		var rows [][]string
		for _, g := range groups {
			rows = append(rows, []string{fmt.Sprint(g.count), shorten(g.text, maxShown)}, []string{"", u.style.Dim(g.example)})
		}
		return List(u.out, u.width, u.style, []string{"COUNT", "TEXT"}, rows)
	}
	_, err := u.out.Write(out)
	return err
}
