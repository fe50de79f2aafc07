// Package origin says whether a report is about mail that we sent.
//
// Anybody can write a bounce. A Checker grades what speaks for one:
//
//	c := origin.Checker{
//		Domains: []string{"example.org"},
//		Records: map[string]string{"2026._domainkey.example.org": "v=DKIM1; p=…"},
//		Now:     time.Now,
//	}
//	result := c.Check(ctx, origin.Message{Raw: msg, Report: dsn.Parse(msg)})
//	if result.Proof.AtLeast(origin.DKIMHeader) { … }
//
// A proof holds for the recipients that it speaks of, and a report has it only
// if it holds for every recipient that the report names
// (dsn.Recipient.Address): whoever got one of our messages holds a genuine
// signature, and could otherwise send it back with the name of somebody else.
//
// # What comes back
//
// Mail signed by opendkim came back from Postfix 3.7, Exim 4.96, Sendmail 8.17
// and OpenSMTPD 6.8 so that the signature verifies, relaxed or simple, body
// included. Only the header verifies where RET=HDRS asked for no more, where
// the message was larger than the server returns (Postfix 50 kB, Exim 100 kB,
// OpenSMTPD 64 kB), and where a host on the way had converted the body to
// quoted-printable; testdata/README.md.
//
// # Replay
//
// A genuine report that is sent again proves as much as the first time, until
// the token expires (VERP, BATV), the signature does (x=), or MaxAge is over.
// Whoever counts reports counts each once, as classify/ledger does by the
// event's ID. That stops whoever sends a report again as it was; one who holds
// a message of ours may write another report around it, about its recipient
// alone.
//
// # What is not followed
//
// ARC (RFC 8617) is not read. A signature with l= counts for the header
// alone. The package looks nothing up by itself: it reaches neither network,
// clock nor files, except for what it is handed. Package dkim of go-msgauth,
// which checks whole messages, imports net for a default look-up that is
// never used here.
package origin

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"time"

	"nixie/dsn"
)

// Proof is a grade of proof that a report is about mail of ours; see the
// constants for what each shows and what it does not.
type Proof string

// The grades, strongest first. Each holds for every recipient that the report
// names, except where it says otherwise.
const (
	// Token: the report was sent to an address that only we could have made,
	// for this recipient (VERP), or for any recipient (BATV).
	//
	// Shows that the sender of the report has seen the envelope of a message
	// that we sent to the recipient. Does not show that delivery failed: the
	// recipient, and every host on the way, knows the address too. A BATV
	// address shows less: every recipient of the last days knows one.
	Token Proof = "token"

	// DKIM: the whole original came back, with a valid signature of one of
	// our domains, and its signed To or Cc names the recipient.
	//
	// Shows that the sender of the report holds a message of ours to the
	// recipient. Does not show that delivery failed, nor that the recipient
	// did not make the report up. What is addressed to many (Checker.Lists)
	// shows only that its sender holds a copy.
	DKIM Proof = "dkim"

	// DKIMHeader: as DKIM, but the signature was checked over the header
	// alone, because the body was cut off, changed on the way or signed in
	// part (l=).
	//
	// Shows the same for the signed header fields and nothing for the body.
	DKIMHeader Proof = "dkim-header"

	// MessageID: the original that came back bears a Message-ID that we gave
	// to a message to this recipient.
	//
	// Shows that the sender of the report knows the Message-ID. It is no
	// secret to anyone who has seen the message, a reply to it or an archive
	// of it, and none at all if it can be guessed.
	MessageID Proof = "message-id"

	// Authenticated: the report itself comes from the domain of the
	// recipient or of the Reporting-MTA, and from its mail system rather
	// than from one of its users.
	//
	// Shows who reports. Does not show that the message was ours: others may
	// send in our name, and the report of it comes to us. Anyone with a domain
	// of his own can reach it as the Reporting-MTA, with any recipient in the
	// report; Check.Aligned tells the two cases apart.
	Authenticated Proof = "authenticated"

	// None: nothing speaks for the report. Most genuine reports of mail that
	// was sent without a token or signature are like that.
	None Proof = ""
)

var grades = []Proof{None, Authenticated, MessageID, DKIMHeader, DKIM, Token}

// AtLeast reports whether p is as strong as q or stronger. A word that is no
// grade is as weak as None. It says nothing of threats that a grade leaves
// open; see there.
func (p Proof) AtLeast(q Proof) bool { return slices.Index(grades, p) >= slices.Index(grades, q) }

// String returns the grade's name, "none" for None.
func (p Proof) String() string { return cmp.Or(string(p), "none") }

// Outcome is how a check ended. Only Pass is proof; no other outcome says
// that a report is forged.
type Outcome string

// The outcomes of a check.
const (
	Pass      Outcome = "pass"      // what was checked is genuine, and speaks of every recipient named
	Fail      Outcome = "fail"      // it is not genuine, or speaks of others
	TempError Outcome = "temperror" // it could not be looked up now; may pass later
	Absent    Outcome = "absent"    // there was nothing to check, or no key to check it with
)

// Check is one check and its outcome. Its words may quote the report, which a
// stranger wrote: whoever prints them escapes them.
type Check struct {
	Proof    Proof     // the grade that a pass gives
	Outcome  Outcome   // Pass, or why not
	Detail   string    // what was found, one sentence
	Domain   string    // whose token, key or name it was; may be a stranger's unless Outcome is Pass
	Selector string    // of the DKIM key, or the id of the token's key
	Fields   []string  // the header fields that the signature covers, as picked, lower case
	At       dsn.Place // where what was checked stands
	About    []string  // the recipients that it speaks of; empty: of any. After a Fail it may name who was meant instead
	Aligned  string    // for Authenticated: "recipient" or "reporting-mta"; the latter is anyone's to choose
}

// Result is what a Checker found.
type Result struct {
	Check          // the strongest that passed; zero if none did
	Checks []Check // every one that was made, in the order of the grades
}

// Message is a report as it came in.
type Message struct {
	Raw    []byte      // the message, as it was given to dsn.Parse
	Report *dsn.Report // what dsn.Parse made of it; nil gives no proof
	// To are the envelope addresses that the report came to, where they are
	// known, as with LMTP. If empty, the fields that servers note them in
	// are searched. That a sender can write those fields is no threat: what
	// counts is that he knows the token.
	To []string
}

// Checker checks where reports come from. Its zero value finds no proof. It
// may be used concurrently if what it is handed may; it must not be changed
// then.
type Checker struct {
	// Domains are ours: a signature counts if its d= is one of them. A
	// subdomain must be listed itself. Whoever can get mail signed by one of
	// them can make proofs; so do not list a provider's.
	Domains []string
	// Lists are addresses of ours that stand in To for many recipients. An
	// original to one of them is taken as proof for any recipient, though
	// every one of them holds a copy and could report another.
	Lists []string
	// Records are the DKIM key records of our domains by name in lower case, as
	// "selector._domainkey.example.org". They go before LookupTXT, and keep
	// old keys alive that DNS has no more. A key that leaked must not stay.
	Records map[string]string
	// LookupTXT looks up TXT records, each joined to one string. Nil looks
	// nothing up. It may be called concurrently. It is asked for DKIM keys of
	// our own domains, and of those aligned to what the report names, which a
	// stranger may choose. An error with a method Temporary or Timeout that is
	// true is a TempError, like one that wraps the context's.
	LookupTXT func(ctx context.Context, name string) ([]string, error)
	// VERP are the keys of our signed envelope addresses.
	VERP VERP
	// BATV are the keys of our prvs= addresses, at most one for each digit.
	BATV []BATVKey
	// SentID reports whether we sent a message with this Message-ID, without
	// the angle brackets, to this recipient; to anybody if recipient is "",
	// as in a report that names none. Nil knows none. If it does not look at
	// the recipient, whoever got the message can report another.
	SentID func(ctx context.Context, id, recipient string) bool
	// AuthservIDs are the names under which our own servers write
	// Authentication-Results, RFC 8601. They must remove fields of that
	// name that come from outside, section 5 there; see also Hosts.
	AuthservIDs []string
	// Hosts are our own hosts, or domains of them, as they call themselves in
	// Received fields, and Networks the addresses from which they connect to
	// each other, loopback always among them. Authentication-Results below the
	// Received field of any other hop may be the sender's own and are never
	// believed. With neither, only fields above all Received fields are.
	Hosts    []string
	Networks []netip.Prefix
	// MaxAge is how old a signed original may be, by its signature's t= or
	// its signed Date; 0 for any age. It bounds replay.
	MaxAge time.Duration
	// Now tells the time. Nil: nothing that can expire counts.
	Now func() time.Time
}

// now returns the time, the zero time if there is no clock.
func (c *Checker) now() time.Time {
	if c.Now == nil {
		return time.Time{}
	}
	return c.Now()
}

// Check grades a report. It stops at the first grade that holds. The look-ups
// that it makes are bounded in number, and none follows once a grade holds;
// ctx bounds their time.
func (c *Checker) Check(ctx context.Context, m Message) Result {
	var r Result
	if m.Report == nil {
		return r
	}
	for _, check := range []func(context.Context, *Message) []Check{
		c.tokens, c.signatures, c.messageID, c.authenticated,
	} {
		checks := check(ctx, &m)
		r.Checks = append(r.Checks, checks...)
		for _, check := range checks {
			if check.Outcome == Pass && (r.Outcome != Pass || !r.Proof.AtLeast(check.Proof)) {
				r.Check = check
			}
		}
		if r.Outcome == Pass {
			break
		}
	}
	return r
}
