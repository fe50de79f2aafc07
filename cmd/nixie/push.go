package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"nixie/classify"
	"nixie/classify/ledger"
	"nixie/cmd/nixie/internal/export"
	"nixie/cmd/nixie/internal/push"
	"nixie/cmd/nixie/internal/secret"
	"nixie/cmd/nixie/internal/store"
)

func newPush(settings *settings) *cobra.Command {
	var flags ledgerFlags
	var given pushTo
	var opts struct {
		log    string
		dryRun bool
	}
	cmd := &cobra.Command{
		Use:   "push [listmonk URL | webhook URL | NAME...]",
		Short: "Tell another program which addresses to stop writing to",
		Long: `Push tells a target what has changed since it was last told. A NAME is that of a
[push.NAME] in the config file; without any, all of them are served. What the
target has taken, with a 2xx, is noted in the ledger, for its URL; the next run
goes on from there. Run it from a timer, after nixie ingest.

  listmonk https://USER@HOST   the webhook for bounces of listmonk, as its API user
                               USER: a bounce of the type hard, or complaint, for
                               each address that is dropped. Bounces must be enabled
                               there, with "hard" and "complaint" acting at count 1.
  webhook https://HOST/PATH    a program of your own: {"standings": […]}, with the
                               fields of nixie list and an id, for each address that
                               is suspended or dropped, or may be written to again
                               (active or held);
                               with --send events {"events": […]}, all that is
                               recorded, as nixie ingest --dry-run prints it. At most
                               100 come at a time.

listmonk blocks for good. So a drop is pushed on the day after the last report
that it rests on (by UTC), when it is known whether the provider said so of many
in an incident; a complaint goes at once. An address that may be written to again
is named once in the log, for you to unblock it there.

The secret is the token of the API user, or the key that signs, of 16 octets or
more. It comes from NIXIE_SECRET, --secret-file or --secret-command. A webhook gets

  Nixie-Signature: t=SECONDS,v1=HEX

where HEX is the HMAC-SHA256, with the secret as its key, of the seconds since
1970 as they stand there, a full stop and the body. Refuse what does not match
or is older than some minutes. The same may come twice, if a crash or a broken
connection hid your answer; it then has the same id.

When a target answers 429 or 5xx or cannot be reached, push tries again, up to
eight times in some minutes or as Retry-After says. Any other answer stops: a 400
of listmonk is about that address alone, which stays to be pushed. No redirect is
followed.

The exit status is 0, 1 if not all could be pushed, and 2 for wrong usage.`,
		Example: `  nixie push listmonk https://nixie@lists.example.org --secret-file listmonk.token
  nixie push webhook https://app.example.org/bounces --secret-command 'pass nixie'
  nixie push`,
		RunE: func(cmd *cobra.Command, args []string) error {
			log, err := newLog(opts.log, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			targets, err := settings.targets(args, given)
			if err != nil {
				return err
			}
			policy, err := flags.policy.load()
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			s, err := flags.open(ctx)
			if err != nil {
				return asFailure(err)
			}
			defer s.Close()
			var failed error
			for _, to := range targets {
				p := pusher{pushTo: to, store: s, log: log.With("target", to.url), out: cmd.OutOrStdout(), dryRun: opts.dryRun}
				err := p.run(ctx, &view{policy: policy, at: time.Now()})
				if err != nil {
					p.log.Error("cannot push", "error", err)
				}
				if err != nil || p.refused > 0 {
					failed = errFailed
				}
				to := cmd.OutOrStdout()
				if opts.dryRun {
					to = cmd.ErrOrStderr()
				}
				if err := p.summary(to); err != nil {
					return asFailure(fmt.Errorf("write: %w", err))
				}
			}
			return failed
		},
	}
	flags.registerLedger(cmd)
	f := cmd.Flags()
	f.StringVar(&given.send, "send", "", "to a webhook: standings or events (default: standings)")
	f.StringVar(&given.secret.File, "secret-file", "", "`FILE` with the secret in its first line")
	f.StringVar(&given.secret.Command, "secret-command", "", "`COMMAND` for the shell that prints the secret")
	f.BoolVar(&opts.dryRun, "dry-run", false, "print what would be pushed, and push nothing")
	f.StringVar(&opts.log, "log", "text", "format of the log on standard error: text or json")
	return cmd
}

// pushTo is what is said of a target.
type pushTo struct {
	kind, url, send string
	secret          secret.Place
}

// targets returns those that are asked for: of the config file by their names,
// or the one that is given.
func (s *settings) targets(args []string, given pushTo) ([]pushTo, error) {
	if len(args) == 2 && slices.Contains(push.Kinds, args[0]) {
		given.kind, given.url = args[0], args[1]
		if given.secret == (secret.Place{}) {
			given.secret.Text = os.Getenv("NIXIE_SECRET")
		}
		return []pushTo{given}, given.check()
	}
	if given != (pushTo{}) {
		return nil, errors.New("--send and --secret-… are for a target with a URL: those of the config file have their own")
	}
	names := s.Named["push"]
	if len(names) == 0 {
		return nil, errors.New("no target: listmonk URL, webhook URL, or a [push.NAME] in a config file")
	}
	for _, name := range args {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("the config file has no [push.%s]", name)
		}
	}
	if len(args) > 0 {
		names = args
	}
	var targets []pushTo
	var wrong []error
	for _, name := range names {
		to, err := s.target(name)
		wrong = append(wrong, err)
		targets = append(targets, to)
	}
	return targets, asFailure(errors.Join(wrong...))
}

// target returns the target of that name in the config file.
func (s *settings) target(name string) (pushTo, error) {
	to := pushTo{}
	for key, field := range map[string]*string{"kind": &to.kind, "url": &to.url, "send": &to.send} {
		v, _ := s.Value("push", name, key)
		*field = v.Text
	}
	url, _ := s.Value("push", name, "url")
	err := s.secrets(url, "push", name, map[string]*string{
		"secret": &to.secret.Text, "secret-file": &to.secret.File, "secret-command": &to.secret.Command,
	})
	if err == nil {
		err = to.check()
		if err != nil {
			err = fmt.Errorf("%s: push.%s: %w", url.Where, name, err)
		}
	}
	return to, err
}

// check says what is wrong with a target, without asking for its secret.
func (to *pushTo) check() error {
	if _, err := push.New(to.kind, to.url, "a secret in place of it"); err != nil {
		return err
	}
	if to.send != "" && to.send != "standings" && (to.send != "events" || to.kind != "webhook") {
		return fmt.Errorf("%q cannot be sent to a %s: standings, or events to a webhook", to.send, to.kind)
	}
	if to.secret == (secret.Place{}) {
		return errors.New("no secret: set NIXIE_SECRET, or give --secret-file or --secret-command")
	}
	return nil
}

// pusher tells one target.
type pusher struct {
	pushTo
	store  *store.Store
	target *push.Target
	log    *slog.Logger
	out    io.Writer
	dryRun bool

	pushed, refused, early int
}

// pushBatch is how many things a webhook gets at a time.
const pushBatch = 100

func (p *pusher) run(ctx context.Context, v *view) error {
	text, err := p.secret.Read(ctx)
	if err != nil {
		return fmt.Errorf("get the secret: %w", err)
	}
	if p.target, err = push.New(p.kind, p.url, text); err != nil {
		return err
	}
	p.target.Log = p.log
	if p.target.InClear() {
		p.log.Warn("without https, others can read and change what is pushed")
	}
	if p.send == "events" {
		return p.events(ctx)
	}
	changes, err := p.changes(ctx, v)
	if err != nil {
		return err
	}
	if p.kind == "listmonk" {
		return p.listmonk(ctx, changes)
	}
	for some := range slices.Chunk(changes, pushBatch) {
		body := struct {
			Standings []push.Standing `json:"standings"`
		}{}
		notes := make(map[string]string)
		for _, c := range some {
			body.Standings = append(body.Standings, c.Standing)
			notes[p.noteOf(c.Address)] = c.note
		}
		if err := p.post(ctx, body, len(some), notes); err != nil {
			return err
		}
	}
	return nil
}

// listmonk takes one address at a time.
func (p *pusher) listmonk(ctx context.Context, changes []change) error {
	const tooMany = 20 // refused in a row: it is not the addresses
	inARow := 0
	for _, c := range changes {
		err := p.post(ctx, push.Listmonk(c.Standing), 1, map[string]string{p.noteOf(c.Address): c.note})
		if refused, ok := errors.AsType[*push.Refused](err); ok && refused.Status == 400 && inARow < tooMany {
			p.log.Error("an address is refused", "address", c.Address, "error", err)
			p.refused++
			inARow++
			continue
		}
		if err != nil {
			return err
		}
		inARow = 0
	}
	return nil
}

// post hands over a body with so many things in it, and then notes that.
func (p *pusher) post(ctx context.Context, body any, things int, notes map[string]string) error {
	if err := ctx.Err(); err != nil {
		return errors.New("broken off; the next run goes on from here")
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if p.dryRun {
		p.pushed += things
		_, err := fmt.Fprintf(p.out, "%s\n", text)
		return err
	}
	if err := p.target.Post(ctx, text); err != nil {
		return err
	}
	p.pushed += things
	if err := p.store.SetNotes(context.WithoutCancel(ctx), notes); err != nil {
		return fmt.Errorf("it was pushed, but that cannot be noted: %w", err)
	}
	return nil
}

// events hands over all events that were recorded since the last time.
func (p *pusher) events(ctx context.Context) error {
	name := "push/events " + p.target.URL
	at, err := p.store.Note(ctx, name)
	if err != nil {
		return err
	}
	seq, _ := strconv.ParseInt(at, 10, 64)
	for {
		body := struct {
			Events []ledger.Event `json:"events"`
		}{}
		for e, err := range p.store.After(ctx, seq) {
			if err != nil {
				return err
			}
			body.Events = append(body.Events, e)
			if len(body.Events) == pushBatch {
				break
			}
		}
		n := len(body.Events)
		if n == 0 {
			return nil
		}
		seq = body.Events[n-1].Seq
		if err := p.post(ctx, body, n, map[string]string{name: strconv.FormatInt(seq, 10)}); err != nil {
			return err
		}
	}
}

// change is a standing that the target is to be told of, and what is noted
// when it was.
type change struct {
	push.Standing
	note string
}

func (p *pusher) noteOf(address string) string { return p.prefix() + address }
func (p *pusher) prefix() string               { return "push/standings " + p.target.URL + " " }

// changes returns what the target does not know. Of each address is noted what
// it was told last: what the standing was, "" for one that may be written to,
// and the id of that.
func (p *pusher) changes(ctx context.Context, v *view) ([]change, error) {
	told, err := p.store.NotesBelow(ctx, p.prefix())
	if err != nil {
		return nil, err
	}
	if err := prepare(ctx, p.store, v); err != nil {
		return nil, err
	}
	var changes []change
	var free []string
	for events, err := range addresses(ctx, p.store) {
		if err != nil {
			return nil, err
		}
		state := v.state(events)
		stopped, before, _ := strings.Cut(told[state.Address], " ")
		now := ""
		if state.Standing.Stops() {
			now = digest(string(state.Standing), state.Until.Format(time.RFC3339Nano), state.Because.Rule, strings.Join(state.Because.Events, " "))
		}
		if p.kind == "listmonk" {
			switch {
			case stopped != "" && now == "":
				free = append(free, state.Address)
				continue
			case state.Standing != ledger.Dropped || now == stopped:
				continue
			case !export.Plain(state.Address):
				p.refused++
				p.log.Error("no address that listmonk can know", "address", state.Address)
				continue
			case !v.settled(&state, events):
				p.early++
				continue
			}
		}
		if now != stopped {
			// The one before is part of it: an address may come to stand as it did before.
			id := digest(before, state.Address, now)
			changes = append(changes, change{push.Standing{ID: id, State: state}, now + " " + id})
		}
	}
	return changes, p.tellFree(ctx, free, told)
}

// tellFree tells once of each address that listmonk blocks and need not.
func (p *pusher) tellFree(ctx context.Context, addresses []string, told map[string]string) error {
	if p.dryRun || len(addresses) == 0 {
		return nil
	}
	notes := make(map[string]string)
	for _, address := range addresses {
		p.log.Warn("may be written to again: unblock it in listmonk", "address", address)
		_, before, _ := strings.Cut(told[address], " ")
		notes[p.noteOf(address)] = " " + digest(before, address)
	}
	return p.store.SetNotes(ctx, notes)
}

// settled reports whether no incident can hold any more what a standing rests
// on: the day is over of the last event.
func (v *view) settled(state *ledger.State, events []ledger.Event) bool {
	if v.policy.Guard.Off || state.Reason == classify.Complaint {
		return true
	}
	return !slices.ContainsFunc(events, func(e ledger.Event) bool {
		return slices.Contains(state.Because.Events, e.ID) && dayText(e.Time) == dayText(v.at)
	})
}

func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:16])
}

func (p *pusher) summary(out io.Writer) error {
	text := fmt.Sprintf("%s %s: %d pushed", p.kind, p.url, p.pushed)
	for _, c := range []struct {
		n    int
		what string
	}{{p.refused, "refused"}, {p.early, "wait for the end of the day"}} {
		if c.n > 0 {
			text += fmt.Sprintf(", %d %s", c.n, c.what)
		}
	}
	_, err := fmt.Fprintln(out, text)
	return err
}
