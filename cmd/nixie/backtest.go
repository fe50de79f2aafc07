package main

import (
	"bufio"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"nixie/classify/ledger"
	"nixie/cmd/nixie/internal/render"
)

func newBacktest() *cobra.Command {
	var flags ledgerFlags
	var against policyFlag
	var format tableOrJSON
	cmd := &cobra.Command{
		Use:   "backtest --policy FILE [--against FILE]",
		Short: "Try a policy on what was recorded",
		Long: `Backtest works out what a policy would have made of all that was recorded, and
prints the addresses that it would treat otherwise than another policy, with the
day on which each took effect. A FILE may also be default, mailman, listmonk or
civicrm.

An address is saved if only the other policy stops writing to it. The counts at
the end also tell how many addresses each policy had stopped, at any time, that
mail was delivered to later: good ones, lost for a while.`,
		Example: `  nixie backtest --policy strict.toml
  nixie backtest --policy listmonk --against mailman`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if flags.policy.name == "" {
				return fmt.Errorf("no --policy to try")
			}
			var tried, other view
			if tried.policy, err = flags.policy.load(); err != nil {
				return err
			}
			if other.policy, err = against.load(); err != nil {
				return err
			}
			if tried.at, err = flags.time(); err != nil {
				return err
			}
			other.at = tried.at
			stdout := cmd.OutOrStdout()
			table, err := format.table(stdout)
			if err != nil {
				return err
			}
			s, err := flags.open(cmd.Context())
			if err != nil {
				return asFailure(err)
			}
			defer s.Close()
			if err := prepare(cmd.Context(), s, &tried, &other); err != nil {
				return asFailure(err)
			}
			b := backtest{tried: trial{view: &tried}, other: trial{view: &other}}
			for events, err := range addresses(cmd.Context(), s) {
				if err != nil {
					return asFailure(err)
				}
				b.add(events)
			}
			out := bufio.NewWriter(stdout)
			if table {
				err = b.table(out, terminalWidth(stdout), styleOf(stdout))
			} else {
				err = b.json(out)
			}
			if err == nil {
				err = out.Flush()
			}
			if err == nil {
				b.summary(cmd.ErrOrStderr())
			}
			return asFailure(err)
		},
	}
	flags.register(cmd)
	cmd.Flags().Lookup("policy").Usage = "the `FILE` of the policy to try"
	cmd.Flags().Var(&against, "against", "the `FILE` of the policy to compare with (default: the one in use)")
	standsFor(cmd, "policy", "")
	standsFor(cmd, "against", "policy")
	format.register(cmd)
	return cmd
}

// backtest compares two policies.
type backtest struct {
	tried, other trial
	addresses    int
	differences  []difference
}

// trial is one of the two, and what came out.
type trial struct {
	*view
	count map[ledger.Standing]int
	lost  int // stopped, and mail was delivered later
}

// outcome is what a policy makes of one address.
type outcome struct {
	Standing ledger.Standing `json:"standing"`
	Since    time.Time       `json:"since,omitzero"`
	Until    time.Time       `json:"until,omitzero"`
	Because  ledger.Because  `json:"because,omitzero"`
}

type difference struct {
	Address string  `json:"address"`
	Change  string  `json:"change"` // "saved", or what the policy does that the other does not: "suspended", "dropped", "held"
	Policy  outcome `json:"policy"`
	Against outcome `json:"against"`
}

func (b *backtest) add(events []ledger.Event) {
	tried, other := b.tried.run(events), b.other.run(events)
	if tried.Standing == "" {
		return
	}
	b.addresses++
	if tried.Standing == other.Standing {
		return
	}
	change := string(tried.Standing)
	if other.Standing.Stops() && !tried.Standing.Stops() {
		change = "saved"
	}
	b.differences = append(b.differences, difference{events[0].Address, change, tried, other})
}

// run returns what the policy makes of an address, the zero outcome if it was
// not known yet.
func (t *trial) run(events []ledger.Event) outcome {
	state := t.state(events)
	if state.Address == "" {
		return outcome{}
	}
	if t.count == nil {
		t.count = make(map[ledger.Standing]int)
	}
	t.count[state.Standing]++
	o := outcome{Standing: state.Standing, Until: state.Until, Because: state.Because}
	history, lost := t.history(events), 0
	for i, change := range history {
		if change.State.Standing != state.Standing {
			o.Since = time.Time{}
		} else if o.Since.IsZero() {
			o.Since = change.At
		}
		// A delivery ends a stop; so does a person, who may have known better.
		if i > 0 && history[i-1].State.Standing.Stops() && t.delivered(events, change.At) {
			lost = 1
		}
	}
	t.lost += lost
	return o
}

// delivered reports whether mail arrived at that moment.
func (t *trial) delivered(events []ledger.Event, at time.Time) bool {
	for i := range events {
		if events[i].Time.Equal(at) && events[i].Delivers() {
			return true
		}
	}
	return false
}

func (b *backtest) json(out io.Writer) error {
	e := render.NewEncoder(out)
	for _, d := range b.differences {
		if err := e.Encode(d); err != nil {
			return err
		}
	}
	return nil
}

func (b *backtest) table(out io.Writer, columns int, style render.Style) error {
	rows := make([][]string, len(b.differences))
	for i, d := range b.differences {
		rows[i] = []string{render.Clean(d.Address), d.Change, d.Policy.text(), d.Against.text()}
	}
	return render.List(out, columns, style, []string{"ADDRESS", "CHANGE", "POLICY", "AGAINST"}, rows)
}

// text is "dropped on 2026-11-24 (dead twice)".
func (o outcome) text() string {
	text := string(o.Standing)
	if !o.Since.IsZero() {
		text += " on " + dayText(o.Since)
	}
	if b := because(&ledger.State{Because: o.Because}); b != "" {
		text += " (" + b + ")"
	}
	return text
}

func (b *backtest) summary(stderr io.Writer) {
	fmt.Fprintf(stderr, "%d addresses, %d differ\n", b.addresses, len(b.differences))
	for _, t := range []struct {
		name string
		*trial
	}{{"policy: ", &b.tried}, {"against:", &b.other}} {
		fmt.Fprintf(stderr, "%s %d dropped, %d suspended, %d held, %d active; %d stopped and delivered to later\n", t.name,
			t.count[ledger.Dropped], t.count[ledger.Suspended], t.count[ledger.Held], t.count[ledger.Active], t.lost)
	}
}
