package mailbox

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const from = "From bounce@example.org Mon Jan  6 10:00:00 2025\n"

type got struct{ Source, Data string }

func read(t *testing.T, r *Reader, name string, in io.Reader) (messages []got, failed error) {
	t.Helper()
	for m, err := range r.Stream(name, in) {
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		messages = append(messages, got{m.Source, string(m.Data)})
	}
	return messages, failed
}

func gzipped(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, s)
	z.Close()
	return b.String()
}

func TestStream(t *testing.T) {
	two := []got{{"box:1", "A: 1\n\none\n"}, {"box:2", "A: 2\n\ntwo\n"}}
	for _, test := range []struct {
		name, in string
		want     []got
	}{
		{"nothing", "", nil},
		{"a message", "A: 1\n\none\n", []got{{"box", "A: 1\n\none\n"}}},
		{"an mbox", from + "A: 1\n\none\n\n" + from + "A: 2\n\ntwo\n", two},
		{"a blank line at the end", from + "A: 1\n\none\n\n" + from + "A: 2\n\ntwo\n\n",
			[]got{two[0], {"box:2", "A: 2\n\ntwo\n\n"}}},
		{"an mbox with CRLF", strings.ReplaceAll(from+"A: 1\n\none\n\n"+from+"A: 2\n", "\n", "\r\n"),
			[]got{{"box:1", "A: 1\r\n\r\none\r\n"}, {"box:2", "A: 2\r\n"}}},
		{"gzip", gzipped(from + "A: 1\n\none\n\n" + from + "A: 2\n\ntwo\n"), two},
		{"a sentence is no boundary", from + "A: 1\n\none\n\nFrom here on, 10 is too much.\n",
			[]got{{"box:1", "A: 1\n\none\n\nFrom here on, 10 is too much.\n"}}},
		{"no blank line, no boundary", from + "A: 1\n\none\n" + from, []got{{"box:1", "A: 1\n\none\n" + from}}},
		{"quoted lines", from + "A: 1\n\n>From here\n>>From there\n> From\nx>From y\n",
			[]got{{"box:1", "A: 1\n\nFrom here\n>From there\n> From\nx>From y\n"}}},
		{"an empty message", from + "\n" + from + "A: 2\n\ntwo\n", []got{{"box:1", ""}, two[1]}},
		{"a boundary and no more", from, []got{{"box:1", ""}}},
		{"a sentence first", "From here on.\n", []got{{"box", "From here on.\n"}}},
		{"a line too long for a boundary", "From 00:00 0000" + strings.Repeat("x", 2000), []got{{"box", "From 00:00 0000" + strings.Repeat("x", 2000)}}},
		{"From_ line of UUCP", "From uucp!joe Sat Nov  5 07:11:30 1994 remote from host\nA: 1\n", []got{{"box:1", "A: 1\n"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var r Reader
			have, err := read(t, &r, "box", strings.NewReader(test.in))
			require.NoError(t, err)
			assert.Equal(t, test.want, have)
			have, err = read(t, &r, "box", iotest.OneByteReader(strings.NewReader(test.in)))
			require.NoError(t, err)
			assert.Equal(t, test.want, have, "one byte at a time")
		})
	}
}

func TestStreamError(t *testing.T) {
	broken := errors.New("broken")
	in := io.MultiReader(strings.NewReader(from+"A: 1\n\none\n\n"+from+"A: 2\n"), iotest.ErrReader(broken))
	var r Reader
	have, err := read(t, &r, "box", in)
	assert.Equal(t, broken.Error(), err.Error())
	assert.Equal(t, []got{{"box:1", "A: 1\n\none\n"}, {"box:2", "A: 2\n"}}, have)
}

func TestTooBig(t *testing.T) {
	long := strings.Repeat("0123456789\n", 1<<20)
	r := Reader{limit: 100}
	have, err := read(t, &r, "box", strings.NewReader(from+long+"\n"+from+"A: 2\n\n"+from+long))
	assert.Equal(t, ErrTooBig.Error()+"\n"+ErrTooBig.Error(), err.Error())
	assert.Equal(t, []got{{"box:1", long[:100]}, {"box:2", "A: 2\n"}, {"box:3", long[:100]}}, have)
	assert.Less(t, cap(r.buf), 1<<20, "memory does not grow with the message")

	have, err = read(t, &r, "message", strings.NewReader(long))
	assert.ErrorIs(t, err, ErrTooBig)
	assert.Equal(t, []got{{"message", long[:100]}}, have)
}

// An mbox longer than the buffer gives the same messages as a short one.
func TestLongMbox(t *testing.T) {
	var in strings.Builder
	var want []string
	for i := range 3000 {
		body := "A: 1\n\n" + strings.Repeat("line\n\nFrom me to you\n", i%500)
		in.WriteString(from + body + "\n")
		want = append(want, body)
	}
	want[2999] += "\n"
	var r Reader
	var have []string
	for m, err := range r.Stream("box", strings.NewReader(in.String())) {
		require.NoError(t, err)
		have = append(have, string(m.Data))
	}
	assert.Equal(t, want, have)
	assert.LessOrEqual(t, cap(r.buf), 1<<20)
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{
		"b.eml", "a.eml.gz", "box.mbox", "inbox", "17", "notes.md", "golden.facts", ".hidden", ".git/config", "deep/er/c.EML", "copy/3.M1P1.host:2,RS",
		"Maildir/cur/1.M1P1.host:2,S", "Maildir/new/2.M1P1.host.example", "Maildir/tmp/3.M1P1.host", "Maildir/dovecot-uidlist",
		"Maildir/.Sent/cur/4.host", "Maildir/.Sent/new/5.host", "Maildir/.Sent/maildirfolder",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte("A: 1\n"), 0o644))
	}
	require.NoError(t, os.Symlink(dir, filepath.Join(dir, "loop")))
	require.NoError(t, os.Symlink("gone", filepath.Join(dir, "x.eml")))

	var have []string
	for f, err := range Files(dir) {
		path, relErr := filepath.Rel(dir, f.Path)
		require.NoError(t, relErr)
		if path = filepath.ToSlash(path); err != nil {
			path += ": " + err.Error()
		}
		have = append(have, path)
	}
	assert.Equal(t, []string{
		"17",
		"Maildir/.Sent/cur/4.host", "Maildir/.Sent/new/5.host", "Maildir/cur/1.M1P1.host:2,S", "Maildir/new/2.M1P1.host.example",
		"a.eml.gz", "b.eml", "box.mbox", "copy/3.M1P1.host:2,RS", "deep/er/c.EML", "inbox",
		"x.eml: no such file or directory",
	}, have)
}

// A file in a Maildir is one message, even if it starts as an mbox does.
func TestDirectoryWithoutMail(t *testing.T) {
	errorsOf := func(dir string) (all []error) {
		for f, err := range Files(dir) {
			assert.Equal(t, File{Path: dir}, f)
			all = append(all, err)
		}
		return all
	}
	dir := t.TempDir()
	assert.Empty(t, errorsOf(dir))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "deep"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "deep", "notes.md"), nil, 0o644))
	assert.Equal(t, []error{errNoMail}, errorsOf(dir))
}

func TestMaildirMessage(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "new"), 0o755))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "cur"), 0o755))
	path := filepath.Join(dir, "cur", "1")
	require.NoError(t, os.WriteFile(path, []byte(from+"A: 1\n\n"+from), 0o644))
	var r Reader
	for f, err := range Files(filepath.Join(dir, "cur")) {
		require.NoError(t, err)
		for m, err := range r.File(f) {
			require.NoError(t, err)
			assert.Equal(t, got{path, from + "A: 1\n\n" + from}, got{m.Source, string(m.Data)})
		}
	}
}

func FuzzStream(f *testing.F) {
	f.Add([]byte(from + "A: 1\n\none\n\n" + from + "A: 2\n\n>From me\n"))
	f.Add([]byte("A: 1\r\n\r\nFrom 00:00 0000"))
	names, err := filepath.Glob("../../../../testdata/eml/p*.eml")
	require.NoError(f, err)
	require.NotEmpty(f, names)
	var box []byte
	for _, name := range names {
		msg, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(msg)
		if box = append(append(append(box, from...), msg...), '\n'); len(box) < 16<<10 {
			f.Add(box)
		}
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var whole, bytewise Reader
		a, errA := read(t, &whole, "box", bytes.NewReader(in))
		b, errB := read(t, &bytewise, "box", iotest.OneByteReader(bytes.NewReader(in)))
		assert.Equal(t, a, b)
		assert.Equal(t, errA, errB)
		size := 0
		for _, m := range a {
			size += len(m.Data)
		}
		if !bytes.HasPrefix(in, gzipMagic) {
			assert.LessOrEqual(t, size, len(in))
		}
	})
}
