package origin_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nixie/classify"
	"nixie/classify/ledger"
	"nixie/dsn"
	"nixie/dsn/origin"
)

// A report that is sent again is proved again, and is the same event: trace
// fields that it got on its second way do not matter.
func TestReplayIsOneEvent(t *testing.T) {
	first, err := os.ReadFile("testdata/postfix-folded-simple-default.eml")
	require.NoError(t, err)
	again := append([]byte("Return-Path: <>\nReceived: from a.example.net by mx.example.org; Wed, 23 Dec 2026 10:00:00 +0000\n"), first...)

	c := origin.Checker{
		Domains: []string{"ours.example.org"},
		Records: map[string]string{"s._domainkey.ours.example.org": origin.ServersKey},
	}
	var events [][]ledger.Event
	for _, msg := range [][]byte{first, again} {
		r := dsn.Parse(msg)
		proof := c.Check(context.Background(), origin.Message{Raw: msg, Report: r}).Proof
		assert.Equal(t, origin.DKIM, proof)
		events = append(events, ledger.EventsOf(r, classify.Report(r), ledger.Reading{Proved: proof.AtLeast(origin.DKIMHeader), At: time.Unix(1795600000, 0)}))
	}
	require.Len(t, events[0], 1)
	require.Len(t, events[1], 1)
	assert.Equal(t, events[0][0].ID, events[1][0].ID)
}
