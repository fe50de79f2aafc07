package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"nixie/classify"
	"nixie/classify/ledger"
	"nixie/dsn"
	"nixie/dsn/origin"
)

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
