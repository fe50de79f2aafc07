package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBudget(t *testing.T) {
	b := newBudget()
	b.take(2 * maxInFlight) // more than there is, but alone
	b.give(2 * maxInFlight)
	var giving sync.WaitGroup
	for n := range 1000 {
		b.take(n * maxInFlight / 1000)
		assert.LessOrEqual(t, b.taken(), maxInFlight)
		giving.Go(func() { b.give(n * maxInFlight / 1000) })
	}
	giving.Wait()
	assert.Zero(t, b.taken())
}

func (b *budget) taken() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}

// However many workers there are, no more is read ahead than the budget, and
// what is large comes out in order.
func TestReadAhead(t *testing.T) {
	const n, size = 24, 8 << 20
	in := &counter{}
	messages := make([]io.Reader, n)
	for i := range messages {
		head := fmt.Sprintf("From MAILER-DAEMON Mon Jan  6 10:00:00 2025\nSubject: %d\n\n", i)
		messages[i] = io.MultiReader(strings.NewReader(head), &lines{size}, strings.NewReader("\n"))
	}
	in.from = io.MultiReader(messages...)
	var errs bytes.Buffer
	out := &checker{printed: func(messages int) {
		// Beside the budget there are the message that waits for it and the buffer of the reader.
		assert.LessOrEqual(t, in.count()-messages*size, maxInFlight+6*size, "after %d messages", messages)
	}}
	require.Zero(t, run([]string{"parse", "--jobs", "16", "-"}, in, out, &errs), errs.String())
	assert.Len(t, out.sources, n)
	for i, source := range out.sources {
		assert.Equal(t, fmt.Sprintf("-:%d", i+1), source)
	}
}

var text = strings.Repeat("no words that anybody would have to read again\n", 1000)

// lines reads as so many bytes of text.
type lines struct{ left int }

func (l *lines) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, io.EOF
	}
	n := copy(p, text)
	l.left -= n
	return n, nil
}

// counter counts what is read.
type counter struct {
	from io.Reader
	mu   sync.Mutex
	n    int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.mu.Lock()
	c.n += n
	c.mu.Unlock()
	return n, err
}

func (c *counter) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// checker calls printed before each result of one or more messages.
type checker struct {
	printed func(messages int)
	sources []string
}

func (c *checker) Write(p []byte) (int, error) {
	c.printed(len(c.sources))
	for line := range strings.Lines(string(p)) {
		source, _, _ := strings.Cut(strings.TrimPrefix(line, `{"source":"`), `"`)
		c.sources = append(c.sources, source)
	}
	return len(p), nil
}
