package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"nixie/classify"
	"nixie/cmd/nixie/internal/render"
)

func newRules() *cobra.Command {
	var check string
	cmd := &cobra.Command{
		Use:   "rules [NAME...]",
		Short: "List the rules, or check your own",
		Long: `Rules lists the rules that verdicts rest on; those that are named it prints
whole. With --check it reads a file of your own rules and judges their samples.`,
		RunE: func(cmd *cobra.Command, names []string) error {
			if check != "" {
				if len(names) > 0 {
					return errors.New("--check takes no NAME")
				}
				return checkRules(cmd.OutOrStdout(), check)
			}
			if len(names) > 0 {
				return showRules(cmd.OutOrStdout(), names)
			}
			return listRules(cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&check, "check", "", "check the rules in `FILE` and judge their samples")
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) (names []string, _ cobra.ShellCompDirective) {
		for r := range classify.Rules() {
			names = append(names, r.Name)
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
	return cmd
}

// listRules prints a line for each built-in rule.
func listRules(out io.Writer) error {
	var rows [][]string
	for r := range classify.Rules() {
		rows = append(rows, []string{r.Name, string(r.Reason), when(&r)})
	}
	return asFailure(render.List(out, terminalWidth(out), styleOf(out), []string{"RULE", "REASON", "WHEN"}, rows))
}

// when says in a few words what a rule goes by.
func when(r *classify.Rule) string {
	const most = 3 // phrases
	var parts []string
	for _, phrase := range r.Text[:min(len(r.Text), most)] {
		parts = append(parts, "“"+phrase+"”")
	}
	if more := len(r.Text) - most; more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	parts = append(parts, slices.Concat(r.Status, r.Reply, r.Command)...)
	for _, action := range r.Action {
		parts = append(parts, string(action))
	}
	return strings.Join(parts, ", ")
}

// showRules prints rules as they stand in a file of rules.
func showRules(out io.Writer, names []string) error {
	rules, err := classify.New()
	if err != nil {
		return asFailure(err)
	}
	for i, name := range names {
		r, ok := rules.Rule(name)
		if !ok {
			return asFailure(fmt.Errorf("no rule %q", render.Clean(name)))
		}
		if i > 0 {
			fmt.Fprintln(out)
		}
		if _, err := io.WriteString(out, ruleText(&r)); err != nil {
			return asFailure(err)
		}
	}
	return nil
}

// ruleText is a rule as it stands in a file.
func ruleText(r *classify.Rule) string {
	var b strings.Builder
	field := func(name string, values ...string) {
		for _, value := range values {
			if value != "" {
				fmt.Fprintf(&b, "%s: %s\n", name, value)
			}
		}
	}
	if r.Provider != "" {
		field("Provider", r.Provider)
		field("Host", strings.Join(r.Hosts, " "))
		field("Token", r.Tokens...)
		b.WriteByte('\n')
	}
	_, name, _ := strings.Cut(r.Name, "/")
	field("Rule", name)
	field("Text", r.Text...)
	field("Unless", r.Unless...)
	field("Status", strings.Join(r.Status, ", "))
	field("Reply", strings.Join(r.Reply, ", "))
	field("Command", strings.Join(r.Command, ", "))
	for _, action := range r.Action {
		field("Action", string(action))
	}
	if r.Vague {
		field("Vague", "yes")
	}
	if r.Hint {
		field("Hint", "yes")
	}
	if r.Transient {
		field("Transient", "yes")
	}
	field("Reason", string(r.Reason))
	field("Fault", string(r.Fault))
	field("Decision", string(r.Decision))
	if r.After > 0 {
		field("After", render.Duration(r.After))
	}
	field("Ref", r.Ref...)
	field("Seen", r.Seen...)
	field("Sample", r.Samples...)
	field("Counter", r.Counters...)
	return b.String()
}

// newClassifier returns a classifier with the rules of a file before the
// built-in ones; "" is no file. The error says what is wrong with the file,
// with the line of each mistake.
func newClassifier(file string) (*classify.Classifier, error) {
	rules, err := readRules(file)
	if err != nil {
		return nil, err
	}
	c, err := classify.New(rules...)
	return c, asFailure(err)
}

// readRules reads a file of rules; "" holds none.
func readRules(file string) ([]classify.Rule, error) {
	if file == "" {
		return nil, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, asFailure(err)
	}
	defer f.Close()
	rules, err := classify.ParseRules(filepath.ToSlash(file), f)
	return rules, asFailure(err)
}

// references returns where the rules of a classifier are documented.
func references(c *classify.Classifier) render.References {
	return func(name string) string {
		rule, _ := c.Rule(name)
		if len(rule.Ref) == 0 && len(rule.Seen) > 0 {
			return "seen: " + strings.Join(rule.Seen, "; ")
		}
		return strings.Join(rule.Ref, "; ")
	}
}

// checkRules judges the samples of the rules in a file, by these rules and the
// built-in ones, and says what comes out wrong.
func checkRules(stdout io.Writer, file string) error {
	rules, err := readRules(file)
	if err != nil {
		return err
	}
	classifier, err := classify.New(rules...)
	if err != nil {
		return asFailure(err)
	}
	var wrong []error
	samples := 0
	for _, r := range rules {
		wrong = append(wrong, classifier.Check(r))
		samples += len(r.Samples) + len(r.Counters)
	}
	if err := errors.Join(wrong...); err != nil {
		return asFailure(err)
	}
	_, err = fmt.Fprintf(stdout, "%s: %s and %s, all right\n", render.Clean(file), plural(len(rules), "rule"), plural(samples, "sample"))
	return asFailure(err)
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
