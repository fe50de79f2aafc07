// Package export writes the standing of addresses in the form in which other
// services take them: each writes what that service's import asks for, to the
// letter.
package export

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"nixie/classify"
	"nixie/classify/ledger"
)

// Row is an address and the last event that its standing rests on; the zero
// event where it rests on none.
type Row struct {
	ledger.State
	Last ledger.Event
}

// Writer writes rows in one format.
type Writer interface {
	Write(Row) error
	Close() error // ends the output, without closing what it goes to
}

// format is how to write one.
type format struct {
	name string
	open func(io.Writer) Writer
	list bool // addresses that are to be stopped for good, for a service that asks no more
}

// formats are described where the services document their imports.
var formats = []format{
	{"json", newLines, false},
	{"csv", newSheet, false},
	// AWS: account-level suppression list, import job; CSV without a head.
	{"ses", table(nil, func(r Row) []string { return []string{r.Address, sesReason(r)} }), true},
	// Mailgun: POST /v3/DOMAIN/bounces/import.
	{"mailgun", table([]string{"address", "code", "error", "created_at"}, func(r Row) []string {
		return []string{r.Address, mailgunCode(r), cmp.Or(oneLine(r.Last.Text), string(r.Reason)), stamp(r.LastSeen, time.RFC1123Z)}
	}), true},
	// SparkPost: suppression list; newsletters are not transactional.
	{"sparkpost", table([]string{"recipient", "type", "description"}, func(r Row) []string {
		return []string{r.Address, "non_transactional", string(r.Reason)}
	}), true},
	{"postmark", newPostmark, true},
	{"sendgrid", column("email"), true},
	{"mailchimp", column("Email Address"), true},
	{"brevo", column("EMAIL"), true},
	{"klaviyo", column("Email"), true},
	{"hubspot", column("Email"), true},
	// Mailman: a file of addresses for "remove_members -f" and "mailman delmembers -f".
	{"mailman", newPlain, true},
}

// Formats are the names of the formats.
func Formats() (names []string) {
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

// New returns a writer of that format. For a list, give it only addresses
// that are dropped: the services stop for good.
func New(name string, out io.Writer) (w Writer, list bool, err error) {
	i := slices.IndexFunc(formats, func(f format) bool { return f.name == name })
	if i < 0 {
		return nil, false, fmt.Errorf("unknown format %q: one of %s", name, strings.Join(Formats(), ", "))
	}
	w = formats[i].open(out)
	if formats[i].list {
		w = plainOnly{w}
	}
	return w, formats[i].list, nil
}

// Plain reports whether a subscriber can have such an address: there is no
// space in it and nothing that is not seen, so that nobody smuggles lines or
// cells into a list.
func Plain(address string) bool {
	return !strings.ContainsFunc(address, func(c rune) bool { return !unicode.IsGraphic(c) || unicode.IsSpace(c) || c == unicode.ReplacementChar })
}

// plainOnly leaves out the addresses that are not [Plain].
type plainOnly struct{ Writer }

func (p plainOnly) Write(r Row) error {
	if !Plain(r.Address) {
		return nil
	}
	return p.Writer.Write(r)
}

// lines is JSON, an object a line.
type lines struct{ *json.Encoder }

func newLines(out io.Writer) Writer {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	return lines{e}
}

func (l lines) Write(r Row) error { return l.Encode(r.State) }
func (lines) Close() error        { return nil }

// cells is CSV, RFC 4180.
type cells struct {
	*csv.Writer
	of func(Row) []string
}

func table(head []string, of func(Row) []string) func(io.Writer) Writer {
	return func(out io.Writer) Writer {
		w := cells{csv.NewWriter(out), of}
		if head != nil {
			_ = w.Writer.Write(head) // an error stays until Close
		}
		return w
	}
}

func column(head string) func(io.Writer) Writer {
	return table([]string{head}, func(r Row) []string { return []string{r.Address} })
}

func (c cells) Write(r Row) error { return c.Writer.Write(c.of(r)) }

func (c cells) Close() error {
	c.Flush()
	return c.Error()
}

// newSheet writes CSV for a spreadsheet: no cell starts a formula.
func newSheet(out io.Writer) Writer {
	head := []string{"email", "reason", "status", "first_seen", "last_seen", "count", "source", "expires_at"}
	return table(head, func(r Row) []string {
		row := []string{
			r.Address, string(r.Reason), string(r.Standing), stamp(r.FirstSeen, time.RFC3339), stamp(r.LastSeen, time.RFC3339),
			strconv.Itoa(r.Count), r.Last.Source, stamp(r.Until, time.RFC3339),
		}
		for i, cell := range row {
			if trimmed := strings.TrimSpace(cell); trimmed != "" && strings.ContainsAny(trimmed[:1], "=+-@") {
				row[i] = "'" + cell
			}
		}
		return row
	})(out)
}

// postmark is the body of POST /message-streams/STREAM/suppressions.
type postmark struct {
	*bufio.Writer
	more bool
}

func newPostmark(out io.Writer) Writer {
	p := &postmark{Writer: bufio.NewWriter(out)}
	_, _ = p.WriteString(`{"Suppressions":[`) // an error stays until Close
	return p
}

func (p *postmark) Write(r Row) error {
	if p.more {
		_ = p.WriteByte(',')
	}
	p.more = true
	address, err := json.Marshal(r.Address)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.Writer, "\n{\"EmailAddress\":%s}", address)
	return err
}

func (p *postmark) Close() error {
	_, _ = p.WriteString("]}\n")
	return p.Flush()
}

// plain is an address a line.
type plain struct{ *bufio.Writer }

func newPlain(out io.Writer) Writer { return plain{bufio.NewWriter(out)} }

func (p plain) Write(r Row) error {
	_, err := p.WriteString(r.Address + "\n")
	return err
}

func (p plain) Close() error { return p.Flush() }

func sesReason(r Row) string {
	if r.Reason == classify.Complaint {
		return "COMPLAINT"
	}
	return "BOUNCE"
}

// mailgunCode is the reply code where one was given; none is made up.
func mailgunCode(r Row) string { return r.Last.Reply.String() }

func stamp(t time.Time, layout string) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(layout)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
