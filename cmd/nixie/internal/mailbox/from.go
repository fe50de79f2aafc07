package mailbox

import "bytes"

// maxFromLine is the length in bytes up to which a From_ line is looked at.
const maxFromLine = 1024

// fromLine returns the length of the From_ line that data starts with, its
// line end included, and 0 if it does not start with one: "From ", an address,
// and a date, which has a time of day and a year. A sentence that starts with
// "From" has none. RFC 4155 appendix A.
func fromLine(data []byte) int {
	if !bytes.HasPrefix(data, []byte("From ")) {
		return 0
	}
	line, rest := data, 0
	if i := bytes.IndexByte(data[:min(len(data), maxFromLine)], '\n'); i >= 0 {
		line, rest = data[:i], 1
	} else if len(data) > maxFromLine {
		return 0
	}
	if !hasDigits(line, "00:00") || !hasDigits(line, " 0000") {
		return 0
	}
	return len(line) + rest
}

// hasDigits reports whether line contains the pattern, in which 0 stands for
// any digit, and no digit follows it.
func hasDigits(line []byte, pattern string) bool {
next:
	for i := 0; i+len(pattern) <= len(line); i++ {
		for j := range len(pattern) {
			if c := line[i+j]; c != pattern[j] && (pattern[j] != '0' || !isDigit(c)) {
				continue next
			}
		}
		if end := i + len(pattern); end == len(line) || !isDigit(line[end]) {
			return true
		}
	}
	return false
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// blankBefore returns the length of msg without the blank line at its end,
// which parts it from the From_ line, and -1 if there is no blank line.
func blankBefore(msg []byte) int {
	body := bytes.TrimSuffix(bytes.TrimSuffix(msg, []byte("\n")), []byte("\r"))
	if len(body) > 0 && body[len(body)-1] != '\n' {
		return -1
	}
	return len(body)
}

// unquote takes one ">" from each line that starts with any number of them and
// "From ", in place.
func unquote(msg []byte) []byte {
	if !bytes.Contains(msg, []byte(">From ")) {
		return msg
	}
	out := msg[:0]
	for line := range bytes.Lines(msg) {
		if line[0] == '>' && bytes.HasPrefix(bytes.TrimLeft(line, ">"), []byte("From ")) {
			line = line[1:]
		}
		out = append(out, line...)
	}
	return out
}
