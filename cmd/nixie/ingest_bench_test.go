//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Ingest of a mailbox into SQLite, by a program of its own: messages a second,
// and the most memory it had. With NIXIE_MESSAGES=100000 of so many, with
// NIXIE_AFTER=delete so marked.
func BenchmarkIngest(b *testing.B) {
	messages := 5000
	if n, err := strconv.Atoi(os.Getenv("NIXIE_MESSAGES")); err == nil {
		messages = n
	}
	nixie := command(b)
	for _, kind := range kinds {
		b.Run(kind.name, func(b *testing.B) {
			memory := 0.0
			for b.Loop() {
				b.StopTimer()
				url, _ := kind.fill(b, messages)
				ledger := "sqlite:" + filepath.Join(b.TempDir(), "ledger.db")
				b.StartTimer()
				w := startIngest(b, nixie, url, ledger, os.Getenv("NIXIE_AFTER"))
				err := w.cmd.Wait()
				b.StopTimer()
				require.NoError(b, err, w.out.String())
				b.Log(w.out.String())
				memory = max(memory, float64(w.cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)/1024) // KiB on Linux
				b.StartTimer()
			}
			b.ReportMetric(float64(messages*b.N)/b.Elapsed().Seconds(), "messages/s")
			b.ReportMetric(memory, "MiB")
		})
	}
}
