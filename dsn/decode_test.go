package dsn

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPartText(t *testing.T) {
	tests := []struct {
		name, contentType, encoding, body string
		want                              string
		defects                           []string
	}{
		{"plain", "text/plain", "", "a\r\nb\n", "a\nb\n", nil},
		{"quoted-printable", "text/plain; charset=utf-8", "quoted-printable", "gr=C3=BC=\r\n=C3=9Fe = =3D=\n=zz=", "grüße = ==zz", []string{"quoted-printable with a = that encodes nothing"}},
		{"base64", "text/plain", "BASE64", "YW\r\nJj", "abc", nil},
		{"base64 with a footer", "text/plain", "base64", "YWI=\r\n-- \r\nfooter", "ab", []string{"base64 with other characters or a cut end"}},
		{"base64 cut off", "text/plain", "base64", "YWJjZ", "abc", []string{"base64 with other characters or a cut end"}},
		{"unknown encoding", "text/plain", "x-uuencode", "abc", "abc", []string{"unknown Content-Transfer-Encoding x-uuencode"}},
		{"windows-1252", "text/plain; charset=windows-1252", "8bit", "gr\xfc\xdfe \x80", "grüße €", nil},
		{"windows-1252 called Latin-1", "text/plain; charset=ISO-8859-1", "8bit", "\x93gr\xfc\xdfe\x94", "“grüße”", []string{"windows-1252 text that is called iso-8859-1"}},
		{"KOI8-R", "text/plain; charset=koi8-r", "8bit", "\xf0\xcf\xde\xd4\xc1", "Почта", nil},
		{"GB18030", "text/plain; charset=gb18030", "8bit", "\xd3\xca\xbc\xfe", "邮件", nil},
		{"ISO-2022-JP", "text/plain; charset=iso-2022-jp", "7bit", "\x1b$B%a!<%k\x1b(B", "メール", nil},
		{"ISO-2022-JP without a label", "text/plain", "", "\x1b$B%a!<%k\x1b(B", "メール", nil},
		{"UTF-8 without a label", "text/plain", "", "grüße", "grüße", nil},
		{"Latin-1 without a label", "text/plain", "", "gr\xfc\xdfe", "grüße", nil},
		{"Latin-1 called UTF-8", "text/plain; charset=utf-8", "", "gr\xfc\xdfe", "grüße", []string{"text that is not in its charset utf-8"}},
		{"unknown charset, UTF-8", "text/plain; charset=x-none", "", "grüße", "grüße", []string{"unknown charset x-none"}},
		{"unknown charset, bytes", "text/plain; charset=x-none", "", "gr\xfc\xdfe", "grüße", []string{"unknown charset x-none"}},
		{"unknown charset of two bytes, CR LF", "text/plain; charset=utf-16x", "", "a\r\nb\rc", "a\nb\nc", []string{"unknown charset utf-16x"}},
		{"ASCII called UTF-32, CR LF", "text/plain; charset=utf-32", "", "a\r\nb", "a\nb", nil},
		{"HTML", "text/html", "", "<html><head><title>t</title><style>s</style></head><body><p>a &lt;b@c&gt;<br>d <b>e</b>f</p>g", "a <b@c>\nd e f\n\ng", nil},
		{"HTML with escaped CR LF", "text/html", "", "<pre>a&#13;&#10;b&#13;\nc</pre>", "a\nb\nc\n", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			media, params := mediaType([]byte(tt.contentType))
			p := part{number: "1", media: media, params: params, encoding: strings.ToLower(tt.encoding), body: []byte(tt.body)}
			var defects []string
			assert.Equal(t, tt.want, p.text(new([]byte), func(_, text string, _ Place) { defects = append(defects, text) }))
			assert.Equal(t, tt.defects, defects)
		})
	}
}
