package render

import (
	"strings"
	"unicode"
	"unicode/utf8"

	eastasian "golang.org/x/text/width"
)

// width is the number of columns that s takes on a terminal.
func width(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

func runeWidth(r rune) int {
	if r < utf8.RuneSelf {
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	switch eastasian.LookupRune(r).Kind() {
	case eastasian.EastAsianWide, eastasian.EastAsianFullwidth:
		return 2
	}
	return 1
}

// clip shortens s to so many columns, at its end.
func clip(s string, columns int) string {
	if width(s) <= columns {
		return s
	}
	used := 0
	for i, r := range s {
		if used += runeWidth(r); used >= columns {
			return s[:i] + "…"
		}
	}
	return s
}

// maxShown is how many bytes of a text from mail people are shown, and
// maxAddress how many of an address: 64 before the @ and 255 behind it,
// RFC 5321 section 4.5.3.1.
const (
	maxShown   = 500
	maxAddress = 320
)

// shorten cuts s to so many bytes, at its end.
func shorten(s string, bytes int) string {
	if len(s) <= bytes {
		return s
	}
	for bytes > 0 && !utf8.RuneStart(s[bytes]) {
		bytes--
	}
	return s[:bytes] + "…"
}

// shortenFront cuts s to so many bytes, at its start.
func shortenFront(s string, bytes int) string {
	if len(s) <= bytes {
		return s
	}
	start := len(s) - bytes
	for start < len(s) && !utf8.RuneStart(s[start]) {
		start++
	}
	return "…" + s[start:]
}

// wrap parts s into rows of at most so many columns, between words where it
// can: the rows end to end are s again. With 0 columns there is one row.
func wrap(s string, columns int) []string {
	var rows []string
	for columns > 0 && width(s) > columns {
		used, end := 0, 0
		for i, r := range s {
			if used += runeWidth(r); used > columns {
				end = i
				break
			}
		}
		if space := strings.LastIndexByte(s[:end], ' '); space > 0 {
			end = space + 1
		}
		if end == 0 {
			break
		}
		rows = append(rows, s[:end])
		s = s[end:]
	}
	return append(rows, s)
}
