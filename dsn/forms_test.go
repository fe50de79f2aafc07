package dsn

import (
	"bytes"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
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
