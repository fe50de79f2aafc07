package dsn

import (
	"bytes"
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	contentFields = regexp.MustCompile(`(?im)^(content-[^\n]*|mime-version:[^\n]*)\n([ \t][^\n]*\n)*`)
	subjectField  = regexp.MustCompile(`(?im)^subject:[ \t]*`)
)

// TestForms holds that what stands around a message on its way changes nothing
// of what it says: line ends, the line of an mbox, a tag before its Subject, the
// footer of a gateway.
func TestForms(t *testing.T) {
	eachMessage(t, func(t *testing.T, msg []byte) {
		msg = bytes.ReplaceAll(msg, []byte("\r\n"), []byte("\n"))
		head, body, ok := bytes.Cut(msg, []byte("\n\n"))
		if head = append(head, '\n'); !ok || !hasField(head) || bytes.IndexByte(msg, '\r') >= 0 {
			return // it is about its own form
		}
		join := func(pieces ...[]byte) []byte { return bytes.Join(pieces, nil) }
		content := join(contentFields.FindAll(head, -1)...)
		want := said(Parse(msg))
		for name, other := range map[string][]byte{
			"CR LF":     bytes.ReplaceAll(msg, []byte("\n"), []byte("\r\n")),
			"mbox":      join([]byte("From MAILER-DAEMON Tue Mar  3 09:00:00 2026\n"), msg),
			"more hops": join([]byte("X-Spam-Status: No\nReceived: by mx.example.com; Tue, 3 Mar 2026 09:00:00 +0000\n"), msg),
			"tagged":    join(subjectField.ReplaceAll(head, []byte("Subject: [EXT] ")), []byte("\n"), body),
			"with a footer": join(contentFields.ReplaceAll(head, nil), []byte("Content-Type: multipart/mixed; boundary=\"=out=\"\n\n--=out=\n"),
				content, []byte("\n"), body, []byte("\n--=out=\n\nThis message was scanned by Acme Guard. Report spam to your help desk.\n--=out=--\n")),
		} {
			assert.Equal(t, want, said(Parse(other)), name)
		}
	})
}

// How a text is set does not change what it says.
func TestTheSameInOtherForms(t *testing.T) {
	text := `The mail gateway at gw.example.net tried to deliver your message to
anna@example.net, bob@example.net and carol@example.net.

It was delivered to anna@example.net and carol@example.net.
For bob@example.net the receiving server said:

   552 5.2.2 Mailbox is over its quota

No further attempts will be made.

------ This is a copy of the message, including all the headers. ------

Return-Path: <news@example.org>
To: anna@example.net

Hello.
`
	parse := func(media, text string) *Report {
		return Parse([]byte("From: MAILER-DAEMON@example.net\nSubject: failure notice\nContent-Type: " + media + "\n\n" + text))
	}
	want := parse("text/plain", text)
	require.Len(t, want.Recipients, 3)
	require.Equal(t, "anna@example.net", want.Original.Header.Get("To"))
	escaped := html.EscapeString(text)
	paragraphs := strings.ReplaceAll(escaped, "\n\n", "</p>\n<p>")
	said, original, _ := strings.Cut(text, "headers. ------\n\n")
	quoted := said + "headers. ------\n\n> " + strings.ReplaceAll(strings.TrimSuffix(original, "\n"), "\n", "\n> ") + "\n"
	for name, other := range map[string]*Report{
		"quoted original":            parse("text/plain", quoted),
		"quoted, and blank lines":    parse("text/plain", strings.ReplaceAll(quoted, "> \n", ">\n")),
		"indented original":          parse("text/plain", strings.ReplaceAll(quoted, "\n> ", "\n    ")),
		"below a banner":             parse("text/plain", "This message is from outside. Click no links unless you know the sender.\n\n"+text),
		"space at the ends of lines": parse("text/plain", strings.ReplaceAll(text, "\n", " \t\n")),
		"preformatted":               parse("text/html", "<pre>"+escaped+"</pre>"),
		"paragraphs":                 parse("text/html", "<p>"+strings.ReplaceAll(paragraphs, "\n", "<br>\n")+"</p>"),
		"line breaks":                parse("text/html", strings.ReplaceAll(escaped, "\n", "<br>\n")),
	} {
		require.Len(t, other.Recipients, len(want.Recipients), name)
		for i, r := range other.Recipients {
			r.At, r.Diagnostic.At = want.Recipients[i].At, want.Recipients[i].Diagnostic.At
			assert.Equal(t, want.Recipients[i], r, name)
		}
		assert.Equal(t, want.Original.Header.Get("To"), other.Original.Header.Get("To"), name)
		assert.True(t, other.Original.Whole, name)
	}
}
