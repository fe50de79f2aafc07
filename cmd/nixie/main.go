// Command nixie reads returned mail: who bounced, why, whose fault it is and
// what to do about it.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"nixie/cmd/nixie/internal/render"
	"nixie/codes"
)

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400) // little is alive at any time: collect at 16 MB, not at 4
	}
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// The exit statuses other than 0.
const (
	exitFailed = 1 // some input could not be read, or the answer is no
	exitUsage  = 2
	exitTemp   = 75 // EX_TEMPFAIL of sysexits.h, of deliver alone
)

// errFailed ends the program with exitFailed when what failed was told already.
var errFailed = errors.New("failed")

// failure is an error that is not about how the program was called.
type failure struct{ error }

func (f failure) Unwrap() error { return f.error }

// tempFailure is an error after which a mail server is to try again.
type tempFailure struct{ error }

func (f tempFailure) Unwrap() error { return f.error }

// run runs the program and returns its exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	cmd := newCommand()
	cmd.SetArgs(plainNumbers(args))
	cmd.SetIn(stdin)
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	cmd, err := cmd.ExecuteC()
	if err == nil {
		return 0
	}
	if errors.Is(err, errFailed) {
		return exitFailed
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(stderr, "nixie: %s\n", render.Clean(strings.TrimSpace(line)))
	}
	if _, ok := errors.AsType[tempFailure](err); ok {
		return exitTemp
	}
	if _, ok := errors.AsType[failure](err); ok {
		return exitFailed
	}
	fmt.Fprintf(stderr, "Try '%s --help'.\n", cmd.CommandPath())
	return exitUsage
}

// plainNumbers returns the arguments with negative error numbers of Windows
// written in hexadecimal: "-2146644871" would be taken for flags.
func plainNumbers(args []string) []string {
	args = slices.Clone(args)
	for i, arg := range args {
		if h, err := codes.ParseHResult(arg); err == nil && strings.HasPrefix(arg, "-") {
			args[i] = h.String()
		}
	}
	return args
}

func newCommand() *cobra.Command {
	settings := &settings{}
	root := &cobra.Command{
		Use:   "nixie",
		Short: "Read returned mail: who bounced, why, and what to do",
		Long: `Nixie reads returned mail. It says who bounced, why, whose fault it is and
what to do, with the words of the message that each verdict rests on.`,
		Example: `  nixie parse bounce.eml
  nixie parse --why ~/Maildir
  nixie parse --format json bounces.mbox.gz | jq .recipients
  nixie explain '550 5.1.1 User unknown'`,
		Args:              cobra.NoArgs,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return settings.apply(cmd) },
		SilenceErrors:     true,
		SilenceUsage:      true,
	}
	root.PersistentFlags().StringVar(&settings.file, "config", "", "the `FILE` with what is to be said once (default: nixie.toml in ~/.config/nixie or /etc/nixie)")
	root.AddCommand(newParse(), newExplain(), newReasons(), newRules(), newSchema(), newVersion())
	root.AddCommand(newIngest(settings), newDeliver(), newList(), newAddress(), newUndo(), newIncidents(), newBacktest(), newPush(settings))
	root.AddCommand(newLMTP(), newVERP(), newConfig(settings))
	return root
}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			info, ok := debug.ReadBuildInfo()
			if !ok {
				info = &debug.BuildInfo{}
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), versionOf(info))
			return asFailure(err)
		},
	}
}

// versionOf says of what version, commit and compiler a build is.
func versionOf(info *debug.BuildInfo) string {
	setting := make(map[string]string)
	for _, s := range info.Settings {
		setting[s.Key] = s.Value
	}
	line := []string{"nixie", info.Main.Version}
	if commit := setting["vcs.revision"]; commit != "" {
		line = append(line, commit[:min(12, len(commit))], setting["vcs.time"])
		if setting["vcs.modified"] == "true" {
			line = append(line, "(modified)")
		}
	}
	line = append(line, info.GoVersion, setting["GOOS"]+"/"+setting["GOARCH"])
	return strings.Join(line, " ")
}

// noArguments refuses any.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes no arguments, found %q", cmd.Name(), args[0])
	}
	return nil
}

// atLeastOne demands an argument of that name.
func atLeastOne(name string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return fmt.Errorf("no %s", name)
		}
		return nil
	}
}

// asFailure marks an error as one that is not about how the program was called.
func asFailure(err error) error {
	if err == nil {
		return nil
	}
	return failure{err}
}
