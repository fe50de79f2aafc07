// Package interchange translates reasons into the words of other systems, and
// back, for those who feed such a system or come from one:
//
//	word, ok := interchange.SES.To(classify.MailboxFull)   // "Transient/MailboxFull"
//	reason, ok := interchange.KumoMTA.From("BadDomain")    // classify.BadDomain
//
// No two systems divide failures alike. Where theirs is coarser, several
// reasons become one word, and the word becomes the reason among them that
// claims least or is most common. Only a reason that proves a dead address, or
// a complaint, becomes a word on which the system strikes the address off.
//
// The tables are built at their first use, from files compiled into the
// program. Everything here is safe for concurrent use.
package interchange

import (
	"embed"
	"encoding/csv"
	"iter"
	"slices"
	"sync"

	"nixie/classify"
	"nixie/codes"
)

// System is somebody else's set of words for why mail fails. For one that is
// not among the constants, nothing has a word.
type System string

// The systems, with what a word of theirs is.
const (
	Sisimai   System = "sisimai"   // reason: "userunknown"
	SES       System = "ses"       // bounceType and bounceSubType: "Permanent/General"
	SendGrid  System = "sendgrid"  // bounce_classification: "Invalid Address"
	Postmark  System = "postmark"  // Type: "HardBounce"
	SparkPost System = "sparkpost" // bounce_class: "10"
	PowerMTA  System = "powermta"  // bounce category: "bad-mailbox"
	KumoMTA   System = "kumomta"   // bounce_classification: "InvalidRecipient"
	Listmonk  System = "listmonk"  // type: "hard"
	Status    System = "status"    // enhanced status code, RFC 3463 and RFC 5248: "5.1.1"
)

var systems = [...]System{Sisimai, SES, SendGrid, Postmark, SparkPost, PowerMTA, KumoMTA, Listmonk, Status}

// Systems yields every system.
func Systems() iter.Seq[System] { return slices.Values(systems[:]) }

// To returns the system's word for a reason. It reports false if the system
// has none, as most have none for mail that arrived, and for a reason that is
// not of package classify.
func (s System) To(reason classify.Reason) (string, bool) {
	word, ok := tables()[s].to[reason]
	return word, ok
}

// From returns the reason that a word of the system means. It is "" where the
// word tells of no delivery, such as a request to unsubscribe, or of no cause.
// It reports false for a word that the system does not have. Case matters. As
// a status, every registered code is a word.
func (s System) From(word string) (classify.Reason, bool) {
	if reason, ok := tables()[s].from[word]; ok || s != Status {
		return reason, ok
	}
	status, err := codes.ParseStatus(word)
	if err != nil {
		return "", false
	}
	_, ok := status.Meaning()
	if !ok {
		return "", false
	}
	return classify.Reply("", status.String()).Reason, true
}

// Words yields the system's words in the order of its table: those that some
// reason becomes first. Of the statuses, only those are given.
func (s System) Words() iter.Seq[string] { return slices.Values(tables()[s].words) }

type table struct {
	to    map[classify.Reason]string
	from  map[string]classify.Reason
	words []string
}

// Each row is a reason, the word it becomes, and the reason that the word
// becomes if that is another one. A row without a reason is of a word that no
// reason becomes; a row without a word, of a reason that has none.
//
//go:embed *.csv
var files embed.FS

var tables = sync.OnceValue(func() map[System]table {
	all := make(map[System]table, len(systems))
	for _, s := range systems {
		all[s] = build(s.rows())
	}
	return all
})

func (s System) rows() [][]string {
	f, err := files.Open(string(s) + ".csv")
	if err != nil {
		return nil
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comment = '#'
	r.FieldsPerRecord = -1
	rows, _ := r.ReadAll() // a test reads every file
	return rows[1:]
}

func build(rows [][]string) table {
	t := table{to: make(map[classify.Reason]string), from: make(map[string]classify.Reason)}
	for _, row := range rows {
		reason, word, back := classify.Reason(row[0]), row[1], classify.Reason(row[0])
		if len(row) > 2 {
			back = classify.Reason(row[2])
		}
		if word == "" {
			continue
		}
		if reason != "" {
			t.to[reason] = word
		}
		if _, seen := t.from[word]; !seen {
			t.words = append(t.words, word)
		}
		t.from[word] = back
	}
	return t
}
