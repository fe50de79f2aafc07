package dsn

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestGroups(t *testing.T) {
	tests := []struct {
		name, text string
		want       []Fields
	}{
		{"nothing", "", nil},
		{"blank lines", "\n\r\n \n", nil},
		{"two groups", "A: 1\nB: 2\n\nA: 3\n", []Fields{{{"A", "1", 1}, {"B", "2", 2}}, {{"A", "3", 4}}}},
		{"CRLF and no last line end", "A: 1\r\n\r\nB: 2", []Fields{{{"A", "1", 1}}, {{"B", "2", 3}}}},
		{"fold", "A: 1\r\n\t2\r\nB:3\r\n", []Fields{{{"A", "1\r\n\t2", 1}, {"B", "3", 3}}}},
		{"fold without a field", " x\nA: 1\n", []Fields{{{"", " x", 1}, {"A", "1", 2}}}},
		{"empty value", "A:\nB: \n", []Fields{{{"A", "", 1}, {"B", "", 2}}}},
		{"space before the colon", "A : 1\n", []Fields{{{"A", "1", 1}}}},
		{"no field", "A: 1\nno field\n", []Fields{{{"A", "1", 1}, {"", "no field", 2}}}},
		{"comment", "# about\nA: 1\n# more\nB: 2\n\n# end\n", []Fields{{{"A", "1", 2}, {"B", "2", 4}}}},
		{"line of spaces ends a group", "A: 1\n  \nB: 2\n", []Fields{{{"A", "1", 1}}, {{"B", "2", 3}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []Fields
			for group := range Groups(tt.text) {
				got = append(got, slices.Clone(group))
			}
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestFieldText(t *testing.T) {
	tests := []struct{ name, value, want string }{
		{"plain", "a b ", "a b"},
		{"fold", "a\r\n b\n\tc", "a b c"},
		{"fold at an empty line", "a\n \n b", "a b"},
		{"inner space is kept", "a  b", "a  b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { assert.Equal(t, tt.want, Field{Value: tt.value}.Text()) })
	}
}

func TestFieldsGet(t *testing.T) {
	fields := Fields{{"To", "a", 1}, {"subject", "=?utf-8?q?gr=C3=BC=C3=9Fe?= =?x-none?q?=FF?=", 2}, {"to", "b", 3}}
	assert.Equal(t, "a", fields.Get("TO"))
	assert.Equal(t, "", fields.Get("Cc"))
	assert.Equal(t, "grüße", Fields{{"Subject", "=?utf-8?q?gr=C3=BC=C3=9Fe?=", 1}}.Decoded("Subject"))
	assert.Contains(t, fields.Decoded("Subject"), "?=", "an unknown charset is kept as written")
	assert.Equal(t, []Field{fields[0], fields[2]}, slices.Collect(fields.All("To")))
}

func FuzzGroups(f *testing.F) {
	f.Add("A: 1\n\tx\n\n# c\nB: 2\r\nnone")
	f.Add(": \n \n\r\n:")
	corpus(f, func(msg []byte, r *Report) {
		f.Add(string(msg))
		for i := range r.Recipients {
			f.Add(groupText(r.Fields) + "\n" + groupText(r.Recipients[i].Fields))
		}
	})
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Count(text, "\n") + 1
		last := 0
		for group := range Groups(text) {
			assert.NotEmpty(t, group)
			for _, field := range group {
				assert.Greater(t, field.Line, last)
				assert.LessOrEqual(t, field.Line, lines)
				assert.Contains(t, text, field.Value)
				assert.NotContains(t, field.Text(), "\n")
				last = field.Line
			}
		}
	})
}

// groupText writes the fields as they stood.
func groupText(fields Fields) string {
	var b strings.Builder
	for _, f := range fields {
		b.WriteString(f.Name + ": " + f.Value + "\n")
	}
	return b.String()
}
