package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"nixie/classify"
	"nixie/cmd/nixie/internal/render"
	"nixie/codes"
)

func newExplain() *cobra.Command {
	var host string
	cmd := &cobra.Command{
		Use:   "explain CODE...",
		Short: "Say what a code or an SMTP reply means",
		Long: `Explain says what a code means, who says so, and what to make of it. It takes
reply codes (550), enhanced status codes (5.1.1, X.7.14), the error numbers of
Outlook and Exchange clients (0x800CCC79) and whole SMTP replies.

The exit status is 1 for a code that is not registered, of which its class and
subject are told, and for a text without any code.`,
		Example: `  nixie explain 5.7.26
  nixie explain 421 or 4.2.1
  nixie explain '550-5.7.26 This message is unauthenticated' --host mx.example.org`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return explain(cmd.OutOrStdout(), cmd.ErrOrStderr(), host, questions(args))
		},
	}
	cmd.Flags().StringVar(&host, "host", "", "the `HOST` that gave the reply")
	return cmd
}

// questions are the texts to explain: each argument if each has a code, else
// all of them as one text that needed no quotes.
func questions(args []string) []string {
	for _, arg := range args {
		if _, err := codes.Explain(arg); err != nil {
			return []string{strings.Join(args, " ")}
		}
	}
	return args
}

func explain(stdout, stderr io.Writer, host string, questions []string) error {
	rules, err := classify.New()
	if err != nil {
		return asFailure(err)
	}
	columns, style := min(terminalWidth(stdout), 100), styleOf(stdout)
	failed := false
	for i, question := range questions {
		if i > 0 {
			fmt.Fprintln(stdout)
		}
		meanings, err := codes.Explain(question)
		if err != nil {
			fmt.Fprintf(stderr, "nixie: no code in %q\n", render.Clean(question))
			failed = true
			continue
		}
		for i, m := range meanings {
			if i > 0 {
				fmt.Fprintln(stdout)
			}
			if err := render.Meaning(stdout, columns, style, m); err != nil {
				return asFailure(err)
			}
			if m.Standing == "" && len(m.Others) == 0 {
				fmt.Fprintf(stderr, "nixie: %s is not registered\n", m.Code)
				failed = true
			}
		}
		// A status without its dots and the like: judge what it stands for.
		if len(meanings) == 1 && !strings.ContainsAny(strings.TrimSpace(question), " \t\r\n") {
			question = meanings[0].Code
		}
		if v := rules.Reply(host, question); v.Reason != "" {
			fmt.Fprintln(stdout)
			if err := render.Verdict(stdout, columns, style, v, references(rules)); err != nil {
				return asFailure(err)
			}
		}
	}
	if failed {
		return errFailed
	}
	return nil
}
