package main

import (
	"github.com/spf13/cobra"

	"nixie/classify"
	"nixie/cmd/nixie/internal/render"
)

func newReasons() *cobra.Command {
	return &cobra.Command{
		Use:   "reasons",
		Short: "List the reasons that a verdict can give",
		Long: `Reasons lists why delivery can fail, whose fault each is, what to do about the
message, and whether it counts as hard: the address or its domain is dead.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out := cmd.OutOrStdout()
			var rows [][]string
			for reason := range classify.Reasons() {
				hard := ""
				if reason.Dead() {
					hard = "hard"
				}
				rows = append(rows, []string{string(reason), string(reason.Fault()), string(reason.Decision()), hard, reason.Means()})
			}
			head := []string{"REASON", "FAULT", "DECISION", "HARD", "MEANING"}
			return asFailure(render.List(out, terminalWidth(out), styleOf(out), head, rows))
		},
	}
}
