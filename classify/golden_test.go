package classify

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nixie/dsn"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestVerdicts compares what is made of each message of testdata/eml with its
// golden file NAME.verdict.
func TestVerdicts(t *testing.T) {
	names, err := filepath.Glob("../testdata/eml/*.eml")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	for _, name := range names {
		base := strings.TrimSuffix(filepath.Base(name), ".eml")
		t.Run(base, func(t *testing.T) {
			msg, err := os.ReadFile(name)
			require.NoError(t, err)
			got := verdicts(dsn.Parse(msg))
			golden := strings.TrimSuffix(name, ".eml") + ".verdict"
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), got)
		})
	}
}

// TestQuotesStandInPlace holds that the words of each verdict begin in the
// line that is given for them.
func TestQuotesStandInPlace(t *testing.T) {
	names, err := filepath.Glob("../testdata/eml/*.eml")
	require.NoError(t, err)
	for _, name := range names {
		msg, err := os.ReadFile(name)
		require.NoError(t, err)
		report := dsn.Parse(msg)
		for r, v := range Report(report) {
			for _, e := range v.Because {
				line, known := lineAt(report, r, e.At)
				if words := strings.Fields(e.Quote); known && len(words) > 0 {
					assert.Contains(t, line, words[0], "%s: %s of %s at %v", filepath.Base(name), e.Rule, r.Address(), e.At)
				}
			}
		}
	}
}

// lineAt returns a line of the text or of a field of the report.
func lineAt(report *dsn.Report, r *dsn.Recipient, at dsn.Place) (line string, known bool) {
	if n := at.Line - report.TextAt.Line; at.Part == report.TextAt.Part && n >= 0 && report.Text != "" {
		if lines := strings.Split(report.Text, "\n"); n < len(lines) {
			return lines[n], true
		}
	}
	fields := r.Fields
	if at.Part == "" {
		fields = report.Header
	} else if at.Part != r.At.Part {
		return "", false
	}
	for _, f := range fields {
		lines := strings.Split(f.Value, "\n")
		if n := at.Line - f.Line; n >= 0 && n < len(lines) {
			return lines[n], true
		}
	}
	return "", false
}

// verdicts writes the verdicts on a report as text, what is not known left out.
func verdicts(report *dsn.Report) string {
	var b strings.Builder
	for r, v := range Report(report) {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		put := func(name string, value any) {
			if s := fmt.Sprint(value); s != "" && s != "0s" {
				fmt.Fprintf(&b, "  %-9s %s\n", name, s)
			}
		}
		if b.WriteString(r.Address()); r.Address() == "" {
			b.WriteString("(nobody named)")
		}
		b.WriteByte('\n')
		put("reason", v.Reason)
		put("fault", v.Fault)
		put("decision", v.Decision)
		put("after", v.After)
		put("status", v.Status)
		put("reply", v.Reply)
		put("bounce", v.BounceType())
		for i, e := range v.Because {
			name := "because"
			if i > 0 {
				name = ""
			}
			at := fmt.Sprintf("line %d", e.At.Line)
			if e.At.Part != "" {
				at = "part " + e.At.Part + ", " + at
			}
			if e.Quote == "" {
				at = "not in the message"
			}
			fmt.Fprintf(&b, "  %-9s %-8s %s %q %s\n", name, e.Basis, e.Rule, e.Quote, at)
		}
	}
	if b.Len() == 0 {
		return "no recipient\n"
	}
	return b.String()
}

// FuzzReport holds of any message what tryVerdicts does.
func FuzzReport(f *testing.F) {
	names, err := filepath.Glob("../testdata/eml/*.eml")
	require.NoError(f, err)
	for _, name := range names {
		msg, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(msg)
	}
	f.Fuzz(tryVerdicts)
}

// TestCutMessages judges each message cut at every 64th byte.
func TestCutMessages(t *testing.T) {
	names, err := filepath.Glob("../testdata/eml/*.eml")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	for _, name := range names {
		msg, err := os.ReadFile(name)
		require.NoError(t, err)
		t.Run(filepath.Base(name), func(t *testing.T) {
			for n := 0; n < len(msg); n += 64 {
				tryVerdicts(t, msg[:n:n])
			}
		})
	}
}

// tryVerdicts demands that the verdicts on a message are the same each time,
// that their words stand in it, and at a line that it has, and that nobody is
// given up for a transient answer unless the report says that it is over.
func tryVerdicts(t *testing.T, msg []byte) {
	report := dsn.Parse(msg)
	require.Equal(t, verdicts(report), verdicts(report))
	for r, v := range Report(report) {
		if v.Transient && r.Action != dsn.Failed {
			require.NotEqual(t, GiveUp, v.Decision)
		}
		for _, e := range v.Because {
			require.True(t, stands(report, r, e.Quote), "%s quotes %q", e.Rule, e.Quote)
			if e.At != (dsn.Place{}) {
				require.True(t, 1 <= e.At.Line && e.At.Line <= len(msg)+1, "%s at %v", e.Rule, e.At)
			}
		}
	}
}

// stands reports whether the report has these words, in what is said of the
// recipient or of all, or in a header field.
func stands(report *dsn.Report, r *dsn.Recipient, words string) bool {
	texts := []string{report.Text, r.Diagnostic.Text, report.Header.Decoded("Subject")}
	for _, fields := range []dsn.Fields{report.Header, report.Fields, r.Fields} {
		for _, field := range fields {
			texts = append(texts, field.Text())
		}
	}
	return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, words) })
}
