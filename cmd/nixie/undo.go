package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"nixie/classify/ledger"
	"nixie/cmd/nixie/internal/render"
	"nixie/cmd/nixie/internal/store"
)

func newUndo() *cobra.Command {
	var flags ledgerFlags
	var incident string
	cmd := &cobra.Command{
		Use:   "undo {ADDRESS... | --incident ID}",
		Short: "Let addresses be written to again",
		Long: `Undo clears what was said of an address so far, so that it may be written to
again; a complaint, too. With --incident it discards what a provider said in an
incident: none of it counts, even if it was released before.

Nothing is deleted: the decision is recorded beside what it is about.`,
		Example: `  nixie undo bob@example.org
  nixie undo --incident example.net/2026-11-24`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if (incident == "") == (len(args) == 0) {
				return fmt.Errorf("give an ADDRESS or an --incident")
			}
			s, err := flags.open(cmd.Context())
			if err != nil {
				return asFailure(err)
			}
			defer s.Close()
			if incident != "" {
				return asFailure(decide(cmd.Context(), s, &flags, ledger.Discard, incident))
			}
			return asFailure(clearAddresses(cmd.Context(), s, args, cmd.ErrOrStderr()))
		},
	}
	flags.registerLedger(cmd)
	cmd.Flags().StringVar(&incident, "incident", "", "the `ID` of an incident, of which nothing shall count")
	return cmd
}

// clearAddresses records that the addresses may be written to.
func clearAddresses(ctx context.Context, s *store.Store, args []string, stderr io.Writer) error {
	var acts []ledger.Event
	var failed error
	for _, arg := range args {
		address := ledger.Key(arg)
		events, err := collect(s.Events(ctx, address))
		if err != nil {
			return err
		}
		if address == "" || len(events) == 0 {
			fmt.Fprintf(stderr, "nixie: nothing is known of %s\n", render.Clean(arg))
			failed = errFailed
			continue
		}
		now := time.Now()
		if last := events[len(events)-1].Time; !last.Before(now) { // by a clock that is fast
			now = last.Add(time.Microsecond)
		}
		acts = append(acts, decision(ledger.Clear, address, "", now))
	}
	if _, err := s.Append(ctx, acts...); err != nil {
		return err
	}
	return failed
}

// decide records what becomes of an incident, which there must be.
func decide(ctx context.Context, s *store.Store, flags *ledgerFlags, act ledger.Act, id string) error {
	v := &view{at: time.Now()}
	var err error
	if v.policy, err = flags.policy.load(); err != nil {
		return err
	}
	if err := prepare(ctx, s, v); err != nil {
		return err
	}
	if !slices.ContainsFunc(v.known.Incidents, func(in ledger.Incident) bool { return in.ID == id }) {
		return fmt.Errorf("no incident is called %q: see nixie incidents", id)
	}
	_, err = s.Append(ctx, decision(act, "", id, v.at))
	return err
}

func newIncidents() *cobra.Command {
	var flags ledgerFlags
	var release string
	var format tableOrJSON
	cmd := &cobra.Command{
		Use:   "incidents",
		Short: "List the days on which a provider was not believed",
		Long: `Incidents lists the times in which a provider said of many addresses that were
fine before that they are no good, all in the same words or far more of them than
ever. What was said then is held, and does not count, until it is released here
or discarded (nixie undo --incident). If nobody does, it is discarded some days
after the incident; an address that is really dead fails again at the next mail
and is not held then.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			v := &view{}
			if v.policy, err = flags.policy.load(); err != nil {
				return err
			}
			if v.at, err = flags.time(); err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			table, err := format.table(out)
			if err != nil {
				return err
			}
			s, err := flags.open(cmd.Context())
			if err != nil {
				return asFailure(err)
			}
			defer s.Close()
			if release != "" {
				return asFailure(decide(cmd.Context(), s, &flags, ledger.Release, release))
			}
			if err := prepare(cmd.Context(), s, v); err != nil {
				return asFailure(err)
			}
			if table {
				return asFailure(tellIncidents(out, v.known.Incidents))
			}
			for _, in := range v.known.Incidents {
				if err := render.NewEncoder(out).Encode(in); err != nil {
					return asFailure(err)
				}
			}
			return nil
		},
	}
	flags.register(cmd)
	cmd.Flags().StringVar(&release, "release", "", "let what was said in the incident with that `ID` count")
	format.register(cmd)
	cmd.MarkFlagsMutuallyExclusive("release", "at")
	return cmd
}

func tellIncidents(out io.Writer, incidents []ledger.Incident) error {
	rows := make([][]string, len(incidents))
	for i, in := range incidents {
		why := in.Because
		if in.Words != "" {
			why += ": " + render.Clean(in.Words)
		}
		rows[i] = []string{
			render.Clean(in.ID), string(in.Fate), minuteText(in.To), strconv.Itoa(in.Addresses), strconv.Itoa(in.Worst), strconv.Itoa(in.Before),
			why,
		}
	}
	head := []string{"INCIDENT", "FATE", "UNTIL", "ADDRESSES", "ON A DAY", "BEFORE", "WHY"}
	return render.List(out, terminalWidth(out), styleOf(out), head, rows)
}
