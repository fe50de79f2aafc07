package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"nixie/classify"
	"nixie/classify/ledger"
	"nixie/dsn"
)

// judge finds out what the message tells. What has no reason makes no event,
// so that it can be counted when a later version knows more.
func (m *mail) judge(rules *classify.Classifier, reading ledger.Reading) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("a fault of nixie: %v", r) // one message must not stop all others
		}
	}()
	report := dsn.Parse(m.Data)
	m.report = report.Kind != ""
	events := ledger.EventsOf(report, rules.Report(report), reading)
	told := len(events)
	m.events = slices.DeleteFunc(events, func(e ledger.Event) bool { return e.Reason == "" })
	m.clear = told > 0 && len(m.events) == told
	return nil
}

func writeJSONLines(to io.Writer, events []ledger.Event) error {
	w := bufio.NewWriter(to)
	encoder := json.NewEncoder(w)
	for i := range events {
		if err := encoder.Encode(&events[i]); err != nil {
			return err
		}
	}
	return w.Flush()
}
