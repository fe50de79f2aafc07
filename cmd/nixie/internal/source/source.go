// Package source works through the mailboxes that bounces come back to.
//
// Whoever reads a source calls Done for a message when what it told is on
// disk, and not before. A message is never changed, moved or deleted without
// that, so a crash at any moment loses none; it may come a second time.
package source

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"nixie/cmd/nixie/internal/mailbox"
)

// Source is a mailbox that is worked through once, or watched. Done may be
// called while Messages runs.
type Source interface {
	// Messages yields the messages in the order in which they came, until the
	// context ends. An error with the ID of a message is about that one, which
	// is left as it is; without an ID it is about the mailbox and comes last.
	// After Wait it may be called again, and yields what it has not yielded yet
	// if the source can tell.
	Messages(context.Context) iter.Seq2[Message, error]

	// Done takes messages that have been dealt with, each once and in the order
	// in which they came. With those that were recorded it does what is wanted;
	// those that are left stay as they are. It is no error if somebody else has
	// moved or deleted one meanwhile. The error of one message names it, and
	// keeps no other from being done with.
	Done(ctx context.Context, recorded, left []string) error

	// Wait returns when more messages may be there. No other method may run.
	// The error is that of the context, or one after which it is no use to go on.
	Wait(context.Context) error

	Close() error
}

// Message is one message of a source.
type Message struct {
	ID   string // within its source
	Data []byte // belongs to the receiver
}

// Place is a source that is not yet open.
type Place struct {
	Name string // its URL, the same wherever it is called from

	kind  string // the scheme of the URL
	path  string // of a file or a directory
	after After
	server
}

// After says what is done with a message that has been dealt with.
type After struct {
	What   string // keep, seen, move or delete; "" is what suits the source
	Folder string // to move it to
}

// What can be done with a message.
const (
	keep   = "keep"
	seen   = "seen"
	move   = "move"
	remove = "delete"
)

// ParseAfter reads "keep", "seen", "move:FOLDER", "delete" or nothing.
func ParseAfter(s string) (After, error) {
	what, folder, _ := strings.Cut(s, ":")
	switch {
	case what == move && folder != "":
		return After{what, folder}, nil
	case slices.Contains([]string{"", keep, seen, remove}, s):
		return After{What: s}, nil
	}
	return After{}, fmt.Errorf("%q is not keep, seen, move:FOLDER or delete", s)
}

// afters are what can be done with messages in each kind of source; what is
// done if nothing is said comes first.
var afters = map[string][]string{
	"-":       {keep},
	"mbox":    {keep},
	"maildir": {seen, keep, move, remove},
	"imap":    {seen, keep, move, remove},
	"imaps":   {seen, keep, move, remove},
	"pop3":    {keep, remove},
	"pop3s":   {keep, remove},
}

// Parse reads the URL of a source: "maildir:PATH", "mbox:PATH",
// "imaps://USER@HOST/FOLDER", "pop3s://USER@HOST", the same with "imap" and
// "pop3", or "-" for standard input.
func Parse(url string, after After) (p Place, err error) {
	kind, rest, found := strings.Cut(url, ":")
	if url == "-" {
		kind = url
	}
	may := afters[kind]
	switch {
	case may == nil || !found && url != "-" || rest == "" && found:
		if strings.Contains(url, "://") {
			url = kind + "://…" // there may be a password in it
		}
		return Place{}, fmt.Errorf("%q is no source: maildir:PATH, mbox:PATH, imaps://USER@HOST/FOLDER, pop3s://USER@HOST or - for standard input", url)
	case kind == "-":
		p.Name = url
	case ports[kind] != "":
		if p.server, err = parseServer(kind, url); err == nil {
			p.Name = p.name(kind)
		}
	default:
		if p.path, err = absolute(rest); err == nil {
			p.Name = kind + ":" + p.path
		}
	}
	if err != nil {
		return Place{}, fmt.Errorf("source: %w", err)
	}
	p.kind, p.after = kind, after
	if after.What == "" {
		p.after.What = may[0]
	}
	switch {
	case !slices.Contains(may, p.after.What):
		return Place{}, fmt.Errorf("%s: mail there can only be %s", p.Name, done(may))
	case after.What == move && kind == "maildir":
		if err := checkFolder(after.Folder); err != nil {
			return Place{}, err
		}
	case after.What == move && after.Folder == p.folder:
		return Place{}, fmt.Errorf("%s: mail cannot be moved to where it is", p.Name)
	}
	return p, nil
}

// done names what can be done with mail, as "kept or deleted".
func done(may []string) string {
	names := map[string]string{keep: "kept", seen: "marked as seen", move: "moved", remove: "deleted"}
	var all []string
	for _, what := range may {
		all = append(all, names[what])
	}
	return strings.Join(all, " or ")
}

// absolute returns a path as seen from the root; "~/" is the user's home,
// which no shell puts in after a colon.
func absolute(path string) (string, error) {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		path = filepath.Join(home, rest)
	}
	return filepath.Abs(path)
}

// Options are what a source may need to be opened.
type Options struct {
	Stdin       io.Reader // what "-" stands for
	Credentials Credentials
	Notes       Notes // nil: each run starts at the beginning
	Again       bool  // what is noted there is not heeded
	DryRun      bool  // nothing is changed; Done is not called
	Watch       bool  // Wait is called; a connection that breaks is made again for ever
	Log         *slog.Logger

	sleep     func(context.Context, time.Duration) error // nil: time passes
	tlsConfig *tls.Config                                // nil: the system's authorities are trusted
}

// Notes are where a source notes how far it was worked through.
type Notes interface {
	Note(ctx context.Context, name string) (string, error) // "": none
	SetNote(ctx context.Context, name, value string) error

	// Marks are for what is worked through in no order.
	Marked(ctx context.Context, name string) (map[string]bool, error)
	Mark(ctx context.Context, name string, values ...string) error
	Unmark(ctx context.Context, name string, values ...string) error
}

// sleep returns after a time, or with the error of the context when it ends.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// pollTime is how often it is looked whether there is new mail, where nobody tells.
const pollTime = 10 * time.Second

// Open opens the source. An mbox is locked until it is closed.
func (p Place) Open(ctx context.Context, o Options) (Source, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.sleep == nil {
		o.sleep = sleep
	}
	var s Source
	var err error
	switch p.kind {
	case "maildir":
		s, err = openMaildir(p.path, p.after, o)
	case "mbox":
		s, err = openMbox(ctx, p.path, o)
	case "-":
		s = &stream{name: "-", in: o.Stdin}
	case "imap", "imaps":
		s, err = openIMAP(ctx, p, o)
	default:
		s, err = openPOP(ctx, p, o)
	}
	if err != nil {
		return nil, fmt.Errorf("source: open %s: %w", p.Name, err)
	}
	return s, nil
}

// stream is a file or a pipe with one message or an mbox in it.
type stream struct {
	name string
	in   io.Reader
}

func (s *stream) Messages(ctx context.Context) iter.Seq2[Message, error] {
	var reader mailbox.Reader
	return whole(ctx, reader.Stream(s.name, s.in))
}

func (s *stream) Done(context.Context, []string, []string) error { return nil }
func (s *stream) Wait(context.Context) error                     { return errors.New("there is nothing to wait for") }
func (s *stream) Close() error                                   { return nil }

// CanWatch reports whether there is something to wait for when the source has
// been worked through.
func (p Place) CanWatch() bool { return p.kind != "-" }

// whole yields the messages that could be read to their end. Of one that could
// not, only the error is left.
func whole(ctx context.Context, messages iter.Seq2[mailbox.Message, error]) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		var last Message // read, but an error about it may follow
		for m, err := range messages {
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				last = Message{}
				id := "" // nothing more can be read
				if errors.Is(err, mailbox.ErrTooBig) {
					id = m.Source
				}
				if !yield(Message{ID: id}, err) {
					return
				}
				continue
			}
			if last.ID != "" && !yield(last, nil) {
				return
			}
			last = Message{m.Source, bytes.Clone(m.Data)}
		}
		if last.ID != "" && ctx.Err() == nil {
			yield(last, nil)
		}
	}
}
