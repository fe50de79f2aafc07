package ledger_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nixie/classify"
	"nixie/classify/ledger"
	"nixie/dsn"
)

const noAccount = "550 5.1.1 The email account that you tried to reach does not exist. Please try double-checking the address. 17si6512345edx.3 - smtp"

// list is a newsletter's ledger in the making.
type list struct {
	events []ledger.Event
	acts   []ledger.Event
	policy ledger.Policy
}

func newList() *list { return &list{policy: ledger.Default()} }

// bounce records that the provider says of an address that it does not exist.
func (l *list) bounce(at time.Time, address, provider, text string) {
	l.events = append(l.events, ledger.Event{
		ID: fmt.Sprint(address, " ", at.Format(time.RFC3339)), Address: address, Time: at, Provider: provider, Text: text, Source: "maildir:bounces",
		Reason: classify.BadMailbox, Fault: classify.Address, Decision: classify.GiveUp, Action: dsn.Failed,
	})
}

// burst records that of n addresses, with numbers from first on.
func (l *list) burst(at time.Time, first, n int, provider, text string) {
	for i := range n {
		l.bounce(at.Add(time.Duration(i)*time.Second), fmt.Sprintf("user%d@%s", first+i, provider), provider, text)
	}
}

// weeks sends the newsletter once a week for so many weeks from day 0 on. Each
// time it comes back from some addresses that are really dead.
func (l *list) weeks(n int) {
	for week := range n {
		l.burst(on(7*week), 100000+1000*week, 20+week%3, "example.net", noAccount)
		l.burst(on(7*week), 100000+1000*week, 6+week%2, "example.com", "550 No such user here")
		l.burst(on(7*week), 100000+1000*week, 4, "example.org", "511 sorry, no mailbox here by that name")
	}
}

func (l *list) incidents(now time.Time) []ledger.Incident {
	w := l.policy.Guard.Watch(l.acts)
	events := slices.Clone(l.events)
	slices.SortStableFunc(events, func(a, b ledger.Event) int { return a.Time.Compare(b.Time) })
	for i := range events {
		if !events[i].Time.After(now) {
			w.Add(&events[i])
		}
	}
	return w.Incidents(now)
}

// count returns how many addresses with numbers from first on have a standing.
func (l *list) count(now time.Time, provider string, first, n int) map[ledger.Standing]int {
	known := ledger.Known{Incidents: l.incidents(now)}
	of := map[string][]ledger.Event{}
	for _, e := range l.events {
		of[e.Address] = append(of[e.Address], e)
	}
	count := map[ledger.Standing]int{}
	for i := range n {
		address := fmt.Sprintf("user%d@%s", first+i, provider)
		count[l.policy.State(now, of[address], known).Standing]++
	}
	return count
}

func (l *list) decide(act ledger.Act, incident string) {
	l.acts = append(l.acts, ledger.Event{ID: string(act), Act: act, Incident: incident})
}

// december is a list of ten weeks, on whose last mailing day example.net
// says for some hours of 800 good members that they do not exist, in the words
// that it always uses.
func december() (l *list, day time.Time) {
	l = newList()
	l.weeks(10)
	day = on(69)
	l.burst(day.Add(13*time.Hour), 1, 300, "example.net", noAccount)
	l.burst(day.Add(15*time.Hour), 301, 500, "example.net", noAccount)
	l.bounce(day.Add(13*time.Hour), "gone@example.com", "example.com", "550 No such user here")
	return l, day
}

func TestADayLikeInDecember2020(t *testing.T) {
	l, day := december()

	in := l.incidents(day.Add(16 * time.Hour))
	require.Len(t, in, 1)
	assert.Equal(t, ledger.Incident{
		ID: "example.net/2026-03-11", Provider: "example.net", From: time.Date(2026, 3, 11, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 3, 12, 0, 0, 0, 0, time.UTC),
		Fate: ledger.Held, Because: "bad mailboxes", Words: ledger.Wording(noAccount, ""), Addresses: 800, Worst: 800, Before: 22, Others: 1,
	}, in[0])

	all := func(s ledger.Standing) map[ledger.Standing]int { return map[ledger.Standing]int{s: 800} }
	at := func(days float64) map[ledger.Standing]int {
		return l.count(day.Add(time.Duration(days*24)*time.Hour), "example.net", 1, 800)
	}
	assert.Equal(t, all(ledger.Held), at(1), "nobody is lost on the day after")
	assert.Equal(t, all(ledger.Held), at(3))
	assert.Equal(t, all(ledger.Active), at(4), "nor later, though no person looked")
	assert.Equal(t, map[ledger.Standing]int{ledger.Suspended: 20}, l.count(day, "example.net", 109000, 20), "the dead of the morning mailing before")

	// The next mailing: two of the 800 are really dead.
	l.burst(on(70), 1, 2, "example.net", noAccount)
	assert.Equal(t, map[ledger.Standing]int{ledger.Active: 798, ledger.Suspended: 2}, at(4))
	assert.Len(t, l.incidents(on(75)), 1)
}

func TestAnIncidentSparesTheOtherProviders(t *testing.T) {
	l, day := december()
	now := day.Add(16 * time.Hour)
	known := ledger.Known{Incidents: l.incidents(now)}
	for _, e := range l.events {
		if e.Address == "gone@example.com" {
			assert.Equal(t, ledger.Suspended, l.policy.State(now, []ledger.Event{e}, known).Standing)
		}
	}
}

func TestAHeldAddressSaysByWhichIncident(t *testing.T) {
	l, day := december()
	now := day.Add(16 * time.Hour)
	var events []ledger.Event
	for _, e := range l.events {
		if e.Address == "user7@example.net" {
			events = append(events, e)
		}
	}
	state := l.policy.State(now, events, ledger.Known{Incidents: l.incidents(now)})
	assert.Equal(t, ledger.Held, state.Standing)
	assert.Equal(t, ledger.Because{Rule: "dead", Events: []string{events[0].ID}, Incident: "example.net/2026-03-11"}, state.Because)
	assert.True(t, state.Until.IsZero())
}

func TestAReleasedIncidentCounts(t *testing.T) {
	l, day := december()
	l.decide(ledger.Release, "example.net/2026-03-11")
	assert.Equal(t, map[ledger.Standing]int{ledger.Suspended: 800}, l.count(day.Add(24*time.Hour), "example.net", 1, 800))
	in := l.incidents(day.Add(24 * time.Hour))
	assert.Equal(t, ledger.Released, in[0].Fate)
	assert.True(t, in[0].Decided)
}

func TestADiscardedIncidentDoesNotCount(t *testing.T) {
	l, day := december()
	l.decide(ledger.Release, "example.net/2026-03-11")
	l.decide(ledger.Discard, "example.net/2026-03-11") // thought better of
	assert.Equal(t, map[ledger.Standing]int{ledger.Active: 800}, l.count(day.Add(24*time.Hour), "example.net", 1, 800))
}

func TestAPolicyMayReleaseWhatNobodyLookedAt(t *testing.T) {
	l, day := december()
	l.policy.Guard.After = ledger.Release
	assert.Equal(t, map[ledger.Standing]int{ledger.Held: 800}, l.count(day.Add(24*time.Hour), "example.net", 1, 800))
	assert.Equal(t, map[ledger.Standing]int{ledger.Active: 800}, l.count(day.Add(30*24*time.Hour), "example.net", 1, 800), "but the suspension is over by then")
	l.policy, _ = ledger.Preset("listmonk")
	l.policy.Guard.After = ledger.Release
	assert.Equal(t, map[ledger.Standing]int{ledger.Dropped: 800}, l.count(day.Add(30*24*time.Hour), "example.net", 1, 800))
}

func TestWithoutAGuardThatDayLosesTheMembers(t *testing.T) {
	l, day := december()
	l.policy, _ = ledger.Preset("listmonk")
	assert.Equal(t, map[ledger.Standing]int{ledger.Held: 800}, l.count(day.Add(24*time.Hour), "example.net", 1, 800))
	l.policy.Guard.Off = true
	assert.Equal(t, map[ledger.Standing]int{ledger.Dropped: 800}, l.count(day.Add(24*time.Hour), "example.net", 1, 800))
}

func TestAnIncidentMayLastForDays(t *testing.T) {
	l, _ := december()
	l.burst(on(70), 801, 200, "example.net", noAccount)
	l.burst(on(70), 1, 100, "example.net", noAccount) // again
	in := l.incidents(on(71))
	require.Len(t, in, 1)
	assert.Equal(t, "example.net/2026-03-11", in[0].ID)
	assert.Equal(t, time.Date(2026, 3, 13, 0, 0, 0, 0, time.UTC), in[0].To)
	assert.Equal(t, map[ledger.Standing]int{ledger.Held: 1000}, l.count(on(71), "example.net", 1, 1000))
}

func TestWhatLastsLongerThanAWeekIsHowTheProviderAnswers(t *testing.T) {
	l := newList()
	l.weeks(10)
	for day := range 10 {
		l.burst(on(66+day), 1+1000*day, 300, "example.net", noAccount)
	}
	in := l.incidents(on(76))
	require.Len(t, in, 1)
	assert.Equal(t, 7*24*time.Hour, in[0].To.Sub(in[0].From))
	assert.Equal(t, map[ledger.Standing]int{ledger.Suspended: 300}, l.count(on(75).Add(time.Hour), "example.net", 9001, 300))
}

func TestADeadAddressIsNotHeldTwice(t *testing.T) {
	// The provider has closed 800 accounts for good: each mailing brings them all back.
	l, day := december()
	l.burst(day.AddDate(0, 0, 7), 1, 800, "example.net", noAccount)
	l.burst(day.AddDate(0, 0, 15), 1, 800, "example.net", noAccount)
	assert.Len(t, l.incidents(day.AddDate(0, 0, 16)), 1)
	assert.Equal(t, map[ledger.Standing]int{ledger.Suspended: 800}, l.count(day.AddDate(0, 0, 8), "example.net", 1, 800))
	assert.Equal(t, map[ledger.Standing]int{ledger.Dropped: 800}, l.count(day.AddDate(0, 0, 16), "example.net", 1, 800))
}

func TestAnAddressThatWasDeadBeforeIsNotHeld(t *testing.T) {
	l, day := december()
	l.bounce(day.AddDate(0, 0, -20), "user7@example.net", "example.net", noAccount)
	assert.Equal(t, map[ledger.Standing]int{ledger.Dropped: 1}, l.count(day.Add(24*time.Hour), "example.net", 7, 1))
	l.events = append(l.events, ledger.Event{
		ID: "arrived", Address: "user7@example.net", Time: day.AddDate(0, 0, -10), Reason: classify.WasDelivered, Decision: classify.Nothing, Action: dsn.Delivered})
	assert.Equal(t, map[ledger.Standing]int{ledger.Held: 1}, l.count(day.Add(24*time.Hour), "example.net", 7, 1), "unless it came back to life")
}

func TestASmallProviderThatSuddenlyKnowsNobody(t *testing.T) {
	l := newList()
	l.weeks(10)
	l.burst(on(69), 1, 25, "acme.example", "550 5.1.1 <user1@acme.example>: Recipient address rejected: User unknown in local recipient table")
	in := l.incidents(on(69).Add(time.Hour))
	require.Len(t, in, 1)
	assert.Equal(t, "acme.example/2026-03-11", in[0].ID)
	assert.Equal(t, 0, in[0].Before)
}

func TestTheSameWordsForManyAddresses(t *testing.T) {
	// A directory is down: words never heard before, though no more of them than twice the usual.
	l := newList()
	l.weeks(10)
	l.burst(on(63).Add(time.Hour), 1, 45, "example.net", "550 5.1.1 <user1@example.net>: look-up in directory 17 failed")
	in := l.incidents(on(63).Add(2 * time.Hour))
	require.Len(t, in, 1)
	assert.Equal(t, "same words", in[0].Because)
	assert.Equal(t, "# look-up in directory # failed", in[0].Words)
}

func TestNewWordsForTheUsualDeadAreNoIncident(t *testing.T) {
	l := newList()
	l.weeks(10)
	for i := range l.events {
		if l.events[i].Time.After(on(60)) && l.events[i].Provider == "example.net" {
			l.events[i].Text = "550 5.1.1 There is nobody here by that name"
		}
	}
	assert.Empty(t, l.incidents(on(69)))
}

func TestAnOldListSentToAtOnceIsNoIncident(t *testing.T) {
	l := newList()
	l.weeks(10)
	l.burst(on(69), 1, 300, "example.net", noAccount)
	l.burst(on(69), 1, 90, "example.com", "550 No such user here")
	l.burst(on(69), 1, 60, "example.org", "511 sorry, no mailbox here by that name")
	l.burst(on(69), 1, 30, "acme.example", "550 unknown")
	assert.Empty(t, l.incidents(on(70)), "all providers answer more: it is the list")
	l.burst(on(69), 301, 2000, "example.net", noAccount)
	assert.Len(t, l.incidents(on(70)), 1, "but one of them far more than the others")
}

func TestAYoungLedgerHasNothingToCompareWith(t *testing.T) {
	l := newList()
	l.burst(on(0), 1, 500, "example.net", noAccount)
	l.burst(on(7), 501, 500, "example.net", noAccount)
	assert.Empty(t, l.incidents(on(8)))
}

func TestOneAddressThatFailsOftenIsNoIncident(t *testing.T) {
	l := newList()
	l.weeks(10)
	for i := range 500 {
		l.bounce(on(68).Add(time.Duration(i)*time.Minute), "user1@example.net", "example.net", noAccount)
	}
	assert.Empty(t, l.incidents(on(69)))
}

func TestComplaintsAreNeverHeld(t *testing.T) {
	l, day := december()
	l.events = append(l.events, ledger.Event{ID: "x", Address: "user7@example.net", Time: day.Add(14 * time.Hour), Provider: "example.net", Reason: classify.Complaint, Decision: classify.GiveUp})
	assert.Equal(t, map[ledger.Standing]int{ledger.Dropped: 1}, l.count(day.Add(24*time.Hour), "example.net", 7, 1))
}

func TestTheOrdinaryWeeksAreNoIncident(t *testing.T) {
	l := newList()
	l.weeks(52)
	assert.Empty(t, l.incidents(on(400)))
}

func TestWording(t *testing.T) {
	for text, want := range map[string]string{
		"550 5.1.1 <bob@example.org>: User unknown":                  "# user unknown",
		"550-5.1.1 The account BOB at example.org\r\n550 is unknown": "# the account # at # is unknown",
		"(host mx7.example.org[192.0.2.1]) no such user.":            "host # no such user",
		"":                  "",
		"550 邮箱 不存在 abc123": "# 邮箱 不存在 #",
	} {
		assert.Equal(t, want, ledger.Wording(text, "bob@example.org"), text)
	}
}

func BenchmarkWatch(b *testing.B) {
	l := newList()
	l.weeks(500)
	slices.SortStableFunc(l.events, func(x, y ledger.Event) int { return x.Time.Compare(y.Time) })
	b.ReportAllocs()
	for b.Loop() {
		w := l.policy.Guard.Watch(nil)
		for i := range l.events {
			w.Add(&l.events[i])
		}
		w.Incidents(on(4000))
	}
	b.ReportMetric(float64(b.N)*float64(len(l.events))/b.Elapsed().Seconds(), "events/s")
}
