package codes

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// Meaning is what is known of one code. Its slices are shared and must not be
// changed.
type Meaning struct {
	Code      string // "550", "5.1.1", "X.1.1" for any class, "0x800CCC79"
	Standing  string // "standard", "registered", "de facto" and so on; "" when no list has the code
	Name      string // of an HResult: SMTP_REJECTED_RECIPIENTS; "" when it has none
	Section   string // of an HResult: "smtp", "pop3", "mapi" and so on
	Title     string // a few words; of a status, as the registry has them
	Text      string // a sentence or two
	Class     string // what the first digit of a reply or status says
	Reference string // the document that says so
	Implies   Advice // of an HResult
	Replies   []Reply
	Others    []Reading
}

// Reading is another meaning in which a code is used or that a list gives it
// in error; Meaning has the right one.
type Reading struct {
	Title, Text string
	Reference   string // who reads it so
}

// Advice is what an error of a mail client calls for. None of them proves a
// dead address.
type Advice string

// The advice for errors of a mail client.
const (
	Retry        Advice = "retry"
	MendSettings Advice = "mend settings"     // of the client, its account or its computer
	MendMessage  Advice = "mend message"      // before it is sent again
	ReadReply    Advice = "look at the reply" // the server's answer beside the number tells why
	NoAdvice     Advice = "nothing"           // no failure of sending
)

// Meaning returns what the code means. It reports false for a code that no
// list has; the Meaning then says what its digits do.
func (r Reply) Meaning() (Meaning, bool) {
	m, ok := replies()[r]
	if !ok && r != 0 {
		m = r.unlisted()
	}
	return m, ok
}

// Meaning returns what the code means. It reports false for a code that is
// not registered; the Meaning then says what its class and subject do, and
// how servers are known to use it.
func (s Status) Meaning() (Meaning, bool) {
	m, ok := statuses()[s]
	if !ok && s != (Status{}) {
		m = s.unlisted()
	}
	return m, m.Standing != ""
}

// Meaning returns what the number means. It reports false for a number that
// is not known; the Meaning then says which part of Windows it comes from.
func (h HResult) Meaning() (Meaning, bool) {
	m, ok := hresults().meanings[h]
	if !ok && h != 0 {
		m = h.unlisted()
	}
	return m, ok
}

// Reply returns the SMTP reply code that the number stands for, if it stands for one.
func (h HResult) Reply() (Reply, bool) {
	r, ok := hresults().replies[h]
	return r, ok
}

var (
	//go:embed reply.csv
	replyCSV string
	//go:embed enhanced.csv
	enhancedCSV string
	//go:embed hresult.csv
	hresultCSV string
)

var replies = sync.OnceValue(func() map[Reply]Meaning {
	table := make(map[Reply]Meaning, 100)
	for row := range readRows(replyCSV) {
		r, _ := ParseReply(row["code"])
		table[r] = row.addTo(table[r], r.unlisted)
	}
	return table
})

// statuses are those of the registry, with anyClass for X.
var statuses = sync.OnceValue(func() map[Status]Meaning {
	table := make(map[Status]Meaning, 500)
	for row := range readRows(enhancedCSV) {
		s, _ := parsePattern(row["code"])
		for _, class := range [...]Class{anyClass, Success, Transient, Permanent} {
			if s.Class == anyClass || s.Class == class {
				s := Status{class, s.Subject, s.Detail}
				table[s] = row.addTo(table[s], s.unlisted)
			}
		}
	}
	return table
})

type hresultTable struct {
	meanings map[HResult]Meaning
	replies  map[HResult]Reply
}

var hresults = sync.OnceValue(func() hresultTable {
	t := hresultTable{make(map[HResult]Meaning, 200), map[HResult]Reply{}}
	for row := range readRows(hresultCSV) {
		h, _ := ParseHResult(row["code"])
		t.meanings[h] = row.addTo(t.meanings[h], h.unlisted)
		if row["reply"] != "" {
			t.replies[h], _ = ParseReply(row["reply"])
		}
	}
	return t
})

// names are the codes by what they are called: the names of numbers and the
// titles of registered statuses, in lower case.
var names = sync.OnceValue(func() map[string]string {
	table := make(map[string]string, 250)
	for row := range readRows(enhancedCSV) {
		if row["standing"] == "registered" {
			table[strings.ToLower(row["title"])] = row["code"]
		}
	}
	for row := range readRows(hresultCSV) {
		if row["name"] != "" {
			table[strings.ToLower(row["name"])] = row["code"]
		}
	}
	return table
})

// row is one row of a table, by the names of its columns.
type row map[string]string

// readRows yields the rows of a table that begins with the names of its
// columns. The row is used again for the next.
func readRows(table string) func(yield func(row) bool) {
	return func(yield func(row) bool) {
		r := csv.NewReader(strings.NewReader(table))
		names, _ := r.Read()
		r.ReuseRecord = true
		row := row{}
		for {
			cells, err := r.Read()
			if err != nil {
				return
			}
			for i, name := range names {
				row[name] = cells[i]
			}
			if !yield(row) {
				return
			}
		}
	}
}

// addTo returns m with what the row says. A row of the standing "other" is
// another reading of a code; unlisted is what to say where it is the only one.
func (r row) addTo(m Meaning, unlisted func() Meaning) Meaning {
	if m.Code == "" {
		m = unlisted()
	}
	if r["standing"] == "other" {
		others := m.Others[:len(m.Others):len(m.Others)]
		m.Others = append(others, Reading{r["title"], r["text"], r["reference"]})
		return m
	}
	m.Standing, m.Name, m.Section = r["standing"], r["name"], r["section"]
	m.Title, m.Text, m.Reference = r["title"], r["text"], r["reference"]
	m.Implies = Advice(r["implies"])
	for _, s := range strings.Fields(r["replies"]) {
		reply, _ := ParseReply(s)
		m.Replies = append(m.Replies, reply)
	}
	return m
}

// unlisted says what the digits of a reply code do, RFC 5321 section 4.2.1.
func (r Reply) unlisted() Meaning {
	m := Meaning{Code: r.String(), Reference: "RFC 5321 section 4.2.1"}
	switch r.Class() {
	case 1:
		m.Title, m.Class = "Preliminary", "Preliminary: SMTP has no such replies."
	case 2:
		m.Title, m.Class = "Completed", "Success: what was asked for is done."
	case 3:
		m.Title, m.Class = "More is awaited", "Intermediate: the server waits for more."
	case 4:
		m.Title, m.Class = "Transient failure", "Transient failure: the same may work later."
	case 5:
		m.Title, m.Class = "Permanent failure", "Permanent failure: the same will not work again."
	}
	switch r / 10 % 10 {
	case 0:
		m.Text = "About the syntax of a command."
	case 1:
		m.Text = "An answer to a request for information."
	case 2:
		m.Text = "About the connection."
	case 5:
		m.Text = "About the mail system and what was asked of it."
	default:
		m.Text = "Its second digit has no meaning in SMTP."
	}
	return m
}

// unlisted says what class and subject of a status do, RFC 3463 sections 2 and 3.
func (s Status) unlisted() Meaning {
	m := Meaning{Code: s.String(), Reference: "RFC 3463 sections 2 and 3"}
	switch s.Class {
	case anyClass:
		m.Code = "X" + m.Code[1:]
		m.Title = "Status"
	case Success:
		m.Title, m.Class = "Success", "Success of a step: delivered, handed on or expanded."
	case Transient:
		m.Title = "Transient failure"
		m.Class = "Persistent transient failure: the message is well formed, and another try may work unless the sender has given up."
	case Permanent:
		m.Title = "Permanent failure"
		m.Class = "Permanent failure: something must change before the message can be delivered."
	}
	subjects := [...]string{"", "addresses", "the mailbox", "the mail system", "network and routing",
		"the protocol", "the content of the message", "security or policy"}
	switch {
	case s.Subject == 0:
		m.Text = "Not registered. It has no subject."
	case int(s.Subject) < len(subjects):
		m.Title += ": " + subjects[s.Subject]
		m.Text = "Not registered. Its subject is " + subjects[s.Subject] + "."
	default:
		m.Text = "Not registered, nor is its subject."
	}
	return m
}

// unlisted says which part of Windows an error number comes from.
func (h HResult) unlisted() Meaning {
	m := Meaning{Code: h.String(), Title: "Unknown error number", Implies: ReadReply, Reference: "winerror.h, Windows SDK"}
	facility, code := h>>16&0x7ff, int(h&0xffff)
	if h>>31 == 0 {
		m.Title, m.Implies = "Unknown success number", NoAdvice
	}
	switch facility {
	case 0:
		m.Text = "A number that any program may use."
	case 3:
		m.Text = "About a file or storage."
	case 4:
		m.Text = "Of an interface, such as that of Outlook to its data (MAPI)."
	case 7:
		m.Text = "Error " + strconv.Itoa(code) + " of Windows."
	case 12:
		m.Text = "About the internet connection of a mail client."
	default:
		m.Text = fmt.Sprintf("Of facility %d, code %d.", facility, code)
	}
	return m
}
