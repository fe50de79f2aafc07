package main

import (
	"io"

	"github.com/spf13/cobra"

	"nixie/cmd/nixie/internal/render"
)

func newSchema() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of parse --format json",
		Long: `Schema prints the JSON Schema (draft 2020-12) that each line of
nixie parse --format json keeps to.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := io.WriteString(cmd.OutOrStdout(), render.Schema)
			return asFailure(err)
		},
	}
}
