package dsn

import (
	"bytes"
	"strconv"
	"strings"
)

// part is one entity of a message that is not a multipart.
type part struct {
	number   string // as IMAP counts, RFC 9051 section 6.4.5
	media    string // "text/plain", lower case
	params   string // of the media type
	within   string // the media type of the multipart around it
	encoding string // Content-Transfer-Encoding
	body     []byte // as it stands, still encoded
}

// multipart is a multipart that has begun and has not ended.
type multipart struct {
	boundary string
	media    string
	number   string
	parts    int
}

// walker cuts a message into its parts in one pass. It reads over what is
// broken: a lost boundary ends the part, and each such thing is a Defect.
type walker struct {
	msg     []byte
	limits  Limits
	top     *Fields   // where the header of the message goes
	defects *[]Defect // nil if they do not count

	read   int // parts and multiparts
	last   delimiter
	open   []multipart
	fields [32]Field // memory for the header of a part
	loose  []int     // lines of the last header that are no field
}

// next reads the next part, in order, and its header, which stays as it is
// until the next; false at the end. The header of the message itself is that of
// the first part only if the message is not a multipart.
func (w *walker) next(p *part) (header Fields, ok bool) {
	for ; ; w.read++ {
		first := w.read == 0
		pos := 0
		if first {
			pos = w.skipEnvelope()
		} else if pos = w.follow(w.last); pos < 0 {
			return nil, false
		}
		if w.read > w.limits.Parts {
			w.defect("limit Parts", "too many parts; the rest was not read", Place{p.number, 1})
			return nil, false
		}
		*p = part{media: "text/plain"}
		p.number, p.within = w.number()
		at := p.number
		if first {
			at = ""
		}
		if header, pos = w.header(pos, at); first {
			*w.top = header.clone()
		}
		p.encoding = header.Get("Content-Transfer-Encoding")
		f, ok := header.Find("Content-Type")
		if ok {
			if p.media, p.params = mediaType(f.Value); p.media == "" {
				w.defect("RFC 2045 section 5.1", "Content-Type is not a media type", Place{at, f.Line})
				p.media = "text/plain"
			}
		} else if p.within == "multipart/digest" {
			p.media = "message/rfc822"
		} else if first && beginsAsMultipart(w.msg[pos:]) {
			p.media = "multipart/mixed"
		}

		entered := false
		if strings.HasPrefix(p.media, "multipart/") {
			if w.last, entered = w.enter(p, pos, max(1, f.Line), first); !entered {
				p.media = "text/plain"
			}
		} else {
			w.last = w.delimiter(pos)
		}
		if !entered {
			p.body = w.msg[pos:w.last.start]
			if first {
				p.number = "1"
			}
			w.read++
			return header, true
		}
	}
}

func (w *walker) defect(rule, text string, at Place) {
	if w.defects != nil {
		w.limits.defect(w.defects, rule, text, at)
	}
}

// number returns the number of the part that begins now, and in what it stands.
func (w *walker) number() (number, within string) {
	if len(w.open) == 0 {
		return "", ""
	}
	m := &w.open[len(w.open)-1]
	m.parts++
	n := strconv.Itoa(m.parts)
	if m.number != "" {
		n = m.number + "." + n
	}
	return n, m.media
}

// enter opens a multipart, whose type stands in the given line, and returns
// the delimiter of its first part. Where there is none it returns false, and
// the delimiter that comes next.
func (w *walker) enter(p *part, pos, line int, first bool) (delimiter, bool) {
	number := p.number
	at := Place{number, line}
	if first {
		number = ""
	}
	m := multipart{boundary: param(p.params, "boundary"), media: p.media, number: number}
	if len(w.open) == w.limits.Depth {
		w.defect("limit Depth", "multiparts nest too deep; what lies deeper is read as text", at)
		return w.delimiter(pos), false
	}
	outer := w.delimiterOf(pos, m.boundary)
	if m.boundary != "" && outer.level == len(w.open) {
		w.open = append(w.open, m)
		return outer, true
	}
	if guess := guessBoundary(w.msg[pos:outer.start]); guess != "" {
		w.defect("RFC 2046 section 5.1.1", "the boundary parameter names no delimiter line; took the one in use", at)
		m.boundary = guess
		w.open = append(w.open, m)
		return w.delimiter(pos), true
	}
	w.defect("RFC 2046 section 5.1.1", "a multipart without a part", at)
	return outer, false
}

// follow goes on behind a delimiter: closes what it ends, and returns where
// the next part begins, -1 at the end of the message.
func (w *walker) follow(d delimiter) int {
	for {
		for len(w.open) > d.level+1 {
			lost := w.open[len(w.open)-1]
			w.defect("RFC 2046 section 5.1.1", "the boundary is never closed", Place{Part: lost.number, Line: 1})
			w.open = w.open[:len(w.open)-1]
		}
		if d.level < 0 {
			return -1
		}
		if !d.closing {
			return d.end
		}
		w.open = w.open[:d.level]
		if d.level == 0 {
			return -1
		}
		d = w.delimiter(d.end)
	}
}

// delimiter is a delimiter line. At the end of the message level is -1.
type delimiter struct {
	level      int // which of the open multiparts it belongs to
	closing    bool
	start, end int // where the part before it ends; where the next begins
}

// delimiter finds the next delimiter line of any open multipart.
func (w *walker) delimiter(pos int) delimiter { return w.delimiterOf(pos, "") }

// delimiterOf is delimiter, with one more boundary inside those that are open.
func (w *walker) delimiterOf(pos int, inner string) delimiter {
	if len(w.open) == 0 && inner == "" {
		return delimiter{level: -1, start: len(w.msg)}
	}
	for start := pos; pos < len(w.msg); {
		if bytes.HasPrefix(w.msg[pos:], []byte("--")) {
			if level, closing := w.match(w.msg[pos:], inner); level >= 0 {
				end := pos
				if end > start {
					end--
					if end > start && w.msg[end-1] == '\r' {
						end--
					}
				}
				next := len(w.msg)
				if i := bytes.IndexByte(w.msg[pos:], '\n'); i >= 0 {
					next = pos + i + 1
				}
				return delimiter{level, closing, end, next}
			}
		}
		i := indexLineOf(w.msg[pos:], '-')
		if i < 0 {
			break
		}
		pos += i
	}
	return delimiter{level: -1, start: len(w.msg)}
}

// match says to which multipart the delimiter line at the start of b belongs,
// -1 for none.
func (w *walker) match(b []byte, inner string) (level int, closing bool) {
	row := b[2:]
	if i := bytes.IndexByte(row, '\n'); i >= 0 {
		row = row[:i]
	}
	row = bytes.TrimRight(row, " \t\r")
	is := func(boundary string) bool {
		if len(row) < len(boundary) || boundary == "" || string(row[:len(boundary)]) != boundary {
			return false
		}
		closing = string(row[len(boundary):]) == "--"
		return closing || len(row) == len(boundary)
	}
	if is(inner) {
		return len(w.open), closing
	}
	for i := len(w.open) - 1; i >= 0; i-- {
		if is(w.open[i].boundary) {
			return i, closing
		}
	}
	return -1, false
}

// guessBoundary returns the boundary of the first line that looks like a
// delimiter: two hyphens, and a Content- field on the next line.
func guessBoundary(body []byte) string {
	for row := range bytes.Lines(body) {
		body = body[len(row):]
		row = bytes.TrimRight(row, " \t\r\n")
		if len(row) > 2 && string(row[:2]) == "--" && len(body) > 8 && bytes.EqualFold(body[:8], []byte("content-")) {
			return string(row[2:])
		}
	}
	return ""
}

// beginsAsMultipart reports whether body begins with a delimiter, or with one
// below the lines that speak of MIME to readers without it.
func beginsAsMultipart(body []byte) bool {
	body = body[:min(len(body), 1000)]
	boundary := guessBoundary(body)
	if boundary == "" {
		return false
	}
	preamble := bytes.TrimSpace(body[:bytes.Index(body, []byte("--"+boundary))])
	return len(preamble) == 0 || bytes.Contains(preamble, []byte(" MIME")) && bytes.Count(preamble, []byte("\n")) < 5
}

// skipEnvelope returns where the header begins: behind blank lines and the
// "From " line of an mbox.
func (w *walker) skipEnvelope() int {
	pos := 0
	for row := range bytes.Lines(w.msg) {
		if len(bytes.TrimSpace(row)) > 0 {
			break
		}
		pos += len(row)
	}
	if pos > 0 {
		w.defect("RFC 5322 section 3.5", "blank lines before the header", Place{Line: 1})
	}
	for bytes.HasPrefix(w.msg[pos:], []byte("From ")) || bytes.HasPrefix(w.msg[pos:], []byte(">From ")) {
		w.defect("RFC 4155", "the From_ line of an mbox before the header", Place{Line: 1})
		i := bytes.IndexByte(w.msg[pos:], '\n')
		if i < 0 {
			return len(w.msg)
		}
		pos += i + 1
	}
	return pos
}

// header reads the header that begins at pos and returns where its body
// begins. The fields stay as they are until the next header. In the header of a
// part a line that is no field begins the body: most likely the blank line is
// missing.
func (w *walker) header(pos int, number string) (Fields, int) {
	end := pos
	if number == "" {
		end += blankLine(w.msg[pos:])
		if !hasField(w.msg[pos:end]) {
			w.defect("RFC 5322 section 2.2", "the message begins without a header", Place{Line: 1})
			return nil, pos
		}
	} else {
		end = w.partHeader(pos, number)
	}
	w.loose = w.loose[:0]
	fields, _, _ := fieldReader{header: true, into: w.fields[:0]}.group(string(w.msg[pos:end]), 1, &w.loose)
	for _, line := range w.loose {
		w.defect("RFC 5322 section 2.2", "a header line without a colon", Place{Part: number, Line: line})
	}
	cutFields(fields, w.limits.Field, number, w.defect)
	return fields, skipLine(w.msg, end)
}

// partHeader returns where the header of a part that begins at pos ends.
func (w *walker) partHeader(pos int, number string) int {
	for pos < len(w.msg) {
		rest := w.msg[pos:]
		if startsBlank(rest) {
			break
		}
		i := bytes.IndexByte(rest, '\n')
		if !isBlank(rest[0]) && !startsField(rest) {
			if w.levelAt(rest) >= 0 {
				break
			}
			if i < 0 || !startsField(rest[i+1:]) { // else the line is damaged
				w.defect("RFC 2046 section 5.1", "a part begins without the blank line", Place{Part: number, Line: 1})
				break
			}
		}
		if i < 0 {
			return len(w.msg)
		}
		pos += i + 1
	}
	return pos
}

// levelAt says which open multipart the line at the start of b delimits, -1
// for none.
func (w *walker) levelAt(b []byte) int {
	if !bytes.HasPrefix(b, []byte("--")) {
		return -1
	}
	level, _ := w.match(b, "")
	return level
}

// hasField reports whether one of the first lines of a header is a field.
func hasField(header []byte) bool {
	for range 3 {
		if startsField(header) {
			return true
		}
		i := bytes.IndexByte(header, '\n')
		if i < 0 {
			return false
		}
		header = header[i+1:]
	}
	return false
}

// startsField reports whether b begins with a field.
func startsField(b []byte) bool { return fieldName(b) > 0 }

// mediaType splits the value of a Content-Type: "text/plain" in lower case,
// "" if there is none, and what stands behind it.
func mediaType(value string) (media, params string) {
	media, params, _ = strings.Cut(value, ";")
	if i := tokenEnd(media, '('); i > 0 {
		media = media[:i]
	}
	media = strings.ToLower(strings.TrimSpace(media))
	switch major, minor, ok := strings.Cut(media, "/"); {
	case media == "text":
		return "text/plain", params // RFC 1049
	case !ok || major == "" || minor == "":
		return "", ""
	}
	return media, params
}

// tokenEnd returns where white space or the given mark ends the token that s
// begins with.
func tokenEnd(s string, mark byte) int {
	i := 0
	for i < len(s) && s[i] != mark && !isBlank(s[i]) && s[i] != '\r' && s[i] != '\n' {
		i++
	}
	return i
}

// param returns the parameter of that name from the parameters of a
// structured field, RFC 2045 section 5.1; "" if it is not there.
func param(params, name string) string {
	for params != "" {
		i := 0
		for i < len(params) && params[i] != '=' && params[i] != ';' {
			i++
		}
		if i == len(params) {
			return ""
		}
		key := strings.TrimSpace(params[:i])
		if params[i] == ';' {
			params = params[i+1:]
			continue
		}
		var value string
		value, params = paramValue(strings.TrimLeft(params[i+1:], " \t\r\n"))
		if strings.EqualFold(key, name) {
			return value
		}
	}
	return ""
}

// paramValue reads a token or quoted string and returns what stands behind it.
func paramValue(s string) (value, rest string) {
	if s == "" || s[0] != '"' {
		i := tokenEnd(s, ';')
		return s[:i], s[i:]
	}
	s = s[1:]
	i := strings.IndexAny(s, `"\`)
	if i < 0 {
		return s, ""
	}
	if s[i] == '"' {
		return s[:i], s[i+1:]
	}
	var b strings.Builder
	for i = 0; i < len(s) && s[i] != '"'; i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String(), s[min(i+1, len(s)):]
}
