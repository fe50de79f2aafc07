package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"nixie/cmd/nixie/internal/render"
)

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// terminalWidth is the width of the terminal that w writes to, 0 if it is none.
func terminalWidth(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			return width
		}
	}
	return 0
}

// styleOf says whether w gets colours: a terminal does, unless NO_COLOR is set
// (https://no-color.org) or the terminal has none.
func styleOf(w io.Writer) render.Style {
	return render.Style(isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb")
}

// tableOrJSON is the --format of a command that has these two.
type tableOrJSON string

func (f *tableOrJSON) register(cmd *cobra.Command) {
	cmd.Flags().StringVar((*string)(f), "format", "", "table or json (default: table on a terminal, else json)")
}

// table reports whether out gets a table.
func (f tableOrJSON) table(out io.Writer) (bool, error) {
	switch f {
	case "":
		return isTerminal(out), nil
	case "table", "json":
		return f == "table", nil
	}
	return false, fmt.Errorf("unknown format %q: table or json", string(f))
}
