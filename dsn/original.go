package dsn

import "strings"

// cut finds where the returned original begins and leaves what stands before
// it as the text to read.
func (r *reader) cut() {
	if r.original >= 0 {
		r.endAt(r.rowOf(r.original))
		return
	}
	for i := range r.rows {
		if r.blank(i) {
			continue
		}
		if r.startsHeader(i) {
			r.original = r.rows[i].start - r.rows[i].indent
			r.endAt(i)
			return
		}
		if r.rows[i].quoted || !r.isSeparator(i) {
			continue
		}
		next := i + 1
		for next < len(r.rows) && (r.blank(next) || isRule(r.row(next))) {
			next++
		}
		if next < len(r.rows) {
			r.original = r.rows[next].start - r.rows[next].indent
		}
		r.endAt(i)
		return
	}
}

// endAt ends the text to read before row i.
func (r *reader) endAt(i int) {
	if i < len(r.rows) {
		r.text = r.text[:r.rows[i].start-r.rows[i].indent]
		r.rows = r.rows[:i]
	}
}

// isSeparator reports whether row i says that the returned message, or one
// that somebody forwards, follows.
func (r *reader) isSeparator(i int) bool {
	s := r.row(i)
	bare := strings.Trim(s, "-=*_#~+ \t<>")
	if bare == "" || len(bare) > 150 {
		return false
	}
	decorated := len(s)-len(strings.TrimLeft(s, "-=*_#~+")) >= 2
	var kinds phraseKind
	for _, h := range findPhrases(make([]hit, 0, 8), bare) {
		kinds |= h.kind
	}
	if kinds&saysForwarded != 0 && (decorated || strings.HasSuffix(bare, ":")) {
		r.forwarded = r.forwarded || !r.signs.machine()
		return true
	}
	if kinds&saysOriginal == 0 {
		return false
	}
	if decorated && len(bare) < 80 && kinds&saysCause == 0 {
		return true
	}
	next := i + 1
	for next < len(r.rows) && (r.blank(next) || isRule(r.row(next))) {
		next++
	}
	if next == len(r.rows) {
		return strings.HasSuffix(bare, ":") || strings.HasSuffix(bare, "follows.")
	}
	line := strings.TrimLeft(r.row(next), "> ")
	return isMessageField(headerName(line)) || isStrongField(headerName(line)) || strings.HasPrefix(line, "From ")
}

// startsHeader reports whether the header of a message begins at row i,
// without anything that announces it.
func (r *reader) startsHeader(i int) bool {
	line := strings.TrimLeft(r.row(i), "> ")
	name := headerName(line)
	if name == "" && !strings.HasPrefix(line, "From ") || name != "" && !isMessageField(name) && !isStrongField(name) {
		return false
	}
	strong, fields := isStrongField(name), 1
	for j := i + 1; j < len(r.rows) && j < i+15 && !r.blank(j); j++ {
		line := strings.TrimLeft(r.row(j), "> ")
		if r.rows[j].indent > r.rows[i].indent || strings.HasPrefix(r.row(j), ">  ") || strings.HasPrefix(r.row(j), ">\t") {
			continue
		}
		name := headerName(line)
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

// isStrongField reports whether only the header of a message has such a
// field: no report shows it among what it says itself.
func isStrongField(name string) bool {
	switch strings.ToLower(name) {
	case "received", "return-path", "mime-version", "content-transfer-encoding", "dkim-signature", "x-mailer", "delivered-to", "x-originating-ip",
		"x-received", "arc-seal", "authentication-results", "envelope-to", "x-sender", "x-receiver", "x-google-smtp-source", "content-type", "user-agent", "x-spam-status":
		return true
	}
	return false
}

// isRule reports whether s is a line drawn with punctuation.
func isRule(s string) bool { return strings.Trim(s, "-=*_#~+ \t") == "" }
