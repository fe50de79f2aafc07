package main

import (
	"nixie/classify/ledger"
	"nixie/cmd/nixie/internal/source"
)

// mail is a message and what was made of it.
type mail struct {
	source.Message
	err    error // why it could not be read
	report bool
	events []ledger.Event
	clear  bool // the events are all that it told
}

// mailOutcome says what came of a message.
type mailOutcome string

const (
	wasReport  mailOutcome = "report"     // it gave events and nothing else
	wasUnclear mailOutcome = "unclear"    // a report that little or nothing could be made of
	wasOther   mailOutcome = "other"      // no report
	unreadable mailOutcome = "unreadable" // nothing is known of it
	deferred   mailOutcome = "deferred"   // left to the mail server, which tries again
)

func (m *mail) outcome() mailOutcome {
	switch {
	case m.err != nil:
		return unreadable
	case m.clear:
		return wasReport
	case m.report:
		return wasUnclear
	}
	return wasOther
}
