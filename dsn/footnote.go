package dsn

import (
	"strings"
	"unicode/utf8"
)

// footnotes finds the lines that say why under a mark, and not an address:
//
//	bob@example.org [1]
//
//	[1] 550 5.1.1 No such user
//
// Of several with one mark the first counts.
func (r *reader) footnotes() map[string]span {
	items := map[int]bool{}
	for i := range r.items {
		items[r.items[i].row] = true
	}
	notes := map[string]span{}
	for i := 0; i < len(r.rows); i++ {
		mark := markBefore(r.row(i))
		if mark == "" || items[i] {
			continue
		}
		s := span{r.rows[i].start + len(mark), r.rows[i].end}
		for i+1 < len(r.rows) && !r.blank(i+1) && !items[i+1] && markBefore(r.row(i+1)) == "" && s.end-s.start < maxParagraph {
			i++
			s.end = r.rows[i].end
		}
		key := strings.Trim(mark, noteEnds)
		if _, ok := notes[key]; !ok && (r.groundOf(s) > byNothing || r.kindsBetween(s.start, s.end)&saysCause != 0) {
			notes[key] = s
		}
	}
	return notes
}

// maxMark is how long the mark of a footnote can be, in bytes.
const maxMark = 12

// noteEnds may stand around the mark of a footnote.
const noteEnds = "[]() \t.:="

// footnote returns the footnote whose mark stands behind an item, or one with
// a code whose mark stands before it.
func (r *reader) footnote(it *item) span {
	if it.row >= len(r.rows) {
		return span{}
	}
	row := r.rows[it.row]
	mark := strings.TrimLeft(r.text[min(it.rest, row.end):row.end], ">\"' \t")
	numbered := mark == ""
	if numbered {
		mark = markBefore(r.text[row.start:row.end])
	} else if len(mark) > maxMark || markBefore(mark+" ") != mark+" " {
		return span{}
	}
	if mark == "" {
		return span{}
	}
	if r.notes == nil {
		r.notes = r.footnotes()
	}
	note := r.notes[strings.Trim(mark, noteEnds)]
	if numbered && r.groundOf(note) == byNothing {
		return span{}
	}
	return note
}

// markBefore returns the mark of a footnote that s begins with, with what
// parts it from the text: "[1] ", "(2): ", "3. ", "* ", "² "; "" if there is none.
func markBefore(s string) string {
	n := 0
	for n < len(s) {
		c, size := utf8.DecodeRuneInString(s[n:])
		if !strings.ContainsRune("0123456789[(*#†‡¹²³⁴⁵⁶⁷⁸⁹)]", c) || n > 4 && c < utf8.RuneSelf {
			break
		}
		n += size
	}
	mark := s[:n]
	if strings.Trim(mark, "[]()#") == "" {
		return ""
	}
	ends := strings.TrimLeft(s[n:], ".:=")
	switch bare := strings.TrimRight(mark, ")]"); {
	case ends != "" && ends[0] != ' ' && ends[0] != '\t':
		return ""
	case bare == mark && isDigits(mark) && (len(mark) > 2 || len(ends) == len(s)-n): // a number, not that of a note
		return ""
	}
	return s[:len(s)-len(strings.TrimLeft(ends, " \t"))]
}
