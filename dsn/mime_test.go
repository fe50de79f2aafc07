package dsn

import (
	"bytes"
	"io"
	"iter"
	"strings"
	"testing"

	"github.com/emersion/go-message"
	"github.com/stretchr/testify/assert"
)

// parts lists number, media type and body of each part, and the defects.
func parts(msg string) (list []string, defects []string) {
	var top Fields
	var found []Defect
	for p := range partsOf([]byte(msg), &top, &found) {
		list = append(list, p.number+" "+p.media+" "+string(p.body))
	}
	for _, d := range found {
		defects = append(defects, d.Text)
	}
	return list, defects
}

// partsOf yields the parts of a message, and returns its header to top.
func partsOf(msg []byte, top *Fields, defects *[]Defect) iter.Seq[part] {
	w := walker{msg: msg, memory: new(memory), limits: Limits{}.orDefault(), top: top, defects: defects}
	return func(yield func(part) bool) {
		var p part
		for _, ok := w.next(&p); ok && yield(p); _, ok = w.next(&p) {
		}
	}
}

func noDefect(string, string, Place) {}

func TestParts(t *testing.T) {
	const mixed = "Content-Type: multipart/mixed; boundary=b\n\n"
	tests := []struct {
		name, msg     string
		want, defects []string
	}{
		{"plain", "Subject: x\n\nbody\n", []string{"1 text/plain body\n"}, nil},
		{"no body", "Subject: x", []string{"1 text/plain "}, nil},
		{"two parts", mixed + "preamble\n--b\n\none\n--b\nContent-Type: text/html\n\ntwo\n--b--\nepilogue", []string{"1 text/plain one", "2 text/html two"}, nil},
		{"CRLF", "Content-Type: multipart/mixed;\r\n boundary=\"b\"\r\n\r\n--b\r\n\r\none\r\n\r\n--b--\r\n", []string{"1 text/plain one\r\n"}, nil},
		{"nested", mixed + "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\none\n--c\n\ntwo\n--c--\n--b\n\nthree\n--b--\n", []string{"1.1 text/plain one", "1.2 text/plain two", "2 text/plain three"}, nil},
		{"boundary that begins like the outer one", mixed + "--b\nContent-Type: multipart/mixed; boundary=b2\n\n--b2\n\none\n--b2--\n--b--\n", []string{"1.1 text/plain one"}, nil},
		{"a message in a part is not entered", mixed + "--b\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\none\n--c--\n--b--\n", []string{"1 message/rfc822 Content-Type: multipart/mixed; boundary=c\n\n--c\n\none\n--c--"}, nil},
		{"digest", "Content-Type: multipart/digest; boundary=b\n\n--b\n\nFrom: a\n\n--b--\n", []string{"1 message/rfc822 From: a\n"}, nil},
		{"never closed", mixed + "--b\n\none\n", []string{"1 text/plain one\n"}, []string{"the boundary is never closed"}},
		{"inner never closed", mixed + "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\none\n--b\n\ntwo\n--b--", []string{"1.1 text/plain one", "2 text/plain two"}, []string{"the boundary is never closed"}},
		{"no boundary parameter", "Content-Type: multipart/mixed\n\n--x\nContent-Type: text/plain\n\none\n--x--\n", []string{"1 text/plain one"}, []string{"the boundary parameter names no delimiter line; took the one in use"}},
		{"another boundary", mixed + "--x\nContent-Type: text/plain\n\none\n--x--\n", []string{"1 text/plain one"}, []string{"the boundary parameter names no delimiter line; took the one in use"}},
		{"no Content-Type", "Subject: x\n\nThis is a message in MIME format.\n\n--x\nContent-Type: text/html\n\none\n--x--\n", []string{"1 text/html one"}, []string{"the boundary parameter names no delimiter line; took the one in use"}},
		{"text with a multipart in it", "Subject: x\n\nIt came back.\n\nMIME-Version: 1.0\n\n--x\nContent-Type: text/html\n\none\n--x--\n", []string{"1 text/plain It came back.\n\nMIME-Version: 1.0\n\n--x\nContent-Type: text/html\n\none\n--x--\n"}, nil},
		{"no part", mixed + "text\n", []string{"1 text/plain text\n"}, []string{"a multipart without a part"}},
		{"no blank line before the text", mixed + "--b\none\n--b--\n", []string{"1 text/plain one"}, []string{"a part begins without the blank line"}},
		{"delimiter inside a part's header", mixed + "--b\nContent-Type: text/html\n--b\n\ntwo\n--b--\n", []string{"1 text/html ", "2 text/plain two"}, nil},
		{"header line without a colon", "Subject: x\nno colon\nTo: y\n\nbody", []string{"1 text/plain body"}, []string{"a header line without a colon"}},
		{"From line", "From x Mon Jan\nSubject: x\n\nbody", []string{"1 text/plain body"}, []string{"the From_ line of an mbox before the header"}},
		{"blank lines first", "\n\nSubject: x\n\nbody", []string{"1 text/plain body"}, []string{"blank lines before the header"}},
		{"no header", "just text\n", []string{"1 text/plain just text\n"}, []string{"the message begins without a header"}},
		{"bad media type", "Content-Type: text html\n\nbody", []string{"1 text/plain body"}, nil},
		{"no media type", "Content-Type: ;charset=x\n\nbody", []string{"1 text/plain body"}, []string{"Content-Type is not a media type"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, defects := parts(tt.msg)
			assert.Equal(t, tt.want, got)
			assert.Equal(t, tt.defects, defects)
		})
	}
}

func TestPartsNestDeep(t *testing.T) {
	msg := strings.Repeat("Content-Type: multipart/mixed; boundary=b\n\n--b\n", 1000)
	got, defects := parts(msg)
	assert.NotEmpty(t, got)
	assert.NotEmpty(t, defects)
}

func TestParam(t *testing.T) {
	tests := []struct{ name, params, want string }{
		{"token", " boundary=x; charset=y", "x"},
		{"quoted", ` charset=y; Boundary="x y"`, "x y"},
		{"escaped", ` boundary="a\"b"`, `a"b`},
		{"space around =", ` boundary = x`, "x"},
		{"folded", "\r\n\tboundary=x", "x"},
		{"quote never closed", ` boundary="x`, "x"},
		{"semicolon in quotes", ` charset="a;boundary=z"; boundary=x`, "x"},
		{"other name", " xboundary=z", ""},
		{"no value", " boundary", ""},
		{"no name before", " flowed; boundary=x", "x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { assert.Equal(t, tt.want, string(param([]byte(tt.params), "boundary"))) })
	}
}

// TestPartsLikeGoMessage holds that well-formed messages fall into the same
// parts, of the same decoded length, as go-message cuts them into.
func TestPartsLikeGoMessage(t *testing.T) {
	compared := 0
	for name, msg := range messages(t) {
		want, err := goMessageParts(msg)
		if err != nil || len(Parse(msg).Defects) > 0 {
			continue
		}
		compared++
		var got []string
		var top Fields
		for p := range partsOf(msg, &top, nil) {
			if !strings.HasPrefix(p.media, "text/") {
				got = append(got, p.media)
				continue
			}
			if p.media != "text/html" {
				got = append(got, p.media+" "+p.text(new([]byte), noDefect))
			}
		}
		assert.Equal(t, want, got, name)
	}
	assert.Greater(t, compared, 50)
}

func goMessageParts(msg []byte) (list []string, err error) {
	e, err := message.Read(bytes.NewReader(msg))
	if err != nil {
		return nil, err
	}
	err = e.Walk(func(_ []int, e *message.Entity, err error) error {
		if err != nil {
			return err
		}
		media, _, err := e.Header.ContentType()
		if err != nil || strings.HasPrefix(media, "multipart/") || media == "text/html" {
			return err
		}
		b, err := io.ReadAll(e.Body)
		if err != nil {
			return err
		}
		if strings.HasPrefix(media, "text/") {
			media += " " + strings.ReplaceAll(string(b), "\r\n", "\n")
		}
		list = append(list, media)
		return nil
	})
	return list, err
}
