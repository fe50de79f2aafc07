package source

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"nixie/cmd/nixie/internal/mailbox"
	"nixie/cmd/nixie/internal/pop3"
)

// popBox is a mailbox on a POP3 server, which deletes only at the end of a
// session: if one breaks off before, the messages come again.
//
// An ID is the unique-id that the server gives (RFC 1939 section 7). Messages
// that share one or have none cannot be told apart later: they have an ID with
// spaces, which holds for one session, and are read again in the next.
type popBox struct {
	place   Place
	options Options
	log     *slog.Logger
	retry   retry

	session  *popSession // nil: none
	sessions int

	mu      sync.Mutex
	passed  map[string]bool // IDs that are not to be read again
	refused map[string]bool // IDs that are to be read again in another run
	deletes []string        // IDs that are to be deleted
}

// popSession is a connection on which the messages have numbers.
type popSession struct {
	*pop3.Client
	ids     []string // in the order of the messages
	entries map[string]pop3.Entry
}

// A session that deletes ends after so many messages or octets, so that they
// are gone, and another one goes on.
const (
	popMessages = 2000
	popBytes    = 256 << 20
)

// popTime is how long a server may take for an answer, or for 64 KiB of it.
const popTime = 2 * time.Minute

// popPollTime is how often it is looked whether there is new mail. Many servers
// refuse whoever logs in more often.
const popPollTime = time.Minute

// openPOP connects to the server.
func openPOP(ctx context.Context, p Place, o Options) (*popBox, error) {
	log := o.Log.With("source", p.Name)
	b := &popBox{place: p, options: o, log: log, retry: retry{options: o, log: log}, passed: make(map[string]bool), refused: make(map[string]bool)}
	if o.Notes != nil && !o.Again {
		for _, name := range b.passes() {
			marked, err := o.Notes.Marked(ctx, name)
			if err != nil {
				return nil, err
			}
			for id := range marked {
				b.passed[id] = true
			}
		}
	}
	return b, b.attempt(ctx, func() error { return nil })
}

// leftMark and keptMark are the names under which the IDs are marked of
// messages that were left, and of those that were recorded and kept.
func (b *popBox) leftMark() string { return b.place.Name + " left" }
func (b *popBox) keptMark() string { return b.place.Name + " kept" }

// passes returns the names of what is passed over. Whoever goes over from keep
// to delete wants deleted what was kept.
func (b *popBox) passes() []string {
	if b.place.after.What == keep {
		return []string{b.leftMark(), b.keptMark()}
	}
	return []string{b.leftMark()}
}

// attempt does something in a session, again and again until it succeeds or it
// is no use.
func (b *popBox) attempt(ctx context.Context, do func() error) error {
	for {
		var err error
		if b.session == nil {
			err = b.dial(ctx)
		}
		if err == nil {
			err = do()
		}
		if err == nil {
			b.retry.ok()
			return nil
		}
		b.hangUp()
		if _, final := errors.AsType[finalError](err); final && (b.sessions == 0 || !b.options.Watch) {
			return err
		}
		if err := b.retry.wait(ctx, err); err != nil {
			return err
		}
	}
}

// dial begins a session and lists what is in the mailbox.
func (b *popBox) dial(ctx context.Context) error {
	c, err := dialPOP(ctx, &b.place, &b.options)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { c.Close() })()
	list, err := c.List()
	if err != nil {
		c.Close()
		return err
	}
	b.sessions++
	times := make(map[string]int)
	for _, e := range list {
		times[e.UID]++
	}
	b.session = &popSession{Client: c, entries: make(map[string]pop3.Entry)}
	for _, e := range list {
		id := e.UID
		if id == "" || times[id] > 1 {
			id = fmt.Sprintf("message %d of session %d", e.Number, b.sessions)
		}
		b.session.ids = append(b.session.ids, id)
		b.session.entries[id] = e
	}
	return b.forget(ctx)
}

// lasts reports whether an ID stands for the same message in other sessions.
func lasts(id string) bool { return !strings.Contains(id, " ") }

// forget forgets messages that are no more.
func (b *popBox) forget(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var gone []string
	for id := range b.passed {
		if _, there := b.session.entries[id]; !there {
			gone = append(gone, id)
			delete(b.passed, id)
		}
	}
	if b.options.Notes == nil {
		return nil
	}
	for _, name := range b.passes() {
		if err := b.options.Notes.Unmark(ctx, name, gone...); err != nil {
			return finalError{err}
		}
	}
	return nil
}

// hangUp breaks the session off.
func (b *popBox) hangUp() {
	if b.session != nil {
		b.session.Close()
		b.session = nil
	}
}

func (b *popBox) Messages(ctx context.Context) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		for more := true; more; {
			err := b.attempt(ctx, func() (err error) {
				more, err = b.read(ctx, yield)
				return err
			})
			if ctx.Err() != nil {
				b.hangUp()
				return
			}
			if err != nil {
				yield(Message{}, err)
				return
			}
		}
	}
}

// read reads messages in one session, and reports whether there are more to be
// read in another.
func (b *popBox) read(ctx context.Context, yield func(Message, error) bool) (more bool, err error) {
	s := b.session
	defer context.AfterFunc(ctx, func() { s.Close() })()
	_, seldom := s.Capability("LOGIN-DELAY")
	var ids []string
	var numbers []int
	var size int64
	for _, id := range s.ids {
		e := s.entries[id]
		if b.isPassed(id) {
			continue
		}
		if b.place.after.What == remove && !seldom && (len(ids) == popMessages || size >= popBytes) {
			more = true
			break
		}
		if e.Size > mailbox.MaxMessage {
			b.pass(id)
			if !yield(Message{ID: id}, errTooBig) {
				return false, nil
			}
			continue
		}
		ids, numbers, size = append(ids, id), append(numbers, e.Number), size+e.Size
	}
	next := 0
	for data, err := range s.Retrieve(numbers, mailbox.MaxMessage) {
		tooBig := errors.Is(err, pop3.ErrTooBig)
		if err != nil && popRefusal(err) == nil && !tooBig || ctx.Err() != nil {
			return true, err
		}
		b.retry.ok()
		id := ids[next]
		next++
		b.pass(id)
		if popRefusal(err) != nil {
			b.refuse(id)
		}
		if !yield(Message{id, data}, err) {
			return false, nil
		}
		if tooBig { // it was larger than listed, and ends the session
			b.hangUp()
			return true, nil
		}
	}
	if more {
		err = b.finish()
	}
	return more, err
}

func (b *popBox) isPassed(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.passed[id]
}

func (b *popBox) pass(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.passed[id] = true
}

func (b *popBox) refuse(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refused[id] = true
}

func (b *popBox) Done(ctx context.Context, recorded, left []string) error {
	if b.place.after.What == remove {
		b.mu.Lock()
		b.deletes = append(b.deletes, recorded...)
		b.mu.Unlock()
		recorded = nil
	}
	if b.options.Notes == nil {
		return nil
	}
	return errors.Join(b.mark(ctx, b.keptMark(), recorded), b.mark(ctx, b.leftMark(), left))
}

func (b *popBox) mark(ctx context.Context, name string, ids []string) error {
	var lasting []string
	b.mu.Lock()
	for _, id := range ids {
		if lasts(id) && !b.refused[id] {
			lasting = append(lasting, id)
		}
	}
	b.mu.Unlock()
	return b.options.Notes.Mark(ctx, name, lasting...)
}

// finish ends the session: the server deletes what is to be deleted.
func (b *popBox) finish() error {
	b.mu.Lock()
	deletes := b.deletes
	b.deletes = nil
	b.mu.Unlock()
	var numbers []int
	for _, id := range deletes {
		if e, there := b.session.entries[id]; there {
			numbers = append(numbers, e.Number)
		}
	}
	err := b.session.Delete(numbers)
	if refusal := popRefusal(err); refusal != nil {
		b.log.Warn("the server does not delete a message", "error", refusal)
		err = nil
	}
	if err == nil {
		err = b.session.Quit()
	}
	b.hangUp()
	if err != nil {
		b.mu.Lock()
		b.deletes = append(deletes, b.deletes...)
		b.mu.Unlock()
	}
	return err
}

// Wait ends the session, as most servers show new mail only in another one.
func (b *popBox) Wait(ctx context.Context) error {
	d := popPollTime
	if b.session != nil {
		delay, _ := b.session.Capability("LOGIN-DELAY")
		if seconds, err := strconv.Atoi(strings.Fields(delay + " 0")[0]); err == nil {
			d = max(d, time.Duration(min(seconds, maxLoginDelay))*time.Second)
		}
		if err := b.finish(); err != nil {
			b.log.Warn("trouble with the server, mail will be deleted in the next session", "error", err)
		}
	}
	return b.options.sleep(ctx, d)
}

// maxLoginDelay is for how many seconds a server is believed not to want to be asked.
const maxLoginDelay = 24 * 60 * 60

// Close ends the session. What could not be deleted comes again in the next run.
func (b *popBox) Close() (err error) {
	for range 2 { // the session may be broken, or have been broken off
		if b.session == nil {
			if len(b.deletes) == 0 {
				return nil
			}
			err = b.dial(context.Background())
		}
		if err == nil {
			err = b.finish()
		}
		if err == nil {
			return nil
		}
		b.hangUp()
	}
	return err
}

// dialPOP connects to a server and logs in. An error that is no finalError may pass.
func dialPOP(ctx context.Context, p *Place, o *Options) (*pop3.Client, error) {
	secret, err := o.Credentials.secret(ctx)
	if err != nil {
		return nil, finalError{err}
	}
	conn, err := (&net.Dialer{Timeout: dialTime}).DialContext(ctx, "tcp", p.address())
	if err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	c, err := startPOP(conn, p, o)
	if err == nil {
		err = loginPOP(c, &p.server, secret)
	}
	if err != nil {
		conn.Close()
		return nil, p.tlsError(err)
	}
	return c, nil
}

// startPOP begins a session, with TLS unless it stays on this machine.
func startPOP(conn net.Conn, p *Place, o *Options) (*pop3.Client, error) {
	tlsConfig := o.tlsConfig.Clone()
	if tlsConfig == nil {
		tlsConfig = new(tls.Config)
	}
	tlsConfig.ServerName = p.host
	if p.kind == "pop3s" {
		conn = tls.Client(conn, tlsConfig)
	}
	c, err := pop3.New(conn, popTime)
	if err != nil || p.kind == "pop3s" || p.isLocal() {
		return c, err
	}
	err = c.StartTLS(tlsConfig)
	if popRefusal(err) != nil {
		err = finalError{fmt.Errorf("the server refuses STLS, and without TLS others could read along (pop3s:// is TLS from the start): %w", err)}
	}
	return c, err
}

// loginPOP authenticates in the best way that the server offers.
func loginPOP(c *pop3.Client, at *server, with secret) error {
	var err error
	switch mechanism := with.mechanism(at, c.Offers); {
	case mechanism != nil:
		err = c.Auth(mechanism)
	case with.token:
		return finalError{errors.New("the server offers neither OAUTHBEARER nor XOAUTH2 to log in with a token")}
	default:
		err = c.Login(at.user, with.value)
	}
	switch refusal := popRefusal(err); {
	case refusal == nil:
		return err
	case refusal.Code == "IN-USE", refusal.Code == "LOGIN-DELAY", refusal.Code == "SYS/TEMP":
		return err // it may let us in later
	}
	return finalError{at.refused(err, with)}
}

// popRefusal returns the answer of the server if it is why a command failed,
// and the session goes on.
func popRefusal(err error) *pop3.Error {
	refusal, _ := errors.AsType[*pop3.Error](err)
	return refusal
}
