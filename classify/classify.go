// Package classify judges what a report says: why delivery failed, whose
// fault it is, and what to do.
//
//	for recipient, verdict := range classify.Report(dsn.Parse(msg)) {
//		fmt.Println(recipient.Address(), verdict.Reason, verdict.Decision)
//	}
//
// The judgement is made by rules, which are data; [ParseRules] tells their
// form. Rules go by what the provider is known to mean, by words, by the
// enhanced status, by the reply code or by the action, and are asked in that
// order, so that clear words beat a code that is generic or misused. A rule
// whose words or code are vague is asked after all that are clear. Every tier
// in which a rule held is named in Verdict.Because, so a contradiction shows.
//
// A judgement takes nothing for granted that the message does not say: a
// transient answer never leads to giving up, unless the report itself says
// that no more attempts are made, and then it is not the address that is
// blamed. The returned original is never looked at.
//
// Everything here is safe for concurrent use.
package classify

import (
	"time"

	"nixie/codes"
	"nixie/dsn"
)

// Verdict is a judgement on one recipient; zero when the facts are too few.
type Verdict struct {
	Reason    Reason
	Fault     Fault
	Decision  Decision
	Transient bool          // the answer says that it failed for now, by a code (4yz, 4.y.z) or in words
	Status    codes.Status  // the most specific enhanced code stated
	Reply     codes.Reply   // the reply code stated
	After     time.Duration // wait at least so long before a retry; 0 when nothing says how long
	Because   []Evidence    // strongest first
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
	Quote string // "" when the rule went by something that has no words in the message
	At    dsn.Place
}

// BounceType tells the verdict in the words of tools that know only hard and
// soft bounces: "hard", "soft", "complaint", "auto-reply", "delivered" or
// "none". Hard means that the reason proves a dead address or domain, that
// delivery failed, and that no transient answer speaks against it; a full
// mailbox, a block or a message too big are soft, whatever their code.
func (v *Verdict) BounceType() string {
	switch v.Reason {
	case Complaint:
		return "complaint"
	case AutoReply, Challenge:
		return "auto-reply"
	case WasDelivered:
		return "delivered"
	}
	switch {
	case v.Decision == "" || v.Decision == Nothing:
		return "none"
	case v.Reason.Dead() && v.Decision == GiveUp && !v.Transient:
		return "hard"
	}
	return "soft"
}
