// Package classify judges what a report says: why delivery failed, whose
// fault it is, and what to do.
package classify

import (
	"time"

	"nixie/codes"
	"nixie/dsn"
)

// Verdict is a judgement on one recipient; zero when the facts are too few.
type Verdict struct {
	Reason   Reason
	Fault    Fault
	Decision Decision
	Status   codes.Status  // the most specific enhanced code stated
	Reply    codes.Reply   // the reply code stated
	After    time.Duration // wait at least so long before a retry; 0 when nothing says how long
	Because  []Evidence    // strongest first
}

// Basis says how strong the ground of a judgement is.
type Basis string

// The bases, strongest first.
const (
	ByProvider Basis = "provider"
	ByText     Basis = "text"
	ByStatus   Basis = "status"
	ByReply    Basis = "reply"
	ByAction   Basis = "action"
)

// Evidence is one rule that held: the words of the message that it matched and where they stand.
type Evidence struct {
	Basis Basis
	Rule  string // "text/no-such-user", "status/5.1.1"
	Quote string
	At    dsn.Place
}
