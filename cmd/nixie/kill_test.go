//go:build unix

package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nixie/classify/ledger"
	"nixie/cmd/nixie/internal/source"
	"nixie/cmd/nixie/internal/store"
)

// sampleMail returns the n-th of many messages: a report on one or two
// recipients, sometimes one that came before, and sometimes a letter.
func sampleMail(n int) string {
	head := fmt.Sprintf("Date: %s\nMIME-Version: 1.0\n", time.Date(2026, 1, 1, 0, 0, n, 0, time.UTC).Format(time.RFC1123Z))
	if n%10 == 3 {
		return fmt.Sprintf("From: friend%d@example.net\nTo: sender@example.org\nSubject: Lunch\nMessage-ID: <letter%d@example.net>\n%s\nAt one?\n", n, n, head)
	}
	if n%10 == 7 {
		return sampleMail(n - 1)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@mx.example.net>
To: sender@example.org
Subject: Undelivered Mail Returned to Sender
Message-ID: <report%d@mx.example.net>
%sContent-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
`, n, head)
	answers := []string{"550 5.1.1 <%s>: User unknown", "452 4.2.2 <%s>: Mailbox full", "554 5.7.1 <%s>: Message refused as spam"}
	for i := range 1 + n%2 {
		address := fmt.Sprintf("reader%d@domain%d.example.com", n*2+i, n%50)
		answer := fmt.Sprintf(answers[n%len(answers)], address)
		fmt.Fprintf(&b, "\nFinal-Recipient: rfc822; %s\nAction: failed\nStatus: %s\nRemote-MTA: dns; mail.example.com\nDiagnostic-Code: smtp; %s\n",
			address, answer[4:9], answer)
	}
	fmt.Fprintf(&b, `
--b
Content-Type: message/rfc822

From: News <news@example.org>
Subject: News of the week
Message-ID: <news%d@example.org>

%s
--b--
`, n, strings.Repeat("All that has happened since we last wrote, and more besides.\n", 30))
	return b.String()
}

// fillMaildir makes a Maildir of so many messages.
func fillMaildir(t testing.TB, dir string, n int) {
	for _, sub := range []string{"cur", "new", "tmp"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, sub), 0o700))
	}
	for i := range n {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "new", fmt.Sprintf("%09d.host", i)), []byte(sampleMail(i)), 0o600))
	}
}

// command returns a path at which the test binary is nixie; see TestMain.
func command(t testing.TB) string {
	self, err := os.Executable()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "nixie")
	require.NoError(t, os.Symlink(self, path))
	return path
}

// recorded returns the events of a ledger in the order of recording, but for
// when that was.
func recorded(t testing.TB, path string) (events []ledger.Event) {
	s, err := store.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		require.ErrorIs(t, err, store.ErrNone)
		return nil
	}
	defer s.Close()
	for e, err := range s.After(t.Context(), 0) {
		require.NoError(t, err)
		e.Recorded, e.Seq, e.Source = time.Time{}, 0, ""
		events = append(events, e)
	}
	return events
}

// However often ingest is killed, the ledger comes to be that of one
// undisturbed run, and no message is gone that is not in it. With
// NIXIE_KILLS=100 so many times for each way to mark a message.
func TestKilledIngestLosesNothing(t *testing.T) {
	messages, kills := 800, 2
	if n, err := strconv.Atoi(os.Getenv("NIXIE_KILLS")); err == nil {
		messages, kills = 2000, n
	}
	nixie, dir := command(t), t.TempDir()
	template := filepath.Join(dir, "template")
	fillMaildir(t, template, messages)
	told := make(map[string][]string) // the IDs of the events in a message
	judge, err := newJudge("", "")
	require.NoError(t, err)
	for i := range messages {
		m := mail{Message: source.Message{Data: []byte(sampleMail(i))}}
		require.NoError(t, judge.read(&m, ""))
		name := fmt.Sprintf("%09d.host", i)
		told[name] = nil
		for _, e := range m.events {
			told[name] = append(told[name], e.ID)
		}
	}

	// ingest runs until it ends, or is killed after that time, 0 being never.
	ingest := func(box, db, after string, kill time.Duration) (killed bool) {
		cmd := exec.Command(nixie, "ingest", "--after", after, "--ledger", "sqlite:"+db, "maildir:"+box)
		var out strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &out
		require.NoError(t, cmd.Start())
		if kill > 0 {
			timer := time.AfterFunc(kill, func() { _ = cmd.Process.Kill() })
			defer timer.Stop()
		}
		err := cmd.Wait()
		if cmd.ProcessState.ExitCode() == -1 {
			return true
		}
		require.NoError(t, err, out.String())
		return false
	}
	copyOf := func(box string) {
		for _, sub := range []string{"cur", "new", "tmp"} {
			require.NoError(t, os.MkdirAll(filepath.Join(box, sub), 0o700))
		}
		for name := range told {
			require.NoError(t, os.Link(filepath.Join(template, "new", name), filepath.Join(box, "new", name)))
		}
	}

	box, db := filepath.Join(dir, "once"), filepath.Join(dir, "once.db")
	copyOf(box)
	start := time.Now()
	ingest(box, db, "delete", 0)
	takes := time.Since(start)
	want := recorded(t, db)
	require.NotEmpty(t, want)

	for _, after := range []string{"seen", "move:Done", "delete"} {
		t.Run(after, func(t *testing.T) {
			killed, rounds, halfway := 0, 0, 0
			for ; killed < kills; rounds++ {
				box, db := filepath.Join(dir, fmt.Sprint(after, rounds)), filepath.Join(dir, fmt.Sprint(after, rounds, ".db"))
				copyOf(box)
				for ingest(box, db, after, 1+rand.N(takes)) {
					killed++
					have := recorded(t, db)
					if len(have) > 0 && len(have) < len(want) {
						halfway++
					}
					requireNothingLost(t, box, after, told, have)
				}
				have := recorded(t, db)
				requireNothingLost(t, box, after, told, have)
				require.Equal(t, len(want), len(have))
				assert.Equal(t, want, have)
				require.NoError(t, os.RemoveAll(box))
				require.NoError(t, os.Remove(db))
			}
			t.Logf("%d messages, %d events: killed %d times in %d rounds, %d of them with part of the events recorded",
				messages, len(want), killed, rounds, halfway)
		})
	}
}

// requireNothingLost fails if a message is not in the mailbox, or is marked
// as done, and one of its events is not recorded.
func requireNothingLost(t *testing.T, box, after string, told map[string][]string, events []ledger.Event) {
	t.Helper()
	have := make(map[string]bool)
	for _, e := range events {
		have[e.ID] = true
	}
	there := make(map[string]int)
	for _, pattern := range []string{"new/*", "cur/*", ".Done/new/*", ".Done/cur/*"} {
		paths, err := filepath.Glob(filepath.Join(box, pattern))
		require.NoError(t, err)
		for _, path := range paths {
			name, flags, _ := strings.Cut(filepath.Base(path), ":2,")
			there[name]++
			if flags == "" {
				continue
			}
			for _, id := range told[name] {
				require.True(t, have[id], "%s is marked as done", name)
			}
		}
	}
	for name, ids := range told {
		if there[name] == 1 {
			continue
		}
		require.Equal(t, "delete", after, "%s is there %d times", name, there[name])
		require.NotEmpty(t, ids, "%s was no report", name)
		for _, id := range ids {
			require.True(t, have[id], "%s is gone", name)
		}
	}
}

// A run that is told to end records what it has begun, and says so.
func TestIngestEndsWhenTold(t *testing.T) {
	nixie := command(t)
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			dir := t.TempDir()
			box, db := filepath.Join(dir, "Maildir"), filepath.Join(dir, "ledger.db")
			fillMaildir(t, box, 1500)
			cmd := exec.Command(nixie, "ingest", "--after", "delete", "--ledger", "sqlite:"+db, "maildir:"+box)
			var out strings.Builder
			cmd.Stdout, cmd.Stderr = &out, &out
			require.NoError(t, cmd.Start())
			require.Eventually(t, func() bool { return len(list(t, box)) < 1500 }, 30*time.Second, time.Millisecond)
			require.NoError(t, cmd.Process.Signal(sig))
			if cmd.Wait() != nil { // else it was done already
				assert.Equal(t, 1, cmd.ProcessState.ExitCode())
				assert.Contains(t, out.String(), "nixie: broken off; the next run goes on from here\n")
			}
			assert.Contains(t, out.String(), " messages: ")
			require.NoError(t, exec.Command(nixie, "ingest", "--after", "delete", "--ledger", "sqlite:"+db, "maildir:"+box).Run())
			assert.Len(t, list(t, box), 150, "letters")
			assert.Len(t, recorded(t, db), 1650)
		})
	}
}

// A watcher works on all its mailboxes at once, and what it was told to end
// with is no failure.
func TestWatchEndsWhenTold(t *testing.T) {
	nixie, dir := command(t), t.TempDir()
	db := filepath.Join(dir, "ledger.db")
	boxes := []string{filepath.Join(dir, "a"), filepath.Join(dir, "b")}
	cmd := exec.Command(nixie, "ingest", "--watch", "--after", "delete", "--ledger", "sqlite:"+db)
	for _, box := range boxes {
		fillMaildir(t, box, 100)
		cmd.Args = append(cmd.Args, "maildir:"+box)
	}
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(t, cmd.Start())
	for _, box := range boxes {
		assert.Eventually(t, func() bool { return len(list(t, box)) == 10 }, 30*time.Second, time.Millisecond)
	}
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, cmd.Wait(), out.String())
	assert.Contains(t, out.String(), "200 messages: 180 reports, 0 unclear, 20 others; 0 unreadable; 240 events, 110 new\n")
	assert.Len(t, recorded(t, db), 110)
}

// Where one of several mailboxes cannot be opened, a watcher does not start.
func TestWatchEndsWhenAMailboxCannotBeOpened(t *testing.T) {
	nixie, dir := command(t), t.TempDir()
	fillMaildir(t, filepath.Join(dir, "a"), 0)
	cmd := exec.Command(nixie, "ingest", "--watch", "--ledger", "sqlite:"+filepath.Join(dir, "ledger.db"), "maildir:"+filepath.Join(dir, "a"), "maildir:"+filepath.Join(dir, "b"))
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	assert.Equal(t, 1, cmd.ProcessState.ExitCode())
	assert.Contains(t, string(out), "no such file or directory")
}

// Two workers on one Maildir and one ledger come to what one does.
func TestTwoWorkersOnOneMaildir(t *testing.T) {
	nixie, dir := command(t), t.TempDir()
	box, db := filepath.Join(dir, "Maildir"), filepath.Join(dir, "ledger.db")
	fillMaildir(t, box, 1000)
	var workers []*exec.Cmd
	for range 2 {
		cmd := exec.Command(nixie, "ingest", "--after", "delete", "--ledger", "sqlite:"+db, "maildir:"+box)
		require.NoError(t, cmd.Start())
		workers = append(workers, cmd)
	}
	for _, cmd := range workers {
		assert.NoError(t, cmd.Wait())
	}
	assert.Len(t, list(t, box), 100, "letters")
	assert.Len(t, recorded(t, db), 1100)
}

// list returns the files that are new in a Maildir.
func list(t testing.TB, box string) []os.DirEntry {
	entries, err := os.ReadDir(filepath.Join(box, "new"))
	require.NoError(t, err)
	return entries
}
