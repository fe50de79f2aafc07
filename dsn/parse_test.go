package dsn

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nixie/codes"
)

// read parses one of the messages that stand beside the project's tests.
func read(t *testing.T, name string) *Report {
	t.Helper()
	msg, err := os.ReadFile(filepath.Join("..", "testdata", "eml", name+".eml"))
	require.NoError(t, err)
	return Parse(msg)
}

func TestRead(t *testing.T) {
	r, err := Read(strings.NewReader("Subject: x\n\nbody"))
	require.NoError(t, err)
	assert.Equal(t, &Report{Header: Fields{{"Subject", "x", 1}}, Text: "body", TextAt: Place{"1", 1}}, r)

	broken := errors.New("broken pipe")
	_, err = Read(iotest.ErrReader(broken))
	assert.ErrorIs(t, err, broken)
}

func TestParseNothing(t *testing.T) {
	for _, msg := range []string{"", "\n", "\r", "From ", "x", ":", "\x00", "Content-Type: multipart/report; boundary=a\n\n--a"} {
		assert.Equal(t, Kind(""), Parse([]byte(msg)).Kind, "%q", msg)
	}
}

func TestParseKeepsFactsApart(t *testing.T) {
	r := read(t, "status-generic-diagnostic-specific")
	require.Len(t, r.Recipients, 2)
	assert.Equal(t, codes.Status{Class: 5}, r.Recipients[0].Status)
	assert.Equal(t, codes.Status{Class: 5, Subject: 2, Detail: 2}, r.Recipients[0].Diagnostic.Status)
}

func TestParseNeverReadsTheOriginal(t *testing.T) {
	msg := "Content-Type: multipart/report; boundary=b\n\n--b\n\nSorry.\n--b\nContent-Type: message/delivery-status\n\n" +
		"Reporting-MTA: dns; a.example\n\nFinal-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.0.0\n" +
		"--b\nContent-Type: message/rfc822\n\nSubject: 550 5.1.1\n\n550 5.1.1 <b@example.org> unknown\n--b--\n"
	r := Parse([]byte(msg))
	require.Len(t, r.Recipients, 1)
	assert.Equal(t, "a@example.org", r.Recipients[0].Address())
	assert.Equal(t, Diagnostic{}, r.Recipients[0].Diagnostic)
	assert.Equal(t, "550 5.1.1", r.Original.Header.Get("Subject"))
	assert.True(t, r.Original.Whole)
}

func TestParseBareCR(t *testing.T) {
	r := Parse([]byte("Subject: x\rTo: y\r\rbody\rmore"))
	assert.Equal(t, "body\nmore", r.Text)
	assert.Equal(t, []Defect{{"RFC 5322 section 2.3", "a bare CR; read as a line end", Place{Line: 1}}}, r.Defects)
}
