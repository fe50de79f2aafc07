package source

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	t.Setenv("HOME", "/home/alice")
	tests := []struct {
		url, after string
		want       Place
		err        string
	}{
		{"-", "", Place{Name: "-", kind: "-", after: After{What: "keep"}}, ""},
		{"-", "delete", Place{}, "only be kept"},
		{"mbox:/var/mail/alice", "", Place{Name: "mbox:/var/mail/alice", kind: "mbox", path: "/var/mail/alice", after: After{What: "keep"}}, ""},
		{"mbox:/var/mail/alice", "seen", Place{}, "only be kept"},
		{"maildir:/m/../m", "", Place{Name: "maildir:/m", kind: "maildir", path: "/m", after: After{What: "seen"}}, ""},
		{"maildir:~/Maildir", "keep", Place{Name: "maildir:/home/alice/Maildir", kind: "maildir", path: "/home/alice/Maildir", after: After{What: "keep"}}, ""},
		{"maildir:/m", "move:Archive/2026", Place{Name: "maildir:/m", kind: "maildir", path: "/m", after: After{"move", "Archive/2026"}}, ""},
		{"maildir:/m", "move:", Place{}, "is not keep"},
		{"maildir:/m", "move:../other", Place{}, "name of a folder"},
		{"maildir:/m", "move:/other", Place{}, "name of a folder"},
		{"maildir:/m", "move:cur", Place{}, "name of a folder"},
		{"maildir:/m", "burn", Place{}, "is not keep"},
		{"maildir:", "", Place{}, "is no source"},
		{"Maildir", "", Place{}, "is no source"},
		{"ftp://alice:secret@mail.example.org/", "", Place{}, `"ftp://…" is no source`},
	}
	for _, tt := range tests {
		t.Run(tt.url+" "+tt.after, func(t *testing.T) {
			have, err := parse(tt.url, tt.after)
			if tt.err == "" {
				assert.NoError(t, err)
			} else {
				assert.ErrorContains(t, err, tt.err)
			}
			assert.Equal(t, tt.want, have)
		})
	}
}

// parse is Parse with the value of --after.
func parse(url, after string) (Place, error) {
	a, err := ParseAfter(after)
	if err != nil {
		return Place{}, err
	}
	return Parse(url, a)
}

// makeDir fills a Maildir with messages: path below it, text.
func makeDir(t *testing.T, messages ...string) string {
	dir := filepath.Join(t.TempDir(), "Maildir")
	require.NoError(t, makeMaildir(dir))
	for i := 0; i < len(messages); i += 2 {
		require.NoError(t, os.WriteFile(filepath.Join(dir, messages[i]), []byte(messages[i+1]), 0o600))
	}
	return dir
}

// open opens a source that the test closes.
func open(t *testing.T, url, after string) Source { return openWith(t, url, after, Options{}) }

func openWith(t *testing.T, url, after string, o Options) Source {
	place, err := parse(url, after)
	require.NoError(t, err)
	s, err := place.Open(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// collect returns the messages as "ID: text".
func collect(t *testing.T, s Source) (have []string) {
	for m, err := range s.Messages(t.Context()) {
		require.NoError(t, err)
		have = append(have, m.ID+": "+string(m.Data))
	}
	return have
}

// files returns the paths of the files below a directory.
func files(t *testing.T, dir string) (have []string) {
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			path, err = filepath.Rel(dir, path)
			have = append(have, path)
		}
		return err
	}))
	return have
}

func TestMaildirAfter(t *testing.T) {
	const sep = ": "
	tests := []struct {
		after string
		read  []string
		left  []string // when the first and the last were done
	}{
		{
			"keep",
			[]string{"new/1.a" + sep + "one", "cur/2.a:2,RS" + sep + "two", "cur/3.a:2,FT" + sep + "three"},
			[]string{"cur/2.a:2,RS", "cur/3.a:2,FT", "new/.hidden", "new/1.a", "tmp/4.a"},
		},
		{
			"seen",
			[]string{"new/1.a" + sep + "one", "cur/3.a:2,FT" + sep + "three"},
			[]string{"cur/1.a:2,S", "cur/2.a:2,RS", "cur/3.a:2,FST", "new/.hidden", "tmp/4.a"},
		},
		{
			"delete",
			[]string{"new/1.a" + sep + "one", "cur/2.a:2,RS" + sep + "two", "cur/3.a:2,FT" + sep + "three"},
			[]string{"cur/2.a:2,RS", "new/.hidden", "tmp/4.a"},
		},
		{
			"move:Old/Mail",
			[]string{"new/1.a" + sep + "one", "cur/2.a:2,RS" + sep + "two", "cur/3.a:2,FT" + sep + "three"},
			[]string{".Old.Mail/cur/1.a:2,S", ".Old.Mail/cur/3.a:2,FST", ".Old.Mail/maildirfolder", "cur/2.a:2,RS", "new/.hidden", "tmp/4.a"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.after, func(t *testing.T) {
			dir := makeDir(t, "new/1.a", "one", "cur/2.a:2,RS", "two", "cur/3.a:2,FT", "three", "tmp/4.a", "four", "new/.hidden", "five")
			s := open(t, "maildir:"+dir, tt.after)
			read := collect(t, s)
			assert.Equal(t, tt.read, read)
			for _, m := range []string{read[0], read[len(read)-1]} {
				id, _, _ := strings.Cut(m, sep)
				require.NoError(t, s.Done(t.Context(), []string{id}, nil))
				require.NoError(t, s.Done(t.Context(), []string{id}, nil), "done twice")
			}
			assert.Equal(t, tt.left, files(t, dir))
		})
	}
}

func TestMaildirNeverOverwrites(t *testing.T) {
	dir := makeDir(t, "new/1.a", "one", "cur/1.a:2,S", "another", "new/2.a", "two")
	s := open(t, "maildir:"+dir, "seen")
	require.EqualError(t, s.Done(t.Context(), []string{"new/1.a", "new/2.a"}, nil),
		"new/1.a: "+filepath.Join(dir, "cur/1.a:2,S")+" is there already")
	assert.Equal(t, []string{"cur/1.a:2,S", "cur/2.a:2,S", "new/1.a"}, files(t, dir))
}

func TestMaildirFollowsMessagesThatAreRenamedMeanwhile(t *testing.T) {
	dir := makeDir(t, "new/1.a", "one", "new/2.a", "two", "new/3.a", "three")
	s := open(t, "maildir:"+dir, "seen")
	var have []string
	for m, err := range s.Messages(t.Context()) {
		require.NoError(t, err)
		if len(have) == 0 {
			require.NoError(t, os.Rename(filepath.Join(dir, "new/2.a"), filepath.Join(dir, "cur/2.a:2,F")))
			require.NoError(t, os.Remove(filepath.Join(dir, "new/3.a")))
		}
		have = append(have, m.ID)
	}
	assert.Equal(t, []string{"new/1.a", "cur/2.a:2,F"}, have)
}

func TestWatchedMaildirYieldsEachMessageOnce(t *testing.T) {
	for _, after := range []string{"keep", "seen", "delete", "move:Done"} {
		t.Run(after, func(t *testing.T) {
			dir := makeDir(t, "new/1.a", "one", "new/2.a", "two", "cur/3.a:2,F", "three")
			slept := 0
			s := openWith(t, "maildir:"+dir, after, Options{Watch: true, sleep: func(_ context.Context, d time.Duration) error {
				slept++
				assert.Equal(t, pollTime, d)
				return os.WriteFile(filepath.Join(dir, "new/4.a"), []byte("four"), 0o600)
			}})
			require.Equal(t, []string{"new/1.a: one", "new/2.a: two", "cur/3.a:2,F: three"}, collect(t, s))
			require.NoError(t, s.Done(t.Context(), []string{"new/1.a"}, []string{"new/2.a", "cur/3.a:2,F"}))
			require.NoError(t, os.Rename(filepath.Join(dir, "new/2.a"), filepath.Join(dir, "cur/2.a:2,R")))
			assert.Empty(t, collect(t, s))
			require.NoError(t, s.Wait(t.Context()))
			assert.Equal(t, []string{"new/4.a: four"}, collect(t, s))
			require.NoError(t, s.Done(t.Context(), nil, []string{"new/4.a"}))
			assert.Empty(t, collect(t, s))
			assert.Equal(t, 1, slept)
		})
	}
}

func TestDryRunMakesNoFolder(t *testing.T) {
	dir := makeDir(t, "new/1.a", "one")
	assert.Len(t, collect(t, openWith(t, "maildir:"+dir, "move:Done", Options{DryRun: true})), 1)
	assert.Equal(t, []string{"new/1.a"}, files(t, dir))
	assert.NoDirExists(t, filepath.Join(dir, ".Done"))
}

func TestMaildirFolderBesideAFolder(t *testing.T) {
	dir := makeDir(t)
	inner := filepath.Join(dir, ".Bounces")
	require.NoError(t, makeMaildir(inner))
	assert.Equal(t, filepath.Join(dir, ".Done"), folder(inner, "Done"))
	assert.Equal(t, filepath.Join(dir, ".Done"), folder(dir, "Done"))
	require.NoError(t, makeMaildir(filepath.Join(dir, "Plain")))
	assert.Equal(t, filepath.Join(dir, "Plain"), folder(dir, "Plain"))
}

const twoMessages = "From a@example.org Mon Jan  6 10:00:00 2025\nSubject: 1\n\none\n\nFrom a@example.org Mon Jan  6 10:00:00 2025\nSubject: 2\n\n>From two\n"

func TestMboxIsLockedWhileItIsOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "box")
	require.NoError(t, os.WriteFile(path, []byte(twoMessages), 0o600))
	s := open(t, "mbox:"+path, "")
	assert.FileExists(t, path+".lock")
	assert.Equal(t, []string{path + ":1: Subject: 1\n\none\n", path + ":2: Subject: 2\n\nFrom two\n"}, collect(t, s))

	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err := openMbox(ctx, path, Options{})
	require.ErrorIs(t, err, context.DeadlineExceeded)

	require.NoError(t, s.Close())
	assert.NoFileExists(t, path+".lock")
	have, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, twoMessages, string(have))
}

// While a watched mbox is waited for, mail can be delivered to it; it may even
// be removed.
func TestWatchedMboxIsReadAgainWhenItChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "box")
	require.NoError(t, os.WriteFile(path, []byte(twoMessages), 0o600))
	steps := []func() error{
		func() error { assert.NoFileExists(t, path+".lock"); return nil },
		func() error { return os.Remove(path) },
		func() error {
			return os.WriteFile(path, []byte("From a@example.org Mon Jan  6 10:00:00 2025\nSubject: 3\n\n"), 0o600)
		},
		func() error { return context.Canceled },
	}
	s := openWith(t, "mbox:"+path, "", Options{Watch: true, sleep: func(context.Context, time.Duration) error {
		step := steps[0]
		steps = steps[1:]
		return step()
	}})
	assert.Len(t, collect(t, s), 2)
	require.NoError(t, s.Wait(t.Context()))
	assert.FileExists(t, path+".lock")
	assert.Equal(t, []string{path + ":1: Subject: 3\n\n"}, collect(t, s))
	require.ErrorIs(t, s.Wait(t.Context()), context.Canceled)
	assert.Empty(t, steps)
}

func TestDotLockOfTheDeadIsTaken(t *testing.T) {
	tests := []struct {
		name    string
		content string
		age     time.Duration
		want    bool
	}{
		{"a program that runs", "1", 24 * time.Hour, false},
		{"a program that has ended", "999999999\n", 0, true},
		{"no number, fresh", "", 0, false},
		{"no number, old", "0", time.Hour, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "box.lock")
			require.NoError(t, os.WriteFile(path, []byte(tt.content), 0o600))
			then := time.Now().Add(-tt.age)
			require.NoError(t, os.Chtimes(path, then, then))
			assert.Equal(t, tt.want, forgotten(path))
		})
	}
}

func TestStreamLeavesOutWhatIsNotWhole(t *testing.T) {
	torn := errors.New("torn")
	s := &stream{"-", io.MultiReader(strings.NewReader(twoMessages), iotest.ErrReader(torn))}
	var have []string
	var last error
	for m, err := range s.Messages(t.Context()) {
		have, last = append(have, m.ID), err
	}
	assert.Equal(t, []string{"-:1", ""}, have)
	assert.ErrorIs(t, last, torn)
}

func TestStreamPassesOverWhatIsTooBig(t *testing.T) {
	if testing.Short() {
		t.Skip("needs memory")
	}
	big := bytes.Repeat([]byte("0123456789abcde\n"), 5<<20)
	s := &stream{"-", io.MultiReader(
		strings.NewReader("From a@example.org Mon Jan  6 10:00:00 2025\nSubject: 0\n\n"), bytes.NewReader(big), strings.NewReader("\n"+twoMessages))}
	var have []string
	for m, err := range s.Messages(t.Context()) {
		if err != nil {
			m.ID += " " + err.Error()
		}
		have = append(have, m.ID)
	}
	assert.Equal(t, []string{"-:1 only the first 64 MiB of the message were read", "-:2", "-:3"}, have)
}

func TestDeliver(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "Maildir")
	require.NoError(t, Deliver(dir, strings.NewReader("one")))
	require.NoError(t, Deliver(dir, strings.NewReader("two")))
	require.ErrorContains(t, Deliver(dir, iotest.ErrReader(errors.New("torn"))), "torn")
	var have []string
	for _, m := range collect(t, open(t, "maildir:"+dir, "")) {
		_, text, _ := strings.Cut(m, ": ")
		have = append(have, text)
	}
	assert.ElementsMatch(t, []string{"one", "two"}, have)
	assert.Len(t, files(t, dir), 2)
}
