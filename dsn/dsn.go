// Package dsn reads what a returned message says: who could not be reached,
// what the mail systems answered, and where in the message that stands.
//
//	report := dsn.Parse(msg)
//	for _, r := range report.Recipients {
//		fmt.Println(r.Address(), r.Action, r.Status, r.Diagnostic.Reply, r.Diagnostic.Text)
//	}
//
// A report may be a delivery status notification (RFC 3464, RFC 6533), a
// complaint (RFC 5965), a disposition notification (RFC 8098), an automatic
// reply (RFC 3834) or a bounce in prose. Prose is read by a dialect if one
// fits, else by what it has in common with all such texts.
//
// The package states facts. It fills no field with a guess and invents no
// code; what a message does not state stays zero. The returned message is never
// searched for codes or failures, only for whom it was sent to. Where the
// machine-readable part and the text speak of the same recipient, the text only
// fills what the other leaves out, and the Place of each fact shows whence it
// came.
//
// # Divergences
//
// Parse reads over what breaks a rule and notes a Defect:
//
//   - Header lines without a colon join the line above (RFC 5322 section 2.2).
//   - A boundary that is lost, wrong or never closed ends the part before it
//     (RFC 2046 section 5.1.1); multiparts that nest deeper than 20 are text.
//   - A charset that is missing, unknown or wrong gives way to UTF-8, then to
//     windows-1252 (RFC 2046 section 4.1.2).
//   - Blank lines inside the fields of a recipient, and missing ones between
//     recipients, are mended (RFC 3464 section 2.1).
//   - xtext is decoded only where it cannot be an address as it stands
//     (RFC 3461 section 4): +2B, +3D, and +40 where no @ is.
//   - Parameters continued or encoded by RFC 2231 are not read.
//
// All functions are safe for concurrent use.
package dsn

import (
	"time"

	"nixie/codes"
)

// Kind is what sort of report a message is; "" when it is none.
type Kind string

// The kinds of report.
const (
	DeliveryStatus          Kind = "delivery-status"          // a bounce, delay or delivery notice, in RFC 3464 form or in prose
	FeedbackReport          Kind = "feedback-report"          // a complaint, RFC 5965
	DispositionNotification Kind = "disposition-notification" // a read receipt, RFC 8098
	AutoReply               Kind = "auto-reply"               // vacation notices and other automatic answers, RFC 3834
)

// Action is what the reporting system did about a recipient, RFC 3464 section
// 2.3.3; "" when not stated. Another word is kept as it came, with a Defect.
type Action string

// The actions of RFC 3464 section 2.3.3.
const (
	Failed    Action = "failed"
	Delayed   Action = "delayed"
	Delivered Action = "delivered"
	Relayed   Action = "relayed"
	Expanded  Action = "expanded"
)

// Typed is a value with the name of its type, such as "rfc822; a@b.example"
// or "dns; mx.example.net", RFC 3464 section 2.1.2. Type is lower case, ""
// when the message names none; Value is decoded from xtext and utf-8-addr-xtext.
type Typed struct{ Type, Value string }

// Place says where in a message something stands. Part is the IMAP part
// number ("2", "1.3"), "" for the header of the message itself. Line counts
// from 1 in the decoded part; in the header, in the header.
type Place struct {
	Part string
	Line int
}

// Defect is something in the message that breaks a rule or passes one of the
// Limits, and was read over.
type Defect struct {
	Rule string // the rule that is broken, such as "RFC 3464 section 2.2.2", or "limit Parts"
	Text string // what is wrong, in one sentence
	At   Place
}

// Report is what one message says.
type Report struct {
	Kind    Kind
	Dialect string // the form in which the recipients were stated: "rfc3464", "arf", "postfix", "general" …
	Header  Fields // of the message itself

	EnvelopeID      string
	ReportingMTA    Typed
	DSNGateway      Typed
	ReceivedFromMTA Typed
	ArrivalDate     time.Time
	Fields          Fields // all per-message fields, as they came; of an automatic reply, the header field that calls it one
	FieldsPart      string // the part they stand in, of a complaint or a receipt

	Back       time.Time // of an automatic answer: the day its author is back, zero when not stated
	Recipients []Recipient
	Original   *Original // the returned message; nil when nothing of it came back
	Text       string    // the human-readable part, as UTF-8
	TextAt     Place     // where Text begins
	Defects    []Defect
}

// Recipient is what the report says of one recipient, RFC 3464 section 2.3.
type Recipient struct {
	Original    Typed // as the sender wrote it, if stated
	Final       Typed // as the reporting system knew it
	Action      Action
	Status      codes.Status // of the Status field; the diagnostic has its own
	RemoteMTA   Typed
	Diagnostic  Diagnostic
	LastAttempt time.Time
	RetryUntil  time.Time
	FinalLogID  string
	Fields      Fields // all per-recipient fields, as they came
	At          Place  // where the recipient is named
}

// Address returns the address the sender wrote where it is stated, else the
// final one; "" when the report names nobody.
func (r *Recipient) Address() string {
	if r.Original.Value != "" {
		return r.Original.Value
	}
	return r.Final.Value
}

// Diagnostic is the answer of the system that refused or delayed the message,
// RFC 3464 section 2.3.6.
type Diagnostic struct {
	Type    string // "smtp", "x-unix" …; "" when not stated
	Reply   codes.Reply
	Status  codes.Status
	Text    string // the whole answer on one line, codes included
	Command string // the SMTP command it answers, "RCPT TO"; "" when not stated
	At      Place
}

// Original is the returned message, or what came back of it.
type Original struct {
	Header Fields
	Whole  bool   // the body came back too
	Raw    []byte // as it stands in the report
	At     Place
}
