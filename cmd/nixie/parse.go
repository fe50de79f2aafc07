package main

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"nixie/cmd/nixie/internal/render"
	"nixie/codes"
	"nixie/dsn"
	"nixie/dsn/origin"
)

func newParse() *cobra.Command {
	var opts struct {
		format       string
		why          bool
		unclassified bool
		rules        string
		origin       string
		jobs         int
	}
	cmd := &cobra.Command{
		Use:   "parse [PATH...]",
		Short: "Read mail and say who bounced and why",
		Long: `Parse reads messages, mboxes, Maildirs and directories, each compressed with
gzip or not, and standard input for - or when it is piped. It prints one verdict
for each recipient.

Of a directory it reads the files that end in .eml, .mbox, .mbx, .mail, .msg,
.raw and .txt, those of a Maildir and those without an ending; any other is read
when it is named.

It prints a table to a terminal, and otherwise one JSON object a message, each on
a line of its own.
The exit status is 0, 1 if some input or a file of rules or keys could not be
read, and 2 for wrong usage.`,
		RunE: func(cmd *cobra.Command, paths []string) error {
			stdin, stdout := cmd.InOrStdin(), cmd.OutOrStdout()
			if opts.jobs < 1 {
				return fmt.Errorf("--jobs must be at least 1")
			}
			if opts.why && (opts.unclassified || opts.format == "sisimai") {
				return errors.New("--why goes with neither --unclassified nor --format sisimai: they show no evidence")
			}
			if len(paths) == 0 {
				if isTerminal(stdin) {
					return fmt.Errorf("no PATH, and nothing is piped in")
				}
				paths = []string{"-"}
			}
			go warmUp() // while the rules are read
			rules, err := newClassifier(opts.rules)
			if err != nil {
				return err
			}
			var why render.References
			if opts.why {
				why = references(rules)
			}
			var proof *origin.Checker
			if opts.origin != "" {
				if proof, err = readOrigin(opts.origin); err != nil {
					return asFailure(err)
				}
			}
			alone := ""
			if len(paths) == 1 {
				alone = paths[0]
			}
			out, err := newOutput(opts.format, why, opts.unclassified, alone, stdout)
			if err != nil {
				return err
			}
			w := work{
				paths: paths, stdin: stdin, jobs: opts.jobs, rules: rules, origin: proof, output: out,
				progress: newProgress(cmd.ErrOrStderr(), stdout, paths),
			}
			return w.run(cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&opts.format, "format", "", "table, json, csv or sisimai")
	flags.BoolVar(&opts.why, "why", false, "print what each verdict rests on, as JSON always does")
	flags.BoolVar(&opts.unclassified, "unclassified", false, "print the answers that no rule knows, grouped")
	flags.StringVar(&opts.rules, "rules", "", "`FILE` of your own rules, to try first")
	flags.StringVar(&opts.origin, "origin", "", "`FILE` of your keys: say what proves that a report is about your mail")
	flags.IntVar(&opts.jobs, "jobs", runtime.GOMAXPROCS(0), "messages to work on at once")
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

// warmUp has dsn and codes build what they need: the dialects, the phrases and
// the registries.
func warmUp() {
	dsn.Parse([]byte("From: MAILER-DAEMON@example.org\n\n<alice@example.org>: 550 5.1.1 User unknown\n"))
	codes.Reply(550).Meaning()
	codes.Status{Class: codes.Permanent, Subject: 1, Detail: 1}.Meaning()
}

var formats = []string{"table", "json", "csv", "sisimai"}

// output is a format and where it goes.
type output struct {
	append func([]byte, *render.Result) []byte // may be called concurrently
	to     io.Writer                           // takes what append made, in order
	flush  func() error                        // called at the end, if not nil
}

// newOutput returns the output of that format, "" being the one that suits stdout.
// With why, the references of rules, it shows the evidence. The source alone
// is the only one.
func newOutput(format string, why render.References, unclassified bool, alone string, stdout io.Writer) (output, error) {
	if format == "" {
		format = "json"
		if isTerminal(stdout) {
			format = "table"
		}
	}
	if !slices.Contains(formats, format) {
		return output{}, fmt.Errorf("unknown format %q: one of %s", format, strings.Join(formats, ", "))
	}
	columns, style := terminalWidth(stdout), styleOf(stdout)
	if unclassified {
		u := render.NewUnclassified(stdout, format, columns, style)
		return output{u.Append, u, u.Flush}, nil
	}
	switch format {
	case "table":
		t := render.NewTable(stdout, columns, style, why, alone)
		return output{t.Append, t, nil}, nil
	case "csv":
		csv := render.CSV{Why: why != nil}
		_, err := io.WriteString(stdout, csv.Header())
		return output{csv.Append, stdout, nil}, asFailure(err)
	case "sisimai":
		return output{render.Sisimai, stdout, nil}, nil
	}
	return output{render.JSON, stdout, nil}, nil
}
