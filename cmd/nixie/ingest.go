package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"nixie/classify/ledger"
	"nixie/cmd/nixie/internal/metrics"
	"nixie/cmd/nixie/internal/render"
	"nixie/cmd/nixie/internal/secret"
	"nixie/cmd/nixie/internal/source"
	"nixie/cmd/nixie/internal/store"
)

func newIngest(settings *settings) *cobra.Command {
	var flags ledgerFlags
	var credentials source.Credentials
	var opts struct {
		after, rules, origin, metrics, log string
		dryRun, watch, again               bool
	}
	cmd := &cobra.Command{
		Use:   "ingest [SOURCE...]",
		Short: "Record in the ledger what the mail in a mailbox reports",
		Long: `Ingest reads mailboxes and records in the ledger what became of each address.
A source is one of

  maildir:PATH                a Maildir
  mbox:PATH                   a file of mail, locked while it is read
  imaps://USER@HOST/FOLDER    a folder on an IMAP server, INBOX if none is named
  imap://USER@HOST/FOLDER     the same with STARTTLS, on this machine without TLS
  pop3s://USER@HOST           a mailbox on a POP3 server
  pop3://USER@HOST            the same with STLS, on this machine without TLS
  -                           standard input: one message or an mbox

In a URL, what is special in a name is written as %40 for @, %20 for a space and so on.
The password comes from the environment (NIXIE_PASSWORD), a file or a command. Where
OAuth2 is asked for, as at Microsoft and Google, an access token comes from
NIXIE_TOKEN, a file or a command, which is asked again at each login.

Without a SOURCE it reads those of the config file: see nixie config check --help.

What is to become of a message that has been recorded is said with --after:

  keep           nothing; if it is read again, it counts no second time
  seen           it is marked as seen, and mail that is so marked is passed over;
                 this is what is done in a Maildir and by IMAP if nothing is said
  move:FOLDER    it is moved to a folder, which is made if need be
  delete         it is deleted

How far a folder on a server was worked through is kept in the ledger, for each
--after by itself, and the next run goes on from there. --again starts over, as
after an update of nixie that may understand what was left.

Mail that is no report, and a report that nothing could be made of, is left as
it is, whatever is said. A run may be broken off at any moment: no message is
touched before what it told is on disk.

With --watch the program works on all sources at once and does not end. A server
tells when mail has come (IMAP IDLE), or else it is looked for: every minute on
a server, every ten seconds in files. A connection that breaks is made again.
SIGTERM ends the program with status 0 when what it has read is recorded.

With --metrics Prometheus can ask at /metrics: messages by outcome, events by
reason and fault, the time that commits take, the time of the last success, and
the incidents that are held by --policy.

The exit status is 0, 1 if the run was broken off or something in a mailbox could
not be read, and 2 for wrong usage.`,
		Example: `  nixie ingest maildir:/home/bounces/Maildir
  nixie ingest --after move:Archive --ledger postgres://db.example.org/nixie maildir:~/Maildir
  nixie ingest --watch --password-file /etc/nixie/password imaps://bounces%40example.org@mail.example.org/INBOX
  nixie ingest --token-command 'oama access bounces@example.org' imaps://bounces%40example.org@outlook.office365.com
  nixie ingest --dry-run mbox:/var/mail/bounces | jq .address`,
		RunE: func(cmd *cobra.Command, urls []string) error {
			after, err := source.ParseAfter(opts.after)
			if err != nil {
				return fmt.Errorf("--after: %w", err)
			}
			var boxes []mailboxAt
			for _, url := range urls {
				place, err := source.Parse(url, after)
				if err != nil {
					return err
				}
				boxes = append(boxes, mailboxAt{Place: place})
			}
			if len(urls) == 0 {
				if boxes, err = settings.sources(opts.after); err != nil {
					return asFailure(err)
				}
				if len(boxes) == 0 {
					return errors.New("no SOURCE, and no [source.NAME] in a config file")
				}
			}
			for _, box := range boxes {
				if opts.watch && !box.CanWatch() {
					return errors.New("--watch: standard input ends, and nothing more comes")
				}
			}
			progress := newProgress(cmd.ErrOrStderr(), io.Discard, urls)
			log, err := newLog(opts.log, aside{progress, cmd.ErrOrStderr()})
			if err != nil {
				return err
			}
			if os.Getenv("GOGC") == "" {
				debug.SetGCPercent(100) // the list of a large mailbox is alive all the time
			}
			judge, err := newJudge(opts.rules, opts.origin)
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			context.AfterFunc(ctx, stop) // a second signal ends the program at once

			in := ingest{
				judge: judge, log: log, progress: progress, stdout: cmd.OutOrStdout(),
				options: source.Options{Stdin: cmd.InOrStdin(), Again: opts.again, DryRun: opts.dryRun, Watch: opts.watch, Log: log},
			}
			fromEnvironment := source.Credentials{Password: secret.Place{Text: os.Getenv("NIXIE_PASSWORD")}, Token: secret.Place{Text: os.Getenv("NIXIE_TOKEN")}}
			for i := range boxes {
				boxes[i].Credentials = cmp.Or(credentials, boxes[i].Credentials, fromEnvironment)
			}
			if !opts.dryRun {
				if in.store, err = flags.create(ctx); err != nil {
					return asFailure(err)
				}
				defer in.store.Close()
				in.options.Notes = in.store
				if in.metrics, err = startMetrics(ctx, opts.metrics, in.store, &flags.policy, log); err != nil {
					return err
				}
			}
			if opts.watch {
				in.watch(ctx, boxes)
			} else {
				for _, box := range boxes {
					in.mailbox(ctx, box)
				}
			}
			progress.clear()
			return asFailure(in.finish(ctx, cmd.ErrOrStderr()))
		},
	}
	f := cmd.Flags()
	flags.registerLedger(cmd)
	f.StringVar(&opts.after, "after", "", "`ACTION` to take on a recorded message: keep, seen, move:FOLDER or delete")
	f.BoolVar(&opts.dryRun, "dry-run", false, "touch no mailbox and no ledger, print the events as JSON Lines")
	f.BoolVar(&opts.again, "again", false, "read again what earlier runs have left in a folder on a server")
	f.BoolVar(&opts.watch, "watch", false, "go on with what comes later, until SIGTERM or SIGINT")
	cmd.MarkFlagsMutuallyExclusive("watch", "dry-run")
	f.StringVar(&opts.rules, "rules", "", "`FILE` of your own rules, to try first")
	f.StringVar(&opts.origin, "origin", "", "`FILE` of your keys: what proves that a report is about your mail")
	f.StringVar(&credentials.Password.File, "password-file", "", "`FILE` with the password for a mail server in its first line")
	f.StringVar(&credentials.Password.Command, "password-command", "", "`COMMAND` for the shell that prints the password")
	f.StringVar(&credentials.Token.File, "token-file", "", "`FILE` with an access token of OAuth2 in its first line")
	f.StringVar(&credentials.Token.Command, "token-command", "", "`COMMAND` for the shell that prints an access token of OAuth2")
	cmd.MarkFlagsMutuallyExclusive("password-file", "password-command", "token-file", "token-command")
	registerMetrics(cmd, &opts.metrics)
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
	return nil, fmt.Errorf("%q is no format of a log: text or json", format)
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
	metrics  *metrics.Metrics
	log      *slog.Logger
	progress *progress
	options  source.Options
	stdout   io.Writer

	mu     sync.Mutex
	tally  tally
	failed bool // something was not done
	broken bool // it is no use to go on
}

// watch works on all mailboxes at once, until the context ends or it is no use
// to go on with one of them.
func (in *ingest) watch(ctx context.Context, places []mailboxAt) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var all sync.WaitGroup
	for _, place := range places {
		all.Go(func() {
			defer cancel()
			in.mailbox(ctx, place)
		})
	}
	all.Wait()
}

// mailbox works through one mailbox, and waits for more if that is wanted.
func (in *ingest) mailbox(ctx context.Context, place mailboxAt) {
	log := in.log.With("source", place.Name)
	if ctx.Err() != nil {
		return
	}
	options := in.options
	options.Credentials = place.Credentials
	box, err := place.Open(ctx, options)
	if err != nil {
		if ctx.Err() == nil {
			in.breakOff(log, "cannot open", err)
		}
		return
	}
	defer func() {
		if err := box.Close(); err != nil {
			in.fail(log, "cannot close", err)
		}
	}()
	for first := true; in.pass(ctx, log, place.Name, box, first) && in.options.Watch; first = false {
		if err := box.Wait(ctx); err != nil {
			if ctx.Err() == nil {
				in.breakOff(log, "cannot wait for more", err)
			}
			return
		}
	}
}

// pass works through what is in a mailbox: one goroutine reads, several judge,
// this one records, in the order of the mailbox. It reports whether there may
// be another.
func (in *ingest) pass(ctx context.Context, log *slog.Logger, name string, box source.Source, first bool) bool {
	start := time.Now()
	reading, cancel := context.WithCancel(ctx)
	defer cancel()

	judges := runtime.GOMAXPROCS(0)
	todo := make(chan *mailBatch)
	commits := make(chan *mailBatch, judges) // in order
	go func() {
		defer close(commits)
		defer close(todo)
		readMail(reading, box, func(b *mailBatch) bool {
			select {
			case commits <- b:
				todo <- b
				return true
			case <-reading.Done():
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
						m.err = in.judge.read(m, name)
					}
					m.Data = nil
				}
				close(b.done)
			}
		}()
	}

	var t tally
	var broken error
	for b := range commits {
		<-b.done
		if broken != nil {
			continue
		}
		// What was read is recorded also when the run is to end.
		if broken = in.commit(context.WithoutCancel(ctx), log, box, b, &t); broken != nil {
			cancel()
			in.breakOff(log, "cannot record; nothing that follows was touched", broken)
		}
	}
	in.mu.Lock()
	in.tally.add(&t)
	in.mu.Unlock()
	if first || t != (tally{}) {
		log.Info("read", "messages", t.messages, "reports", t.reports, "new_events", t.recorded, "took", time.Since(start).Round(time.Millisecond))
	}
	if broken != nil || ctx.Err() != nil {
		return false
	}
	in.metrics.Success(time.Now())
	return true
}

// commit records what the messages tell, and only then marks them as done.
func (in *ingest) commit(ctx context.Context, log *slog.Logger, box source.Source, b *mailBatch, t *tally) error {
	var events []ledger.Event
	for i := range b.mails {
		events = append(events, b.mails[i].events...)
	}
	if in.store == nil {
		if err := writeJSONLines(in.stdout, events); err != nil {
			return err
		}
	} else if len(events) > 0 {
		recorded, err := recordEvents(ctx, in.store, in.metrics, events)
		t.recorded += recorded
		if err != nil {
			return err
		}
	}
	t.events += len(events)
	var clear, left []string
	for i := range b.mails {
		m := &b.mails[i]
		t.count(m)
		in.metrics.Message(string(m.outcome()))
		if m.err != nil {
			in.fail(log, "cannot read", m.err, "message", m.ID)
		}
		switch {
		case m.err == nil && m.clear:
			clear = append(clear, m.ID)
		case m.ID != "":
			left = append(left, m.ID)
		}
	}
	if in.store != nil {
		if err := box.Done(ctx, clear, left); err != nil {
			in.fail(log, "recorded, but cannot be marked as done", err)
		}
	}
	in.progress.add(len(b.mails), b.bytes)
	return nil
}

func writeJSONLines(to io.Writer, events []ledger.Event) error {
	w := bufio.NewWriter(to)
	encoder := render.NewEncoder(w)
	for i := range events {
		if err := encoder.Encode(&events[i]); err != nil {
			return err
		}
	}
	return w.Flush()
}

func (in *ingest) fail(log *slog.Logger, what string, err error, args ...any) {
	in.mu.Lock()
	in.failed = true
	in.mu.Unlock()
	log.Error(what, append(args, "error", err)...)
}

func (in *ingest) breakOff(log *slog.Logger, what string, err error) {
	in.mu.Lock()
	in.broken = true
	in.mu.Unlock()
	in.fail(log, what, err)
}

// finish prints the summary and returns what the run has come to.
func (in *ingest) finish(ctx context.Context, stderr io.Writer) error {
	t, to := in.tally, in.stdout
	recorded := fmt.Sprintf("new %d", t.recorded)
	if in.store == nil {
		to, recorded = stderr, "none recorded"
	}
	_, err := fmt.Fprintf(to, "messages %d: reports %d, unclear %d, others %d, unreadable %d; events %d, %s\n",
		t.messages, t.reports, t.unclear, t.others, t.unreadable, t.events, recorded)
	switch {
	case err != nil:
		return fmt.Errorf("write: %w", err)
	case in.options.Watch && !in.broken:
		return nil // it was told to end
	case ctx.Err() != nil:
		return errors.New("broken off; the next run goes on from here")
	case in.failed:
		return errFailed
	}
	return nil
}
