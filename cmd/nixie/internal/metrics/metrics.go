// Package metrics counts what a program does that runs for long, and tells it
// to Prometheus in its text format, version 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/).
//
// Prometheus' own client is not used: importing it costs each start of the
// program 1.7 ms, also where nothing is counted.
package metrics

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Metrics is what a program counts. It is safe for concurrent use; a nil
// Metrics counts nothing.
type Metrics struct {
	mu       sync.Mutex
	messages map[string]uint64
	events   map[[2]string]uint64 // by reason and fault
	recorded uint64
	failed   uint64

	buckets []uint64 // of commits, by seconds
	commits uint64
	seconds float64
	success time.Time

	held func() (int, error)
}

// seconds are the upper bounds of the buckets for the time of a commit.
var seconds = []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

// New returns metrics in which each of the outcomes has happened to no message
// so far. Held is asked for the number of incidents whose suppressions are
// held, each time that somebody reads the metrics.
func New(held func() (int, error), outcomes ...string) *Metrics {
	m := &Metrics{messages: make(map[string]uint64), events: make(map[[2]string]uint64), buckets: make([]uint64, len(seconds)), held: held}
	for _, outcome := range outcomes {
		m.messages[outcome] = 0
	}
	return m
}

// Message counts a message by what came of it.
func (m *Metrics) Message(outcome string) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.messages[outcome]++
}

// Event counts an event that was read, new or not.
func (m *Metrics) Event(reason, fault string) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.events[[2]string{reason, fault}]++
}

// Commit counts an attempt to record events, of which so many were new.
func (m *Metrics) Commit(took time.Duration, recorded int, err error) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.recorded += uint64(recorded)
	if err != nil {
		m.failed++
		return
	}
	i, _ := slices.BinarySearch(seconds, took.Seconds())
	if i < len(seconds) {
		m.buckets[i]++
	}
	m.commits++
	m.seconds += took.Seconds()
}

// Success notes that all is well at that time: what there was to do is done.
func (m *Metrics) Success(at time.Time) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.success = at
}

// ServeHTTP implements [http.Handler].
func (m *Metrics) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	held, err := m.held()
	var b bytes.Buffer
	m.write(&b)
	if err == nil {
		family(&b, "nixie_incidents_held", "gauge", "Incidents whose suppressions are held and wait for a decision.")
		fmt.Fprintf(&b, "nixie_incidents_held %d\n", held)
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write(b.Bytes()) // who went away need not know
}

func (m *Metrics) write(b *bytes.Buffer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	family(b, "nixie_messages_total", "counter", "Messages that were dealt with, by what came of them.")
	for _, outcome := range sorted(m.messages, cmp.Compare[string]) {
		fmt.Fprintf(b, "nixie_messages_total{outcome=%s} %d\n", quoted(outcome), m.messages[outcome])
	}
	family(b, "nixie_events_total", "counter", "Events that messages told of, those that were known before included.")
	for _, e := range sorted(m.events, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		fmt.Fprintf(b, "nixie_events_total{reason=%s,fault=%s} %d\n", quoted(e[0]), quoted(e[1]), m.events[e])
	}
	family(b, "nixie_events_recorded_total", "counter", "Events that were new and recorded.")
	fmt.Fprintf(b, "nixie_events_recorded_total %d\n", m.recorded)
	family(b, "nixie_commit_failures_total", "counter", "Attempts to record events that failed.")
	fmt.Fprintf(b, "nixie_commit_failures_total %d\n", m.failed)
	family(b, "nixie_commit_duration_seconds", "histogram", "Time that it took to record the events of a message or a batch.")
	n := uint64(0)
	for i, bound := range seconds {
		n += m.buckets[i]
		fmt.Fprintf(b, "nixie_commit_duration_seconds_bucket{le=\"%v\"} %d\n", bound, n)
	}
	fmt.Fprintf(b, "nixie_commit_duration_seconds_bucket{le=\"+Inf\"} %d\n", m.commits)
	fmt.Fprintf(b, "nixie_commit_duration_seconds_sum %s\n", number(m.seconds))
	fmt.Fprintf(b, "nixie_commit_duration_seconds_count %d\n", m.commits)
	family(b, "nixie_last_success_timestamp_seconds", "gauge", "When all that there was to do was last done; 0 if never.")
	last := 0.0
	if !m.success.IsZero() {
		last = float64(m.success.UnixMilli()) / 1000
	}
	fmt.Fprintf(b, "nixie_last_success_timestamp_seconds %s\n", number(last))
}

func family(b *bytes.Buffer, name, kind, help string) {
	fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

func sorted[K comparable](m map[K]uint64, compare func(a, b K) int) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, compare)
	return keys
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// quoted returns the value of a label as it is written.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}
