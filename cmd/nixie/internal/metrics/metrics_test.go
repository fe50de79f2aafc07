package metrics

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func page(m *Metrics) string {
	w := httptest.NewRecorder()
	m.ServeHTTP(w, nil)
	return w.Body.String()
}

func TestPage(t *testing.T) {
	m := New(func() (int, error) { return 2, nil }, "report", "other")
	m.Message("report")
	m.Message("report")
	m.Message(`a "strange\one`)
	m.Event("spam", "content")
	m.Event("bad-mailbox", "address")
	m.Event("bad-mailbox", "address")
	m.Commit(time.Millisecond, 3, nil)
	m.Commit(1500*time.Microsecond, 0, nil)
	m.Commit(time.Minute, 1, nil)
	m.Commit(time.Second, 0, errors.New("disk full"))
	m.Success(time.UnixMilli(1764230400250))
	assert.Equal(t, `# HELP nixie_messages_total Messages that were dealt with, by what came of them.
# TYPE nixie_messages_total counter
nixie_messages_total{outcome="a \"strange\\one"} 1
nixie_messages_total{outcome="other"} 0
nixie_messages_total{outcome="report"} 2
# HELP nixie_events_total Events that messages told of, those that were known before included.
# TYPE nixie_events_total counter
nixie_events_total{reason="bad-mailbox",fault="address"} 2
nixie_events_total{reason="spam",fault="content"} 1
# HELP nixie_events_recorded_total Events that were new and recorded.
# TYPE nixie_events_recorded_total counter
nixie_events_recorded_total 4
# HELP nixie_commit_failures_total Attempts to record events that failed.
# TYPE nixie_commit_failures_total counter
nixie_commit_failures_total 1
# HELP nixie_commit_duration_seconds Time that it took to record the events of a message or a batch.
# TYPE nixie_commit_duration_seconds histogram
nixie_commit_duration_seconds_bucket{le="0.001"} 1
nixie_commit_duration_seconds_bucket{le="0.0025"} 2
nixie_commit_duration_seconds_bucket{le="0.005"} 2
nixie_commit_duration_seconds_bucket{le="0.01"} 2
nixie_commit_duration_seconds_bucket{le="0.025"} 2
nixie_commit_duration_seconds_bucket{le="0.05"} 2
nixie_commit_duration_seconds_bucket{le="0.1"} 2
nixie_commit_duration_seconds_bucket{le="0.25"} 2
nixie_commit_duration_seconds_bucket{le="0.5"} 2
nixie_commit_duration_seconds_bucket{le="1"} 2
nixie_commit_duration_seconds_bucket{le="2.5"} 2
nixie_commit_duration_seconds_bucket{le="5"} 2
nixie_commit_duration_seconds_bucket{le="10"} 2
nixie_commit_duration_seconds_bucket{le="+Inf"} 3
nixie_commit_duration_seconds_sum 60.0025
nixie_commit_duration_seconds_count 3
# HELP nixie_last_success_timestamp_seconds When all that there was to do was last done; 0 if never.
# TYPE nixie_last_success_timestamp_seconds gauge
nixie_last_success_timestamp_seconds 1764230400.25
# HELP nixie_incidents_held Incidents whose suppressions are held and wait for a decision.
# TYPE nixie_incidents_held gauge
nixie_incidents_held 2
`, page(m))
}

func TestWhatIsNotKnownIsNotTold(t *testing.T) {
	m := New(func() (int, error) { return 0, errors.New("the ledger is away") })
	assert.NotContains(t, page(m), "nixie_incidents_held")
	assert.True(t, strings.HasSuffix(page(m), "nixie_last_success_timestamp_seconds 0\n"))
}

func TestNilCountsNothing(t *testing.T) {
	var m *Metrics
	m.Message("report")
	m.Event("spam", "content")
	m.Commit(time.Second, 1, nil)
	m.Success(time.Now())
}
