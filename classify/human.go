package classify

import (
	"sort"
	"strings"

	"nixie/dsn"
)

// humanText is what is found once in a report for all its recipients: its
// human-readable text, parted by recipient, and whom the message was from.
type humanText struct {
	report  *dsn.Report
	lines   []int           // where each line begins, as far as was asked for
	all     bool            // these are all lines
	senders map[string]bool // in lower case; nil until somebody asks
}

// Limits of what is searched for one of several recipients.
const (
	maxShareLines      = 12
	maxShareRecipients = 1000
	maxIntro           = 4 << 10 // bytes
)

// share gives the facts what the text says of a recipient: all of it where
// there is no other recipient; else the lines from where the recipient is
// named to where the next one is, and those before any of them is; nothing
// where that cannot be told.
func (h *humanText) share(f *facts, i int) {
	text, recipients := h.report.Text, h.report.Recipients
	if len(recipients) == 1 {
		f.texts[ownLines] = text
		return
	}
	first := h.lineOf(i)
	if len(recipients) > maxShareRecipients || first < 0 {
		return
	}
	last, earliest := first+maxShareLines, first
	for j := range recipients {
		if line := h.lineOf(j); line >= 0 {
			earliest = min(earliest, line)
			if line > first {
				last = min(last, line)
			}
		}
	}
	start := h.offset(first)
	f.texts[ownLines], f.starts[ownLines] = text[start:h.offset(last)], start
	if intro := h.offset(earliest); intro <= maxIntro {
		f.texts[allLines] = text[:intro]
	}
}

// lineOf returns the line of the text at which a recipient is named, from 0; -1 if none.
func (h *humanText) lineOf(i int) int {
	at, text := h.report.Recipients[i].At, h.report.TextAt
	if h.report.Text == "" || at.Part != text.Part || at.Line < text.Line || text.Line == 0 || !h.has(at.Line-text.Line) {
		return -1
	}
	return at.Line - text.Line
}

// offset returns where a line begins, which may be after the last.
func (h *humanText) offset(line int) int {
	if !h.has(line) {
		return len(h.report.Text)
	}
	return h.lines[line]
}

// has finds the lines up to one and reports whether the text has it.
func (h *humanText) has(line int) bool {
	if len(h.lines) == 0 {
		h.lines = append(h.lines, 0)
	}
	for len(h.lines) <= line && !h.all {
		last := h.lines[len(h.lines)-1]
		if i := strings.IndexByte(h.report.Text[last:], '\n'); i >= 0 {
			h.lines = append(h.lines, last+i+1)
		} else {
			h.all = true
		}
	}
	return line < len(h.lines)
}

// place returns where a byte of the text stands in the message.
func (h *humanText) place(offset int) dsn.Place {
	at := h.report.TextAt
	for h.has(len(h.lines)) && h.lines[len(h.lines)-1] <= offset {
	}
	at.Line += sort.SearchInts(h.lines, offset+1) - 1
	return at
}

// maxSkip is how far apart in the message two words of an answer may stand
// that follow each other in it, in bytes.
const maxSkip = 512

// within returns where a byte of the answer stands in the message. An answer
// is on one line; its words are looked for in those that it was made of.
func (h *humanText) within(f *facts, offset int) dsn.Place {
	at, raw, answer := f.answer, h.raw(f), f.texts[theAnswer]
	if strings.IndexByte(raw, '\n') < 0 { // as most answers
		return at
	}
	pos, end := 0, offset
	for end < len(answer) && answer[end] > ' ' {
		end++
	}
	if i := strings.Index(raw[:min(len(raw), end+maxSkip)], answer[:end]); i >= 0 {
		at.Line += strings.Count(raw[:i+offset], "\n")
		return at
	}
	for word := range strings.FieldsSeq(answer[:end]) {
		near := raw[pos:min(len(raw), pos+maxSkip)]
		i := 0
		for i < len(near) && near[i] <= ' ' {
			i++
		}
		if !strings.HasPrefix(near[i:], word) {
			i = strings.Index(near, word)
		}
		if i >= 0 {
			at.Line += strings.Count(near[:i], "\n")
			pos += i + len(word)
		}
	}
	return at
}

// raw returns the lines of the message from where the answer begins, "" when
// they are not known: the field that holds it, or the human-readable text.
func (h *humanText) raw(f *facts) string {
	if h == nil { // a bare answer
		return f.texts[theAnswer]
	}
	if f.answer.Part == f.at.Part {
		for _, field := range f.fields {
			if field.Line == f.answer.Line {
				return field.Value
			}
		}
	}
	if text := h.report.TextAt; text.Part == f.answer.Part && text.Line > 0 && f.answer.Line >= text.Line {
		return h.report.Text[h.offset(f.answer.Line-text.Line):]
	}
	return ""
}
