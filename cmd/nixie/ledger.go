package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/user"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/net/publicsuffix"

	"nixie/classify/ledger"
	"nixie/cmd/nixie/internal/config"
	"nixie/cmd/nixie/internal/policy"
	"nixie/cmd/nixie/internal/store"
)

// ledgerFlags are those of the commands that read a ledger.
type ledgerFlags struct {
	ledger string
	policy policyFlag
	at     string
}

// policyFlag is a policy by the name of a preset or file, or the one that
// stands in the config file.
type policyFlag struct {
	name   string
	inFile *ledger.Policy
}

func (p *policyFlag) String() string { return p.name }
func (*policyFlag) Type() string     { return "string" }

func (p *policyFlag) Set(name string) error {
	*p = policyFlag{name: name}
	return nil
}

func (p *policyFlag) load() (ledger.Policy, error) {
	if p.inFile != nil {
		return *p.inFile, nil
	}
	loaded, err := policy.Load(p.name)
	return loaded, asFailure(err)
}

func (f *ledgerFlags) register(cmd *cobra.Command) {
	f.registerLedger(cmd)
	cmd.Flags().StringVar(&f.at, "at", "", "as it was at that `TIME`, with what was recorded by then")
}

func (f *ledgerFlags) registerLedger(cmd *cobra.Command) {
	cmd.Flags().Var(&f.policy, "policy", "a `FILE` of your own policy, or default, mailman, listmonk or civicrm")
	f.registerPlace(cmd)
}

func (f *ledgerFlags) registerPlace(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.ledger, "ledger", "", "the `LEDGER`: sqlite:PATH or postgres://HOST/DATABASE (default: ledger.db in ~/.local/state/nixie)")
}

// open opens the ledger, which must be there.
func (f *ledgerFlags) open(ctx context.Context) (*store.Store, error) {
	place, err := f.url()
	if err != nil {
		return nil, err
	}
	s, err := store.Open(ctx, place)
	if errors.Is(err, store.ErrNone) {
		return nil, fmt.Errorf("there is no ledger at %s", config.Redacted(place))
	}
	return s, err
}

// url returns the ledger that is asked for, else the one in the state directory.
func (f *ledgerFlags) url() (string, error) {
	if f.ledger != "" {
		return f.ledger, nil
	}
	state, err := stateDir()
	if err != nil {
		return "", fmt.Errorf("no place for a ledger, give one with --ledger: %w", err)
	}
	return "sqlite:" + filepath.Join(state, "ledger.db"), nil
}

// stateDir returns where the user's state is kept
// (https://specifications.freedesktop.org/basedir-spec/latest/).
func stateDir() (string, error) {
	state := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(state) {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		state = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(state, "nixie"), nil
}

// time returns the time of --at, now without it.
func (f *ledgerFlags) time() (time.Time, error) {
	now := time.Now()
	if f.at == "" {
		return now, nil
	}
	t, err := parseTime(f.at, now)
	if err != nil {
		return now, fmt.Errorf("--at: %w", err)
	}
	return t, nil
}

// parseTime reads a time, a day, or how long it was before now.
func parseTime(s string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04", time.DateTime, "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, time.Local); err == nil {
			return t, nil
		}
	}
	if span, err := ledger.ParseSpan(s); err == nil {
		return now.Add(-time.Duration(span)), nil
	}
	return time.Time{}, fmt.Errorf("%q is no time: write 2026-11-24, 2026-11-24T15:04:05Z, or 7d for a week ago", s)
}

// view is what a policy makes of a ledger as it was at a time.
type view struct {
	policy ledger.Policy
	at     time.Time
	known  ledger.Known
}

// prepare finds out what the views must know beside the events of an address.
func prepare(ctx context.Context, s *store.Store, views ...*view) error {
	proving, err := s.Proving(ctx)
	if err != nil {
		return err
	}
	var decisions []ledger.Event
	for e, err := range s.Events(ctx, "") {
		if err != nil {
			return err
		}
		decisions = append(decisions, e)
	}
	watches := make([]*ledger.Watch, len(views))
	for i, v := range views {
		watches[i] = v.policy.Guard.Watch(v.seen(decisions))
	}
	for e, err := range s.Strikes(ctx) {
		if err != nil {
			return err
		}
		for i, v := range views {
			if v.sees(&e) {
				watches[i].Add(&e)
			}
		}
	}
	for i, v := range views {
		v.known = ledger.Known{Proving: proving, Incidents: watches[i].Incidents(v.at)}
	}
	return nil
}

func (v *view) sees(e *ledger.Event) bool { return !e.Recorded.After(v.at) && !e.Time.After(v.at) }

func (v *view) seen(events []ledger.Event) []ledger.Event {
	seen := make([]ledger.Event, 0, len(events))
	for i := range events {
		if v.sees(&events[i]) {
			seen = append(seen, events[i])
		}
	}
	return seen
}

// state returns the standing of the address that the events are of.
func (v *view) state(events []ledger.Event) ledger.State {
	return v.policy.State(v.at, v.seen(events), v.known)
}

// history returns how it came to be.
func (v *view) history(events []ledger.Event) []ledger.Change {
	return v.policy.History(v.at, v.seen(events), v.known)
}

// addresses yields the events of each address in turn. They are valid until
// the next.
func addresses(ctx context.Context, s *store.Store) iter.Seq2[[]ledger.Event, error] {
	return func(yield func([]ledger.Event, error) bool) {
		var events []ledger.Event
		for e, err := range s.ByAddress(ctx) {
			if err != nil {
				yield(nil, err)
				return
			}
			if len(events) > 0 && events[0].Address != e.Address {
				if !yield(events, nil) {
					return
				}
				events = events[:0]
			}
			if e.Address != "" {
				events = append(events, e)
			}
		}
		if len(events) > 0 {
			yield(events, nil)
		}
	}
}

// providerOf returns who runs a host: its domain as it was registered.
func providerOf(host string) string {
	domain, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return host
	}
	return domain
}

// decision is an event of a person's act.
func decision(act ledger.Act, address, incident string, at time.Time) ledger.Event {
	at = at.UTC().Truncate(time.Microsecond)
	name := "somebody"
	if u, err := user.Current(); err == nil {
		name = cmp.Or(u.Username, name)
	}
	return ledger.Event{
		ID: ledger.ActID(act, address+incident, at), Address: address, Time: at, Recorded: at, Act: act, Incident: incident, Source: name,
	}
}
