package ledger

import "strings"

// maxWording is how much of an answer is compared, in bytes.
const maxWording = 160

// Wording returns what is the same in an answer whoever it is about: its words
// in lower case, with # for numbers, addresses and names that hold a digit.
func Wording(text, address string) string {
	user, host, _ := strings.Cut(strings.ToLower(address), "@")
	b := make([]byte, 0, maxWording)
	hole := false
	for word := range strings.FieldsFuncSeq(strings.ToLower(text), isBreak) {
		word = strings.Trim(word, ".-_'")
		if word == "" {
			continue
		}
		if strings.ContainsAny(word, "0123456789@") || word == user || word == host {
			if hole {
				continue
			}
			word, hole = "#", true
		} else {
			hole = false
		}
		if len(b)+1+len(word) > maxWording {
			break
		}
		if len(b) > 0 {
			b = append(b, ' ')
		}
		b = append(b, word...)
	}
	return string(b)
}

// isBreak reports whether r stands between words.
func isBreak(r rune) bool {
	return r <= ' ' || strings.ContainsRune(`<>()[]{},;:"|*!?/\=+`, r)
}
