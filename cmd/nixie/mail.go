package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"nixie/classify"
	"nixie/classify/ledger"
	"nixie/cmd/nixie/internal/render"
	"nixie/cmd/nixie/internal/source"
	"nixie/dsn"
	"nixie/dsn/origin"
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

// judge says what mail tells, and whether it is about mail of ours.
type judge struct {
	rules  *classify.Classifier
	origin *origin.Checker // nil if nobody asks
}

// newJudge returns a judge with the files of --rules and --origin.
func newJudge(rulesFile, originFile string) (j judge, err error) {
	if j.rules, err = newClassifier(rulesFile); err != nil || originFile == "" {
		return j, err
	}
	j.origin, err = readOrigin(originFile)
	return j, asFailure(err)
}

// proofTime is how long the look-ups for one message may take.
const proofTime = 20 * time.Second

// proved reports whether a signature or a token of ours says that the report
// is about a message of ours. A Message-ID does not: many have seen it.
func (j *judge) proved(data []byte, report *dsn.Report) bool {
	if j.origin == nil || report.Kind == "" {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), proofTime)
	defer cancel()
	return j.origin.Check(ctx, origin.Message{Raw: data, Report: report}).Proof.AtLeast(origin.DKIMHeader)
}

// read finds out what the message tells. What has no reason makes no event,
// so that it can be counted when a later version knows more.
func (j *judge) read(m *mail, mailbox string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("a fault of nixie: %v", r) // one message must not stop all others
		}
	}()
	report := dsn.Parse(m.Data)
	m.report = report.Kind != ""
	reading := ledger.Reading{Source: mailbox, Proved: j.proved(m.Data, report), At: time.Now(), Provider: providerOf}
	events := ledger.EventsOf(report, j.rules.Report(report), reading)
	told := len(events)
	m.events = slices.DeleteFunc(events, func(e ledger.Event) bool { return e.Reason == "" })
	m.clear = told > 0 && len(m.events) == told
	return nil
}

func writeJSONLines(to io.Writer, events []ledger.Event) error {
	w := bufio.NewWriter(to)
	encoder := render.NewEncoder(w)
	for i := range events {
		if err := encoder.Encode(&events[i]); err != nil {
			return err
		}
	}
	return w.Flush()
}
