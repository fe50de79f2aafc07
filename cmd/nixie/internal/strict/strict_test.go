package strict_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nixie/classify/ledger"
	"nixie/cmd/nixie/internal/strict"
)

type inner struct {
	Size float64 `toml:"size"`
}

type outer struct {
	Name  string      `toml:"name"`
	Span  ledger.Span `toml:"span"`
	Words []string    `toml:"words"`
	One   inner       `toml:"one"`
	Many  []inner     `toml:"many"`
	inner
}

func TestDecode(t *testing.T) {
	d, err := strict.Parse("f.toml", "name = 'x'\nspan = '2w'\nwords = ['c']\n[one]\nsize = 1\n[[many]]\n[[many]]\nsize = 2.5\n")
	require.NoError(t, err)
	v := outer{Words: []string{"a", "b"}, Many: []inner{{7}}}
	require.NoError(t, d.Decode(&v))
	assert.Equal(t, outer{Name: "x", Span: 14 * ledger.Day, Words: []string{"c"}, One: inner{1}, Many: []inner{{}, {2.5}}}, v)

	v = outer{Name: "kept"}
	require.NoError(t, d.Decode(&v, "no", "such", "table"))
	assert.Equal(t, outer{Name: "kept"}, v)
	var in inner
	require.NoError(t, d.Decode(&in, "one"))
	assert.Equal(t, inner{1}, in)
}

func TestEveryMistakeIsNamedWithItsLine(t *testing.T) {
	d, err := strict.Parse("f.toml", `
name = 1
span = "long"
nmae = "x"
words = "x"

[one]
size = "big"
sise = 1

[[many]]
size = "s"
[[many]]
size = 1
[[many]]
x = 1
`)
	require.NoError(t, err)
	assert.EqualError(t, d.Decode(&outer{}), `f.toml: many[1].size: must be a number, is a text
f.toml:2: must be a text, is a whole number
f.toml:3: "long" is no length of time: write 90d, 2w or 36h
f.toml:4: unknown key nmae
f.toml:5: must be a list, is a text
f.toml:8: must be a number, is a text
f.toml:9: unknown key one.sise
f.toml:16: unknown key many[3].x`)
	assert.Equal(t, 9, d.Line("one", "sise"))
	assert.Equal(t, 7, d.Line("one"))
	assert.Zero(t, d.Line("two"))

	d, err = strict.Parse("g.toml", "one = 'x'\n\nmany = 3")
	require.NoError(t, err)
	assert.EqualError(t, d.Decode(&outer{}), "g.toml:1: must be a table\ng.toml:3: must be a list, is a whole number")
}

func TestNoTOML(t *testing.T) {
	for text, want := range map[string]string{
		"a = 1\nb = \n": "f.toml:2: ",
		"a = 1\na = 2":  "f.toml:2: ",
		"a = \"\\q\"":   "f.toml:1: ",
		"[a\n":          "f.toml:2: ",
		"\x00":          "f.toml:1: ",
	} {
		_, err := strict.Parse("f.toml", text)
		assert.ErrorContains(t, err, want, "%q", text)
	}
}

func TestValuesAndTables(t *testing.T) {
	d, err := strict.Parse("f.toml", "b = 'x'\na = 1\n[source.z]\nurl = 'u'\n[source.y]\n[source.x.deep]\nn = true\n[[list]]\nk = 1\n")
	require.NoError(t, err)
	assert.Equal(t, []strict.Value{
		{[]string{"b"}, "x", 1}, {[]string{"a"}, int64(1), 2}, {[]string{"source", "z", "url"}, "u", 4}, {[]string{"source", "y"}, map[string]any{}, 5},
		{[]string{"source", "x", "deep", "n"}, true, 7}, {[]string{"list"}, []map[string]any{{"k": int64(1)}}, 8},
	}, d.Values())
	assert.Equal(t, []string{"z", "y", "x"}, d.Tables("source"))
	assert.Empty(t, d.Tables("list"))
	assert.True(t, d.Has("source", "y"))
	assert.False(t, d.Has("source", "w"))
}
