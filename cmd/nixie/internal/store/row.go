package store

import (
	"database/sql"
	"strings"
	"time"

	"nixie/classify/ledger"
	"nixie/codes"
)

// columns are those of an event, in the order of values and scan.
const columns = `id, address, time, recorded, act, incident, reason, fault, decision, action, transient, status, reply, text, provider, proved, source, message`

// values returns an event as it is stored, with the strike at the end.
func values(e *ledger.Event) []any {
	return []any{
		text(e.ID), text(e.Address), micros(e.Time), micros(e.Recorded), string(e.Act), text(e.Incident), string(e.Reason), string(e.Fault),
		string(e.Decision), text(string(e.Action)), e.Transient, e.Status.String(), int64(e.Reply), text(e.Text), text(e.Provider), e.Proved,
		text(e.Source), text(e.Message), string(e.Strike()),
	}
}

func scan(rows *sql.Rows) (e ledger.Event, err error) {
	var happened, recorded int64
	var status string
	err = rows.Scan(&e.Seq, &e.ID, &e.Address, &happened, &recorded, &e.Act, &e.Incident, &e.Reason, &e.Fault,
		&e.Decision, &e.Action, &e.Transient, &status, &e.Reply, &e.Text, &e.Provider, &e.Proved, &e.Source, &e.Message)
	e.Time, e.Recorded = timeOf(happened), timeOf(recorded)
	e.Status, _ = codes.ParseStatus(status)
	return e, err
}

// Times are stored in microseconds since 1970, 0 for none.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func timeOf(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// text returns s without what PostgreSQL does not take: a report must never
// stop a run because of the bytes in it.
func text(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\ufffd")
}
