package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"nixie/classify/ledger"
	"nixie/cmd/nixie/internal/render"
)

func newAddress() *cobra.Command {
	var flags ledgerFlags
	var format tableOrJSON
	cmd := &cobra.Command{
		Use:   "address ADDRESS...",
		Short: "Say how an address stands, and why",
		Long: `Address prints the standing of each address, what it rests on, how it came about
and every event that is known of it. In the table the events that the standing
rests on are marked with a *.

The exit status is 1 if nothing is known of an address.`,
		Example: `  nixie address bob@example.org`,
		Args:    atLeastOne("ADDRESS"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			v := &view{}
			if v.policy, err = flags.policy.load(); err != nil {
				return err
			}
			if v.at, err = flags.time(); err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			tell := tellAddressJSON
			if table, err := format.table(out); err != nil {
				return err
			} else if table {
				tell = tellAddress
			}
			s, err := flags.open(cmd.Context())
			if err != nil {
				return asFailure(err)
			}
			defer s.Close()
			if err := prepare(cmd.Context(), s, v); err != nil {
				return asFailure(err)
			}
			var failed error
			for i, arg := range args {
				events, err := collect(s.Events(cmd.Context(), ledger.Key(arg)))
				if err != nil {
					return asFailure(err)
				}
				if events = v.seen(events); ledger.Key(arg) == "" || len(events) == 0 {
					fmt.Fprintf(cmd.ErrOrStderr(), "nixie: nothing is known of %s\n", render.Clean(arg))
					failed = errFailed
					continue
				}
				if err := tell(out, i, known{v.state(events), v.history(events), events}); err != nil {
					return asFailure(err)
				}
			}
			return failed
		},
	}
	flags.register(cmd)
	format.register(cmd)
	return cmd
}

// known is what is known of an address.
type known struct {
	ledger.State
	history []ledger.Change
	events  []ledger.Event
}

func tellAddressJSON(out io.Writer, _ int, k known) error {
	type change struct {
		At time.Time `json:"at"`
		ledger.State
	}
	object := struct {
		ledger.State
		History []change       `json:"history"`
		Events  []ledger.Event `json:"events"`
	}{State: k.State, History: []change{}, Events: k.events}
	for _, c := range k.history {
		object.History = append(object.History, change{c.At, c.State})
	}
	e := render.NewEncoder(out)
	return e.Encode(object)
}

func tellAddress(out io.Writer, i int, k known) error {
	columns, style := terminalWidth(out), styleOf(out)
	if i > 0 {
		fmt.Fprintln(out)
	}
	fmt.Fprintf(out, "%s is %s\n", style.Bold(render.Clean(k.Address)), standingText(&k.State))
	if len(k.history) > 0 {
		rows := make([][]string, len(k.history))
		for i, c := range k.history {
			rows[i] = []string{minuteText(c.At), standingText(&c.State)}
		}
		fmt.Fprintln(out)
		if err := render.List(out, columns, style, []string{"SINCE", "STANDING"}, rows); err != nil {
			return err
		}
	}
	rows := make([][]string, len(k.events))
	for i := range k.events {
		e := &k.events[i]
		mark := ""
		if slices.Contains(k.Because.Events, e.ID) {
			mark = "*"
		}
		what, counts := string(e.Reason), string(e.Strike())
		if e.Act != "" {
			what = string(e.Act) + ", by " + e.Source
		} else if e.Action != "" {
			what += " (" + render.Clean(string(e.Action)) + ")"
		}
		rows[i] = []string{mark, minuteText(e.Time), render.Clean(what), counts, render.Clean(e.Provider), render.Clean(oneLine(e.Text))}
	}
	fmt.Fprintln(out)
	return render.List(out, columns, style, []string{" ", "TIME", "WHAT", "COUNTS", "PROVIDER", "ANSWER"}, rows)
}

// standingText is "suspended until 2026-11-17 (dead)".
func standingText(s *ledger.State) string {
	text := string(s.Standing)
	if !s.Until.IsZero() {
		text += " until " + minuteText(s.Until)
	}
	if b := because(s); b != "" {
		text += " (" + b + ")"
	}
	return text
}

func minuteText(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// collect returns what a sequence yields.
func collect[T any](seq func(func(T, error) bool)) (all []T, err error) {
	for v, err := range seq {
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}
