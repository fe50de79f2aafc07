package ledger_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nixie/classify"
	"nixie/classify/ledger"
	"nixie/codes"
	"nixie/dsn"
)

var reading = ledger.Reading{Source: "mbox:bounces", At: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}

func eventsOf(msg string) []ledger.Event {
	report := dsn.Parse([]byte(msg))
	return ledger.EventsOf(report, classify.Report(report), reading)
}

const report = `Return-Path: <>
Message-ID: <report.1@mx.example.com>
Date: Tue, 10 Nov 2026 08:00:00 +0100
From: Mail Delivery System <MAILER-DAEMON@mx.example.com>
To: <bounces@example.com>
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=utf-8

Your message could not be delivered. Gr=C3=BC=C3=9Fe

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com
Arrival-Date: Tue, 10 Nov 2026 07:59:00 +0100

Final-Recipient: rfc822; Bob@Example.ORG
Action: failed
Status: 5.1.1
Remote-MTA: dns; MX1.mail.example.net.
Diagnostic-Code: smtp; 550 5.1.1 <Bob@Example.ORG>: User unknown

--b--
`

func TestAReportGivesAnEventForEachRecipient(t *testing.T) {
	events := eventsOf(report)
	require.Len(t, events, 1)
	assert.Len(t, events[0].ID, 32)
	events[0].ID = ""
	assert.Equal(t, ledger.Event{
		Address:  "bob@example.org",
		Time:     time.Date(2026, 11, 10, 7, 0, 0, 0, time.UTC),
		Recorded: reading.At,
		Reason:   classify.BadMailbox, Fault: classify.Address, Decision: classify.GiveUp, Action: dsn.Failed,
		Status: codes.Status{Class: 5, Subject: 1, Detail: 1}, Reply: 550,
		Text:     "550 5.1.1 <Bob@Example.ORG>: User unknown",
		Provider: "mx1.mail.example.net",
		Source:   "mbox:bounces",
		Message:  "<report.1@mx.example.com>",
	}, events[0])
}

func TestTheSameReportReadAgainIsTheSameEvent(t *testing.T) {
	want := eventsOf(report)[0].ID
	for name, msg := range map[string]string{
		"by another worker":        report,
		"with other line ends":     strings.ReplaceAll(report, "\n", "\r\n"),
		"after one more hop":       "Received: from a by b; Tue, 10 Nov 2026 09:00:00 +0100\nDelivered-To: bounces@example.com\n" + report,
		"after a spam filter":      "X-Spam-Status: No\nAuthentication-Results: example.com; none\n" + strings.Replace(report, "Subject: ", "Subject: [maybe spam] ", 1),
		"encoded for another way":  strings.Replace(report, "charset=utf-8\n", "charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n", 1),
		"with the field refolded":  strings.Replace(report, "Message-ID: ", "Message-ID:\n ", 1),
		"the recipient in capital": strings.ReplaceAll(report, "Bob@Example.ORG", "BOB@example.org"),
	} {
		t.Run(name, func(t *testing.T) {
			events := eventsOf(msg)
			require.Len(t, events, 1)
			assert.Equal(t, want, events[0].ID)
		})
	}
}

func TestAnotherReportIsAnotherEvent(t *testing.T) {
	plain := strings.Replace(report, "Message-ID: <report.1@mx.example.com>\n", "", 1)
	seen := map[string]string{}
	for name, msg := range map[string]string{
		"the report":        report,
		"the next report":   strings.Replace(report, "report.1@", "report.2@", 1),
		"another recipient": strings.ReplaceAll(report, "Bob@", "Eve@"),
		// QUIRK: some servers give the warning and the failure the Message-ID of the original.
		"the failure after the warning, with one Message-ID": strings.Replace(report, "10 Nov 2026 08:00:00", "12 Nov 2026 08:00:00", 1),
		"without a Message-ID":                               plain,
		"without a Message-ID, about another message":        strings.Replace(plain, "07:59:00", "07:58:00", 1),
		"without a Message-ID, of other words":               strings.Replace(plain, "could not", "cannot", 1),
	} {
		events := eventsOf(msg)
		require.Len(t, events, 1, name)
		id := events[0].ID
		assert.Empty(t, seen[id], "%s is the same as %s", name, seen[id])
		seen[id] = name
	}
}

func TestARecipientNamedTwiceIsOneStrike(t *testing.T) {
	again := strings.Replace(report, "\n--b--", `
Final-Recipient: rfc822; bob@example.org
Action: failed
Status: 5.2.2
Diagnostic-Code: smtp; 552 5.2.2 Mailbox full

--b--`, 1)
	once := eventsOf(report)
	assert.Equal(t, once, eventsOf(again))
	delayedFirst := strings.Replace(report, "Final-Recipient:", "Final-Recipient: rfc822; bob@example.org\nAction: delayed\nStatus: 4.4.1\n\nFinal-Recipient:", 1)
	assert.Equal(t, once, eventsOf(delayedFirst), "the stronger stays, with the ID of the address")
}

// A report that names very many recipients is read once, not once for each.
func TestManyRecipients(t *testing.T) {
	const n = 20_000
	r := &dsn.Report{Kind: dsn.DeliveryStatus, Text: strings.Repeat("could not be delivered ", n), Header: make(dsn.Fields, n)}
	for i := range n {
		r.Recipients = append(r.Recipients, dsn.Recipient{Final: dsn.Typed{Value: fmt.Sprintf("user%d@example.org", i)}, Action: dsn.Failed})
	}
	start := time.Now()
	events := ledger.EventsOf(r, classify.Report(r), reading)
	assert.Len(t, events, n)
	assert.Equal(t, ledger.ID(r, "user7@example.org"), events[7].ID)
	assert.Less(t, time.Since(start), 20*time.Second, "by the clock, of a machine that may be busy")
}

func TestADateThatCannotBeIsNotBelieved(t *testing.T) {
	for date, want := range map[string]time.Time{
		"Tue, 10 Nov 2026 08:00:00 +0100": time.Date(2026, 11, 10, 7, 0, 0, 0, time.UTC),
		"Tue, 24 Nov 2026 12:30:00 +0000": time.Date(2026, 11, 24, 12, 30, 0, 0, time.UTC), // a clock that is a little fast
		"Tue, 10 Nov 2037 08:00:00 +0100": time.Date(2026, 11, 10, 6, 59, 0, 0, time.UTC),  // the arrival
		"Thu, 01 Jan 1970 00:00:00 +0000": time.Date(2026, 11, 10, 6, 59, 0, 0, time.UTC),
		"some day":                        time.Date(2026, 11, 10, 6, 59, 0, 0, time.UTC),
	} {
		events := eventsOf(strings.Replace(report, "Tue, 10 Nov 2026 08:00:00 +0100", date, 1))
		require.Len(t, events, 1)
		assert.Equal(t, want, events[0].Time, date)
	}
	undated := strings.NewReplacer("Date: Tue, 10 Nov 2026 08:00:00 +0100\n", "", "Arrival-Date: Tue, 10 Nov 2026 07:59:00 +0100\n", "").Replace(report)
	assert.Equal(t, reading.At, eventsOf(undated)[0].Time)
}

func TestTheProviderIsWhoeverAnswered(t *testing.T) {
	for remote, want := range map[string]string{
		"Remote-MTA: dns; MX1.mail.example.net.":    "of mx1.mail.example.net",
		"Remote-MTA: dns; [192.0.2.1]":              "of example.org",
		"Remote-MTA: dns; 192.0.2.1":                "of example.org",
		"Remote-MTA: x-local-hostname; bob's house": "of example.org",
		"X-Nothing: here":                           "of example.org",
	} {
		r := dsn.Parse([]byte(strings.Replace(report, "Remote-MTA: dns; MX1.mail.example.net.", remote, 1)))
		reading := reading
		reading.Provider = func(host string) string { return "of " + host }
		events := ledger.EventsOf(r, classify.Report(r), reading)
		require.Len(t, events, 1)
		assert.Equal(t, want, events[0].Provider, remote)
	}
}

func TestKey(t *testing.T) {
	for address, want := range map[string]string{
		"Bob@Example.ORG": "bob@example.org", " bob@example.org. ": "bob@example.org", "bob@example.org .": "bob@example.org", `"a b"@example.org`: `"a b"@example.org`,
		"ÜMIT@EXAMPLE.ORG": "ümit@example.org", "bob": "", "@example.org": "", "bob@": "", "": "", "a\x00b@example.org": "",
	} {
		assert.Equal(t, want, ledger.Key(address), address)
	}
}

// Every message of the test data gives events that a store can take.
func TestEventsOfAllMessages(t *testing.T) {
	files, err := filepath.Glob("../../testdata/eml/*.eml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		msg, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, e := range eventsOf(string(msg)) {
			assert.NotEmpty(t, e.Address, file)
			assert.False(t, e.Time.IsZero() || e.Time.After(reading.At.Add(time.Hour)), file)
			assert.LessOrEqual(t, len(e.Text), ledger.MaxText, file)
		}
	}
}

func FuzzEventsOf(f *testing.F) {
	f.Add([]byte(report))
	f.Fuzz(func(t *testing.T, msg []byte) {
		for _, e := range eventsOf(string(msg)) {
			assert.Len(t, e.ID, 32)
			assert.Equal(t, e.Address, ledger.Key(e.Address))
			assert.LessOrEqual(t, len(e.Text), ledger.MaxText)
			e.Strike()
			ledger.Wording(e.Text, e.Address)
		}
	})
}
