package dsn

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// part is one entity of a message that is not a multipart.
type part struct {
	number   string // as IMAP counts, RFC 9051 section 6.4.5
	media    string // "text/plain", lower case
	params   []byte // of the media type
	within   string // the media type of the multipart around it
	encoding string // Content-Transfer-Encoding, lower case
	header   []byte // as it stands, with what follows
	body     []byte // as it stands, still encoded
}

// multipart is a multipart that has begun and has not ended.
type multipart struct {
	boundary []byte
	media    string
	number   string
	parts    int
}

// walker cuts a message into its parts in one pass. It reads over what is
// broken: a lost boundary ends the part, and each such thing is a Defect.
type walker struct {
	msg []byte
	*memory
	limits  Limits
	prose   bool      // the message stands in a text: white space on a line ends its header
	top     *Fields   // where the header of the message goes
	defects *[]Defect // nil if they do not count

	read int // parts and multiparts
	last delimiter
}

// next reads the next part, in order, and where the fields of its header are,
// until the next; false at the end. The header of the message itself is that of
// the first part only if the message is not a multipart.
func (w *walker) next(p *part) (header []fieldSpan, ok bool) {
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
		p.header = w.msg[pos:]
		if header, pos = w.header(pos, at); first {
			*w.top = fieldsAt(p.header, header)
		}
		if value, _ := findField(p.header, header, "content-transfer-encoding"); value != nil {
			p.encoding = unfold(lowerOf(bytes.TrimSpace(value), encodings))
		}
		value, line := findField(p.header, header, "content-type")
		if value != nil {
			if p.media, p.params = mediaType(value); p.media == "" {
				w.defect("RFC 2045 section 5.1", "Content-Type is not a media type", Place{at, line})
				p.media = "text/plain"
			}
		} else if p.within == "multipart/digest" {
			p.media = "message/rfc822"
		} else if first && beginsAsMultipart(w.msg[pos:]) {
			p.media = "multipart/mixed"
		}

		entered := false
		if strings.HasPrefix(p.media, "multipart/") {
			if w.last, entered = w.enter(p, pos, max(1, line), first); !entered {
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
	if len(m.boundary) > 0 && outer.level == len(w.open) {
		w.open = append(w.open, m)
		return outer, true
	}
	if guess := guessBoundary(w.msg[pos:outer.start]); len(guess) > 0 {
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
func (w *walker) delimiter(pos int) delimiter { return w.delimiterOf(pos, nil) }

// delimiterOf is delimiter, with one more boundary inside those that are open.
func (w *walker) delimiterOf(pos int, inner []byte) delimiter {
	if len(w.open) == 0 && len(inner) == 0 {
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
func (w *walker) match(b, inner []byte) (level int, closing bool) {
	end, _ := lineEnd(b, 2)
	row := b[2:end]
	for len(row) > 0 && (isBlank(row[len(row)-1]) || row[len(row)-1] == '\r') {
		row = row[:len(row)-1]
	}
	is := func(boundary []byte) bool {
		if len(boundary) == 0 || !bytes.HasPrefix(row, boundary) {
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
func guessBoundary(body []byte) []byte {
	for {
		if bytes.HasPrefix(body, []byte("--")) {
			end, after := lineEnd(body, 2)
			row, next := bytes.TrimRight(body[2:end], " \t\r"), body[after:]
			if len(row) > 0 && len(next) > 8 && bytes.EqualFold(next[:8], []byte("content-")) {
				return row
			}
		}
		i := indexLineOf(body, '-')
		if i < 0 {
			return nil
		}
		body = body[i:]
	}
}

// beginsAsMultipart reports whether body begins with a delimiter, or with one
// below the lines that speak of MIME to readers without it.
func beginsAsMultipart(body []byte) bool {
	body = body[:min(len(body), 1000)]
	boundary := guessBoundary(body)
	if len(boundary) == 0 {
		return false
	}
	preamble := bytes.TrimSpace(body[:bytes.Index(body, append([]byte("--"), boundary...))])
	return len(preamble) == 0 || bytes.Contains(preamble, []byte(" MIME")) && bytes.Count(preamble, []byte("\n")) < 5
}

// skipEnvelope returns where the header begins: behind blank lines and the
// "From " line of an mbox.
func (w *walker) skipEnvelope() int {
	pos := 0
	if len(w.msg) > 0 && (w.msg[0] <= ' ' || w.msg[0] >= utf8.RuneSelf) {
		for row := range bytes.Lines(w.msg) {
			if len(bytes.TrimSpace(row)) > 0 {
				break
			}
			pos += len(row)
		}
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

// header reads the header that begins at pos, and returns where its fields are,
// counted from there, until the next, and where the body begins. In the header
// of a part a line that is no field begins the body: most likely the blank line
// is missing.
func (w *walker) header(pos int, number string) (fields []fieldSpan, body int) {
	if number == "" && !hasField(w.msg[pos:]) {
		w.defect("RFC 5322 section 2.2", "the message begins without a header", Place{Line: 1})
		return nil, pos
	}
	text := w.msg[pos:]
	r := fieldReader[[]byte]{text: text, header: !w.prose}
	if number != "" {
		r.isBody = func(at int) bool { return w.isBody(text[at:], number) }
	}
	w.loose = w.loose[:0]
	fields, end, _ := r.group(0, 1, w.spans[:0], &w.loose)
	for _, line := range w.loose {
		w.defect("RFC 5322 section 2.2", "a header line without a colon", Place{Part: number, Line: line})
	}
	cutFields(text, fields, w.limits.Field, number, w.defect)
	return fields, pos + end
}

// isBody reports whether b, which begins with a line of the header of a part
// that is no field, is the body.
func (w *walker) isBody(b []byte, number string) bool {
	if w.levelAt(b) >= 0 {
		return true
	}
	if i := bytes.IndexByte(b, '\n'); i >= 0 && startsField(b[i+1:]) {
		return false // the line is damaged
	}
	w.defect("RFC 2046 section 5.1", "a part begins without the blank line", Place{Part: number, Line: 1})
	return true
}

// levelAt says which open multipart the line at the start of b delimits, -1
// for none.
func (w *walker) levelAt(b []byte) int {
	if !bytes.HasPrefix(b, []byte("--")) {
		return -1
	}
	level, _ := w.match(b, nil)
	return level
}

// hasField reports whether one of the first lines of a message is a field of
// its header.
func hasField(msg []byte) bool {
	for range 3 {
		if startsField(msg) {
			return true
		}
		end, after := lineEnd(msg, 0)
		if end == 0 {
			return false
		}
		msg = msg[after:]
	}
	return false
}

// startsField reports whether b begins with a field.
func startsField(b []byte) bool { return fieldName(b) > 0 }

// encodings and mediaTypes are most that are met.
var (
	encodings  = []string{"7bit", "8bit", "quoted-printable", "base64"}
	mediaTypes = []string{"text/plain", "message/delivery-status", "message/rfc822", "multipart/report", "text/html", "text/rfc822-headers", "multipart/alternative", "multipart/mixed"}
)

// mediaType splits the value of a Content-Type: "text/plain" in lower case,
// "" if there is none, and what stands behind it.
func mediaType(value []byte) (media string, params []byte) {
	name, params, _ := bytes.Cut(value, []byte(";"))
	if i := tokenEnd(name, '('); i > 0 {
		name = name[:i]
	}
	media = lowerOf(bytes.TrimSpace(name), mediaTypes)
	switch major, minor, ok := strings.Cut(media, "/"); {
	case media == "text":
		return "text/plain", params // RFC 1049
	case !ok || major == "" || minor == "":
		return "", nil
	}
	return media, params
}

// lowerOf returns b in lower case. What is in known is not copied.
func lowerOf(b []byte, known []string) string {
	for _, k := range known {
		if isLowerOf(b, k) {
			return k
		}
	}
	return strings.ToLower(string(b))
}

func isLowerOf(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i := range b {
		if lower(b[i]) != s[i] {
			return false
		}
	}
	return true
}

// tokenEnd returns where white space or the given mark ends the token that s
// begins with.
func tokenEnd[T string | []byte](s T, mark byte) int {
	i := 0
	for i < len(s) && s[i] != mark && !isBlank(s[i]) && s[i] != '\r' && s[i] != '\n' {
		i++
	}
	return i
}

// param returns the parameter of that name, which is in lower case, from the
// parameters of a structured field, RFC 2045 section 5.1; nil if it is not
// there.
func param(params []byte, name string) []byte {
	for len(params) > 0 {
		i := 0
		for i < len(params) && params[i] != '=' && params[i] != ';' {
			i++
		}
		if i == len(params) {
			return nil
		}
		key := bytes.TrimSpace(params[:i])
		if params[i] == ';' {
			params = params[i+1:]
			continue
		}
		var value []byte
		value, params = paramValue(bytes.TrimLeft(params[i+1:], " \t\r\n"))
		if isLowerOf(key, name) {
			return value
		}
	}
	return nil
}

// paramValue reads a token or quoted string and returns what stands behind it.
func paramValue(s []byte) (value, rest []byte) {
	if len(s) == 0 || s[0] != '"' {
		i := tokenEnd(s, ';')
		return s[:i], s[i:]
	}
	s = s[1:]
	value, rest, _ = bytes.Cut(s, []byte{'"'})
	if bytes.IndexByte(value, '\\') < 0 {
		return value, rest
	}
	value = nil
	i := 0
	for ; i < len(s) && s[i] != '"'; i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		value = append(value, s[i])
	}
	return value, s[min(i+1, len(s)):]
}
