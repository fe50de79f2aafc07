package main

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"nixie/classify/ledger"
	"nixie/cmd/nixie/internal/export"
	"nixie/cmd/nixie/internal/render"
)

func newList() *cobra.Command {
	var flags ledgerFlags
	var opts listOptions
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the addresses to stop writing to",
		Long: `List prints the addresses to stop writing to, for some time (suspended) or for
good (dropped), and what that rests on. Addresses are held when only an incident
at their provider speaks against them: they are not listed, but counted.

With --since it prints what has changed since a time, also the addresses that may
be written to again; a mailing list that applies the changes of each day stays
right.

The formats of services have the dropped addresses only, since those services
stop for good:

  ses         the import job of the account's suppression list; 100000 a file
  mailgun     POST /v3/DOMAIN/bounces/import; 25 MB a file
  sparkpost   the import of the suppression list
  postmark    each line is the body of a POST /message-streams/STREAM/suppressions
  sendgrid    the import of global unsubscribes: bounces cannot be imported
  mailchimp, brevo, klaviyo, hubspot
              the import of contacts that are not to be written to
  mailman     an address a line, for mailman delmembers -f

In csv no cell starts a formula: where one would, a ' stands before it.`,
		Example: `  nixie list
  nixie list --format csv > suppressions.csv
  nixie list --since 1d | jq -r 'select(.standing == "active").address'
  nixie list --format mailgun > bounces.csv`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			v := &view{}
			if v.policy, err = flags.policy.load(); err != nil {
				return err
			}
			if v.at, err = flags.time(); err != nil {
				return err
			}
			views := []*view{v}
			if opts.since != "" {
				since, err := parseTime(opts.since, v.at)
				if err != nil {
					return fmt.Errorf("--since: %w", err)
				}
				if since.After(v.at) {
					return fmt.Errorf("--since: %s is later than the list", opts.since)
				}
				opts.before = &view{policy: v.policy, at: since}
				views = append(views, opts.before)
			}
			out := bufio.NewWriter(cmd.OutOrStdout())
			if err := opts.output(cmd.OutOrStdout(), out); err != nil {
				return err
			}
			s, err := flags.open(cmd.Context())
			if err != nil {
				return asFailure(err)
			}
			defer s.Close()
			if err := prepare(cmd.Context(), s, views...); err != nil {
				return asFailure(err)
			}
			held, err := opts.list(addresses(cmd.Context(), s), v)
			if err == nil {
				err = out.Flush()
			}
			if opts.export != nil {
				for _, warning := range opts.export.Warnings() {
					fmt.Fprintf(cmd.ErrOrStderr(), "nixie: %s\n", warning)
				}
			}
			if held > 0 && !opts.all {
				fmt.Fprintf(cmd.ErrOrStderr(), "nixie: %d addresses are held: see nixie incidents\n", held)
			}
			return asFailure(err)
		},
	}
	flags.register(cmd)
	f := cmd.Flags()
	f.BoolVar(&opts.all, "all", false, "every address that is known, whatever its standing")
	f.StringVar(&opts.since, "since", "", "only what has changed since that `TIME`: a time, a day, or 7d for a week ago")
	f.StringVar(&opts.format, "format", "", "table, json, csv or that of a service (default: table on a terminal, else json)")
	listFormats := append([]string{"table"}, export.Formats()...)
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(listFormats, cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

type listOptions struct {
	all    bool
	since  string
	format string

	before  *view // of --since
	out     export.Writer
	export  *export.Output // out, if it is no table
	dropped bool           // the format is for those only
}

// output makes the writer for the format; stdout says what suits, out is
// where it goes.
func (o *listOptions) output(stdout io.Writer, out io.Writer) (err error) {
	if o.format == "table" || o.format == "" && isTerminal(stdout) {
		o.out = &standings{out: out, columns: terminalWidth(stdout), style: styleOf(stdout)}
		return nil
	}
	if o.format == "" {
		o.format = "json"
	}
	if o.export, err = export.New(o.format, out); err != nil {
		return fmt.Errorf("%w, table", err)
	}
	o.out, o.dropped = o.export, o.export.List
	if o.dropped && o.all {
		return fmt.Errorf("--format %s lists dropped addresses: it cannot tell the others from them, so there is no --all", o.format)
	}
	return nil
}

// list prints the addresses that are asked for, and returns how many are held.
func (o *listOptions) list(addresses iter.Seq2[[]ledger.Event, error], v *view) (held int, err error) {
	for events, err := range addresses {
		if err != nil {
			return held, err
		}
		state := v.state(events)
		if state.Address == "" {
			continue // not known yet at the time that was asked for
		}
		if state.Standing == ledger.Held {
			held++
		}
		if !o.wants(&state, events) {
			continue
		}
		if err := o.out.Write(export.Row{State: state, Last: lastOf(&state, events)}); err != nil {
			return held, err
		}
	}
	return held, o.out.Close()
}

func (o *listOptions) wants(state *ledger.State, events []ledger.Event) bool {
	switch {
	case o.dropped && state.Standing != ledger.Dropped:
		return false
	case o.before != nil:
		before := o.before.state(events)
		if before.Standing == "" || before.Address == "" {
			before.Standing = ledger.Active
		}
		if o.all {
			return before.Standing != state.Standing || !before.Until.Equal(state.Until)
		}
		stopped, stops := before.Standing.Stops(), state.Standing.Stops()
		return stopped != stops || stops && (before.Standing != state.Standing || !before.Until.Equal(state.Until))
	}
	return o.all || state.Standing.Stops()
}

// lastOf returns the last event that a standing rests on.
func lastOf(state *ledger.State, events []ledger.Event) ledger.Event {
	if n := len(state.Because.Events); n > 0 {
		i := slices.IndexFunc(events, func(e ledger.Event) bool { return e.ID == state.Because.Events[n-1] })
		if i >= 0 {
			return events[i]
		}
	}
	return ledger.Event{}
}

// standings is a table for people.
type standings struct {
	out     io.Writer
	columns int
	style   render.Style
	rows    [][]string
}

func (t *standings) Write(r export.Row) error {
	t.rows = append(t.rows, []string{
		render.Clean(r.Address), string(r.Standing), dayText(r.Until), string(r.Reason), strconv.Itoa(r.Count), dayText(r.LastSeen), because(&r.State),
	})
	return nil
}

func (t *standings) Close() error {
	return render.List(t.out, t.columns, t.style, []string{"ADDRESS", "STANDING", "UNTIL", "REASON", "COUNT", "LAST SEEN", "RULE"}, t.rows)
}

// because says on what a standing rests, in a few words.
func because(s *ledger.State) string {
	text := render.Clean(s.Because.Rule)
	if s.Because.Doubt {
		text += ", unproved"
	}
	if s.Because.Incident != "" {
		text += ", incident " + render.Clean(s.Because.Incident)
	}
	return text
}

func dayText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}
