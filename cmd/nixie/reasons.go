package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"nixie/classify"
	"nixie/classify/interchange"
	"nixie/cmd/nixie/internal/render"
)

func newReasons() *cobra.Command {
	var as string
	cmd := &cobra.Command{
		Use:   "reasons",
		Short: "List the reasons that a verdict can give",
		Long: `Reasons lists why delivery can fail, whose fault each is, what to do about the
message, and whether it counts as hard: the address or its domain is dead.

With --as it lists the word of another system for each reason, and the reason
that the word becomes when it is read back, as several may become one word.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			head, rows := reasonTable()
			if cmd.Flags().Changed("as") {
				system, err := parseSystem(as)
				if err != nil {
					return err
				}
				head, rows = wordTable(system)
			}
			out := cmd.OutOrStdout()
			return asFailure(render.List(out, terminalWidth(out), styleOf(out), head, rows))
		},
	}
	cmd.Flags().StringVar(&as, "as", "", "one of "+systemNames())
	return cmd
}

func reasonTable() (head []string, rows [][]string) {
	for reason := range classify.Reasons() {
		hard := ""
		if reason.Dead() {
			hard = "hard"
		}
		rows = append(rows, []string{string(reason), string(reason.Fault()), string(reason.Decision()), hard, reason.Means()})
	}
	return []string{"REASON", "FAULT", "DECISION", "HARD", "MEANING"}, rows
}

// wordTable lists the system's word for each reason, then the words that no
// reason becomes; - stands for none.
func wordTable(system interchange.System) (head []string, rows [][]string) {
	used := make(map[string]bool)
	row := func(reason classify.Reason, word string) {
		back, _ := system.From(word)
		used[word] = true
		rows = append(rows, []string{orNone(string(reason)), orNone(word), orNone(string(back))})
	}
	for reason := range classify.Reasons() {
		word, _ := system.To(reason)
		row(reason, word)
	}
	for word := range system.Words() {
		if !used[word] {
			row("", word)
		}
	}
	return []string{"REASON", strings.ToUpper(string(system)), "BACK"}, rows
}

func orNone(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func parseSystem(name string) (interchange.System, error) {
	system := interchange.System(name)
	if !slices.Contains(slices.Collect(interchange.Systems()), system) {
		return "", fmt.Errorf("unknown system %q: one of %s", name, systemNames())
	}
	return system, nil
}

func systemNames() string {
	var names []string
	for system := range interchange.Systems() {
		names = append(names, string(system))
	}
	return strings.Join(names, ", ")
}
