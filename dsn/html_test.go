package dsn

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestHTMLText(t *testing.T) {
	for _, test := range []struct{ name, page, want string }{
		{"blocks are lines", "<html><body><p>Delivery has failed<br>to this\r\n address:</p><div>bob@example.org</div></body></html>", "Delivery has failed\nto this address:\n\nbob@example.org\n"},
		{"what is not shown", "<head><title>Undeliverable</title></head><style>p{}</style><SCRIPT>if (a<b) {}</SCRIPT>seen", "seen"},
		{"references", "a&nbsp;b &lt;bob@example.org&gt; &#228; &amp;lt;", "a b <bob@example.org> ä <"},
		{"an address that nobody escaped", "<p>Your message to <bob@example.org> failed</p>", "Your message to <bob@example.org> failed\n"},
		{"less than", "1 < 2, a<5 <b>bold</b>", "1 < 2, a<5 bold"},
		{"a > in a value", `<a title="x > y" href='>'>link</a>`, "link"},
		{"a quote in a name", `<p don't>text</p>`, "text\n"},
		{"a quote that is never closed", `<a href="x>link</a> after`, "link after"},
		{"an address in pieces", "to bob<wbr>@example<wbr>.org, <b>amy</b>@example.org and <i>eve@</i>example.org <wbr>@ <b>once</b>", "to bob@example.org, amy@example.org and eve@example.org @ once"},
		{"paragraphs", "<p>a</p><p>b<br>c</p>d<br> <br/>e<br><br><br>f<table><td><p>g</p><td><p>h</p>", "a\n\nb\nc\n\nd\n\ne\n\nf\ng\nh\n"},
		{"lines as they are", "a\nb<pre>\n1) c\n\n<b>2)</b> d</pre>e\nf", "a b\n\n1) c\n\n2) d\ne f"},
		{"a link that shows a name", `to <a href="mailto:bob@example.org?subject=x">Bob Miller</a> and <a href='mailto:eve@example.org'>eve@example.org</a>, see <a href="https://example.org">us</a>`, "to Bob Miller <bob@example.org> and eve@example.org , see us"},
		{"comments", "a<!-- <p> -- > -->b<!--[if mso]>c<![endif]-->d<!doctype html><?xml?>e", "a b d e"},
		{"a comment that never ends", "a<!-- b> c", "a c"},
		{"a style that never ends", "<style>a <p>b</p>", "a\nb\n"},
		{"a tag that never ends", "a <p class=", "a <p class="},
		{"a closed tag", "a<br/>b<hr />c", "a\nb\nc"},
		{"no HTML", "plain", "plain"},
		{"nothing", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, htmlText(test.page))
		})
	}
}

// What never ends is looked for once.
func TestHTMLTextLinear(t *testing.T) {
	for _, piece := range []string{"<!--", "<a =\"", "<a ='x'", "<style>", "<p", "<", "<a =\">"} {
		t.Run(piece, func(t *testing.T) {
			assert.NotPanics(t, func() { htmlText(strings.Repeat(piece, 1<<20/len(piece))) })
		})
	}
}
