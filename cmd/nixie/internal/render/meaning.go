package render

import (
	"io"
	"strings"
	"time"

	"nixie/classify"
	"nixie/codes"
)

// Meaning writes what is known of a code, at most so many columns wide; 0
// sets no limit.
func Meaning(out io.Writer, columns int, style Style, m codes.Meaning) error {
	p := paragraphs{columns: columns, style: style}
	title := m.Title
	if m.Name != "" {
		title += " (" + m.Name + ")"
	}
	p.head(m.Code, title)
	p.add("", m.Text)
	p.add("class", m.Class)
	p.add("section", m.Section)
	p.add("advice", string(m.Implies))
	var replies []string
	for _, r := range m.Replies {
		replies = append(replies, r.String())
	}
	p.add("replies", strings.Join(replies, " "))
	reference := m.Reference
	if m.Standing != "" {
		reference += " (" + m.Standing + ")"
	}
	p.add("reference", reference)
	for _, o := range m.Others {
		p.add("elsewhere", sentence(o.Title)+" "+o.Text+" ["+o.Reference+"]")
	}
	_, err := io.WriteString(out, p.b.String())
	return err
}

// Verdict writes a verdict and what it rests on, at most so many columns wide;
// 0 sets no limit.
func Verdict(out io.Writer, columns int, style Style, v classify.Verdict, refs References) error {
	p := paragraphs{columns: columns, style: style}
	p.head("verdict", string(v.Reason))
	p.add("", v.Reason.Means())
	p.add("fault", string(v.Fault))
	p.add("decision", string(v.Decision))
	if v.After > 0 {
		p.add("after", Duration(v.After))
	}
	label := "because"
	for _, e := range v.Because {
		text := e.Rule
		if e.Quote != "" {
			text += ": “" + Clean(shorten(e.Quote, maxShown)) + "”"
		}
		if ref := refs(e.Rule); ref != "" {
			text += " [" + ref + "]"
		}
		p.add(label, text)
		label = ""
	}
	_, err := io.WriteString(out, p.b.String())
	return err
}

// paragraphs are lines of text under a head, each with a word before it.
type paragraphs struct {
	b       strings.Builder
	columns int
	style   Style
}

const paragraphIndent = 11

func (p *paragraphs) head(word, title string) {
	p.line(p.style.Bold, word, title)
}

// add adds a paragraph; one without text is left out.
func (p *paragraphs) add(word, text string) {
	if text != "" {
		p.line(p.style.Dim, word, text)
	}
}

func (p *paragraphs) line(style func(string) string, word, text string) {
	room := 0
	if p.columns > 0 {
		room = max(p.columns-paragraphIndent-gap, 20)
	}
	for i, row := range wrap(text, room) {
		if i > 0 {
			word = ""
		}
		p.b.WriteString(style(word))
		p.b.WriteString(strings.Repeat(" ", max(paragraphIndent-width(word), 0)+gap))
		p.b.WriteString(strings.TrimRight(row, " "))
		p.b.WriteByte('\n')
	}
}

// Duration writes 1h and 5m, for which a Duration's String is 1h0m0s and 5m0s.
func Duration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// sentence ends s with a full stop.
func sentence(s string) string {
	if s == "" || strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}
