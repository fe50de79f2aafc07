package render

import (
	"net/netip"
	"strings"

	"nixie/codes"
)

// normalize returns an answer with a * for what differs from one message to
// the next: addresses, hosts, numbers and identifiers, which is how the
// phrases of rules are written. The codes stay.
func normalize(text string) string {
	var b strings.Builder
	done := 0
	for code := range codes.Find(text) {
		normalizeWords(&b, text[done:code.Start])
		b.WriteString(text[code.Start:code.End])
		done = code.End
	}
	normalizeWords(&b, text[done:])
	return strings.Join(strings.Fields(b.String()), " ")
}

func normalizeWords(b *strings.Builder, s string) {
	for s != "" {
		until := " \t\r\n()[]<>{}\"'`,;=|"
		if strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") {
			until = " \t\r\n<>()[]\"'"
		}
		end := strings.IndexAny(s, until)
		if end < 0 {
			end = len(s)
		}
		word := strings.TrimRight(s[:end], ".:!?-")
		after := s[len(word):end]
		if varies(word) {
			word = "*"
		}
		b.WriteString(word + after)
		if end < len(s) {
			b.WriteByte(s[end])
			end++
		}
		s = s[end:]
	}
}

// varies reports whether a word is an address, a host, a number or an
// identifier, and no word of a language or code of a provider such as S3150.
func varies(word string) bool {
	digits, letters := 0, 0
	for i := range len(word) {
		switch c := word[i]; {
		case '0' <= c && c <= '9':
			digits++
		case 'a' <= c|0x20 && c|0x20 <= 'z':
			letters++
		}
	}
	switch {
	case strings.Contains(word, "@"), strings.Contains(word, "://"):
		return true
	case digits > 0 && letters == 0, digits > 4:
		return true
	case strings.Count(word, ":") > 1:
		_, err := netip.ParseAddr(word)
		return err == nil
	}
	return isHost(word)
}

// isHost reports whether a word is a host name: letters, digits and hyphens
// between dots, and letters behind the last.
func isHost(word string) bool {
	dot := strings.LastIndexByte(word, '.')
	if dot <= 0 || len(word)-dot < 3 {
		return false
	}
	for i := range len(word) {
		c := word[i] | 0x20
		if !('a' <= c && c <= 'z' || i <= dot && ('0' <= c && c <= '9' || word[i] == '-' || word[i] == '_' || word[i] == '.')) {
			return false
		}
	}
	return true
}
