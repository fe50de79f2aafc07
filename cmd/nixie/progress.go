package main

import (
	"io"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress shows how far the work is, once it has lasted a while. A nil
// progress shows nothing.
type progress struct {
	bar     *progressbar.ProgressBar
	inBytes bool // of bytes, not of messages
}

// newProgress returns a progress on stderr, nil if nobody sees it there or if
// the results on stdout show it anyway.
func newProgress(stderr, stdout io.Writer, paths []string) *progress {
	if !isTerminal(stderr) || isTerminal(stdout) {
		return nil
	}
	options := []progressbar.Option{
		progressbar.OptionSetWriter(&lateWriter{stderr, time.Now().Add(time.Second)}),
		progressbar.OptionThrottle(100 * time.Millisecond),
		progressbar.OptionSetWidth(25),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionClearOnFinish(),
	}
	total := totalSize(paths)
	if total > 0 {
		options = append(options, progressbar.OptionShowBytes(true), progressbar.OptionShowTotalBytes(true))
	} else {
		options = append(options, progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("messages"))
	}
	return &progress{progressbar.NewOptions64(total, options...), total > 0}
}

// totalSize is the size of what the paths hold, -1 if that is not known.
func totalSize(paths []string) int64 {
	total := int64(0)
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() || strings.HasSuffix(path, ".gz") {
			return -1
		}
		total += info.Size()
	}
	return total
}

// add counts so many more messages of so many bytes in all as done.
func (p *progress) add(messages, bytes int) {
	switch {
	case p == nil:
	case p.inBytes:
		_ = p.bar.Add(bytes) // what cannot be shown is no failure of the work
	default:
		_ = p.bar.Add(messages)
	}
}

// clear takes the progress off the terminal.
func (p *progress) clear() {
	if p != nil {
		_ = p.bar.Clear()
	}
}

// lateWriter drops what is written before a time.
type lateWriter struct {
	to   io.Writer
	from time.Time
}

func (w *lateWriter) Write(p []byte) (int, error) {
	if time.Now().Before(w.from) {
		return len(p), nil
	}
	return w.to.Write(p)
}
