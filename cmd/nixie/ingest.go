package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"nixie/classify/ledger"
	"nixie/cmd/nixie/internal/source"
	"nixie/cmd/nixie/internal/store"
)

func newIngest() *cobra.Command {
	var flags ledgerFlags
	var credentials source.Credentials
	var opts struct {
		after, rules, origin, log string
		dryRun                    bool
	}
	cmd := &cobra.Command{
		Use:   "ingest SOURCE...",
		Short: "Record in the ledger what the mail in a mailbox reports",
		Long: `Ingest reads mailboxes and records in the ledger what became of each address.
A source is one of

  maildir:PATH   a Maildir
  mbox:PATH      a file of mail, locked while it is read
  -              standard input: one message or an mbox

What is to become of a message that has been recorded is said with --after:

  keep           nothing: it is read again the next time, and counts no second time
  seen           it is marked as seen, and mail that is so marked is passed over;
                 this is what is done in a Maildir if nothing is said
  move:FOLDER    it is moved to a folder, which is made if need be
  delete         it is deleted

Mail that is no report, and a report that nothing could be made of, is left as
it is, whatever is said. A run may be broken off at any moment: no message is
touched before what it told is on disk.

The exit status is 0, 1 if the run was broken off or something in a mailbox could
not be read, and 2 for wrong usage.`,
		Example: `  nixie ingest maildir:/home/bounces/Maildir
  nixie ingest --after move:Archive --ledger postgres://db.example.org/nixie maildir:~/Maildir
  nixie ingest --dry-run mbox:/var/mail/bounces | jq .address`,
		RunE: func(cmd *cobra.Command, urls []string) error {
			if len(urls) == 0 {
				return errors.New("no SOURCE")
			}
			after, err := source.ParseAfter(opts.after)
			if err != nil {
				return fmt.Errorf("--after: %w", err)
			}
			places := make([]source.Place, len(urls))
			for i, url := range urls {
				if places[i], err = source.Parse(url, after); err != nil {
					return err
				}
			}
			progress := newProgress(cmd.ErrOrStderr(), io.Discard, urls)
			log, err := newLog(opts.log, aside{progress, cmd.ErrOrStderr()})
			if err != nil {
				return err
			}
			judge, err := newJudge(opts.rules, opts.origin)
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			context.AfterFunc(ctx, stop) // a second signal ends the program at once

			in := ingest{judge: judge, log: log, progress: progress, dryRun: opts.dryRun, stdout: cmd.OutOrStdout()}
			if credentials == (source.Credentials{}) {
				credentials = source.Credentials{Password: os.Getenv("NIXIE_PASSWORD"), Token: os.Getenv("NIXIE_TOKEN")}
			}
			in.options = source.Options{Stdin: cmd.InOrStdin(), Credentials: credentials, Log: log}
			if !opts.dryRun {
				if in.store, err = flags.create(ctx); err != nil {
					return asFailure(err)
				}
				defer in.store.Close()
			}
			for _, place := range places {
				in.mailbox(ctx, place)
			}
			progress.clear()
			return asFailure(in.finish(ctx, cmd.ErrOrStderr()))
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.ledger, "ledger", "", "the `LEDGER`: sqlite:PATH or postgres://HOST/DATABASE (default: ledger.db in ~/.local/state/nixie)")
	f.StringVar(&opts.after, "after", "", "what to do with a recorded message: keep, seen, move:`FOLDER` or delete")
	f.BoolVar(&opts.dryRun, "dry-run", false, "touch no mailbox and no ledger, print the events as JSON Lines")
	f.StringVar(&opts.rules, "rules", "", "`FILE` of your own rules, to try first")
	f.StringVar(&opts.origin, "origin", "", "`FILE` of your keys: what proves that a report is about your mail")
	f.StringVar(&credentials.PasswordFile, "password-file", "", "`FILE` with the password for a mail server in its first line")
	f.StringVar(&credentials.PasswordCommand, "password-command", "", "`COMMAND` for the shell that prints the password")
	f.StringVar(&credentials.TokenFile, "token-file", "", "`FILE` with an access token of OAuth2 in its first line")
	f.StringVar(&credentials.TokenCommand, "token-command", "", "`COMMAND` for the shell that prints an access token of OAuth2")
	cmd.MarkFlagsMutuallyExclusive("password-file", "password-command", "token-file", "token-command")
	f.StringVar(&opts.log, "log", "text", "format of the log on standard error: text or json")
	return cmd
}

// create opens the ledger, and makes it if it is not there.
func (f *ledgerFlags) create(ctx context.Context) (*store.Store, error) {
	url, err := f.url()
	if err != nil {
		return nil, err
	}
	return store.Create(ctx, url)
}

func newLog(format string, w io.Writer) (*slog.Logger, error) {
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, nil)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, nil)), nil
	}
	return nil, fmt.Errorf("--log: %q is not text or json", format)
}

// aside takes the progress off the terminal before something is written there.
type aside struct {
	progress *progress
	to       io.Writer
}

func (a aside) Write(p []byte) (int, error) {
	a.progress.clear()
	return a.to.Write(p)
}

// ingest is one run of the command.
type ingest struct {
	store    *store.Store // nil in a dry run
	judge    judge
	log      *slog.Logger
	progress *progress
	dryRun   bool
	options  source.Options
	stdout   io.Writer

	tally  tally
	failed bool
}

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

// mail is a message and what was made of it.
type mail struct {
	source.Message
	err    error // why it could not be read
	report bool
	events []ledger.Event
	clear  bool // the events are all that it told
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

// mailbox works through one mailbox: one goroutine reads, several judge, this
// one records, in the order of the mailbox.
func (in *ingest) mailbox(ctx context.Context, place source.Place) {
	log := in.log.With("source", place.Name)
	if ctx.Err() != nil {
		return
	}
	before, start := in.tally, time.Now()
	box, err := place.Open(ctx, in.options)
	if err != nil {
		in.fail(log, "cannot open", err)
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	judges := runtime.GOMAXPROCS(0)
	todo := make(chan *mailBatch)
	commits := make(chan *mailBatch, judges) // in order
	go func() {
		defer close(commits)
		defer close(todo)
		readMail(ctx, box, func(b *mailBatch) bool {
			select {
			case commits <- b:
				todo <- b
				return true
			case <-ctx.Done():
				return false
			}
		})
	}()
	for range judges {
		go func() {
			for b := range todo {
				for i := range b.mails {
					m := &b.mails[i]
					if m.err == nil {
						m.err = in.judge.read(m, place.Name)
					}
					m.Data = nil
				}
				close(b.done)
			}
		}()
	}

	var broken error
	for b := range commits {
		<-b.done
		if broken != nil {
			continue
		}
		// What was read is recorded also when the run is to end.
		if broken = in.commit(context.WithoutCancel(ctx), log, box, b); broken != nil {
			cancel()
			in.fail(log, "cannot record; nothing that follows was touched", broken)
		}
	}
	if err := box.Close(); err != nil {
		in.fail(log, "cannot close", err)
	}
	log.Info("read", "messages", in.tally.messages-before.messages, "reports", in.tally.reports-before.reports,
		"new_events", in.tally.recorded-before.recorded, "took", time.Since(start).Round(time.Millisecond))
}

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

// commit records what the messages tell, and only then marks them as done.
func (in *ingest) commit(ctx context.Context, log *slog.Logger, box source.Source, b *mailBatch) error {
	var events []ledger.Event
	for i := range b.mails {
		events = append(events, b.mails[i].events...)
	}
	if in.dryRun {
		if err := writeJSONLines(in.stdout, events); err != nil {
			return err
		}
	} else if len(events) > 0 {
		recorded, err := in.store.Append(ctx, events...)
		in.tally.recorded += recorded
		if err != nil {
			return err
		}
	}
	in.tally.events += len(events)
	for i := range b.mails {
		m := &b.mails[i]
		switch in.count(m); {
		case m.err != nil:
			in.fail(log, "cannot read", m.err, "message", m.ID)
		case m.clear && !in.dryRun:
			if err := box.Done(m.ID); err != nil {
				in.fail(log, "recorded, but cannot be marked as done", err, "message", m.ID)
			}
		}
	}
	in.progress.add(len(b.mails), b.bytes)
	return nil
}

// count adds a message to the tally.
func (in *ingest) count(m *mail) {
	t := &in.tally
	if m.err != nil {
		t.unreadable++
		return
	}
	t.messages++
	switch {
	case m.clear:
		t.reports++
	case m.report:
		t.unclear++
	default:
		t.others++
	}
}

func (in *ingest) fail(log *slog.Logger, what string, err error, args ...any) {
	in.failed = true
	log.Error(what, append(args, "error", err)...)
}

// finish prints the summary and returns what the run has come to.
func (in *ingest) finish(ctx context.Context, stderr io.Writer) error {
	t, to := in.tally, in.stdout
	recorded := fmt.Sprintf("%d new", t.recorded)
	if in.dryRun {
		to, recorded = stderr, "none recorded"
	}
	_, err := fmt.Fprintf(to, "%d messages: %d reports, %d unclear, %d others; %d unreadable; %d events, %s\n",
		t.messages, t.reports, t.unclear, t.others, t.unreadable, t.events, recorded)
	switch {
	case err != nil:
		return fmt.Errorf("write: %w", err)
	case ctx.Err() != nil:
		return errors.New("broken off; the next run goes on from here")
	case in.failed:
		return errFailed
	}
	return nil
}
