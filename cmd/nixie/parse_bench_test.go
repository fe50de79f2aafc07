//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkParse reads the messages of testdata/eml, over and over in one mbox,
// by a program of its own that has one core, or two: messages a second, the
// time of the cores for each, and the most memory. NIXIE_MESSAGES says how many
// messages, 100000 for a large mbox; those of the directory NIXIE_MAIL are
// read too.
func BenchmarkParse(b *testing.B) {
	messages := 5000
	if n, err := strconv.Atoi(os.Getenv("NIXIE_MESSAGES")); err == nil {
		messages = n
	}
	nixie := command(b)
	box := filepath.Join(b.TempDir(), "box.mbox")
	size := writeMbox(b, box, messages)
	for _, cores := range []string{"1", "2"} {
		b.Run(cores, func(b *testing.B) {
			b.SetBytes(size)
			var memory, cpu float64
			for b.Loop() {
				cmd := exec.Command(nixie, "parse", "--format", "json", box)
				cmd.Env = append(os.Environ(), "GOMAXPROCS="+cores)
				require.NoError(b, cmd.Run())
				memory = max(memory, float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)/1024) // KiB on Linux
				cpu += (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
			}
			b.ReportMetric(float64(messages*b.N)/b.Elapsed().Seconds(), "messages/s")
			b.ReportMetric(1e6*cpu/float64(messages*b.N), "cpu-µs/message")
			b.ReportMetric(memory, "MiB")
		})
	}
}

// writeMbox writes so many messages, and returns their size.
func writeMbox(b *testing.B, path string, messages int) int64 {
	names, err := filepath.Glob("../../testdata/eml/*.eml")
	require.NoError(b, err)
	if dir := os.Getenv("NIXIE_MAIL"); dir != "" {
		more, err := filepath.Glob(filepath.Join(dir, "*"))
		require.NoError(b, err)
		names = append(names, more...)
	}
	var all [][]byte
	for _, name := range names {
		msg, err := os.ReadFile(name)
		require.NoError(b, err)
		msg = bytes.ReplaceAll(msg, []byte("\nFrom "), []byte("\n>From "))
		all = append(all, fmt.Appendf(nil, "From MAILER-DAEMON Mon Jan  6 10:00:00 2025\n%s\n\n", bytes.TrimRight(msg, "\r\n")))
	}
	f, err := os.Create(path)
	require.NoError(b, err)
	defer f.Close()
	var size int64
	for i := range messages {
		n, err := f.Write(all[i%len(all)])
		require.NoError(b, err)
		size += int64(n)
	}
	return size
}
