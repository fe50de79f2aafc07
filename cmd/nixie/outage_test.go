//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nixie/cmd/nixie/internal/storetest"
)

// deliverTo gives a message to "nixie deliver" and returns its exit status.
func deliverTo(t *testing.T, nixie, ledger, rest, message string) (status int, out string) {
	cmd := exec.Command(nixie, "deliver", "--ledger", ledger, "--rest", rest)
	cmd.Stdin = strings.NewReader(message)
	said, err := cmd.CombinedOutput()
	require.Equal(t, cmd.ProcessState.Success(), err == nil)
	return cmd.ProcessState.ExitCode(), string(said)
}

// A database that goes away in the middle costs nothing: what is said to be
// recorded is, the rest stays in the mailbox, and mail servers keep what they have.
func TestTheDatabaseGoesAway(t *testing.T) {
	database, control := service(t, "NIXIE_TEST_POSTGRES_2"), service(t, "NIXIE_TEST_POSTGRES_2_CTL")
	ctl := func(args ...string) {
		args = append(strings.Fields(control), args...)
		cmd := exec.Command(args[0], args[1:]...)
		require.NoError(t, cmd.Run(), "%q", args) // its output would wait for the server, which has it too
	}
	const messages = 6000
	nixie, told := command(t), tellings(t, messages)
	ledger := storetest.Schema(t, database)
	box, rest := filepath.Join(t.TempDir(), "Maildir"), filepath.Join(t.TempDir(), "rest")
	fillMaildir(t, box, messages)
	w := startIngest(t, nixie, "maildir:"+box, ledger, "delete")
	require.Eventually(t, func() bool { return len(list(t, box)) < messages }, time.Minute, time.Millisecond)
	ctl("-m", "immediate", "stop")
	running := true
	defer func() {
		if !running {
			ctl("start")
		}
	}()
	running = false
	require.Error(t, w.cmd.Wait(), w.out.String())
	assert.Equal(t, 1, w.cmd.ProcessState.ExitCode())
	assert.Contains(t, w.out.String(), "cannot record; nothing that follows was touched")
	assert.NotContains(t, w.out.String(), "panic")
	left := len(list(t, box))
	assert.Greater(t, left, messages/10, "more than the letters")

	status, said := deliverTo(t, nixie, ledger, rest, sampleMail(0))
	assert.Equal(t, exitTemp, status)
	assert.Contains(t, said, "nixie: store: open: ")
	assert.NoDirExists(t, rest)

	ctl("start")
	running = true
	requireNothingLost(t, told, box, "Maildir delete", recordedIn(t, ledger))
	assert.False(t, startIngest(t, nixie, "maildir:"+box, ledger, "delete").wait(t, 0))
	status, said = deliverTo(t, nixie, ledger, rest, sampleMail(0))
	assert.Zero(t, status, said)
	assert.Len(t, list(t, box), messages/10, "letters")
	assert.Len(t, recordedIn(t, ledger), messages*11/10)
}

// A full disk costs nothing either.
func TestTheDiskIsFull(t *testing.T) {
	const messages = 2000
	nixie, told := command(t), tellings(t, messages)
	report := strings.ReplaceAll(sampleMail(1), "reader", strings.Repeat("long", 10)+"reader")
	letter := "Subject: a letter\n\n" + strings.Repeat("All is well, and there is much to tell.\n", 50000)
	limits := []struct {
		name    string
		refused []string // messages that cannot be delivered then
		// set sets a limit to what is written below a directory, and returns how
		// to run a command under it and how to lift it.
		set func(t *testing.T, dir string) (limited string, lift func())
	}{
		{"file system", []string{report, letter}, func(t *testing.T, dir string) (string, func()) {
			if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
				t.Skipf("no file system can be mounted here: %v", err)
			}
			t.Cleanup(func() { assert.NoError(t, syscall.Unmount(dir, 0)) })
			return nixie, func() {
				require.NoError(t, syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=64m"))
			}
		}},
		{"file size", []string{letter}, func(t *testing.T, dir string) (string, func()) {
			limited := filepath.Join(t.TempDir(), "limited")
			require.NoError(t, os.WriteFile(limited, []byte("#!/bin/sh\nulimit -f 1000\nexec "+nixie+" \"$@\"\n"), 0o700))
			return limited, func() {}
		}},
	}
	for _, limit := range limits {
		t.Run(limit.name, func(t *testing.T) {
			dir, box := t.TempDir(), filepath.Join(t.TempDir(), "Maildir")
			fillMaildir(t, box, messages)
			limited, lift := limit.set(t, dir)
			ledger, rest := "sqlite:"+filepath.Join(dir, "ledger.db"), filepath.Join(dir, "rest")
			w := startIngest(t, limited, "maildir:"+box, ledger, "delete")
			require.Error(t, w.cmd.Wait(), w.out.String())
			assert.Equal(t, 1, w.cmd.ProcessState.ExitCode())
			assert.Contains(t, w.out.String(), "cannot record; nothing that follows was touched")
			left := len(list(t, box))
			assert.Greater(t, left, messages/10, "more than the letters")

			for _, message := range limit.refused {
				status, said := 0, ""
				for i := 0; i < 100 && status == 0; i++ { // a commit may still fit in
					status, said = deliverTo(t, limited, ledger, rest, message)
					message = strings.ReplaceAll(message, "reader", "xreader")
				}
				assert.Equal(t, exitTemp, status)
				assert.Contains(t, said, "nixie: ")
			}
			delivered, err := filepath.Glob(filepath.Join(rest, "*", "*"))
			require.NoError(t, err)
			assert.Empty(t, delivered)

			lift()
			have := recordedIn(t, ledger)
			requireNothingLost(t, told, box, "Maildir delete", have)
			assert.False(t, startIngest(t, nixie, "maildir:"+box, ledger, "delete").wait(t, 0))
			assert.Len(t, list(t, box), messages/10, "letters")
			status, said := deliverTo(t, nixie, ledger, rest, letter)
			assert.Zero(t, status, said)
			delivered, err = filepath.Glob(filepath.Join(rest, "new", "*"))
			require.NoError(t, err)
			assert.Len(t, delivered, 1)
		})
	}
}
