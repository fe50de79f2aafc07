package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"nixie/cmd/nixie/internal/mailbox"
)

// A window holds about windowMessages messages; of these so many or so many
// bytes are fetched at once.
const (
	windowMessages = 1000
	fetchMessages  = 250
	fetchBytes     = 2 << 20
)

var errTooBig = fmt.Errorf("larger than %d MiB: it is not read", mailbox.MaxMessage>>20)

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
			got = []fetched{{first.uid, nil, errors.New("the connection broke whenever it was read")}}
		case refusal(err) != nil:
			got = []fetched{{first.uid, nil, err}}
		default:
			return err
		}
		for _, m := range got {
			if m.err != nil && m.err != errTooBig {
				f.mu.Lock()
				f.holdAt(m.uid) // the next run may have more luck
				f.mu.Unlock()
			}
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
