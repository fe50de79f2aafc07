package origin

import (
	"context"
	"fmt"
	"strings"

	"nixie/dsn"
)

// messageID looks up the Message-ID of the original: that of its header or, if
// nothing of it came back, the one that the report answers to.
func (c *Checker) messageID(ctx context.Context, m *Message) []Check {
	check := Check{Proof: MessageID, Outcome: Absent}
	if c.SentID == nil {
		check.Detail = "no record of what was sent"
		return []Check{check}
	}
	var id string
	if o := m.Report.Original; o != nil {
		id, check.At, check.Outcome, check.Detail = originalID(o.Header, o.At, "Message-ID")
		if check.Outcome == Pass {
			if err := soleOriginal(m); err != nil {
				check.Outcome, check.Detail = Fail, err.Error()
			}
		}
	} else {
		id, check.At, check.Outcome, check.Detail = originalID(m.Report.Header, dsn.Place{}, "In-Reply-To")
		if check.Outcome == Absent {
			id, check.At, check.Outcome, check.Detail = originalID(m.Report.Header, dsn.Place{}, "References")
		}
	}
	if check.Outcome != Pass {
		return []Check{check}
	}
	named := recipients(m.Report)
	if len(named) == 0 {
		named = []string{""}
	}
	for _, recipient := range named {
		if !c.SentID(ctx, id, recipient) {
			check.Outcome = Fail
			if check.Detail = fmt.Sprintf("we sent no message %s", id); recipient != "" {
				check.Detail += " to " + recipient
			}
			return []Check{check}
		}
	}
	check.About = recipients(m.Report)
	check.Domain = domainOf(id)
	check.Detail = fmt.Sprintf("we sent the message %s", id)
	return []Check{check}
}

// originalID returns the only message identifier in the only field of that
// name.
func originalID(header dsn.Fields, at dsn.Place, name string) (id string, place dsn.Place, outcome Outcome, detail string) {
	fields := 0
	for f := range header.All(name) {
		fields++
		place = dsn.Place{Part: at.Part, Line: f.Line}
		id = strings.TrimSpace(f.Text())
	}
	inner, ok := strings.CutPrefix(id, "<")
	inner, closed := strings.CutSuffix(inner, ">")
	switch {
	case fields == 0:
		return "", at, Absent, "the message that the report is about is not named"
	case fields > 1:
		return "", place, Fail, "more than one " + name
	case !ok || !closed || inner == "" || strings.ContainsAny(inner, "<> \t"):
		return "", place, Fail, name + " is not one message identifier"
	}
	return inner, place, Pass, ""
}
