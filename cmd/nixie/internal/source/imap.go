package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"nixie/cmd/nixie/internal/mailbox"
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

// A window holds about windowMessages messages; of these so many or so many
// bytes are fetched at once.
const (
	windowMessages = 1000
	fetchMessages  = 250
	fetchBytes     = 2 << 20
)

var errTooBig = fmt.Errorf("larger than %d MiB: it is not read", mailbox.MaxMessage>>20)

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

// makeFolder makes a folder that is not there.
func (c *imapConn) makeFolder(name string) error {
	have, err := c.List("", name, nil).Collect()
	if err != nil || len(have) > 0 {
		return err
	}
	err = c.Create(name, nil).Wait()
	switch no := refusal(err); {
	case no == nil:
		return err
	case no.Code == imap.ResponseCodeAlreadyExists:
		return nil
	}
	return finalError{fmt.Errorf("cannot make the folder %q: %w", name, err)}
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
	f.selected = true
	f.uidNext = data.UIDNext
	if f.uidNext == 0 {
		f.uidNext = math.MaxUint32
	}
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

// noteName is under what it is noted how far the folder was worked through, as
// "UIDVALIDITY UID".
func (f *imapFolder) noteName() string {
	return strings.TrimSuffix("position "+f.place.Name+" "+f.place.after.What+":"+f.place.after.Folder, ":")
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

func (f *imapFolder) Messages(ctx context.Context) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		width := imap.UID(windowMessages)
		for ctx.Err() == nil {
			var w window
			err := f.do(ctx, func(c *imapConn) (err error) {
				if !f.selected {
					if err := f.open(ctx, c); err != nil {
						return err
					}
				}
				w, err = f.list(c, width)
				return err
			})
			if err == nil && w.first > w.last {
				return
			}
			if err == nil {
				err = f.read(ctx, w, yield)
			}
			switch {
			case err == errStop:
				return
			case err == errRenumbered:
			case err != nil:
				if ctx.Err() == nil {
					yield(Message{}, err)
				}
				return
			case len(w.messages) < windowMessages/2 && width < math.MaxUint32/2:
				width *= 2 // UIDs have gaps, of millions at times
			case len(w.messages) > windowMessages && width > windowMessages:
				width /= 2
			}
		}
	}
}

// window is a range of UIDs and the messages in it that are wanted.
type window struct {
	validity    uint32
	first, last imap.UID
	messages    []listed
}

type listed struct {
	uid  imap.UID
	size int64
}

// list returns the next window, one without UIDs at the end of the folder.
func (f *imapFolder) list(c *imapConn, width imap.UID) (window, error) {
	w := window{validity: f.validity, first: f.next, last: f.uidNext - 1}
	if w.first > w.last {
		return w, nil
	}
	w.last = min(w.last, w.first+min(width-1, math.MaxUint32-w.first))
	var uids imap.UIDSet
	uids.AddRange(w.first, w.last)
	cmd := c.Fetch(uids, &imap.FetchOptions{UID: true, Flags: true, RFC822Size: true})
	for data := cmd.Next(); data != nil; data = cmd.Next() {
		m, err := data.Collect()
		if err != nil {
			cmd.Close()
			return w, err
		}
		gone := slices.Contains(m.Flags, imap.FlagDeleted)
		if !gone && (f.place.after.What != seen || !slices.Contains(m.Flags, imap.FlagSeen)) {
			w.messages = append(w.messages, listed{m.UID, m.RFC822Size})
		}
	}
	slices.SortFunc(w.messages, func(a, b listed) int { return cmp.Compare(a.uid, b.uid) })
	return w, cmd.Close()
}

var (
	errStop       = errors.New("no more is wanted")
	errRenumbered = errors.New("the messages have other UIDs now")
)

// maxBreaks is how often a connection may break at one message before that is
// passed over.
const maxBreaks = 3

// read yields the messages of a window. What broke the connection is fetched
// message by message.
func (f *imapFolder) read(ctx context.Context, w window, yield func(Message, error) bool) error {
	rest, single, breaks := w.messages, 0, 0
	for len(rest) > 0 {
		if ctx.Err() != nil {
			return errStop
		}
		first := rest[0]
		n := portion(rest)
		if single > 0 {
			n = 1
		}
		var got []fetched
		var err error
		if first.size > mailbox.MaxMessage {
			n, got = 1, []fetched{{first.uid, nil, errTooBig}}
		} else {
			got, err = f.fetch(ctx, &w, rest[:n])
		}
		switch {
		case err == nil:
		case n > 1 && (err == errAgain || refusal(err) != nil):
			single = n
			continue
		case err == errAgain:
			if breaks++; breaks < maxBreaks {
				continue
			}
			f.mu.Lock()
			f.holdAt(first.uid)
			f.mu.Unlock()
			got = []fetched{{first.uid, nil, errors.New("the connection broke whenever it was read")}}
		case refusal(err) != nil:
			got = []fetched{{first.uid, nil, err}}
		default:
			return err
		}
		for _, m := range got {
			if !yield(Message{fmt.Sprintf("%d/%d", w.validity, m.uid), m.data}, m.err) {
				return errStop
			}
		}
		f.passed(&w, rest[n-1].uid)
		rest, breaks, single = rest[n:], 0, max(0, single-n)
	}
	f.passed(&w, w.last)
	return nil
}

// portion returns how many of the messages are to be fetched at once.
func portion(messages []listed) int {
	size := int64(0)
	for n, m := range messages {
		if size += m.size; n > 0 && size > fetchBytes || n == fetchMessages {
			return n
		}
	}
	return len(messages)
}

// passed says that all up to a message of a window has been yielded.
func (f *imapFolder) passed(w *window, uid imap.UID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.validity == w.validity {
		f.next = uid + 1
	}
}

type fetched struct {
	uid  imap.UID
	data []byte
	err  error
}

// fetch returns messages of a window, but for those that are gone.
func (f *imapFolder) fetch(ctx context.Context, w *window, messages []listed) (got []fetched, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	err = f.try(ctx, func(c *imapConn) (err error) {
		if f.validity != w.validity {
			return errRenumbered
		}
		got, err = c.fetch(messages)
		return err
	})
	return got, err
}

func (c *imapConn) fetch(messages []listed) ([]fetched, error) {
	var uids imap.UIDSet
	for _, m := range messages {
		uids.AddNum(m.uid)
	}
	cmd := c.Fetch(uids, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}}})
	var got []fetched
	var have, missing imap.UIDSet
	for data := cmd.Next(); data != nil; data = cmd.Next() {
		m, sent, err := receive(data)
		if err != nil {
			cmd.Close()
			return nil, err
		}
		if sent {
			got = append(got, m)
			have.AddNum(m.uid)
		}
	}
	if err := cmd.Close(); err != nil {
		return nil, err
	}
	for _, m := range messages {
		if !have.Contains(m.uid) {
			missing.AddNum(m.uid)
		}
	}
	if len(missing) > 0 {
		// They are gone, or else this server does what we do not understand.
		there, err := c.Fetch(missing, &imap.FetchOptions{UID: true}).Collect()
		if err != nil {
			return nil, err
		}
		for _, m := range there {
			got = append(got, fetched{m.UID, nil, errors.New("the server does not send it")})
		}
	}
	slices.SortFunc(got, func(a, b fetched) int { return cmp.Compare(a.uid, b.uid) })
	return got, nil
}

// receive reads what the server sends of a message.
func receive(data *imapclient.FetchMessageData) (m fetched, sent bool, err error) {
	for item := data.Next(); item != nil; item = data.Next() {
		switch item := item.(type) {
		case imapclient.FetchItemDataUID:
			m.uid = item.UID
		case imapclient.FetchItemDataBodySection:
			switch {
			case item.Literal == nil: // NIL
			case item.Literal.Size() > mailbox.MaxMessage:
				m.err, sent = errTooBig, true
			default:
				m.data, sent = make([]byte, item.Literal.Size()), true
				if _, err := io.ReadFull(item.Literal, m.data); err != nil {
					return m, false, err
				}
			}
		}
	}
	return m, sent, nil
}

func (f *imapFolder) Done(ctx context.Context, recorded, left []string) error {
	var err error
	if len(recorded) > 0 && f.place.after.What != keep {
		err = f.do(ctx, func(c *imapConn) error { return f.mark(c, f.uids(recorded)) })
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		if uids := f.uids(recorded); len(uids) > 0 {
			f.holdAt(slices.Min(uids))
		}
		return err
	}
	if uids := f.uids(slices.Concat(recorded, left)); len(uids) > 0 {
		f.noted = max(f.noted, slices.Max(uids))
	}
	return f.note(ctx)
}

// uids returns the UIDs of messages, without those that were numbered anew.
func (f *imapFolder) uids(ids []string) []imap.UID {
	var uids []imap.UID
	for _, id := range ids {
		var validity uint32
		var uid imap.UID
		if n, _ := fmt.Sscanf(id, "%d/%d", &validity, &uid); n == 2 && validity == f.validity {
			uids = append(uids, uid)
		}
	}
	return uids
}

// holdAt keeps the note before a message. The caller has locked f.
func (f *imapFolder) holdAt(uid imap.UID) {
	if f.hold == 0 || uid < f.hold {
		f.hold = uid
	}
}

// note notes how far the folder was worked through. The caller has locked f.
func (f *imapFolder) note(ctx context.Context) error {
	noted := f.noted
	if f.hold != 0 {
		noted = min(noted, f.hold-1)
	}
	if f.options.Notes == nil || noted == 0 {
		return nil
	}
	return f.options.Notes.SetNote(ctx, f.noteName(), fmt.Sprint(f.validity, noted))
}

// mark does with messages what is wanted. UIDs of messages that are gone do no harm.
func (f *imapFolder) mark(c *imapConn, list []imap.UID) error {
	if len(list) == 0 {
		return nil
	}
	uids := imap.UIDSetNum(list...)
	switch f.place.after.What {
	case seen:
		return c.flag(uids, imap.FlagSeen)
	case remove:
		return f.expunge(c, uids)
	}
	if err := c.flag(uids, imap.FlagSeen); err != nil {
		return err
	}
	err := f.move(c, uids)
	for range 3 {
		if no := refusal(err); no == nil || no.Code != expungeIssued {
			break
		}
		err = f.move(c, uids) // somebody has moved some of them, which the session knows now
	}
	if no := refusal(err); no != nil && no.Code == imap.ResponseCodeTryCreate {
		if err := c.makeFolder(f.place.after.Folder); err != nil {
			return err
		}
		err = f.move(c, uids)
	}
	return err
}

// expungeIssued says that messages are gone of which the session did not know,
// and that nothing was done, RFC 5530 section 3.
const expungeIssued imap.ResponseCode = "EXPUNGEISSUED"

// move moves messages to the other folder. If it breaks off where the server
// cannot do it at once, some may be there twice.
func (f *imapFolder) move(c *imapConn, uids imap.UIDSet) error {
	if c.Caps().Has(imap.CapMove) {
		_, err := c.Move(uids, f.place.after.Folder).Wait()
		return err
	}
	if _, err := c.Copy(uids, f.place.after.Folder).Wait(); err != nil {
		return err
	}
	return f.expunge(c, uids)
}

// expunge deletes these messages and no others, which a server without UIDPLUS
// cannot do: there they are only marked, and not read again.
func (f *imapFolder) expunge(c *imapConn, uids imap.UIDSet) error {
	if err := c.flag(uids, imap.FlagDeleted); err != nil {
		return err
	}
	if c.Caps().Has(imap.CapUIDPlus) {
		return c.UIDExpunge(uids).Close()
	}
	if !f.marked {
		f.marked = true
		f.log.Warn("this server cannot delete single messages (it has no UIDPLUS): they are marked as deleted, and go when a mail program expunges the folder")
	}
	return nil
}

// flag adds a flag to messages.
func (c *imapConn) flag(uids imap.UIDSet, flag imap.Flag) error {
	return c.Store(uids, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{flag}}, nil).Close()
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
