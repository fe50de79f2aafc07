package dsn

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

// corpus calls each with every message of testdata/eml.
func corpus(f *testing.F, each func(msg []byte, r *Report)) {
	for _, msg := range messages(f) {
		each(msg, Parse(msg))
	}
}

// FuzzDiagnostic holds that an answer stands on one line, is no longer than
// what it was read from, and has the reply code that was found in it.
func FuzzDiagnostic(f *testing.F) {
	corpus(f, func(_ []byte, r *Report) {
		for i := range r.Recipients {
			if code, ok := r.Recipients[i].Fields.Find("Diagnostic-Code"); ok {
				f.Add(code.Value)
			}
			f.Add(r.Recipients[i].Diagnostic.Text)
		}
	})
	f.Fuzz(func(t *testing.T, value string) {
		for _, read := range []func(string) Diagnostic{parseDiagnosticCode, ParseDiagnostic, proseDiagnostic} {
			d := read(value)
			assert.Equal(t, d, read(value))
			assert.False(t, strings.ContainsAny(d.Text, "\n\r\t"), "%q", d.Text)
			assert.LessOrEqual(t, len(d.Text), len(value))
			assert.Contains(t, d.Text, d.Reply.String())
			assert.True(t, d.Command == "" || slices.Contains(commands, d.Command), d.Command)
			assert.True(t, utf8.ValidString(d.Text) || !utf8.ValidString(value), "%q", d.Text)
		}
	})
}

// FuzzHTML holds that the text of a page is UTF-8 if the page is, and not much
// longer than it.
func FuzzHTML(f *testing.F) {
	corpus(f, func(msg []byte, _ *Report) {
		var header Fields
		for part := range partsOf(msg, &header, nil) {
			if part.media == "text/html" {
				f.Add(string(part.body))
			}
		}
	})
	f.Add("<html><head><title>x</title></head><body><p>a&nbsp;b&#0;&#xd800;<br>c<script>alert(1)</script><style>p{}</style><li>d<pre>e\n f")
	f.Fuzz(func(t *testing.T, page string) {
		text := htmlText(page)
		assert.Equal(t, text, htmlText(page))
		assert.True(t, utf8.ValidString(text) || !utf8.ValidString(page), "%q", text)
		assert.LessOrEqual(t, len(text), 2*len(page)+1)
	})
}

// FuzzDialects has a text read by a dialect, whether it is its own or not. What
// the templates match lies in the text, and so does what is made of it.
func FuzzDialects(f *testing.F) {
	all := dialects().all
	corpus(f, func(_ []byte, r *Report) {
		if n := slices.IndexFunc(all, func(d *dialect) bool { return d.name == r.Dialect }); n >= 0 {
			f.Add(uint8(n), r.Header.Get("From"), r.Text)
		}
	})
	f.Fuzz(func(t *testing.T, n uint8, from, text string) {
		if !utf8.ValidString(text) || strings.Contains(text, "\r") {
			return
		}
		d := all[int(n)%len(all)]
		r := reader{signs: readSigns(Fields{{Name: "From", Value: from, Line: 1}}), at: Place{"1", 1}, text: text, original: -1}
		r.read()
		for _, row := range r.rows {
			for _, list := range [][]template{d.begin, d.recipient, d.line, d.failed, d.delayed, d.delivered, d.end} {
				for i := range list {
					if c, ok := list[i].match(r.text, row.start, row.end); ok {
						liesIn(t, c.address, row.start, len(r.text))
						liesIn(t, c.host, row.start, len(r.text))
						liesIn(t, c.local, row.start, len(r.text))
						liesIn(t, span{max(c.answer, row.start), c.end}, row.start, len(r.text))
					}
				}
			}
		}
		r.run(d)
		for _, rec := range r.recipients() {
			assert.LessOrEqual(t, rec.At.Line, strings.Count(text, "\n")+1)
			assert.LessOrEqual(t, rec.Diagnostic.At.Line, strings.Count(text, "\n")+1)
		}
	})
}

// liesIn demands that a span that is not zero lies in text[from:to].
func liesIn(t *testing.T, s span, from, to int) {
	t.Helper()
	if s != (span{}) {
		assert.True(t, from <= s.start && s.start <= s.end && s.end <= to, "%v in %d:%d", s, from, to)
	}
}
