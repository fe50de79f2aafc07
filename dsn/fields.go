package dsn

import (
	"iter"
	"math/bits"
	"slices"
	"strings"
	"time"
)

// Field is one field of a header, of a status report or of a rule file.
type Field struct {
	Name  string // as written; "" for a line that is no field
	Value string // as written, folds included, without the line end
	Line  int    // from 1, in the text that was read
}

// Is reports whether the field has that name; case does not count.
func (f Field) Is(name string) bool {
	return len(f.Name) == len(name) && equalFold(f.Name, name)
}

// equalFold is strings.EqualFold for two of the same length, most of which
// differ in the first letter or the last.
func equalFold(a, b string) bool {
	n := len(a) - 1
	return n < 0 || ((a[0]^b[0])|(a[n]^b[n]))&^0x20 == 0 && strings.EqualFold(a, b)
}

// Text returns the value on one line, without the space around it: a fold and
// the space around it become one space.
func (f Field) Text() string { return unfold(f.Value) }

// Fields are the fields of one header or group, in order.
type Fields []Field

// Get returns the unfolded value of the first field of that name, "" if there
// is none. Case does not count.
func (fs Fields) Get(name string) string {
	f, _ := fs.Find(name)
	return f.Text()
}

// Decoded is Get with the encoded words of RFC 2047 decoded.
func (fs Fields) Decoded(name string) string { return decodeWords(fs.Get(name)) }

// Date returns the first field of that name as a date, in any of the forms
// that servers write; the zero time if there is none or it is no date.
func (fs Fields) Date(name string) time.Time { return parseDate(fs.Get(name)) }

// Find returns the first field of that name; case does not count.
func (fs Fields) Find(name string) (Field, bool) {
	for i := range fs {
		if fs[i].Is(name) {
			return fs[i], true
		}
	}
	return Field{}, false
}

// All yields every field of that name in order; case does not count.
func (fs Fields) All(name string) iter.Seq[Field] {
	return func(yield func(Field) bool) {
		for _, f := range fs {
			if f.Is(name) && !yield(f) {
				return
			}
		}
	}
}

// Groups yields the groups of fields in text, which blank lines part, as in
// message/delivery-status (RFC 3464 section 2.1) and in rule files. A line
// that starts with white space continues the field above; a line that starts
// with # is a comment. A line that is neither is kept as a Field without a
// Name. Each group takes the memory of the one before; clone what is to stay.
func Groups(text string) iter.Seq[Fields] {
	return func(yield func(Fields) bool) {
		r := fieldReader[string]{text: text, comments: true}
		var spans []fieldSpan
		fields := make(Fields, 0, 32)
		for pos, line := 0, 1; pos < len(text); {
			spans, pos, line = r.group(pos, line, spans, nil)
			fields = appendFields(fields[:0], text, spans)
			if len(fields) > 0 && !yield(fields) {
				return
			}
		}
	}
}

// appendFields appends the fields at those places of a text.
func appendFields(fields Fields, text string, spans []fieldSpan) Fields {
	for _, f := range spans {
		fields = append(fields, Field{text[f.start:f.name], text[f.value:f.end], f.line})
	}
	return fields
}

// fieldsAt returns the fields at those places of a text, in memory of their own.
func fieldsAt(text []byte, spans []fieldSpan) Fields {
	n := len(spans)
	if n == 0 {
		return nil
	}
	return appendFields(make(Fields, 0, n), string(text[:spans[n-1].end]), spans)
}

// findField returns the value and the line of the first field of that name,
// which is in lower case; nil if there is none.
func findField(text []byte, spans []fieldSpan, name string) (value []byte, line int) {
	for _, f := range spans {
		if isLowerOf(text[f.start:f.name], name) {
			return text[f.value:f.end], f.line
		}
	}
	return nil, 0
}

// fieldSpan is where a field stands in a text: its name is text[start:name], its
// value text[value:end].
type fieldSpan struct {
	start, name, value, end int
	line                    int
}

// fieldReader finds the fields in a text.
type fieldReader[T string | []byte] struct {
	text     T
	header   bool               // a line of white space does not end the group, RFC 5322 section 4.2
	comments bool               // lines that start with # are comments
	isBody   func(pos int) bool // if not nil, whether the line there, which is no field, ends the group
}

// group reads the fields from pos on, which is in the given line, up to the
// next blank line, and returns where the text behind that line begins. If loose
// is not nil, a line that is no field joins the field above, and its number
// goes there. The fields go into the memory of into.
func (r fieldReader[T]) group(pos, line int, into []fieldSpan, loose *[]int) (fields []fieldSpan, next, nextLine int) {
	fields = into[:0]
	for ; pos < len(r.text); line++ {
		end, after := lineEnd(r.text, pos)
		if end == pos || !r.header && isSpace(r.text[pos:end]) {
			return fields, after, line + 1
		}
		switch c := r.text[pos]; {
		case r.comments && c == '#':
		case isBlank(c) && len(fields) > 0:
			fields[len(fields)-1].end = end
		default:
			colon := fieldName(r.text[pos:])
			if colon == 0 {
				if r.isBody != nil && !isBlank(c) && r.isBody(pos) {
					return fields, pos, line
				}
				if loose != nil {
					*loose = append(*loose, line)
					if len(fields) > 0 {
						fields[len(fields)-1].end = end
						break
					}
				}
			}
			f := fieldSpan{start: pos, name: pos + colon, value: pos, end: end, line: line}
			for f.name > pos && isBlank(r.text[f.name-1]) {
				f.name--
			}
			if colon > 0 {
				for f.value += colon + 1; f.value < end && isBlank(r.text[f.value]); f.value++ {
				}
			}
			if len(fields) == cap(fields) {
				more := 1 + len(fields) // append grows a large one by less
				if r.header && r.isBody == nil {
					more = r.rest(pos)
				}
				fields = slices.Grow(fields, more)
			}
			fields = append(fields, f)
		}
		pos = after
	}
	return fields, pos, line
}

// rest returns how many fields the header of a message may have from pos on: no
// more memory is taken for a million of them.
func (r fieldReader[T]) rest(pos int) int {
	n := 0
	for pos < len(r.text) {
		end, after := lineEnd(r.text, pos)
		if end == pos {
			break
		}
		if !isBlank(r.text[pos]) {
			n++
		}
		pos = after
	}
	return n
}

// isBlank reports whether c is a space or a tab.
func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// fieldName returns where the colon behind the row's field name stands, 0 if
// the row is no field, RFC 5322 section 3.6.8. Space before the colon is
// allowed, RFC 5322 section 4.5.
func fieldName[T string | []byte](row T) int {
	i := nameEnd(row)
	end := i
	for i < len(row) && isBlank(row[i]) {
		i++
	}
	if end == 0 || i == len(row) || row[i] != ':' {
		return 0
	}
	return i
}

// nameEnd returns where the first character stands of which no name of a field
// is made: white space, a colon, a control character, or one beyond ASCII.
func nameEnd[T string | []byte](row T) int {
	rest := row
	for ; len(rest) >= 8; rest = rest[8:] {
		n := eight(rest)
		visible, colon := n+(0x80-'!')*eachByte, n^':'*eachByte
		if end := (n | (n + eachByte) | ^visible | (colon-eachByte)&^colon) & highBits; end != 0 { // the lowest is right
			return len(row) - len(rest) + bits.TrailingZeros64(end)/8
		}
	}
	for i := range len(rest) {
		if c := rest[i]; c <= ' ' || c >= 0x7f || c == ':' {
			return len(row) - len(rest) + i
		}
	}
	return len(row)
}

func isSpace[T string | []byte](s T) bool {
	for i := range len(s) {
		if !isBlank(s[i]) && s[i] != '\r' {
			return false
		}
	}
	return true
}

// lowerName returns the name of a field in lower case for a switch, nil for
// one that is longer than any known.
func lowerName(buf *[32]byte, name string) []byte {
	if len(name) > len(buf) {
		return nil
	}
	for i := range len(name) {
		buf[i] = lower(name[i])
	}
	return buf[:len(name)]
}

// unfold puts a folded value on one line.
func unfold(s string) string {
	s = strings.TrimSpace(s)
	if strings.IndexByte(s, '\n') < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for row := range strings.Lines(s) {
		if row = strings.TrimSpace(row); row == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(row)
	}
	return b.String()
}
