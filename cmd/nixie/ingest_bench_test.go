//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Ingest of a Maildir into SQLite, by a program of its own: messages a second,
// and the most memory it had. With NIXIE_MESSAGES=100000 of so many.
func BenchmarkIngest(b *testing.B) {
	messages := 5000
	if n, err := strconv.Atoi(os.Getenv("NIXIE_MESSAGES")); err == nil {
		messages = n
	}
	nixie := command(b)
	box := filepath.Join(b.TempDir(), "Maildir")
	fillMaildir(b, box, messages)
	memory := 0.0
	for b.Loop() {
		db := filepath.Join(b.TempDir(), "ledger.db")
		cmd := exec.Command(nixie, "ingest", "--after", os.Getenv("NIXIE_AFTER"), "--ledger", "sqlite:"+db, "maildir:"+box)
		out, err := cmd.CombinedOutput()
		require.NoError(b, err, string(out))
		b.Log(string(out))
		memory = max(memory, float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)/1024) // KiB on Linux
		b.StopTimer()
		require.NoError(b, os.RemoveAll(box)) // what was seen is not read again
		fillMaildir(b, box, messages)
		b.StartTimer()
	}
	b.ReportMetric(float64(messages*b.N)/b.Elapsed().Seconds(), "messages/s")
	b.ReportMetric(memory, "MiB")
}
