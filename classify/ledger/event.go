package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"io"
	"iter"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"nixie/classify"
	"nixie/dsn"
)

// MaxText is how much of a diagnostic an event keeps, in bytes.
const MaxText = 400

// Reading says how a report was come by.
type Reading struct {
	Source   string                   // the mailbox
	Proved   bool                     // the report is about a message that was surely ours
	At       time.Time                // when it was read
	Provider func(host string) string // who runs a host; nil if each host is its own
}

// EventsOf returns an event for each recipient that the report names, in its
// order. A recipient that is named twice gives one event, of the strongest
// strike. There is none where a report names nobody.
func EventsOf(report *dsn.Report, verdicts iter.Seq2[*dsn.Recipient, classify.Verdict], reading Reading) []Event {
	var events []Event
	at := make(map[string]int) // the event of each address
	id := identify(report)
	date, message := report.Header.Date("Date"), cut(report.Header.Get("Message-ID"), MaxText)
	for r, v := range verdicts {
		key := Key(r.Address())
		if key == "" {
			continue
		}
		e := Event{
			Address:   key,
			Time:      happened(reading.At, date, r.LastAttempt, report.ArrivalDate),
			Recorded:  reading.At.UTC().Truncate(time.Microsecond),
			Reason:    v.Reason,
			Fault:     v.Fault,
			Decision:  v.Decision,
			Action:    dsn.Action(cut(string(r.Action), 40)),
			Transient: v.Transient,
			Status:    v.Status,
			Reply:     v.Reply,
			Text:      cut(r.Diagnostic.Text, MaxText),
			Provider:  provider(r, reading.Provider),
			Proved:    reading.Proved,
			Source:    reading.Source,
			Message:   message,
		}
		if i, twice := at[key]; !twice {
			e.ID, at[key] = id(key), len(events)
			events = append(events, e)
		} else if have := &events[i]; rank(e.Strike()) > rank(have.Strike()) {
			e.ID = have.ID
			*have = e
		}
	}
	return events
}

func rank(s Strike) int {
	switch s {
	case StrikeRetry:
		return 1
	case StrikeGiveUp:
		return 2
	case StrikeComplaint:
		return 3
	}
	return 0
}

// Key returns an address as the ledger writes it: in lower case, since no
// provider parts mailboxes by case, and without a dot at its end; "" if it is
// none.
func Key(address string) string {
	address = strings.TrimRightFunc(strings.TrimSpace(address), func(r rune) bool { return r == '.' || unicode.IsSpace(r) })
	key := strings.ToLower(strings.ToValidUTF8(address, "\ufffd"))
	if at := strings.LastIndexByte(key, '@'); at < 1 || at == len(key)-1 || strings.IndexByte(key, 0) >= 0 {
		return ""
	}
	return key
}

// ID returns what identifies the event of a report about an address. It is
// made from what the author of the report wrote, never from what servers add
// on the way, nor from how the message is encoded or stored:
//
//   - the Message-ID and Date of the report. Both, because some servers reuse
//     the Message-ID of the original for the warning and for the failure;
//   - where there is no Message-ID, the sender, the subject, the message and
//     the dates that the report is about, and its text without the space in it;
//   - the address.
//
// What we make of a report has no part in it, so better rules do not count it
// a second time.
func ID(report *dsn.Report, address string) string { return identify(report)(Key(address)) }

// identify returns the ID of a report's event about each key.
func identify(report *dsn.Report) func(key string) string {
	h := sha256.New()
	add(h, "nixie event 1", report.Header.Get("Message-ID"), report.Header.Get("Date"))
	if report.Header.Get("Message-ID") == "" {
		add(h, report.Header.Get("From"), report.Header.Get("Subject"), report.EnvelopeID, report.Fields.Get("Arrival-Date"))
		if report.Original != nil {
			add(h, report.Original.Header.Get("Message-ID"), report.Original.Header.Get("Date"))
		}
		add(h, strings.Join(strings.Fields(report.Text), ""))
	}
	return func(key string) string {
		h, _ := h.(hash.Cloner).Clone() // which no hash of the standard library fails to do
		add(h, key)
		return idOf(h)
	}
}

// ActID returns the ID of a decision by a person.
func ActID(act Act, about string, at time.Time) string {
	h := sha256.New()
	add(h, "nixie act 1", string(act), about, at.UTC().Format(time.RFC3339Nano))
	return idOf(h)
}

// add hashes strings so that their borders count.
func add(h hash.Hash, values ...string) {
	var length [binary.MaxVarintLen64]byte
	for _, s := range values {
		h.Write(binary.AppendUvarint(length[:0], uint64(len(s))))
		io.WriteString(h, s)
	}
}

func idOf(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)[:16]) }

// happened returns when what a report tells took place: the first date that
// can be, the time of reading if none can. One that lies after the reading or
// before there was mail is not believed.
func happened(read time.Time, dates ...time.Time) time.Time {
	for _, t := range dates {
		if t.Year() >= 1982 && !t.After(read.Add(time.Hour)) { // the year of RFC 821
			return t.UTC().Truncate(time.Microsecond)
		}
	}
	return read.UTC().Truncate(time.Microsecond)
}

// provider returns who runs the host that answered: of the remote host if it
// is named, else of the domain of the address.
func provider(r *dsn.Recipient, of func(host string) string) string {
	host := strings.ToLower(strings.TrimRight(r.RemoteMTA.Value, "."))
	if !strings.Contains(host, ".") || strings.ContainsAny(host, " :[]@") || host[len(host)-1] <= '9' {
		host = r.Final.Value
		if host == "" {
			host = r.Original.Value
		}
		host = strings.ToLower(strings.TrimRight(host[strings.LastIndexByte(host, '@')+1:], "."))
	}
	host = cut(host, 255)
	if of == nil || host == "" {
		return host
	}
	return of(host)
}

// cut returns s without bytes that no database takes, and at most n bytes of it.
func cut(s string, n int) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\ufffd")
	if len(s) <= n {
		return s
	}
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
