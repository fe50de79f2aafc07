package dsn

import (
	"iter"
	"strings"
)

// Field is one field of a header, of a status report or of a rule file.
type Field struct {
	Name  string // as written; "" for a line that is no field
	Value string // as written, folds included, without the line end
	Line  int    // from 1, in the text that was read
}

// Is reports whether the field has that name; case does not count.
func (f Field) Is(name string) bool { return strings.EqualFold(f.Name, name) }

// Text returns the value on one line, without the space around it: folds and
// every other run of white space with a line end in it become one space.
func (f Field) Text() string { return unfold(f.Value) }

// Fields are the fields of one header or group, in order.
type Fields []Field

// Get returns the unfolded value of the first field of that name, "" if there
// is none. Case does not count.
func (fs Fields) Get(name string) string {
	f, _ := fs.Find(name)
	return f.Text()
}

// Find returns the first field of that name; case does not count.
func (fs Fields) Find(name string) (Field, bool) {
	for _, f := range fs {
		if f.Is(name) {
			return f, true
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
// message/delivery-status (RFC 3464 section 2.1) and in rule files. A line that starts with
// white space continues the field above; a line that starts with # is a
// comment. A line that is neither is kept as a Field without a Name.
func Groups(text string) iter.Seq[Fields] {
	return func(yield func(Fields) bool) {
		for line := 1; text != ""; {
			var group Fields
			group, text, line = readFields(text, line)
			if len(group) > 0 && !yield(group) {
				return
			}
		}
	}
}

// readFields reads the fields up to the next blank line and returns what
// stands after it.
func readFields(text string, line int) (fields Fields, rest string, next int) {
	for text != "" {
		row, rest, _ := strings.Cut(text, "\n")
		size := len(text) - len(rest)
		row = strings.TrimSuffix(row, "\r")
		blank := strings.TrimLeft(row, " \t") == ""
		switch last := len(fields) - 1; {
		case blank:
			return fields, rest, line + 1
		case row[0] == '#':
		case (row[0] == ' ' || row[0] == '\t') && last >= 0:
			// Fields stand one after the other in text, so a value grows by reslicing only
			// when nothing was skipped between; joining is the simple way.
			fields[last].Value += "\n" + row
		default:
			name, value, ok := strings.Cut(row, ":")
			name = strings.TrimRight(name, " \t")
			if !ok || !isFieldName(name) {
				name, value = "", row
			}
			fields = append(fields, Field{name, strings.TrimLeft(value, " \t"), line})
		}
		text = text[size:]
		line++
	}
	return fields, "", line
}

// isFieldName reports whether s is a field name, RFC 5322 section 3.6.8.
func isFieldName(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return s != ""
}

// unfold puts a folded value on one line.
func unfold(s string) string {
	s = strings.TrimSpace(s)
	if !strings.ContainsAny(s, "\r\n") {
		return s
	}
	var b strings.Builder
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
