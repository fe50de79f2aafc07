// Package ledger makes the standing of an address out of what reports said of
// it: whether to go on writing to it, to pause, or to stop.
//
//	events := ledger.EventsOf(report, classify.Report(report), reading)
//	...
//	policy := ledger.Default()
//	state := policy.State(now, events, ledger.Known{})
//	fmt.Println(state.Standing, state.Until, state.Because.Rule)
//
// What happened is kept as events, which are only ever added. What follows
// from them is worked out anew each time, by a [Policy], so that another
// policy can be tried on the same events and nothing is decided for good. An
// event is known by the content of its report and by the recipient: the same
// mail read twice, from another folder, by another worker or after a crash, is
// one event.
//
// A [Guard] looks at all addresses together. It finds the days on which a
// provider answered in error for many of its users, and what it said on such a
// day is held back.
//
// Nothing here reads the clock or keeps anything; a [Store] does, and the time
// is handed in. Everything is safe for concurrent use but [Watch].
package ledger

import (
	"context"
	"iter"
	"time"

	"nixie/classify"
	"nixie/codes"
	"nixie/dsn"
)

// Event is one thing that became known of an address: what a report said of
// it, or what a person decided.
type Event struct {
	ID      string `json:"id"`      // the same for the same report and recipient
	Address string `json:"address"` // as [Key] writes it; "" for a decision on an incident

	Time     time.Time `json:"time"`     // when it happened, as the report says; with a precision of microseconds
	Recorded time.Time `json:"recorded"` // when it was read

	Act      Act    `json:"act,omitempty"`      // "" for a report
	Incident string `json:"incident,omitempty"` // what a decision on an incident is about

	Reason    classify.Reason   `json:"reason,omitempty"`
	Fault     classify.Fault    `json:"fault,omitempty"`
	Decision  classify.Decision `json:"decision,omitempty"`
	Action    dsn.Action        `json:"action,omitempty"`
	Transient bool              `json:"transient,omitempty"` // something said that it may pass
	Status    codes.Status      `json:"status,omitzero"`
	Reply     codes.Reply       `json:"reply,omitzero"`
	Text      string            `json:"text,omitempty"`     // the diagnostic, cut to [MaxText] bytes
	Provider  string            `json:"provider,omitempty"` // who runs the host that answered

	Proved  bool   `json:"proved,omitempty"`  // the report is about a message that was surely ours
	Source  string `json:"source,omitempty"`  // the mailbox it was read from, or who acted
	Message string `json:"message,omitempty"` // the Message-ID of the report

	Seq int64 `json:"-"` // its place in the order of recording, given by the store
}

// Act is what a person decided.
type Act string

// The acts.
const (
	Clear   Act = "clear"   // forget what was said of the address so far
	Release Act = "release" // what was said in an incident counts
	Discard Act = "discard" // what was said in an incident does not count
)

// Store keeps events. It is safe for concurrent use, also by several programs.
type Store interface {
	// Append records events and returns how many were new: those whose ID is
	// recorded already are passed over. All are recorded for good when it
	// returns; after an error any of them may be, and Append may be called again.
	Append(ctx context.Context, events ...Event) (added int, err error)

	// Events yields the events of an address in the order of their time.
	// "" has the decisions on incidents.
	Events(ctx context.Context, address string) iter.Seq2[Event, error]

	// ByAddress yields all events, those of one address together and in the
	// order of their time.
	ByAddress(ctx context.Context) iter.Seq2[Event, error]

	// Strikes yields the events that may count against an address, for which
	// [Event].Strike is not "", in the order of their time.
	Strikes(ctx context.Context) iter.Seq2[Event, error]

	// After yields the events recorded after the one with that Seq, in the
	// order of recording; 0 stands for the beginning. No event is ever
	// recorded with a smaller Seq than one that was yielded.
	After(ctx context.Context, seq int64) iter.Seq2[Event, error]

	// Proving returns for each Source when the first event happened that is Proved.
	Proving(ctx context.Context) (map[string]time.Time, error)
}

// Strike says how an event counts against its address.
type Strike string

// The strikes.
const (
	StrikeGiveUp    Strike = "give-up"   // the address or its domain is dead
	StrikeRetry     Strike = "retry"     // it took no mail, and may again
	StrikeComplaint Strike = "complaint" // its owner wants no more
)

// Strike returns how the event may count against its address; "" if it never
// does. Only what is the fault of the address or of its domain counts, and
// only when the message has come back: no delay, no automatic answer, and
// nothing that was held against the sender, the message or the way.
func (e *Event) Strike() Strike {
	switch {
	case e.Act != "":
		return ""
	case e.Reason == classify.Complaint:
		return StrikeComplaint
	case !ofAddress(e.Fault) || !ofAddress(e.Reason.Fault()):
		return ""
	case e.Decision != classify.GiveUp && e.Decision != classify.Retry:
		return ""
	case e.Action == dsn.Delayed || e.Action == dsn.Delivered || e.Action == dsn.Relayed || e.Action == dsn.Expanded:
		return ""
	}
	v := classify.Verdict{Reason: e.Reason, Fault: e.Fault, Decision: e.Decision, Transient: e.Transient}
	if v.BounceType() == "hard" {
		return StrikeGiveUp
	}
	return StrikeRetry
}

func ofAddress(f classify.Fault) bool { return f == classify.Address || f == classify.Domain }

// Delivers reports whether the event shows that mail gets through. Relayed
// mail has only gone on to a host that tells no more.
func (e *Event) Delivers() bool {
	return e.Act == "" && e.Reason == classify.WasDelivered && e.Action != dsn.Relayed
}
