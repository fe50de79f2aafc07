package dsn

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDialectsCompile(t *testing.T) {
	all, err := loadDialects()
	require.NoError(t, err)
	require.NotEmpty(t, all)
	for _, d := range all {
		for i := range d.begin {
			b := &d.begin[i]
			if b.tokens[0].hole == "" && b.tokens[0].words == "" {
				t.Errorf("%s: an empty Begin", d.name)
			}
			assert.GreaterOrEqual(t, b.fixed+20*len(d.conditions), 10, "%s: a Begin that ordinary mail has too", d.name)
		}
	}
}

// TestDialectsHaveMessages asks for a message in testdata/eml that each
// dialect reads.
func TestDialectsHaveMessages(t *testing.T) {
	read := map[string]bool{}
	for _, msg := range messages(t) {
		read[Parse(msg).Dialect] = true
	}
	all, err := loadDialects()
	require.NoError(t, err)
	for _, d := range all {
		assert.True(t, read[d.name] || d.notice, "no message in testdata/eml is read by the dialect %s", d.name)
	}
}

func TestDialectStatesTheAction(t *testing.T) {
	report := Parse([]byte(`From: MAILER-DAEMON@out.example.com (Mail Delivery System)

This is the mail system at host out.example.com.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

<print@example.org>: temporary failure
`))
	require.Len(t, report.Recipients, 1)
	assert.Equal(t, "postfix", report.Dialect)
	assert.Equal(t, Failed, report.Recipients[0].Action)
}

func TestParseDialect(t *testing.T) {
	for _, record := range []string{
		"Software: nameless\nBegin: Hello",
		"Dialect: no-begin\nSubject: failure",
		"Dialect: hole\nBegin: Dear {name}",
		"Dialect: open\nBegin: Dear {addr",
		"Dialect: means\nMeans: something\nBegin: Hello",
		"Dialect: field\nBegin: Hello\nnot a field",
	} {
		for group := range Groups(record) {
			_, err := parseDialect(group)
			assert.Error(t, err, record)
		}
	}
}

func TestTemplate(t *testing.T) {
	cases := []struct {
		template, text        string
		ok                    bool
		address, host, answer string
	}{
		{"<{addr}>:", "<bob@example.org>: what follows", true, "bob@example.org", "", ""},
		{"<{addr}>:", "bob@example.org:", false, "", "", ""},
		{"Hi. This is the {any} at {host}", "hi.  This is the qmail-send\tprogram at mx.example.org.", true, "", "mx.example.org", ""},
		{"could not be delivered", "Could not\nbe delivered", true, "", "", ""},
		{"could not be delivered", "could not", false, "", "", ""},
		{"couldn't", "couldn’t", true, "", "", ""},
		{"Remote host said: {reply}", "Remote host said: 550 5.1.1 unknown", true, "", "", "550 5.1.1 unknown"},
		{"Remote host said: {reply}", "Remote host said: 5.1.1 unknown", true, "", "", "5.1.1 unknown"},
		{"Remote host said: {reply}", "Remote host said: goodbye", false, "", "", ""},
		{"Reason: {rest}", "Reason: gone", true, "", "", "gone"},
		{"was not delivered to: {addr} because:", "was not delivered to:\n\n  bob@example.org\n\nbecause:\n", true, "bob@example.org", "", ""},
		{"Reason: {line}", "Reason: gone", true, "", "", "gone"},
		{"{local}", "bob", true, "", "", ""},
		{"{local}", "bob and carol", false, "", "", ""},
		{"{local}", "--", false, "", "", ""},
		{"{any} gave {reply}", "mx.example.org gave 550 no", true, "", "", "550 no"},
		{"{addr} on {rest}", "bob@example.org on Friday", true, "bob@example.org", "", "Friday"},
		{"{command} {ip}: {rest}", "RCPT TO [192.0.2.1]: no", true, "", "", "no"},
		{"Не доставлено", "НЕ ДОСТАВЛЕНО", true, "", "", ""},
		{"宛先：{addr}", "宛先：bob@example.orgです", true, "bob@example.org", "", ""},
	}
	for _, c := range cases {
		t.Run(c.template+" on "+c.text, func(t *testing.T) {
			tpl, err := parseTemplate(c.template)
			require.NoError(t, err)
			end, _ := lineEnd(c.text, 0)
			got, ok := tpl.match(c.text, 0, end)
			require.Equal(t, c.ok, ok)
			if !ok {
				return
			}
			assert.Equal(t, c.address, c.text[got.address.start:got.address.end])
			assert.Equal(t, c.host, c.text[got.host.start:got.host.end])
			if got.answer >= 0 {
				assert.Equal(t, c.answer, c.text[got.answer:])
			} else {
				assert.Empty(t, c.answer)
			}
		})
	}
}

func TestPhrasesCompile(t *testing.T) {
	assert.Greater(t, len(phrases().nodes), 1000)
	assert.Equal(t, saysFailed, saysIn("it could not\n be delivered")&saysFailed)
	assert.Zero(t, saysIn("preundeliverable")&saysFailed)
	assert.Equal(t, saysFailed, saysIn("邮件投递失败了")&saysFailed)
	assert.Equal(t, saysFailed, saysIn("n’a pas pu être remis")&saysFailed)
}

func TestNextAddress(t *testing.T) {
	cases := []struct {
		text string
		want []string
	}{
		{"to bob@example.org, and <carol@example.com>.", []string{"bob@example.org", "carol@example.com"}},
		{"'bob@example.org' \"carol@example.com\"", []string{"bob@example.org", "carol@example.com"}},
		{"<\"bob smith\"@example.org>", []string{"\"bob smith\"@example.org"}},
		{"<root@localhost> root@localhost", []string{"root@localhost"}},
		{"bob@[192.0.2.1]", []string{"bob@[192.0.2.1]"}},
		{"アドレスbob@example.jpは", []string{"bob@example.jp"}},
		{"jürgen@bücher.example", []string{"jürgen@bücher.example"}},
		{"<用户@例子.example>", []string{"用户@例子.example"}},
		{"mailto:bob@example.org", []string{"bob@example.org"}},
		{"bounce+bob=example.org@example.com", []string{"bounce+bob=example.org@example.com"}},
		{"@ @example.org bob@ bob@-x a@b", nil},
	}
	for _, c := range cases {
		t.Run(c.text, func(t *testing.T) {
			var got []string
			for from := 0; ; {
				m, ok := nextAddress(c.text, from)
				if !ok {
					break
				}
				got = append(got, c.text[m.start:m.end])
				from = m.end
			}
			assert.Equal(t, c.want, got)
		})
	}
}
