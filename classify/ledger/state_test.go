package ledger_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"nixie/classify"
	"nixie/classify/ledger"
	"nixie/dsn"
)

// on is the morning of the day so many days after the first.
func on(day int) time.Time {
	return time.Date(2026, 1, 1, 8, 0, 0, 0, time.UTC).AddDate(0, 0, day)
}

// failed is a report of a failure on that day.
func failed(day int, reason classify.Reason) ledger.Event {
	return ledger.Event{
		ID: fmt.Sprint(reason, " on day ", day), Address: "bob@example.org", Time: on(day), Source: "maildir:bounces",
		Reason: reason, Fault: reason.Fault(), Decision: classify.GiveUp, Action: dsn.Failed,
	}
}

func change(e ledger.Event, by ...func(*ledger.Event)) ledger.Event {
	for _, f := range by {
		f(&e)
	}
	return e
}

func proved(e *ledger.Event)    { e.Proved = true }
func transient(e *ledger.Event) { e.Transient = true }
func later(hours int) func(*ledger.Event) {
	return func(e *ledger.Event) {
		e.Time = e.Time.Add(time.Duration(hours) * time.Hour)
		e.ID += fmt.Sprint(" and ", hours, " hours")
	}
}

func delivered(day int) ledger.Event {
	return change(failed(day, classify.WasDelivered), func(e *ledger.Event) { e.Decision, e.Action = classify.Nothing, dsn.Delivered })
}

func cleared(day int) ledger.Event {
	return ledger.Event{ID: fmt.Sprint("cleared on day ", day), Address: "bob@example.org", Time: on(day), Act: ledger.Clear}
}

// standing is the state in short: "suspended until day 7 by dead (1)".
func standing(p ledger.Policy, day int, known ledger.Known, events ...ledger.Event) string {
	s := p.State(on(day), events, known)
	text := string(s.Standing)
	if !s.Until.IsZero() {
		text += fmt.Sprintf(" until day %.0f", s.Until.Sub(on(0)).Hours()/24)
	}
	if s.Because.Rule != "" {
		text += " by " + s.Because.Rule
	}
	return fmt.Sprintf("%s (%d)", text, s.Count)
}

func TestOnlyFaultsOfTheAddressOrItsDomainCount(t *testing.T) {
	counts := map[classify.Reason]ledger.Strike{
		classify.BadMailbox: ledger.StrikeGiveUp, classify.BadAddressSyntax: ledger.StrikeGiveUp, classify.MailboxMoved: ledger.StrikeGiveUp,
		classify.MailboxDisabled: ledger.StrikeGiveUp, classify.BadDomain: ledger.StrikeGiveUp, classify.DomainRefusesMail: ledger.StrikeGiveUp,
		classify.MailboxFull: ledger.StrikeRetry, classify.RefusedByRecipient: ledger.StrikeRetry, classify.NoRoute: ledger.StrikeRetry,
		classify.Complaint: ledger.StrikeComplaint,
	}
	for reason := range classify.Reasons() {
		e := failed(0, reason)
		assert.Equal(t, counts[reason], e.Strike(), reason)
		if counts[reason] == "" {
			var many []ledger.Event
			for day := range 50 {
				many = append(many, failed(day, reason))
			}
			assert.Equal(t, "active (0)", standing(ledger.Default(), 60, ledger.Known{}, many...), reason)
		}
	}
}

func TestWhatTheVerdictDoesNotSupportDoesNotCount(t *testing.T) {
	for name, test := range map[string]struct {
		by   func(*ledger.Event)
		want ledger.Strike
	}{
		"a delay is no failure":                       {func(e *ledger.Event) { e.Action, e.Decision = dsn.Delayed, classify.Retry }, ""},
		"a delay is none even with a permanent code":  {func(e *ledger.Event) { e.Action = dsn.Delayed }, ""},
		"a rule that blames the sender":               {func(e *ledger.Event) { e.Fault = classify.Sender }, ""},
		"a rule that blames the address for spam":     {func(e *ledger.Event) { e.Reason = classify.Spam }, ""},
		"a rule that blames the address for its rate": {func(e *ledger.Event) { e.Reason = classify.RateLimited }, ""},
		"no decision":                          {func(e *ledger.Event) { e.Decision = "" }, ""},
		"nothing to do":                        {func(e *ledger.Event) { e.Decision = classify.Nothing }, ""},
		"a transient answer speaks against it": {transient, ledger.StrikeRetry},
		"a retry":                              {func(e *ledger.Event) { e.Decision = classify.Retry }, ledger.StrikeRetry},
		"a manual act":                         {func(e *ledger.Event) { e.Act = ledger.Clear }, ""},
	} {
		e := change(failed(0, classify.BadMailbox), test.by)
		assert.Equal(t, test.want, e.Strike(), name)
	}
}

func TestRules(t *testing.T) {
	none := ledger.Known{}
	type events []ledger.Event
	plain := ledger.Default()
	for _, test := range []struct {
		name   string
		policy ledger.Policy
		day    int
		events events
		want   string
	}{
		{"nothing is known", plain, 0, nil, "active (0)"},
		{"a dead address rests for a week", plain, 0, events{failed(0, classify.BadMailbox)}, "suspended until day 7 by dead (1)"},
		{"and may try again after it", plain, 7, events{failed(0, classify.BadMailbox)}, "active (1)"},
		{"dead again, it is dropped for good", plain, 500, events{failed(0, classify.BadMailbox), failed(8, classify.BadMailbox)}, "dropped by dead twice (2)"},
		{"what was under way while it rests does not count", plain, 7, events{failed(0, classify.BadMailbox), failed(3, classify.BadMailbox)}, "active (1)"},
		{"the order of reading does not matter", plain, 9, events{failed(8, classify.BadMailbox), failed(0, classify.BadMailbox)}, "dropped by dead twice (2)"},
		{"tomorrow's report does not count today", plain, 0, events{failed(1, classify.BadMailbox)}, "active (0)"},
		{"a complaint drops at once", plain, 0, events{failed(0, classify.Complaint)}, "dropped by complaint (1)"},
		{"a complaint is not cleared by a delivery", plain, 9, events{failed(0, classify.Complaint), delivered(1)}, "dropped by complaint (1)"},
		{"but by a person", plain, 9, events{failed(0, classify.Complaint), cleared(1)}, "active (0)"},
		{"a complaint counts even where the address is dead", plain, 9, events{failed(0, classify.BadMailbox), failed(1, classify.Complaint)}, "dropped by complaint (1)"},

		{"two full mailboxes are not enough", plain, 8, events{failed(0, classify.MailboxFull), failed(7, classify.MailboxFull)}, "active (2)"},
		{"three in three days are not enough", plain, 2, events{failed(0, classify.MailboxFull), failed(1, classify.MailboxFull), failed(2, classify.MailboxFull)}, "active (3)"},
		{"three in a week suspend", plain, 7, events{failed(0, classify.MailboxFull), failed(1, classify.MailboxFull), failed(7, classify.MailboxFull)}, "suspended until day 14 by no room or no way (3)"},
		{"one strike a day at most", plain, 7, events{failed(0, classify.MailboxFull), change(failed(7, classify.MailboxFull)), change(failed(7, classify.MailboxFull), later(1))}, "active (2)"},
		{"the stronger strike of a day counts", plain, 1, events{failed(0, classify.MailboxFull), change(failed(0, classify.BadMailbox), later(1))}, "suspended until day 7 by dead (1)"},

		{"each suspension is longer", plain, 14, append(full(0, 1, 7), full(14)...), "suspended until day 28 by no room or no way (4)"},
		{"and longer", plain, 28, full(0, 1, 7, 14, 28), "suspended until day 56 by no room or no way (5)"},
		{"until the address is dropped", plain, 120, full(0, 1, 7, 14, 28, 56, 112), "dropped by no room or no way (7)"},

		{"a later delivery clears", plain, 1, events{failed(0, classify.BadMailbox), delivered(1)}, "active (0)"},
		{"it clears the dropped too", plain, 10, events{failed(0, classify.BadMailbox), failed(8, classify.BadMailbox), delivered(9)}, "active (0)"},
		{"an earlier delivery does not", plain, 1, events{delivered(0), change(failed(0, classify.BadMailbox), later(1))}, "suspended until day 7 by dead (1)"},
		{"mail that was only passed on clears nothing", plain, 1, events{failed(0, classify.BadMailbox), change(delivered(1), func(e *ledger.Event) { e.Action = dsn.Relayed })}, "suspended until day 7 by dead (1)"},
		{"an automatic answer clears nothing", plain, 1, events{failed(0, classify.BadMailbox), failed(1, classify.AutoReply)}, "suspended until day 7 by dead (1)"},
		{"a person clears", plain, 1, events{failed(0, classify.BadMailbox), cleared(1)}, "active (0)"},
		{"after which it starts anew", plain, 9, events{failed(0, classify.BadMailbox), cleared(1), failed(9, classify.BadMailbox)}, "suspended until day 16 by dead (1)"},

		{"strikes leave the window", plain, 200, full(0, 85, 170), "active (2)"},
		{"a quiet time forgets", plain, 100, events{failed(0, classify.BadMailbox), failed(98, classify.BadMailbox)}, "suspended until day 105 by dead (1)"},
		{"a quiet time begins when the suspension ends", plain, 97, events{failed(0, classify.BadMailbox), failed(97, classify.BadMailbox)}, "dropped by dead twice (2)"},
		{"a strike fades", ledger.Policy{HalfLife: 10 * ledger.Day, Rules: []ledger.Rule{{Name: "score", GiveUp: 1, Threshold: 2, Then: ledger.Dropped}}}, 30,
			events{failed(0, classify.BadMailbox), failed(10, classify.BadMailbox), failed(20, classify.BadMailbox)}, "active (3)"},
		{"and counts while it is young", ledger.Policy{HalfLife: 10 * ledger.Day, Rules: []ledger.Rule{{Name: "score", GiveUp: 1, Threshold: 2, Then: ledger.Dropped}}}, 30,
			events{failed(0, classify.BadMailbox), failed(1, classify.BadMailbox), failed(2, classify.BadMailbox)}, "dropped by score (3)"},

		{"the zero policy drops who complains", ledger.Policy{}, 0, events{failed(0, classify.Complaint)}, "dropped by complaint (1)"},
		{"and nobody else", ledger.Policy{}, 9, events{failed(0, classify.BadMailbox), failed(9, classify.BadMailbox)}, "active (2)"},
		{"a policy may only pause after a complaint", ledger.Policy{Complaint: ledger.Suspended}, 27, events{failed(0, classify.Complaint)}, "suspended until day 28 by complaint (1)"},
		{"after which mail gets through again", ledger.Policy{Complaint: ledger.Suspended}, 30, events{failed(0, classify.Complaint), delivered(29)}, "active (0)"},
		{"a complaint can be let pass", ledger.Policy{Complaint: ledger.Active}, 0, events{failed(0, classify.Complaint)}, "active (0)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, standing(test.policy, test.day, none, test.events...))
		})
	}
}

func full(days ...int) (events []ledger.Event) {
	for _, day := range days {
		events = append(events, failed(day, classify.MailboxFull))
	}
	return events
}

func TestPresets(t *testing.T) {
	bad := func(days ...int) (events []ledger.Event) {
		for _, day := range days {
			events = append(events, failed(day, classify.BadMailbox))
		}
		return events
	}
	for _, test := range []struct {
		name, preset string
		day          int
		events       []ledger.Event
		want         string
	}{
		{"four points are not enough", "mailman", 3, bad(0, 1, 2, 3), "active (4)"},
		{"five points disable for three weeks", "mailman", 4, bad(0, 1, 2, 3, 4), "suspended until day 25 by score (5)"},
		{"after which the member is removed", "mailman", 25, bad(0, 1, 2, 3, 4), "dropped by lapse (5)"},
		{"unless mail got through", "mailman", 25, append(bad(0, 1, 2, 3, 4), delivered(5)), "active (0)"},
		{"soft bounces are half a point", "mailman", 8, full(0, 1, 2, 3, 4, 5, 6, 7, 8), "active (9)"},
		{"ten of them are five", "mailman", 9, full(0, 1, 2, 3, 4, 5, 6, 7, 8, 9), "suspended until day 30 by score (10)"},
		{"a week of quiet forgets", "mailman", 12, bad(0, 1, 2, 3, 11, 12), "active (2)"},
		{"one hard bounce blocks", "listmonk", 0, bad(0), "dropped by hard (1)"},
		{"soft ones do nothing", "listmonk", 9, full(0, 1, 2, 3), "active (4)"},
		{"an invalid address is held at once", "civicrm", 0, bad(0), "dropped by Invalid (1)"},
		{"two over quota are not", "civicrm", 1, full(0, 1), "active (2)"},
		{"three are", "civicrm", 2, full(0, 1, 2), "dropped by Quota (3)"},
		{"thresholds are by reason", "civicrm", 9, append(full(0, 1), failed(2, classify.NoRoute), failed(3, classify.BadDomain)), "active (4)"},
	} {
		t.Run(test.preset+": "+test.name, func(t *testing.T) {
			p, ok := ledger.Preset(test.preset)
			assert.True(t, ok)
			assert.NoError(t, p.Check())
			assert.Equal(t, test.want, standing(p, test.day, ledger.Known{}, test.events...))
		})
	}
}

func TestAForgedReportNeverDropsAMember(t *testing.T) {
	known := ledger.Known{Proving: map[string]time.Time{"maildir:bounces": on(5)}}
	bad := func(day int, by ...func(*ledger.Event)) ledger.Event {
		return change(failed(day, classify.BadMailbox), by...)
	}
	always := ledger.Default()
	always.Proof = ledger.ProofAlways
	anyone := ledger.Default()
	anyone.Proof = ledger.ProofAny
	listmonk, _ := ledger.Preset("listmonk")
	mailman, _ := ledger.Preset("mailman")
	for _, test := range []struct {
		name   string
		policy ledger.Policy
		day    int
		events []ledger.Event
		want   string
	}{
		{"where no report was ever proved all count alike", ledger.Default(), 4, []ledger.Event{bad(-10), bad(4)}, "dropped by dead twice (2)"},
		{"once some were, others only suspend", ledger.Default(), 20, []ledger.Event{bad(6), bad(20)}, "suspended until day 34 by dead twice (2)"},
		{"however many they are", ledger.Default(), 200, []ledger.Event{bad(6), bad(20), bad(40), bad(80), bad(140), bad(199)}, "suspended until day 255 by dead twice (5)"},
		{"one proved among them drops", ledger.Default(), 20, []ledger.Event{bad(6, proved), bad(20)}, "dropped by dead twice (2)"},
		{"one at once where one is enough", listmonk, 20, []ledger.Event{bad(20, proved)}, "dropped by hard (1)"},
		{"but not unproved", listmonk, 20, []ledger.Event{bad(20)}, "suspended until day 48 by hard (1)"},
		{"a proved one counts rather than a forged one of its day", mailman, 60,
			[]ledger.Event{bad(20), bad(20, proved, later(1)), bad(21), bad(22), bad(23), bad(24)}, "dropped by lapse (5)"},
		{"nor does it when the suspension ends", mailman, 60, []ledger.Event{bad(20), bad(21), bad(22), bad(23), bad(24)}, "active (0)"},
		{"a forged complaint suspends", ledger.Default(), 20, []ledger.Event{change(failed(20, classify.Complaint))}, "suspended until day 27 by complaint (1)"},
		{"a proved one drops", ledger.Default(), 20, []ledger.Event{change(failed(20, classify.Complaint), proved)}, "dropped by complaint (1)"},
		{"another mailbox is another matter", ledger.Default(), 20, []ledger.Event{
			bad(6, func(e *ledger.Event) { e.Source = "pop3s://example.com" }), bad(20, func(e *ledger.Event) { e.Source = "pop3s://example.com" })}, "dropped by dead twice (2)"},
		{"a policy may ask no proof", anyone, 20, []ledger.Event{bad(6), bad(20)}, "dropped by dead twice (2)"},
		{"or always", always, 20, []ledger.Event{bad(6), bad(20)}, "active (0)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, standing(test.policy, test.day, known, test.events...))
		})
	}
}

func TestEveryStandingSaysWhatItRestsOn(t *testing.T) {
	events := []ledger.Event{
		failed(0, classify.MailboxFull), failed(1, classify.Spam), failed(2, classify.BadMailbox), failed(12, classify.BadMailbox), failed(13, classify.AutoReply),
	}
	p := ledger.Default()
	assert.Equal(t, ledger.State{
		Address: "bob@example.org", Standing: ledger.Dropped, Reason: classify.BadMailbox, Fault: classify.Address, Count: 2,
		FirstSeen: on(0), LastSeen: on(13),
		Because: ledger.Because{Rule: "dead twice", Events: []string{"bad-mailbox on day 2", "bad-mailbox on day 12"}},
	}, p.State(on(20), events, ledger.Known{}))
}

func TestHistory(t *testing.T) {
	p := ledger.Default()
	var told []string
	events := []ledger.Event{failed(0, classify.BadMailbox), delivered(20), failed(30, classify.BadMailbox), failed(40, classify.BadMailbox), cleared(50)}
	for _, c := range p.History(on(100), events, ledger.Known{}) {
		told = append(told, fmt.Sprintf("day %.0f %s %s", c.At.Sub(on(0)).Hours()/24, c.State.Standing, c.State.Because.Rule))
	}
	assert.Equal(t, []string{
		"day 0 suspended dead", "day 7 active ", "day 30 suspended dead", "day 37 active ", "day 40 dropped dead twice", "day 50 active ",
	}, told)
}

func TestCheck(t *testing.T) {
	for want, spoil := range map[string]func(*ledger.Policy){
		"":           func(*ledger.Policy) {},
		"no name":    func(p *ledger.Policy) { p.Rules[0].Name = "" },
		"then is":    func(p *ledger.Policy) { p.Rules[0].Then = "delete" },
		"threshold":  func(p *ledger.Policy) { p.Rules[0].Threshold = 0 },
		"above 0":    func(p *ledger.Policy) { p.Rules[0].GiveUp = 0 },
		"for how":    func(p *ledger.Policy) { p.Suspend = nil },
		"no such":    func(p *ledger.Policy) { p.Rules[0].Reasons = []classify.Reason{"gone"} },
		"never":      func(p *ledger.Policy) { p.Rules[0].Reasons = []classify.Reason{classify.Spam} },
		"length":     func(p *ledger.Policy) { p.Suspend[0] = 0 },
		"complaint":  func(p *ledger.Policy) { p.Complaint = "ignore" },
		"lapse":      func(p *ledger.Policy) { p.Lapse = "x" },
		"proof":      func(p *ledger.Policy) { p.Proof = "x" },
		"after":      func(p *ledger.Policy) { p.Guard.After = ledger.Clear },
		"2 or more":  func(p *ledger.Policy) { p.Guard.Addresses = 1 },
		"1 or more":  func(p *ledger.Policy) { p.Guard.Factor = 0 },
		"guard.past": func(p *ledger.Policy) { p.Guard.Past = 0 },
	} {
		p := ledger.Default()
		spoil(&p)
		if err := p.Check(); want == "" {
			assert.NoError(t, err)
		} else {
			assert.ErrorContains(t, err, want)
		}
	}
}

func TestSpan(t *testing.T) {
	for text, want := range map[string]ledger.Span{
		"90d": 90 * ledger.Day, "2w": 14 * ledger.Day, "36h": 36 * ledger.Day / 24, "0d": 0, "1h30m": ledger.Day / 16,
	} {
		got, err := ledger.ParseSpan(text)
		assert.NoError(t, err)
		assert.Equal(t, want, got, text)
		again, err := ledger.ParseSpan(got.String())
		assert.NoError(t, err)
		assert.Equal(t, want, again, text)
	}
	for _, text := range []string{"", "d", "-1d", "-1h", "1.5d", "99999999d", "40000d", "90", "1 d", "1y"} {
		_, err := ledger.ParseSpan(text)
		assert.Error(t, err, text)
	}
}
