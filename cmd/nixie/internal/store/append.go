package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"nixie/classify/ledger"
)

// maxBatch is about how many events are written in one transaction.
const maxBatch = 4000

// request is one call of Append that waits.
type request struct {
	events []ledger.Event
	added  int
	err    error
	done   chan struct{}
}

// Append implements [ledger.Store]. If the context ends while it waits, the
// events may still be recorded.
func (s *Store) Append(ctx context.Context, events ...ledger.Event) (added int, err error) {
	for len(events) > 0 {
		n := min(len(events), maxBatch)
		more, err := s.append(ctx, events[:n])
		added += more
		if err != nil {
			return added, fmt.Errorf("store: append: %w", err)
		}
		events = events[n:]
	}
	return added, nil
}

func (s *Store) append(ctx context.Context, events []ledger.Event) (int, error) {
	r := &request{events: events, done: make(chan struct{})}
	select {
	case s.requests <- r:
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-s.closing:
		return 0, errors.New("the ledger is closed")
	}
	select {
	case <-r.done:
		return r.added, r.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// writeAll writes what is asked for, as much of it together as waits.
func (s *Store) writeAll() {
	defer close(s.closed)
	for {
		var batch []*request
		select {
		case r := <-s.requests:
			batch = append(batch, r)
		case <-s.closing:
			return
		}
		size := len(batch[0].events)
	gather:
		for size < maxBatch {
			select {
			case r := <-s.requests:
				batch = append(batch, r)
				size += len(r.events)
			default:
				break gather
			}
		}
		s.write(batch)
	}
}

// write records the events of several requests in one transaction.
func (s *Store) write(batch []*request) {
	var events []ledger.Event
	first := make(map[string]*request)
	for _, r := range batch {
		for _, e := range r.events {
			if first[e.ID] == nil {
				first[e.ID] = r
				events = append(events, e)
			}
		}
	}
	var added map[string]bool
	ctx := context.Background() // a caller that waits no longer must not undo the work of others
	err := s.transact(ctx, func(tx *sql.Tx) (err error) {
		added, err = s.dialect.insert(ctx, tx, events)
		return err
	})
	if err == nil {
		for id := range added {
			if r := first[id]; r != nil {
				r.added++
			}
		}
	}
	for _, r := range batch {
		r.err = err
		close(r.done)
	}
}
