package main

import (
	"fmt"
	"io"
	"slices"
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
Outlook and Exchange clients (0x800CCC79), whole SMTP replies and the words of a
mail server that gives no code.

The exit status is 1 for a code that is not registered, of which its class and
subject are told, and for an argument without a code or words that a rule knows.`,
		Example: `  nixie explain 5.7.26
  nixie explain 421 or 4.2.1
  nixie explain '550-5.7.26 This message is unauthenticated' --host mx.example.org`,
		Args: atLeastOne("CODE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return explain(cmd.OutOrStdout(), cmd.ErrOrStderr(), host, args)
		},
	}
	cmd.Flags().StringVar(&host, "host", "", "the `HOST` that gave the reply")
	return cmd
}

// questions are the texts to explain: each argument for itself or, where all
// of them are a text that needed no quotes, that text and the codes among them
// that it does not answer. Such a text has words that a rule knows, or is a
// reply: its code and more than a word.
func questions(rules *classify.Classifier, host string, args []string) []string {
	var words, coded []string // arguments without a code, and with one
	for _, arg := range args {
		if _, err := codes.Explain(arg); err != nil {
			words = append(words, arg)
		} else if coded = append(coded, arg); strings.Contains(arg, " ") {
			return args // a text that has its quotes
		}
	}
	text := strings.Join(args, " ")
	meanings, err := codes.Explain(text)
	switch {
	case len(words) == 0:
		return args
	case len(coded) == 0:
		return []string{text}
	case err != nil:
		return args
	}
	reply := startsReply(args[0]) && len(words) > 1
	either := len(words) == 1 && (words[0] == "or" || words[0] == "/") // as in "421 or 4.2.1"
	if !reply && !either && !knowsWords(rules.Reply(host, text)) {
		return args
	}
	texts := []string{text}
	for _, arg := range coded {
		own, _ := codes.Explain(arg)
		if !slices.ContainsFunc(meanings, func(m codes.Meaning) bool { return m.Code == own[0].Code }) {
			texts = append(texts, arg)
		}
	}
	return texts
}

// startsReply reports whether a word is how an SMTP reply begins: 550, 550-5.1.1.
func startsReply(word string) bool {
	_, err := codes.ParseReply(word[:min(len(word), 3)])
	return err == nil && (len(word) == 3 || word[3] == '-')
}

// knowsWords reports whether a verdict rests on words, and not on codes alone.
func knowsWords(v classify.Verdict) bool {
	return slices.ContainsFunc(v.Because, func(e classify.Evidence) bool { return e.Basis == classify.ByText })
}

func explain(stdout, stderr io.Writer, host string, args []string) error {
	go codes.Reply(550).Meaning() // reads the registries while the rules are read
	rules, err := classify.New()
	if err != nil {
		return asFailure(err)
	}
	columns, style := min(terminalWidth(stdout), 100), styleOf(stdout)
	begun, failed := false, false
	separate := func() { // what follows from what stands above
		if begun {
			fmt.Fprintln(stdout)
		}
		begun = true
	}
	for _, question := range questions(rules, host, args) {
		meanings, err := codes.Explain(question)
		// A status without its dots and the like: judge what it stands for.
		if len(meanings) == 1 && !strings.ContainsAny(strings.TrimSpace(question), " \t\r\n") {
			question = meanings[0].Code
		}
		v := rules.Reply(host, question)
		if err != nil && v.Reason == "" {
			fmt.Fprintf(stderr, "nixie: no code in %q\n", render.Clean(question))
			failed = true
			continue
		}
		for _, m := range meanings {
			separate()
			if err := render.Meaning(stdout, columns, style, m); err != nil {
				return asFailure(err)
			}
			if m.Standing == "" && len(m.Others) == 0 {
				fmt.Fprintf(stderr, "nixie: %s is not registered\n", m.Code)
				failed = true
			}
		}
		if v.Reason != "" {
			separate()
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
