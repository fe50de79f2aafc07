package dsn

import (
	"flag"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files anew")

// messages yields the messages of testdata/eml, each with its name.
func messages(t testing.TB) iter.Seq2[string, []byte] {
	names, err := filepath.Glob("../testdata/eml/*.eml")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	return func(yield func(string, []byte) bool) {
		for _, name := range names {
			msg, err := os.ReadFile(name)
			require.NoError(t, err)
			if !yield(strings.TrimSuffix(filepath.Base(name), ".eml"), msg) {
				return
			}
		}
	}
}

// TestFacts compares what is read from each message of testdata/eml with its
// golden file NAME.facts.
func TestFacts(t *testing.T) {
	for name, msg := range messages(t) {
		t.Run(name, func(t *testing.T) {
			got := facts(Parse(msg))
			golden := "../testdata/eml/" + name + ".facts"
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), got)
		})
	}
}

// facts writes a report as text, one fact a line, what is not stated left out.
func facts(r *Report) string {
	var b strings.Builder
	put := func(indent, name string, value any) {
		if s := fmt.Sprint(value); s != "" {
			fmt.Fprintf(&b, "%s%s: %s\n", indent, name, s)
		}
	}
	kind := r.Kind
	if kind == "" {
		kind = "none"
	}
	put("", "kind", kind)
	put("", "dialect", r.Dialect)
	put("", "subject", r.Header.Decoded("Subject"))
	put("", "envelope id", r.EnvelopeID)
	put("", "reporting MTA", typed(r.ReportingMTA))
	put("", "DSN gateway", typed(r.DSNGateway))
	put("", "received from", typed(r.ReceivedFromMTA))
	put("", "arrival date", date(r.ArrivalDate))
	for _, f := range r.Fields {
		put("", "field", fmt.Sprintf("%s: %s", f.Name, f.Text()))
	}
	for _, x := range r.Recipients {
		put("", "\nrecipient", x.Address()+place(x.At))
		put("  ", "original", typed(x.Original))
		put("  ", "final", typed(x.Final))
		put("  ", "action", x.Action)
		put("  ", "status", x.Status)
		put("  ", "remote MTA", typed(x.RemoteMTA))
		if d := x.Diagnostic; d != (Diagnostic{}) {
			put("  ", "diagnostic", strings.TrimSpace(d.Type+" "+d.Reply.String()+" "+d.Status.String())+place(d.At))
			put("    ", "text", d.Text)
			put("    ", "command", d.Command)
		}
		put("  ", "last attempt", date(x.LastAttempt))
		put("  ", "retry until", date(x.RetryUntil))
		put("  ", "log id", x.FinalLogID)
		for _, f := range x.Fields {
			if recipientField(f.Name) == "" {
				put("  ", "field", fmt.Sprintf("%s: %s", f.Name, f.Text()))
			}
		}
	}
	if o := r.Original; o != nil {
		whole := "header only"
		if o.Whole {
			whole = "whole"
		}
		put("", "\noriginal", whole+place(o.At))
		put("  ", "message id", o.Header.Get("Message-ID"))
		put("  ", "subject", o.Header.Decoded("Subject"))
	}
	if len(r.Defects) > 0 {
		b.WriteString("\n")
	}
	for _, d := range r.Defects {
		put("", "defect", d.Rule+": "+d.Text+place(d.At))
	}
	return b.String()
}

func typed(t Typed) string {
	if t.Type == "" {
		return t.Value
	}
	return t.Type + "; " + t.Value
}

func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

func place(p Place) string {
	if p.Part == "" {
		return fmt.Sprintf(" (header, line %d)", p.Line)
	}
	return fmt.Sprintf(" (part %s, line %d)", p.Part, p.Line)
}
