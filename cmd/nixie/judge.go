package main

import (
	"nixie/cmd/nixie/internal/render"
	"nixie/dsn"
)

// judge appends the verdict on each recipient of a report. It may be called concurrently.
type judge func([]render.Recipient, *dsn.Report) []render.Recipient

// newJudge returns a judge by the built-in rules, and those of a file before
// them if there is one.
func newJudge(rules string) (judge, error) {
	return func(to []render.Recipient, r *dsn.Report) []render.Recipient {
		for i := range r.Recipients {
			to = append(to, render.Recipient{Recipient: &r.Recipients[i]})
		}
		return to
	}, nil
}
