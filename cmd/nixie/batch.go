package main

import (
	"context"

	"nixie/cmd/nixie/internal/source"
)

// tally counts what a run has met.
type tally struct {
	messages   int // that could be read
	reports    int // of them, that gave events and nothing else
	others     int // no reports
	unclear    int // reports that little or nothing could be made of
	unreadable int
	events     int
	recorded   int // of them, that were new
}

// count adds a message.
func (t *tally) count(m *mail) {
	if m.err == nil {
		t.messages++
	}
	switch m.outcome() {
	case wasReport:
		t.reports++
	case wasUnclear:
		t.unclear++
	case wasOther:
		t.others++
	case unreadable:
		t.unreadable++
	}
}

func (t *tally) add(more *tally) {
	t.messages += more.messages
	t.reports += more.reports
	t.others += more.others
	t.unclear += more.unclear
	t.unreadable += more.unreadable
	t.events += more.events
	t.recorded += more.recorded
}

// mailBatch is what is judged and recorded at once.
type mailBatch struct {
	mails []mail
	bytes int
	done  chan struct{} // closed when it is judged
}

// A mailBatch is full when it has so many messages or bytes.
const (
	mailBatchMessages = 500
	mailBatchBytes    = 4 << 20
)

// readMail puts the messages of a source into batches and gives them to send,
// until that returns false.
func readMail(ctx context.Context, box source.Source, send func(*mailBatch) bool) {
	b := &mailBatch{done: make(chan struct{})}
	for m, err := range box.Messages(ctx) {
		b.mails = append(b.mails, mail{Message: m, err: err})
		b.bytes += len(m.Data)
		if len(b.mails) < mailBatchMessages && b.bytes < mailBatchBytes {
			continue
		}
		if !send(b) {
			return
		}
		b = &mailBatch{done: make(chan struct{})}
	}
	if len(b.mails) > 0 {
		send(b)
	}
}
