package main

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress shows how many messages are done, once the work has lasted a while.
// A nil progress shows nothing.
type progress struct {
	to    io.Writer
	begun time.Time
	count int
	bar   *progressbar.ProgressBar
}

// progressDelay is how long work lasts before progress is shown.
const progressDelay = time.Second

// newProgress returns a progress on stderr, nil if nobody sees it there or if
// the results on stdout show it anyway.
func newProgress(stderr, stdout io.Writer) *progress {
	if !isTerminal(stderr) || isTerminal(stdout) {
		return nil
	}
	return &progress{to: stderr, begun: time.Now()}
}

// add counts n more messages as done.
func (p *progress) add(n int) {
	if p == nil {
		return
	}
	p.count += n
	if p.bar == nil {
		if time.Since(p.begun) < progressDelay {
			return
		}
		p.bar = progressbar.NewOptions(-1, progressbar.OptionSetWriter(p.to), progressbar.OptionSetDescription("messages"),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("messages"), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish())
	}
	p.bar.Set(p.count) //nolint:errcheck // what cannot be shown is no failure of the work
}

// clear takes the progress off the terminal.
func (p *progress) clear() {
	if p != nil && p.bar != nil {
		p.bar.Clear()
	}
}
