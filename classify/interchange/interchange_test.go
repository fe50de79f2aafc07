package interchange

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nixie/classify"
)

var reasons = slices.Collect(classify.Reasons())

// Every reason stands in every file once, in the order of the table, and every
// word of theirs becomes one reason, wherever it stands.
func TestFiles(t *testing.T) {
	for s := range Systems() {
		t.Run(string(s), func(t *testing.T) {
			text, err := files.ReadFile(string(s) + ".csv")
			require.NoError(t, err)
			first, _, _ := strings.Cut(string(text), "\n")
			assert.Regexp(t, `^# .*(\.[a-z]+/|RFC)`, first, "names its source")
			assert.Contains(t, string(text), "\nreason,theirs,back\n")

			var stated []classify.Reason
			backs := make(map[string]classify.Reason)
			for _, row := range s.rows() {
				require.True(t, len(row) == 2 || len(row) == 3, row)
				reason, word, back := classify.Reason(row[0]), row[1], classify.Reason(row[0])
				if len(row) == 3 {
					back = classify.Reason(row[2])
				}
				if reason != "" {
					stated = append(stated, reason)
				}
				if word == "" {
					assert.Len(t, row, 2)
					continue
				}
				if back != "" {
					assert.Contains(t, reasons, back)
				}
				if other, seen := backs[word]; seen {
					assert.Equal(t, other, back, word)
					assert.NotEmpty(t, reason, "%s stands twice", word)
				}
				backs[word] = back
			}
			assert.Equal(t, reasons, stated)
		})
	}
	all, err := files.ReadDir(".")
	require.NoError(t, err)
	assert.Len(t, all, len(systems), "a file for each system")
}

// What others count: the words in each of their documents.
func TestWords(t *testing.T) {
	for s, count := range map[System]int{
		Sisimai: 36, SES: 10, SendGrid: 7, Postmark: 22, SparkPost: 21, PowerMTA: 17, KumoMTA: 29, Listmonk: 3,
	} {
		assert.Len(t, slices.Collect(s.Words()), count, s)
	}
}

// A word that one reason alone becomes, becomes that reason again, but for
// words that mean more than the reason.
func TestRoundTrip(t *testing.T) {
	wider := map[string]classify.Reason{
		"toomanyconn":                  classify.RateLimited,
		"Transient/AttachmentRejected": classify.BadContent,
		"4.7.1":                        classify.Policy,
	}
	for s := range Systems() {
		from := make(map[string][]classify.Reason)
		for _, reason := range reasons {
			if word, ok := s.To(reason); ok {
				from[word] = append(from[word], reason)
			}
		}
		for word, those := range from {
			back, ok := s.From(word)
			assert.True(t, ok, "%s: %s", s, word)
			if want, ok := wider[word]; ok {
				assert.Equal(t, want, back, "%s: %s", s, word)
			} else if len(those) == 1 {
				assert.Equal(t, those[0], back, "%s: %s", s, word)
			}
		}
	}
}

// A dead address is the one thing that must not be lost, and not be invented.
func TestDead(t *testing.T) {
	hard := map[System][]string{
		SES:       {"Permanent/General"},
		Postmark:  {"AddressChange", "BadEmailAddress", "HardBounce"},
		SparkPost: {"10"},
		PowerMTA:  {"bad-domain", "bad-mailbox", "inactive-mailbox"},
		KumoMTA:   {"BadDomain", "InactiveMailbox", "InvalidRecipient"},
		Listmonk:  {"hard"},
		Sisimai:   {"hasmoved", "hostunknown", "notaccept", "suspend", "userunknown"},
		Status:    {"5.1.1", "5.1.10", "5.1.2", "5.1.3", "5.1.6", "5.2.1"},
	}
	for s, want := range hard {
		dead, alive := make(map[string]bool), make(map[string]bool)
		for _, reason := range reasons {
			if word, ok := s.To(reason); ok && reason.Dead() {
				dead[word] = true
			} else if ok {
				alive[word] = true
			}
		}
		assert.Equal(t, want, slices.Sorted(maps.Keys(dead)), s)
		for word := range dead {
			assert.False(t, alive[word], "%s: %s", s, word)
		}
	}
	// Of what SendGrid calls unavailable, a full mailbox is the milder half.
	back, _ := SendGrid.From("Mailbox Unavailable")
	assert.False(t, back.Dead())
}

// The table of statuses agrees with what the rules make of one.
func TestStatus(t *testing.T) {
	for word := range Status.Words() {
		back, _ := Status.From(word)
		assert.Equal(t, classify.Reply("", word).Reason, back, word)
	}
}

func TestFrom(t *testing.T) {
	tests := []struct {
		name   string
		system System
		word   string
		reason classify.Reason
		ok     bool
	}{
		{"one to one", KumoMTA, "TooManyRecipients", classify.TooManyRecipients, true},
		{"coarser", SES, "Transient/General", classify.TransientFailure, true},
		{"no word of ours", Sisimai, "badreputation", classify.Blocked, true},
		{"no failure", SparkPost, "90", "", true},
		{"no such word", SparkPost, "91", "", false},
		{"no word", SES, "", "", false},
		{"case matters", Sisimai, "UserUnknown", "", false},
		{"other class", Status, "5.2.2", classify.MailboxFull, true},
		{"not in the table", Status, "5.7.23", classify.AuthenticationFailed, true},
		{"not registered", Status, "5.99.99", "", false},
		{"not a status", Status, "550", "", false},
		{"no such system", "pigeon", "lost", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			reason, ok := tt.system.From(tt.word)
			assert.Equal(t, tt.reason, reason)
			assert.Equal(t, tt.ok, ok)
		})
	}
}

func TestTo(t *testing.T) {
	word, ok := Postmark.To(classify.Challenge)
	assert.True(t, ok)
	assert.Equal(t, "ChallengeVerification", word)
	for _, none := range []classify.Reason{"", "my-own", classify.WasDelivered} {
		_, ok = SES.To(none)
		assert.False(t, ok, none)
	}
	_, ok = System("pigeon").To(classify.BadMailbox)
	assert.False(t, ok)
}
