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
	"nixie/cmd/nixie/internal/render"
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
	rows int  // the service takes so many in a file; 0: as many as there are
	size int  // in bytes, likewise
}

// formats are described where the services document their imports.
var formats = []format{
	{name: "json", open: newLines},
	{name: "csv", open: newSheet},
	// AWS: account-level suppression list, import job; CSV without a head.
	{name: "ses", list: true, rows: 100_000, open: table(nil, func(r Row) []string { return []string{r.Address, sesReason(r)} })},
	// Mailgun: POST /v3/DOMAIN/bounces/import.
	{name: "mailgun", list: true, size: 25e6, open: table([]string{"address", "code", "error", "created_at"}, func(r Row) []string {
		return []string{r.Address, mailgunCode(r), cmp.Or(render.Cell(oneLine(r.Last.Text)), string(r.Reason)), stamp(r.LastSeen, time.RFC1123Z)}
	})},
	// SparkPost: suppression list; newsletters are not transactional.
	{name: "sparkpost", list: true, open: table([]string{"recipient", "type", "description"}, func(r Row) []string {
		return []string{r.Address, "non_transactional", string(r.Reason)}
	})},
	// Postmark: POST /message-streams/STREAM/suppressions.
	{name: "postmark", list: true, open: newPostmark},
	{name: "sendgrid", list: true, open: column("email")},
	{name: "mailchimp", list: true, open: column("Email Address")},
	{name: "brevo", list: true, open: column("EMAIL")},
	{name: "klaviyo", list: true, open: column("Email")},
	{name: "hubspot", list: true, open: column("Email")},
	// Mailman: a file of addresses for "remove_members -f" and "mailman delmembers -f".
	{name: "mailman", list: true, open: newPlain},
}

// Formats are the names of the formats.
func Formats() (names []string) {
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

// Output writes rows in a format.
type Output struct {
	List bool // of dropped addresses: give it no others, the services stop for good

	format
	Writer
	count         countingWriter
	rows, leftOut int
}

// New returns an output of that format.
func New(name string, out io.Writer) (*Output, error) {
	i := slices.IndexFunc(formats, func(f format) bool { return f.name == name })
	if i < 0 {
		return nil, fmt.Errorf("unknown format %q: one of %s", name, strings.Join(Formats(), ", "))
	}
	o := &Output{List: formats[i].list, format: formats[i], count: countingWriter{to: out}}
	o.Writer = o.open(&o.count)
	return o, nil
}

// Write writes a row. It leaves an address that is not [Plain] out of a list.
func (o *Output) Write(r Row) error {
	if o.List && !Plain(r.Address) {
		o.leftOut++
		return nil
	}
	o.rows++
	return o.Writer.Write(r)
}

// Warnings says, after Close, what is amiss with what was written.
func (o *Output) Warnings() (all []string) {
	if o.leftOut > 0 {
		all = append(all, fmt.Sprintf("%d addresses are left out: there is a space in them or something that is not seen", o.leftOut))
	}
	if limit := o.format.rows; limit > 0 && o.rows > limit {
		all = append(all, fmt.Sprintf("%s takes %d addresses in a file, these are %d: split -l %d", o.name, limit, o.rows, limit))
	}
	if limit := o.format.size; limit > 0 && o.count.n > limit {
		all = append(all, fmt.Sprintf("%s takes %d MB in a file, these are %d: split it, each part with the first line", o.name, limit/1e6, (o.count.n+1e6-1)/1e6))
	}
	return all
}

type countingWriter struct {
	to io.Writer
	n  int
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.n += n
	return n, err
}

// Plain reports whether a subscriber can have such an address: there is no
// space in it and nothing that is not seen, so that nobody smuggles lines or
// cells into a list.
func Plain(address string) bool {
	return !strings.ContainsFunc(address, func(c rune) bool { return !unicode.IsGraphic(c) || unicode.IsSpace(c) || c == unicode.ReplacementChar })
}

// lines is JSON, an object a line.
type lines struct{ *json.Encoder }

func newLines(out io.Writer) Writer {
	return lines{render.NewEncoder(out)}
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
			row[i] = render.Cell(cell)
		}
		return row
	})(out)
}

// postmark is bodies of requests, each on a line of its own.
type postmark struct {
	*json.Encoder
	Suppressions []postmarkAddress
}

type postmarkAddress struct{ EmailAddress string }

// postmarkRows is how many addresses Postmark takes in a request.
const postmarkRows = 50

func newPostmark(out io.Writer) Writer { return &postmark{Encoder: json.NewEncoder(out)} }

func (p *postmark) Write(r Row) error {
	p.Suppressions = append(p.Suppressions, postmarkAddress{r.Address})
	if len(p.Suppressions) < postmarkRows {
		return nil
	}
	return p.Close()
}

func (p *postmark) Close() error {
	if len(p.Suppressions) == 0 {
		return nil
	}
	err := p.Encode(struct{ Suppressions []postmarkAddress }{p.Suppressions})
	p.Suppressions = p.Suppressions[:0]
	return err
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
