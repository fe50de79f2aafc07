package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nixie/classify/ledger"
	"nixie/cmd/nixie/internal/store"
)

// record implements "record LEDGER FILE", which records the events in a file
// of JSON Lines. A line is recorded as many times as its "times" says, with
// the number for %d in its id and address. Recorded is the time of the event
// unless it is given.
func record(ts *testscript.TestScript, _ bool, args []string) {
	s, err := store.Create(context.Background(), args[0])
	ts.Check(err)
	defer func() { ts.Check(s.Close()) }()
	var events []ledger.Event
	for line := range strings.Lines(ts.ReadFile(args[1])) {
		var e struct {
			ledger.Event
			Times int `json:"times"`
		}
		ts.Check(json.Unmarshal([]byte(line), &e))
		if e.Recorded.IsZero() {
			e.Recorded = e.Time
		}
		if e.Times == 0 {
			events = append(events, e.Event)
		}
		for i := range e.Times {
			one := e.Event
			one.ID, one.Address = fmt.Sprintf(e.ID, i), fmt.Sprintf(e.Address, i)
			events = append(events, one)
		}
	}
	_, err = s.Append(context.Background(), events...)
	ts.Check(err)
}

func TestParseTime(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2026-11-01T08:00:00Z":      time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC),
		"2026-11-01T08:00:00+01:00": time.Date(2026, 11, 1, 7, 0, 0, 0, time.UTC),
		"2026-11-01":                time.Date(2026, 11, 1, 0, 0, 0, 0, time.Local),
		"2026-11-01 08:00":          time.Date(2026, 11, 1, 8, 0, 0, 0, time.Local),
		"7d":                        now.AddDate(0, 0, -7),
		"36h":                       now.Add(-36 * time.Hour),
	} {
		got, err := parseTime(text, now)
		require.NoError(t, err)
		assert.True(t, want.Equal(got), "%s: %s", text, got)
	}
	_, err := parseTime("yesterday", now)
	assert.ErrorContains(t, err, "yesterday")
}

func TestProviderOf(t *testing.T) {
	for host, want := range map[string]string{
		"gmail-smtp-in.l.google.com": "google.com", "mx.example.co.uk": "example.co.uk", "example.org": "example.org",
		"localhost": "localhost", "": "", "com": "com",
	} {
		assert.Equal(t, want, providerOf(host), host)
	}
}

// The words of an incident are not known where the answers differ.
func TestIncidentWithoutWords(t *testing.T) {
	var out strings.Builder
	day := time.Date(2025, 12, 16, 0, 0, 0, 0, time.UTC)
	require.NoError(t, tellIncidents(&out, []ledger.Incident{{ID: "example.net/2025-12-15", To: day, Fate: ledger.Held, Because: "bad mailboxes"}}))
	assert.Equal(t, ""+
		"INCIDENT                FATE  UNTIL             ADDRESSES  ON A DAY  BEFORE  WHY\n"+
		"example.net/2025-12-15  held  2025-12-16 00:00  0          0         0       bad mailboxes\n", out.String())
}
