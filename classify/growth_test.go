package classify

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"nixie/dsn"
)

// TestGrowth judges texts that are made to be slow: of the words that most
// phrases begin with, of runs without spaces, and with many recipients.
func TestGrowth(t *testing.T) {
	for name, text := range map[string]string{
		"words of phrases": "user mailbox recipient not the is no does message ",
		"one word":         "user ",
		"no spaces":        "a-b.c@d/e=",
		"digits":           "1-",
		"dots":             "a.",
		"hosts":            "mx.example.org[192.0.2.1] ",
		"Han":              "用户邮箱不存在",
		"apostrophes":      "a'",
		"marks":            "\u0301",
		"no text":          "\xff",
		"codes":            "550-5.1.1 ",
		"waiting":          "try again in 5 ",
		"clauses":          "550 5.1.1 the: ",
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			Reply("mx.example.org", strings.Repeat(text, 4<<20/len(text)))
			report := &dsn.Report{Kind: dsn.DeliveryStatus, Text: strings.Repeat(text+"\n", 1<<20/len(text)), TextAt: dsn.Place{Part: "1", Line: 1}}
			for i := range maxShareRecipients {
				report.Recipients = append(report.Recipients, dsn.Recipient{Action: dsn.Failed, At: dsn.Place{Part: "1", Line: i + 1}})
			}
			for range Report(report) {
			}
			assert.Less(t, time.Since(start), 30*time.Second, "by the clock, of a machine that may be busy")
		})
	}
}

// TestGrowthOfRecipients judges reports with many recipients and much that bears
// on each of them.
func TestGrowthOfRecipients(t *testing.T) {
	const n = 50_000
	fields := make(dsn.Fields, n, n+1)
	recipients := make([]dsn.Recipient, n)
	for i := range recipients {
		recipients[i] = dsn.Recipient{Action: dsn.Failed, Diagnostic: dsn.ParseDiagnostic("550 5.1.1 <news@example.net>: no such user")}
	}
	to := strings.Repeat("somebody@example.net, ", n)
	for name, report := range map[string]dsn.Report{
		"sender":    {Kind: dsn.DeliveryStatus, Header: append(fields, dsn.Field{Name: "To", Value: to})},
		"complaint": {Kind: dsn.FeedbackReport, Fields: append(fields, dsn.Field{Name: "Feedback-Type", Value: "abuse"})},
	} {
		t.Run(name, func(t *testing.T) {
			report.Recipients = recipients
			start := time.Now()
			for range Report(&report) {
			}
			assert.Less(t, time.Since(start), 20*time.Second, "by the clock, of a machine that may be busy")
		})
	}
}
