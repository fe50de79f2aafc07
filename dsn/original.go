package dsn

import "strings"

// read splits the text into lines, up to the returned original, and finds the
// phrases in them.
func (r *reader) read() {
	for i := 0; r.need(i); i++ {
		if r.blank(i) {
			continue
		}
		if r.startsHeader(i) {
			r.endAt(i, i)
			return
		}
		first := len(r.hits)
		w := r.rows[i]
		r.hits = findPhrases(r.hits, r.text, w.start, w.end)
		if !w.quoted && r.isSeparator(i, r.hits[first:]) {
			r.endAt(i, r.nextRow(i))
			return
		}
	}
}

// nextRow returns the first row after i that says something.
func (r *reader) nextRow(i int) int {
	for i++; r.need(i) && (r.blank(i) || isRule(r.row(i))); i++ {
	}
	return i
}

// endAt ends the text to read before row i, and says in which row the
// returned original begins.
func (r *reader) endAt(i, original int) {
	if r.need(original) {
		r.original = r.rows[original].start - r.rows[original].indent
	}
	r.text = r.text[:r.rows[i].start-r.rows[i].indent]
	r.rows, r.split = r.rows[:i], len(r.text)
	r.common = r.common.upTo(len(r.text))
	for i := range r.items {
		r.items[i].answer = r.items[i].answer.upTo(len(r.text))
	}
	for len(r.hits) > 0 && r.hits[len(r.hits)-1].start >= len(r.text) {
		r.hits = r.hits[:len(r.hits)-1]
	}
}

// isSeparator reports whether row i, with the phrases in it, says that the
// returned message follows, or one that somebody forwards.
func (r *reader) isSeparator(i int, hits []hit) bool {
	var kinds phraseKind
	for _, h := range hits {
		kinds |= h.kind
	}
	if kinds&(saysOriginal|saysForwarded) == 0 {
		return false
	}
	s := r.row(i)
	bare := strings.Trim(s, "-=*_#~+ \t<>")
	if len(bare) > 150 {
		return false
	}
	decorated := len(s)-len(strings.TrimLeft(s, "-=*_#~+")) >= 2
	if kinds&saysForwarded != 0 && (decorated || strings.HasSuffix(bare, ":") && phraseAt(s)&saysForwarded != 0) {
		r.forwarded = r.forwarded || !r.signs.machine()
		return true
	}
	if kinds&saysOriginal == 0 {
		return false
	}
	if decorated && len(bare) < 80 && kinds&saysCause == 0 {
		return true
	}
	next := r.nextRow(i)
	if !r.need(next) {
		return strings.HasSuffix(bare, ":") || strings.HasSuffix(bare, "follows.")
	}
	line := unquoted(r.row(next))
	return isOriginalField(headerName(line)) || strings.HasPrefix(line, "From ")
}

// startsHeader reports whether the header of a message begins at row i,
// without anything that announces it.
func (r *reader) startsHeader(i int) bool {
	line := unquoted(r.row(i))
	name := headerName(line)
	if name == "" && !strings.HasPrefix(line, "From ") || name != "" && !isOriginalField(name) {
		return false
	}
	strong, fields := isStrongField(name), 1
	for j := i + 1; j < i+15 && r.need(j) && !r.blank(j); j++ {
		s := r.row(j)
		if r.rows[j].indent > r.rows[i].indent || strings.HasPrefix(s, ">  ") || strings.HasPrefix(s, ">\t") {
			continue
		}
		name := headerName(unquoted(s))
		if name == "" {
			break
		}
		fields++
		strong = strong || isStrongField(name)
	}
	return strong && fields >= 2
}

// headerName returns the name of the header field that line begins with.
func headerName(line string) string {
	if i := fieldName(line); i > 0 {
		return line[:i]
	}
	return ""
}

func isOriginalField(name string) bool { return isMessageField(name) || isStrongField(name) }

// isStrongField reports whether only the header of a message has such a
// field: no report shows it among what it says itself.
func isStrongField(name string) bool {
	var buf [32]byte
	switch string(lowerName(&buf, name)) {
	case "received", "return-path", "mime-version", "content-transfer-encoding", "dkim-signature", "x-mailer", "delivered-to", "x-originating-ip",
		"x-received", "arc-seal", "authentication-results", "envelope-to", "x-sender", "x-receiver", "x-google-smtp-source", "content-type", "user-agent", "x-spam-status":
		return true
	}
	return false
}

// decoration sets lines off.
const decoration = "-=*_#~+ \t"

// isRule reports whether s is a line drawn with punctuation.
func isRule(s string) bool {
	for i := range len(s) {
		if strings.IndexByte(decoration, s[i]) < 0 {
			return false
		}
	}
	return true
}

// upTo returns what of a span stands before end.
func (s span) upTo(end int) span { return span{min(s.start, end), min(s.end, end)} }
