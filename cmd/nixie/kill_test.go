//go:build unix

package main

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nixie/classify/ledger"
	"nixie/cmd/nixie/internal/source"
	"nixie/cmd/nixie/internal/store"
	"nixie/cmd/nixie/internal/storetest"
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

// recorded returns the events of a ledger in SQLite in the order of recording,
// but for when and from where that was.
func recorded(t testing.TB, path string) []ledger.Event {
	return recordedIn(t, "sqlite:"+path)
}

func recordedIn(t testing.TB, url string) (events []ledger.Event) {
	s, err := store.Open(t.Context(), url)
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

// kinds are the mailboxes from which nothing may be lost, with the ways to mark
// a message as done, and how to make one with so many messages. Each is a
// Maildir to look into: there Done is the folder ".Done".
var kinds = []struct {
	name   string
	afters []string
	fill   func(t testing.TB, messages int) (url, maildir string)
}{
	{"Maildir", []string{"seen", "move:Done", "delete"}, func(t testing.TB, messages int) (string, string) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		require.NoError(t, err)
		fillMaildir(t, dir, messages)
		return "maildir:" + dir, dir
	}},
	{"IMAP", []string{"seen", "move:Done", "delete", "keep"}, func(t testing.TB, messages int) (string, string) {
		return fillMailbox(t, service(t, "NIXIE_TEST_IMAP"), messages)
	}},
	{"POP3", []string{"delete", "keep"}, func(t testing.TB, messages int) (string, string) {
		return fillMailbox(t, service(t, "NIXIE_TEST_POP3"), messages)
	}},
}

// worker is a process that ingests a mailbox into a ledger.
type worker struct {
	cmd *exec.Cmd
	out strings.Builder
}

func startIngest(t testing.TB, nixie, url, ledger, after string) *worker {
	w := &worker{cmd: exec.Command(nixie, "ingest", "--after", after, "--ledger", ledger, url)}
	w.cmd.Env = append(os.Environ(), "NIXIE_PASSWORD=secret")
	w.cmd.Stdout, w.cmd.Stderr = &w.out, &w.out
	require.NoError(t, w.cmd.Start())
	return w
}

// wait waits until it ends, or kills it after that time, 0 being never.
func (w *worker) wait(t testing.TB, kill time.Duration) (killed bool) {
	if kill > 0 {
		timer := time.AfterFunc(kill, func() { _ = w.cmd.Process.Kill() })
		defer timer.Stop()
	}
	err := w.cmd.Wait()
	if w.cmd.ProcessState.ExitCode() == -1 {
		return true
	}
	assert.NoError(t, err, w.out.String())
	return false
}

// killsOf returns how many messages there are in tests that kill, and how often
// they do: with NIXIE_KILLS=100 so often, of more messages.
func killsOf(t testing.TB) (messages, kills int) {
	if n, err := strconv.Atoi(os.Getenv("NIXIE_KILLS")); err == nil {
		return 2000, n
	}
	return 800, 2
}

// However often ingest is killed, the ledger comes to be that of one
// undisturbed run on a Maildir, and no message is gone that is not in it.
func TestKilledIngestLosesNothing(t *testing.T) {
	messages, kills := killsOf(t)
	nixie, told := command(t), tellings(t, messages)
	var want []ledger.Event
	for _, kind := range kinds {
		for _, after := range kind.afters {
			t.Run(kind.name+" "+after, func(t *testing.T) {
				// run works through a mailbox, and is killed now and then.
				run := func(takes time.Duration) (have []ledger.Event, took time.Duration, killed, halfway int) {
					url, maildir := kind.fill(t, messages)
					db := filepath.Join(t.TempDir(), "ledger.db")
					start := time.Now()
					for again := true; again; {
						kill := time.Duration(0)
						if takes > 0 {
							kill = 1 + rand.N(takes)
						}
						again = startIngest(t, nixie, url, "sqlite:"+db, after).wait(t, kill)
						took = time.Since(start)
						have = recorded(t, db)
						if again {
							killed++
							if len(have) > 0 && len(have) < len(want) {
								halfway++
							}
						}
						requireNothingLost(t, told, maildir, kind.name+" "+after, have)
					}
					return have, took, killed, halfway
				}
				have, takes, _, _ := run(0)
				if want == nil {
					want = have
				}
				require.Len(t, have, len(want))
				require.Equal(t, want, have, "undisturbed")
				killed, halfway, rounds := 0, 0, 0
				for ; killed < kills; rounds++ {
					have, _, k, h := run(takes)
					killed, halfway = killed+k, halfway+h
					require.Len(t, have, len(want))
					require.Equal(t, want, have)
				}
				t.Logf("%d messages, %d events: killed %d times in %d rounds, %d of them with part of the events recorded",
					messages, len(want), killed, rounds, halfway)
			})
		}
	}
}

// Two workers on one folder and one database, each killed now and then, come to
// what one does alone.
func TestTwoKilledWorkersOnOneFolderLoseNothing(t *testing.T) {
	database, server := service(t, "NIXIE_TEST_POSTGRES"), service(t, "NIXIE_TEST_IMAP")
	messages, kills := killsOf(t)
	nixie, told := command(t), tellings(t, messages)
	for _, after := range []string{"seen", "move:Done", "delete"} {
		t.Run(after, func(t *testing.T) {
			run := func(workers int, takes time.Duration) (have []ledger.Event, took time.Duration, killed int64) {
				url, maildir := fillMailbox(t, server, messages)
				db := storetest.Schema(t, database)
				start := time.Now()
				var all sync.WaitGroup
				var count atomic.Int64
				for range workers {
					all.Go(func() {
						for again := true; again; {
							kill := time.Duration(0)
							if takes > 0 {
								kill = 1 + rand.N(takes)
							}
							if again = startIngest(t, nixie, url, db, after).wait(t, kill); again {
								count.Add(1)
							}
						}
					})
				}
				all.Wait()
				took = time.Since(start)
				have = recordedIn(t, db)
				requireNothingLost(t, told, maildir, "two workers "+after, have)
				slices.SortFunc(have, func(a, b ledger.Event) int { return cmp.Compare(a.ID, b.ID) })
				return have, took, count.Load()
			}
			want, takes, _ := run(1, 0)
			killed, rounds := int64(0), 0
			for ; killed < int64(kills); rounds++ {
				have, _, n := run(2, 2*takes) // they take turns at the processor
				killed += n
				require.Equal(t, want, have)
			}
			t.Logf("%d messages, %d events: killed %d times in %d rounds", messages, len(want), killed, rounds)
		})
	}
}

// telling is what is known of the messages with one Message-ID.
type telling struct {
	count int      // of messages
	ids   []string // of the events that each tells of
}

// tellings returns those of so many messages.
func tellings(t testing.TB, messages int) map[string]*telling {
	judge, err := newJudge("", "")
	require.NoError(t, err)
	told := make(map[string]*telling)
	for i := range messages {
		text := sampleMail(i)
		id := messageID(t, text)
		if told[id] == nil {
			m := mail{Message: source.Message{Data: []byte(text)}}
			require.NoError(t, judge.read(&m, ""))
			told[id] = new(telling)
			for _, e := range m.events {
				told[id].ids = append(told[id].ids, e.ID)
			}
		}
		told[id].count++
	}
	return told
}

func messageID(t testing.TB, text string) string {
	_, rest, found := strings.Cut(text, "Message-ID: ")
	require.True(t, found)
	id, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(id)
}

// requireNothingLost fails if a message is not in the mailbox, or is marked
// as done, and one of its events is not recorded. Dovecot may still be about
// what a worker told it last, so it is looked several times.
func requireNothingLost(t testing.TB, told map[string]*telling, maildir, how string, events []ledger.Event) {
	t.Helper()
	var lost string
	for range 50 {
		if lost = whatIsLost(t, told, maildir, how, events); lost == "" {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	require.Empty(t, lost)
}

func whatIsLost(t testing.TB, told map[string]*telling, maildir, how string, events []ledger.Event) string {
	have := make(map[string]bool)
	for _, e := range events {
		have[e.ID] = true
	}
	isRecorded := func(ids []string) bool {
		return !slices.ContainsFunc(ids, func(id string) bool { return !have[id] })
	}
	there := make(map[string]int)
	for _, pattern := range []string{"new/*", "cur/*", ".Done/new/*", ".Done/cur/*"} {
		paths, err := filepath.Glob(filepath.Join(maildir, pattern))
		require.NoError(t, err)
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				return err.Error() // it was renamed just now
			}
			id := messageID(t, string(data))
			there[id]++
			_, flags, _ := strings.Cut(path, ":2,")
			done := strings.Contains(path, "/.Done/") || strings.HasSuffix(how, "seen") && strings.Contains(flags, "S")
			if done && !isRecorded(told[id].ids) {
				return fmt.Sprintf("%s is marked as done, and not recorded", path)
			}
		}
	}
	for id, telling := range told {
		switch {
		case there[id] == telling.count:
		case there[id] > telling.count && how == "two workers move:Done":
			// Dovecot copies a message twice that both move at the same moment.
		case there[id] > telling.count:
			return fmt.Sprintf("%s is there %d times, not %d", id, there[id], telling.count)
		case !strings.HasSuffix(how, "delete"):
			return fmt.Sprintf("%s is there %d times, not %d", id, there[id], telling.count)
		case len(telling.ids) == 0:
			return id + " is gone, and was no report"
		case !isRecorded(telling.ids):
			return id + " is gone, and not recorded"
		}
	}
	return ""
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
			assert.Contains(t, out.String(), "\nmessages ")
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
	assert.Contains(t, out.String(), "messages 200: reports 180, unclear 0, others 20, unreadable 0; events 240, new 110\n")
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
	var workers [2]*exec.Cmd
	var said [2]strings.Builder
	for i := range workers {
		workers[i] = exec.Command(nixie, "ingest", "--after", "delete", "--ledger", "sqlite:"+db, "maildir:"+box)
		workers[i].Stdout, workers[i].Stderr = &said[i], &said[i]
		require.NoError(t, workers[i].Start())
	}
	for i := range workers {
		assert.NoError(t, workers[i].Wait(), said[i].String())
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
