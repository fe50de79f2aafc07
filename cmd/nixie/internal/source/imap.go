package source

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// imapFolder is a folder on an IMAP server (RFC 9051, RFC 3501). An ID is
// "UIDVALIDITY/UID", which stands for the same message for ever.
//
// It is read in windows of UIDs, so that a large folder takes no more memory
// than a small one, and the messages of a window some at a time. One connection
// serves for all; no command is under way on it while messages are yielded.
//
// How far it was worked through is noted, for each way of marking messages by
// itself: whoever goes over from keep to delete wants all of them deleted.
type imapFolder struct {
	place   Place
	options Options
	log     *slog.Logger
	ctx     context.Context // of the run: when it ends, nothing is tried again

	mu    sync.Mutex // held while commands are under way
	conn  *imapConn  // nil: none
	retry retry
	known bool // there was a connection

	validity uint32   // UIDVALIDITY
	uidNext  imap.UID // when it was selected
	selected bool     // for this pass
	next     imap.UID // all messages before it have been yielded
	noted    imap.UID // all up to it have been dealt with
	hold     imap.UID // the first that has not, though later ones have; 0: none
	marked   bool     // it was told that the server cannot expunge single messages
}

// openIMAP connects to the server and opens the folder.
func openIMAP(ctx context.Context, p Place, o Options) (*imapFolder, error) {
	log := o.Log.With("source", p.Name)
	f := &imapFolder{place: p, options: o, log: log, ctx: ctx, retry: retry{options: o, log: log}}
	return f, f.connect(ctx)
}

// connect makes a connection if there is none.
func (f *imapFolder) connect(ctx context.Context) error {
	for f.conn == nil {
		err := f.dial(ctx)
		if err == nil {
			break
		}
		if _, final := errors.AsType[finalError](err); !f.known && (final || !f.options.Watch) || final && !f.options.Watch {
			return err
		}
		if err := f.retry.wait(f.ctx, err); err != nil {
			return err
		}
	}
	return nil
}

// dial makes a connection and opens the folder.
func (f *imapFolder) dial(ctx context.Context) error {
	c, err := dialIMAP(ctx, &f.place, &f.options)
	if err != nil {
		return err
	}
	err = c.run(func(c *imapConn) error {
		if f.place.after.What == move && !f.options.DryRun && !f.known {
			if err := c.makeFolder(f.place.after.Folder); err != nil {
				return err
			}
		}
		return f.open(ctx, c)
	})
	if err != nil {
		c.Client.Close()
		return err
	}
	f.conn, f.known = c, true
	return nil
}

// open opens the folder, and starts over if its UIDs are others than before.
func (f *imapFolder) open(ctx context.Context, c *imapConn) error {
	select {
	case <-c.news:
	default:
	}
	data, err := c.open(f.place.folder, f.options.DryRun || f.place.after.What == keep)
	if err != nil {
		return err
	}
	if data.UIDValidity == 0 {
		return finalError{errors.New("the server gives no UIDVALIDITY: a message could be taken for another")}
	}
	if data.UIDNext == 0 { // RFC 3501 lets a server leave it out
		data.UIDNext = 1
		if data.NumMessages > 0 {
			last, err := c.Fetch(imap.SeqSetNum(data.NumMessages), &imap.FetchOptions{UID: true}).Collect()
			if err != nil {
				return err
			}
			for _, m := range last {
				data.UIDNext = m.UID + 1
			}
		}
	}
	f.selected = true
	f.uidNext = data.UIDNext
	if data.UIDValidity == f.validity {
		return nil
	}
	if f.validity != 0 {
		f.log.Warn("the server has numbered the messages anew; all are read")
	}
	f.validity, f.next, f.noted, f.hold = data.UIDValidity, 1, 0, 0
	if f.options.Notes == nil || f.options.Again {
		return nil
	}
	note, err := f.options.Notes.Note(ctx, f.noteName())
	if err != nil {
		return finalError{err}
	}
	var validity uint32
	var noted imap.UID
	if _, err := fmt.Sscan(note, &validity, &noted); err == nil && validity == f.validity && noted < f.uidNext {
		f.noted, f.next = noted, noted+1
	}
	return nil
}

// errAgain means that the connection broke and that it is to be tried again.
var errAgain = errors.New("the connection broke")

// try runs commands once. The caller has locked f.
func (f *imapFolder) try(ctx context.Context, commands func(*imapConn) error) error {
	if err := f.connect(ctx); err != nil {
		return err
	}
	err := f.conn.run(commands)
	if _, final := errors.AsType[finalError](err); err == nil || final || refusal(err) != nil || err == errRenumbered {
		f.retry.ok()
		return err
	}
	return f.broke(err)
}

// broke gives up the connection and waits before it is tried again.
func (f *imapFolder) broke(err error) error {
	f.conn.Client.Close()
	f.conn = nil
	if err := f.retry.wait(f.ctx, err); err != nil {
		return err
	}
	return errAgain
}

// do runs commands until the connection lasts for them.
func (f *imapFolder) do(ctx context.Context, commands func(*imapConn) error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		if err := f.try(ctx, commands); err != errAgain {
			return err
		}
	}
}

// How long it is waited for word from the server before the folder is looked
// at all the same: less than the 29 minutes of RFC 2177, and where there is no IDLE.
const (
	idleTime   = 15 * time.Minute
	noIdleTime = time.Minute
)

func (f *imapFolder) Wait(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.selected = false
	if f.conn == nil {
		return ctx.Err()
	}
	var idle *imapclient.IdleCommand
	err := f.conn.run(func(c *imapConn) (err error) {
		if !c.Caps().Has(imap.CapIdle) {
			return nil
		}
		if err := c.Noop().Wait(); err != nil { // not every server tells in IDLE what was before
			return err
		}
		idle, err = c.Idle()
		return err
	})
	if err == nil && idle == nil || refusal(err) != nil {
		return f.options.sleep(ctx, noIdleTime)
	}
	if err == nil {
		over := make(chan error, 1)
		sleeping, cancel := context.WithCancel(ctx)
		go func() { over <- f.options.sleep(sleeping, idleTime) }()
		select {
		case <-f.conn.news:
		case <-f.conn.Closed():
		case <-over:
		}
		cancel()
		err = f.conn.run(func(*imapConn) error {
			if err := idle.Close(); err != nil {
				return err
			}
			return idle.Wait()
		})
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		if err = f.broke(err); err == errAgain {
			err = nil
		}
	}
	return err
}

func (f *imapFolder) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.conn != nil {
		f.conn.logout()
		f.conn = nil
	}
	return nil
}
