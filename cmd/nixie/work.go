package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"slices"

	"nixie/classify"
	"nixie/cmd/nixie/internal/mailbox"
	"nixie/cmd/nixie/internal/render"
	"nixie/dsn"
	"nixie/dsn/origin"
)

// work is one run of parse: the paths are read in order, the messages worked
// on by several workers, and the results printed in order.
type work struct {
	paths    []string
	stdin    io.Reader
	jobs     int
	output   output
	progress *progress
	rules    *classify.Classifier
	origin   *origin.Checker // nil if nobody asks where reports come from
}

// batch is what a worker takes at once: messages, and files that it reads
// itself.
type batch struct {
	items []item
	data  []byte // the messages
	out   []byte // the results, in the output's format
	errs  []error
	size  int // in bytes, of what is to be read of it
	count int // of messages
	bytes int // in them
	done  chan struct{}
}

// item is a message, batch.data[start:end], a file to be read, or what is
// wrong with one.
type item struct {
	source     string
	start, end int
	file       mailbox.File
	err        error
}

// A batch is full when it has so many items or bytes.
const (
	batchItems = 32
	batchBytes = 256 << 10
)

// smallFile is the size in bytes up to which a worker reads the whole file.
// Larger ones are read ahead of the workers, as they may be mboxes.
const smallFile = 64 << 10

// run reads, works and prints, until all is done or printing fails. What
// cannot be read is named on stderr, and makes it return errFailed.
func (w *work) run(stderr io.Writer) error {
	todo := make(chan *batch)
	printing := make(chan *batch, 2*w.jobs) // in order
	free := make(chan *batch, cap(printing)+w.jobs+2)
	stop := make(chan struct{})
	inFlight := newBudget()
	for range w.jobs {
		go w.work(todo)
	}
	go func() {
		defer close(printing)
		defer close(todo)
		w.read(func(b *batch) bool {
			inFlight.take(b.size) // what was sent before gives back when it is printed
			select {
			case printing <- b:
				todo <- b
				return true
			case <-stop:
				return false
			}
		}, free)
	}()

	var failed, broken error
	for b := range printing {
		<-b.done
		if broken == nil && len(b.out) > 0 {
			if _, err := w.output.to.Write(b.out); err != nil {
				broken = err
				close(stop)
			}
		}
		b.trim()
		inFlight.give(b.size)
		if broken != nil {
			continue
		}
		w.progress.add(b.count, b.bytes)
		for _, err := range b.errs {
			w.progress.clear()
			fmt.Fprintf(stderr, "nixie: %s\n", render.Clean(err.Error()))
			failed = errFailed
		}
		select {
		case free <- b:
		default:
		}
	}
	w.progress.clear()
	if broken == nil && w.output.flush != nil {
		broken = w.output.flush()
	}
	if broken != nil {
		return asFailure(fmt.Errorf("write: %w", broken))
	}
	return failed
}

// read puts what the paths hold into batches and gives them to send, until
// that returns false.
func (w *work) read(send func(*batch) bool, free <-chan *batch) {
	var reader mailbox.Reader
	b := newBatch(free)
	sendIfFull := func() bool {
		if len(b.items) < batchItems && len(b.data) < batchBytes {
			return true
		}
		ok := send(b)
		b = newBatch(free)
		return ok
	}
	message := func(m mailbox.Message, err error) bool {
		start := len(b.data)
		b.data = append(b.data, m.Data...)
		b.size += len(m.Data)
		b.items = append(b.items, item{source: m.Source, start: start, end: len(b.data), err: err})
		return sendIfFull()
	}
	defer func() {
		if len(b.items) > 0 {
			send(b)
		}
	}()
	for _, path := range w.paths {
		if path == "-" {
			for m, err := range accounted(path, reader.Stream(path, w.stdin)) {
				if !message(m, err) {
					return
				}
			}
			continue
		}
		for file, err := range mailbox.Files(path) {
			if err != nil || file.Size >= 0 && file.Size <= smallFile {
				b.items = append(b.items, item{source: file.Path, file: file, err: err})
				b.size += int(max(file.Size, 0))
				if !sendIfFull() {
					return
				}
				continue
			}
			for m, err := range accounted(file.Path, reader.File(file)) {
				if !message(m, err) {
					return
				}
			}
		}
	}
}

// accounted yields the messages of an input, and an empty one for an input that
// holds nothing: each that could be read has a result.
func accounted(source string, messages iter.Seq2[mailbox.Message, error]) iter.Seq2[mailbox.Message, error] {
	return func(yield func(mailbox.Message, error) bool) {
		none := true
		for m, err := range messages {
			none = false
			if !yield(m, err) {
				return
			}
		}
		if none {
			yield(mailbox.Message{Source: source}, nil)
		}
	}
}

func newBatch(free <-chan *batch) *batch {
	select {
	case b := <-free:
		*b = batch{items: b.items[:0], data: b.data[:0], out: b.out[:0], errs: b.errs[:0], done: make(chan struct{})}
		return b
	default:
		return &batch{done: make(chan struct{})}
	}
}

// trim lets go of buffers that grew for one large message.
func (b *batch) trim() {
	if cap(b.data) > 4*batchBytes {
		b.data = nil
	}
	if cap(b.out) > 4*batchBytes {
		b.out = nil
	}
}

// work works on batches until there are no more.
func (w *work) work(todo <-chan *batch) {
	var reader mailbox.Reader
	var result render.Result
	for b := range todo {
		for _, it := range b.items {
			switch {
			case it.err != nil:
				b.errs = append(b.errs, fmt.Errorf("%s: %w", it.source, it.err))
			case it.file.Path != "":
				for m, err := range accounted(it.file.Path, reader.File(it.file)) {
					if err != nil {
						b.errs = append(b.errs, fmt.Errorf("%s: %w", m.Source, err))
						continue
					}
					w.message(b, &result, m.Source, m.Data)
				}
			default:
				w.message(b, &result, it.source, b.data[it.start:it.end])
			}
		}
		close(b.done)
	}
}

// message works on one message.
func (w *work) message(b *batch, r *render.Result, source string, data []byte) {
	r.Source, r.Report = source, dsn.Parse(data)
	for recipient, verdict := range w.rules.Report(r.Report) {
		r.Recipients = append(r.Recipients, render.Recipient{Recipient: recipient, Verdict: verdict})
	}
	if w.origin != nil {
		proof := w.origin.Check(context.Background(), origin.Message{Raw: data, Report: r.Report})
		r.Origin = &proof
	}
	b.out = slices.Grow(b.out, 1<<10)
	b.out = w.output.append(b.out, r)
	clear(r.Recipients) // so that the result of one message does not keep it
	*r = render.Result{Recipients: r.Recipients[:0]}
	b.count++
	b.bytes += len(data)
}
