package render

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"nixie/dsn"
)

// CSV writes one line for each recipient, and one for a message without any,
// RFC 4180. No cell starts a formula in a spreadsheet.
type CSV struct {
	Why bool // one more column, the evidence
}

var csvColumns = [...]string{
	"source", "kind", "address", "reason", "fault", "decision", "bounce_type", "status", "reply", "action",
	"original_recipient", "final_recipient", "remote_mta", "reporting_mta", "original_message_id", "retry_after_s", "diagnostic", "means",
}

// Header returns the first line, the names of the columns.
func (c CSV) Header() string {
	line := strings.Join(csvColumns[:], ",")
	if c.Why {
		line += ",because"
	}
	return line + "\n"
}

// Append appends the lines of one message. It may be called concurrently.
func (c CSV) Append(dst []byte, r *Result) []byte {
	original := ""
	if r.Report.Original != nil {
		original = messageID(r.Report.Original.Header.Get("Message-ID"))
	}
	if len(r.Recipients) == 0 {
		return c.appendLine(dst, r, &Recipient{Recipient: &dsn.Recipient{}}, original)
	}
	for i := range r.Recipients {
		dst = c.appendLine(dst, r, &r.Recipients[i], original)
	}
	return dst
}

func (c CSV) appendLine(dst []byte, r *Result, q *Recipient, original string) []byte {
	after := ""
	if q.After > 0 {
		after = strconv.Itoa(int(q.After / time.Second))
	}
	for i, cell := range [len(csvColumns)]string{
		r.Source, kind(r.Report), q.Address(), string(q.Reason), string(q.Fault), string(q.Decision), q.BounceType(),
		q.status().String(), q.reply().String(), string(q.Action), q.Original.Value, q.Final.Value, q.RemoteMTA.Value,
		r.Report.ReportingMTA.Value, original, after, q.Diagnostic.Text, q.means(),
	} {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendCell(dst, cell)
	}
	if c.Why {
		dst = appendCell(append(dst, ','), q.because())
	}
	return append(dst, '\n')
}

// because is the evidence on one line.
func (r *Recipient) because() string {
	var b strings.Builder
	for i, e := range r.Because {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(e.Rule)
		if e.Quote != "" {
			b.WriteString(": ")
			b.WriteString(e.Quote)
		}
	}
	return b.String()
}

// Cell returns s as it can be shown in a spreadsheet: the formulas in it are
// disarmed, and what cannot be seen is as in [Clean].
func Cell(s string) string { return Clean(disarm(s)) }

// appendCell appends a cell.
func appendCell(dst []byte, s string) []byte {
	s = Cell(s)
	if !strings.ContainsAny(s, "\",") && strings.TrimSpace(s) == s {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	for {
		before, after, found := strings.Cut(s, `"`)
		dst = append(dst, before...)
		if !found {
			return append(dst, '"')
		}
		dst = append(dst, '"', '"')
		s = after
	}
}

// disarm puts an apostrophe before what a spreadsheet could take for a
// formula: at the start of the cell, and behind a semicolon, which parts cells
// where people write a comma in numbers.
func disarm(s string) string {
	if isStdin(s) || !startsFormula(s) && strings.IndexByte(s, ';') < 0 {
		return s
	}
	var b strings.Builder
	for piece := range strings.SplitAfterSeq(s, ";") {
		if startsFormula(piece) {
			b.WriteByte('\'')
		}
		b.WriteString(piece)
	}
	return b.String()
}

// isStdin reports whether a cell is the source "-" or "-:3", which is no formula.
func isStdin(s string) bool {
	n, ok := strings.CutPrefix(s, "-:")
	return s == "-" || ok && n != "" && strings.Trim(n, "0123456789") == ""
}

// startsFormula reports whether a cell would start a formula, in a spreadsheet
// that drops space and quotes before it, too, and in one that knows the
// full-width signs.
func startsFormula(s string) bool {
	if strings.HasPrefix(s, "\t") || strings.HasPrefix(s, "\r") {
		return true
	}
	sign, _ := utf8.DecodeRuneInString(strings.TrimLeft(s, "\" \t\r\n\v\f\u00a0\u3000"))
	return strings.ContainsRune("=+-@\uff1d\uff0b\uff0d\uff20", sign)
}
