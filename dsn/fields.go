package dsn

import (
	"iter"
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
	return len(f.Name) == len(name) && (name == "" || lower(f.Name[0]) == lower(name[0]) && strings.EqualFold(f.Name, name))
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

// clone copies the fields into memory of their own.
func (fs Fields) clone() Fields {
	if len(fs) == 0 {
		return nil
	}
	own := make(Fields, len(fs))
	copy(own, fs)
	return own
}

// Groups yields the groups of fields in text, which blank lines part, as in
// message/delivery-status (RFC 3464 section 2.1) and in rule files. A line
// that starts with white space continues the field above; a line that starts
// with # is a comment. A line that is neither is kept as a Field without a
// Name. Each group takes the memory of the one before; clone what is to stay.
func Groups(text string) iter.Seq[Fields] {
	return fieldReader{comments: true}.groups(text)
}

// fieldReader reads fields from text. The values are parts of that text.
type fieldReader struct {
	header   bool   // a line of white space does not end the group, RFC 5322 section 4.2
	comments bool   // lines that start with # are comments
	into     Fields // memory for the fields, if not nil
}

func (r fieldReader) groups(text string) iter.Seq[Fields] {
	return func(yield func(Fields) bool) {
		r.into = make(Fields, 0, 32)
		for line := 1; text != ""; {
			var group Fields
			group, text, line = r.group(text, line, nil)
			if len(group) > 0 && !yield(group) {
				return
			}
			r.into = group[:0]
		}
	}
}

// group reads the fields up to the next blank line, and returns the text
// behind that line and its number. If loose is not nil, a line that is no field
// joins the field above, and its number goes there.
func (r fieldReader) group(text string, line int, loose *[]int) (fields Fields, rest string, next int) {
	fields = r.into
	value := 0 // where the last field's value begins
	for pos := 0; pos < len(text); line++ {
		end, after := lineEnd(text, pos)
		row := text[pos:end]
		switch {
		case row == "" || !r.header && isSpace(row):
			return fields, text[after:], line + 1
		case r.comments && row[0] == '#':
		case isBlank(row[0]) && len(fields) > 0:
			fields[len(fields)-1].Value = text[value:end]
		default:
			colon := fieldName(row)
			if colon == 0 && loose != nil {
				*loose = append(*loose, line)
				if len(fields) > 0 {
					fields[len(fields)-1].Value = text[value:end]
					break
				}
			}
			name := row[:colon]
			for name != "" && isBlank(name[len(name)-1]) {
				name = name[:len(name)-1]
			}
			if value = pos; colon > 0 {
				for value += colon + 1; value < end && isBlank(text[value]); value++ {
				}
			}
			if cap(fields) == 0 {
				fields = make(Fields, 0, 8)
			}
			fields = append(fields, Field{name, text[value:end], line})
		}
		pos = after
	}
	return fields, "", line
}

// isBlank reports whether c is a space or a tab.
func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// fieldName returns where the colon behind the row's field name stands, 0 if
// the row is no field, RFC 5322 section 3.6.8. Space before the colon is
// allowed, RFC 5322 section 4.5.
func fieldName[T string | []byte](row T) int {
	i := 0
	for i < len(row) && isFieldChar[row[i]] {
		i++
	}
	end := i
	for i < len(row) && isBlank(row[i]) {
		i++
	}
	if end == 0 || i == len(row) || row[i] != ':' {
		return 0
	}
	return i
}

// isFieldChar has the characters of which the name of a field is made.
var isFieldChar = func() (is [256]bool) {
	for c := '!'; c <= '~'; c++ {
		is[c] = c != ':'
	}
	return is
}()

func isSpace(s string) bool {
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
