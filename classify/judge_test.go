package classify

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nixie/codes"
	"nixie/dsn"
)

// failed is a recipient whose delivery failed with that answer.
func failed(status, answer string) dsn.Recipient { return recipient(dsn.Failed, status, answer) }

func recipient(action dsn.Action, status, answer string) dsn.Recipient {
	r := dsn.Recipient{Final: dsn.Typed{Type: "rfc822", Value: "bob@example.org"}, Action: action, At: dsn.Place{Part: "2", Line: 3}}
	r.Status, _ = codes.ParseStatus(status)
	r.Diagnostic = dsn.Diagnostic{Type: "smtp", Text: answer, At: dsn.Place{Part: "2", Line: 7}}
	r.Diagnostic.Reply, r.Diagnostic.Status = findCodes(answer)
	return r
}

func TestReportJudgement(t *testing.T) {
	command := func(r dsn.Recipient, command string) dsn.Recipient {
		r.Diagnostic.Command = command
		return r
	}
	type want struct {
		reason   Reason
		fault    Fault
		decision Decision
		bounce   string
	}
	for _, test := range []struct {
		name string
		r    dsn.Recipient
		want want
	}{
		{"words beat a misused status", failed("5.1.1", "550 5.1.1 Too many recipients this hour"), want{RateLimited, Sender, GiveUp, "soft"}},
		{"words beat a generic status", failed("5.2.0", "552 5.2.0 Sorry, no mailbox here by that name"), want{BadMailbox, Address, GiveUp, "hard"}},
		{"words beat a policy status", failed("5.7.1", "550 5.7.1 User unknown"), want{BadMailbox, Address, GiveUp, "hard"}},
		{"a specific status beats vague words", failed("5.2.2", "550 5.2.2 Message rejected"), want{MailboxFull, Address, GiveUp, "soft"}},
		{"a specific status beats the reply", failed("5.2.2", "550 5.2.2"), want{MailboxFull, Address, GiveUp, "soft"}},
		{"the answer's status beats a generic field", failed("5.0.0", "550 5.7.26 Nope"), want{AuthenticationFailed, Sender, GiveUp, "soft"}},
		{"the field's status beats a generic answer", failed("5.1.1", "550 5.0.0 Nope"), want{BadMailbox, Address, GiveUp, "hard"}},
		{"no words, no code", dsn.Recipient{Action: dsn.Failed}, want{PermanentFailure, "", GiveUp, "soft"}},
		{"only the class", failed("5.0.0", ""), want{PermanentFailure, "", GiveUp, "soft"}},

		{"transient, and the queue gave up", failed("4.1.1", "450 4.1.1 User unknown"), want{BadMailbox, Address, GiveUp, "soft"}},
		{"transient, and still trying", recipient(dsn.Delayed, "4.1.1", "450 4.1.1 User unknown"), want{BadMailbox, Address, Retry, "soft"}},
		{"permanent, and still trying", recipient(dsn.Delayed, "5.1.1", "550 5.1.1 User unknown"), want{BadMailbox, Address, Retry, "soft"}},
		{"transient, and no action stated", recipient("", "4.7.1", "450 4.7.1 Denied"), want{Policy, Sender, Retry, "soft"}},
		{"words that say for now", failed("5.2.1", "550 5.2.1 Mailbox temporarily disabled"), want{MailboxDisabled, Address, GiveUp, "soft"}},
		{"words that say for now, and no action stated", recipient("", "5.2.1", "550 5.2.1 Mailbox temporarily disabled"), want{MailboxDisabled, Address, Retry, "soft"}},
		{"codes that disagree", failed("5.2.1", "550 4.2.1 Mailbox disabled"), want{MailboxDisabled, Address, GiveUp, "soft"}},
		{"expired names what kept failing", failed("4.4.7", "451 4.7.1 Greylisted, try later"), want{Greylisted, Transport, GiveUp, "soft"}},
		{"expired and nothing else", failed("4.4.7", "delivery time expired"), want{Expired, Transport, GiveUp, "soft"}},

		{"a reply for now beside a status for good", failed("5.0.0", "450 not now"), want{TransientFailure, "", GiveUp, "soft"}},
		{"a busy reply beside a status for good", failed("5.0.0", "421 not now"), want{ServerBusy, Transport, GiveUp, "soft"}},
		{"a reply for now, and no action stated", recipient("", "5.0.0", "450 not now"), want{TransientFailure, "", Retry, "soft"}},
		{"a reply for now beside a status that says why", failed("5.2.2", "450 not now"), want{MailboxFull, Address, GiveUp, "soft"}},

		{"MAIL FROM refused", command(failed("5.0.0", "550 Nope"), "MAIL FROM"), want{BadSender, Sender, GiveUp, "soft"}},
		{"RCPT TO refused", command(failed("5.0.0", "550 Nope"), "RCPT TO"), want{PermanentFailure, "", GiveUp, "soft"}},
		{"the sender refused at RCPT TO", command(failed("5.0.0", "553 Go away"), "RCPT TO"), want{PermanentFailure, "", GiveUp, "soft"}},
		{"syntax refused at RCPT TO", command(failed("5.0.0", "501 Nope"), "RCPT TO"), want{ProtocolError, Transport, GiveUp, "soft"}},
		{"DATA refused", command(failed("5.0.0", "550 Nope"), "end of DATA"), want{Policy, Sender, GiveUp, "soft"}},
		{"greeting refused", command(failed("5.0.0", "554 Nope"), "EHLO"), want{Blocked, Sender, GiveUp, "soft"}},
		{"size refused at MAIL FROM", command(failed("5.0.0", "552 Nope"), "MAIL FROM"), want{TooBig, Content, GiveUp, "soft"}},
		{"an address refused at MAIL FROM", command(failed("5.1.1", "550 5.1.1 no"), "MAIL FROM"), want{BadSender, Sender, GiveUp, "soft"}},
		{"a mailbox refused at MAIL FROM", command(failed("5.2.1", "550 5.2.1 no"), "MAIL FROM"), want{BadSender, Sender, GiveUp, "soft"}},
		{"an address refused at EHLO", command(failed("5.1.1", "550 5.1.1 no"), "EHLO"), want{Blocked, Sender, GiveUp, "soft"}},
		{"an address refused at RCPT TO", command(failed("5.1.1", "550 5.1.1 no"), "RCPT TO"), want{BadMailbox, Address, GiveUp, "hard"}},
		{"words beat a status at MAIL FROM", command(failed("5.1.1", "550 5.1.1 Message is too large"), "MAIL FROM"), want{TooBig, Content, GiveUp, "soft"}},
		{"room refused at RCPT TO", command(failed("5.0.0", "552 Nope"), "RCPT TO"), want{MailboxFull, Address, GiveUp, "soft"}},
		{"size refused at DATA", command(failed("5.0.0", "552 Nope"), "end of DATA"), want{TooBig, Content, GiveUp, "soft"}},
		{"room or size", failed("5.0.0", "552 Nope"), want{PermanentFailure, "", GiveUp, "soft"}},
		{"words beat the command", command(failed("5.0.0", "550 No such mailbox"), "end of DATA"), want{BadMailbox, Address, GiveUp, "hard"}},
		{"unknown once the message is read", command(failed("5.0.0", "550 User unknown"), "end of DATA"), want{RefusedByRecipient, Address, GiveUp, "soft"}},
		{"unknown in answer to DATA", command(failed("5.0.0", "550 User unknown"), "DATA"), want{RefusedByRecipient, Address, GiveUp, "soft"}},
		{"unknown in answer to RCPT, sent along with DATA", command(failed("5.1.1", "550 User unknown"), "DATA"), want{BadMailbox, Address, GiveUp, "hard"}},
		{"unknown by a status of its own", command(failed("5.1.1", "550 5.1.1 User unknown"), "end of DATA"), want{BadMailbox, Address, GiveUp, "hard"}},

		{"delivered, whatever the words", recipient(dsn.Delivered, "2.1.5", "250 2.1.5 User unknown to nobody"), want{WasDelivered, "", Nothing, "delivered"}},
		{"relayed", recipient(dsn.Relayed, "2.1.9", ""), want{WasDelivered, "", Nothing, "delivered"}},
		{"expanded", recipient(dsn.Expanded, "2.0.0", ""), want{WasDelivered, "", Nothing, "delivered"}},
		{"failed with a success code", failed("2.0.0", "250 OK"), want{PermanentFailure, "", GiveUp, "soft"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			report := &dsn.Report{Kind: dsn.DeliveryStatus, Recipients: []dsn.Recipient{test.r}}
			for r, v := range Report(report) {
				assert.Same(t, &report.Recipients[0], r)
				assert.Equal(t, test.want, want{v.Reason, v.Fault, v.Decision, v.BounceType()}, "%+v", v.Because)
			}
		})
	}
}

// TestReplyProvesNothing shows that no reply code by itself makes a dead
// address, whatever command it answers.
func TestReplyProvesNothing(t *testing.T) {
	for r := range Rules() {
		if r.Basis() == ByReply && r.Name != "reply/556" {
			assert.False(t, r.Reason.Dead(), r.Name)
		}
	}
}

func TestKinds(t *testing.T) {
	feedback := func(value string) dsn.Report {
		return dsn.Report{Kind: dsn.FeedbackReport, Fields: dsn.Fields{{Name: "Feedback-Type", Value: value, Line: 1}}}
	}
	for _, test := range []struct {
		name     string
		report   dsn.Report
		reason   Reason
		decision Decision
		bounce   string
	}{
		{"complaint", feedback("abuse"), Complaint, GiveUp, "complaint"},
		{"complaint of no type", dsn.Report{Kind: dsn.FeedbackReport}, Complaint, GiveUp, "complaint"},
		{"DMARC failure report", feedback("auth-failure"), AuthenticationFailed, GiveUp, "soft"},
		{"not spam", feedback("not-spam"), WasDelivered, Nothing, "delivered"},
		{"automatic answer", dsn.Report{Kind: dsn.AutoReply, Text: "I am away; user unknown, mailbox full"}, AutoReply, Nothing, "auto-reply"},
		{"read receipt", dsn.Report{Kind: dsn.DispositionNotification, Text: "deleted without being read"}, WasDelivered, Nothing, "delivered"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.report.Recipients = []dsn.Recipient{{Final: dsn.Typed{Value: "bob@example.org"}, At: dsn.Place{Part: "2", Line: 1}}}
			for _, v := range Report(&test.report) {
				assert.Equal(t, test.reason, v.Reason)
				assert.Equal(t, test.decision, v.Decision)
				assert.Equal(t, test.bounce, v.BounceType())
			}
		})
	}
}

// TestKindEvidence shows which field says what a report is, wherever the
// recipient is named.
func TestKindEvidence(t *testing.T) {
	field := func(name, value string) dsn.Fields { return dsn.Fields{{Name: name, Value: value, Line: 4}} }
	for _, test := range []struct {
		report dsn.Report
		want   Evidence
	}{
		{dsn.Report{Kind: dsn.FeedbackReport, Fields: field("Feedback-Type", "abuse"), FieldsPart: "2"}, Evidence{ByAction, "kind/feedback-report", "abuse", dsn.Place{Part: "2", Line: 4}}},
		{dsn.Report{Kind: dsn.AutoReply, Header: field("Auto-Submitted", "auto-replied"), Fields: field("Auto-Submitted", "auto-replied")}, Evidence{ByAction, "kind/auto-reply", "auto-replied", dsn.Place{Line: 4}}},
	} {
		test.report.Recipients = []dsn.Recipient{{At: dsn.Place{Part: "3", Line: 1}}}
		for _, v := range Report(&test.report) {
			assert.Equal(t, []Evidence{test.want}, v.Because)
		}
	}
}

func TestEvidence(t *testing.T) {
	r := failed("5.0.0", "550 5.7.1 <bob@example.org>: User unknown")
	r.Fields = dsn.Fields{{Name: "Action", Value: "failed", Line: 4}, {Name: "Status", Value: "5.0.0", Line: 5}}
	report := &dsn.Report{Kind: dsn.DeliveryStatus, Recipients: []dsn.Recipient{r}}
	for _, v := range Report(report) {
		assert.Equal(t, []Evidence{
			{ByText, "text/user-unknown", "User unknown", dsn.Place{Part: "2", Line: 7}},
			{ByStatus, "status/x.7.1", "5.7.1", dsn.Place{Part: "2", Line: 7}},
			{ByReply, "reply/550", "550", dsn.Place{Part: "2", Line: 7}},
			{ByAction, "action/failed", "failed", dsn.Place{Part: "2", Line: 4}},
		}, v.Because)
	}
	report.Recipients[0].Diagnostic = dsn.Diagnostic{}
	for _, v := range Report(report) {
		assert.Equal(t, []Evidence{
			{ByStatus, "status/5.x.x", "5.0.0", dsn.Place{Part: "2", Line: 5}},
			{ByAction, "action/failed", "failed", dsn.Place{Part: "2", Line: 4}},
		}, v.Because)
	}
}

// TestHumanText shows which part of the human-readable text counts for whom.
func TestHumanText(t *testing.T) {
	const text = "Your message was not delivered:\nthe message is too large.\n\n<a@example.org>\n  User unknown\n<b@example.org>\n  Mailbox full\n<c@example.org>\n  no luck\n"
	named := func(line int) dsn.Recipient {
		return dsn.Recipient{Action: dsn.Failed, At: dsn.Place{Part: "1", Line: line}}
	}
	elsewhere := dsn.Recipient{Action: dsn.Failed, At: dsn.Place{Part: "2", Line: 8}}
	answered := failed("5.7.26", "550 5.7.26")
	type want struct {
		reason Reason
		quote  string
		line   int
	}
	for _, test := range []struct {
		name       string
		recipients []dsn.Recipient
		want       []want
	}{
		{"each their own lines, then those for all", []dsn.Recipient{named(14), named(16), named(18)},
			[]want{{BadMailbox, "User unknown", 15}, {MailboxFull, "Mailbox full", 17}, {TooBig, "too large", 12}}},
		{"several, named in another part", []dsn.Recipient{elsewhere, elsewhere}, []want{{PermanentFailure, "", 8}, {PermanentFailure, "", 8}}},
		{"one alone, below a banner", []dsn.Recipient{elsewhere}, []want{{BadMailbox, "User unknown", 15}}},
		{"the answer is clear", []dsn.Recipient{answered}, []want{{AuthenticationFailed, "5.7.26", 7}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := text
			if len(test.recipients) == 1 {
				text = "Caution: open it only\nif you know the sender.\n\n\nUser unknown\n"
			}
			report := &dsn.Report{Kind: dsn.DeliveryStatus, Text: text, TextAt: dsn.Place{Part: "1", Line: 11}, Recipients: test.recipients}
			var got []want
			for _, v := range Report(report) {
				require.NotEmpty(t, v.Because)
				got = append(got, want{v.Reason, v.Because[0].Quote, v.Because[0].At.Line})
			}
			assert.Equal(t, test.want, got)
		})
	}
}

func TestLinesOfALongTextAreNotKept(t *testing.T) {
	c, err := New()
	require.NoError(t, err)
	text := dsn.Place{Part: "1", Line: 1}
	report := &dsn.Report{Kind: dsn.DeliveryStatus, Text: strings.Repeat("\n", 1<<20), TextAt: text}
	for range 2 {
		report.Recipients = append(report.Recipients, dsn.Recipient{At: dsn.Place{Part: "1", Line: 1 << 20}})
	}
	for range c.Report(report) {
	}
	assert.Less(t, cap(c.memory.Get().(*scratch).lines), 1<<17)
}

func TestOwnRules(t *testing.T) {
	rules, err := ParseRules("mine.txt", strings.NewReader(`Rule: quiet-hours
Text: we sleep
Reason: quiet-hours
Fault: transport
Decision: give-up

Rule: nothing-is-unknown
Text: user
Reason: policy

Rule: perhaps
Reply: 550
Vague: yes
Reason: spam

Provider: example
Host: example.net
Token: exgw

Rule: odd
Status: 5.1.1
Reason: blocked
`))
	require.NoError(t, err)
	c, err := New(rules...)
	require.NoError(t, err)
	for _, test := range []struct {
		name, host, reply string
		reason            Reason
		decision          Decision
		rule              string
	}{
		{"a reason of one's own", "", "550 We sleep", "quiet-hours", GiveUp, "mine/quiet-hours"},
		{"a transient answer never gives up", "", "450 We sleep", "quiet-hours", Retry, "mine/quiet-hours"},
		{"before ours, though shorter", "", "550 5.1.1 User unknown", Policy, GiveUp, "mine/nothing-is-unknown"},
		{"a vague one after all that are clear", "", "550 Mailbox full", MailboxFull, Retry, "text/mailbox-full"},
		{"a vague one before ours that are vague", "", "550 oops", Spam, GiveUp, "mine/perhaps"},
		{"not the provider", "mx.example.org", "550 5.1.1", BadMailbox, GiveUp, "status/x.1.1"},
		{"the provider by host", "MX.Example.NET.", "550 5.1.1", Blocked, GiveUp, "example/odd"},
		{"the provider by token", "", "550 5.1.1 - exgw", Blocked, GiveUp, "example/odd"},
		{"the provider by the answer", "", "host mx.example.net[192.0.2.1] said: 550 5.1.1", Blocked, GiveUp, "example/odd"},
		{"not by another host", "", "550 5.1.1 see www.example.net", BadMailbox, GiveUp, "status/x.1.1"},
		{"not by an address", "", "550 5.1.1 <bob@mx.example.net>", BadMailbox, GiveUp, "status/x.1.1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := c.Reply(test.host, test.reply)
			require.NotEmpty(t, v.Because)
			assert.Equal(t, test.reason, v.Reason)
			assert.Equal(t, test.decision, v.Decision)
			assert.Equal(t, test.rule, v.Because[0].Rule)
			_, ok := c.Rule(v.Because[0].Rule)
			assert.True(t, ok)
		})
	}
}

func TestAfter(t *testing.T) {
	assert.Equal(t, 5*time.Minute, Reply("", "451 4.7.1 Greylisted, try again in 5 minutes").After, "the answer's own words")
	c, err := New(Rule{Name: "mine/quiet", Text: []string{"quiet hours"}, Reason: ServerBusy, After: time.Hour})
	require.NoError(t, err)
	assert.Equal(t, time.Hour, c.Reply("", "450 Quiet hours").After, "the rule")
	assert.Equal(t, time.Minute, c.Reply("", "450 Quiet hours, try again in 1 minute").After, "the answer before the rule")
	assert.Zero(t, Reply("", "452 4.2.2").After, "nothing documents a time")
	assert.Zero(t, Reply("", "550 5.1.1 User unknown; wait 5 minutes").After, "no retry")
}

// FuzzReply holds what must be so for every answer.
func FuzzReply(f *testing.F) {
	for r := range Rules() {
		for _, sample := range r.Samples {
			f.Add("mx.example.org", sample)
		}
	}
	f.Fuzz(checkVerdict)
}

func checkVerdict(t *testing.T, host, reply string) {
	v := Reply(host, reply)
	require.Equal(t, v, Reply(host, reply), "the same twice")
	if v.Status.Class == codes.Transient || v.Reply.Class() == codes.Transient {
		require.NotEqual(t, GiveUp, v.Decision)
	}
	require.Equal(t, v.Reason == "", len(v.Because) == 0)
	for _, e := range v.Because {
		require.Contains(t, reply, e.Quote)
	}
}

// TestSplicedReplies judges answers that are put together of words of others
// and of marks between which no server would put them.
func TestSplicedReplies(t *testing.T) {
	pieces := strings.Fields(`: :: . .. - -- ( ) [ ] < > @ / // http:// # = ' " ’ “ … 0x 8004 550 4.2.2 ::1 fe80:: 192.0.2.1 a.b.c x@y.z é 中 文 ไ ß % * , ; ! ? ： 。 h _ \ ~`)
	pieces = append(pieces, "\t", "\n", "\r\n", "\x00", "\x1b", "\xff", "\xe2\x80", "\u00a0", "\u200b", "\u3000")
	marks := len(pieces)
	for r := range Rules() {
		for _, sample := range r.Samples {
			pieces = append(pieces, strings.Fields(sample)...)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	n := 100_000
	if testing.Short() {
		n = 10_000
	}
	for range n {
		var reply strings.Builder
		for range 1 + random.IntN(12) {
			switch random.IntN(3) {
			case 0:
				reply.WriteString(pieces[random.IntN(marks)])
			case 1:
				reply.WriteString(pieces[random.IntN(len(pieces))])
			case 2:
				reply.WriteString(" " + pieces[random.IntN(len(pieces))])
			}
		}
		checkVerdict(t, pieces[random.IntN(len(pieces))], reply.String())
		if t.Failed() {
			t.Fatalf("%q", reply.String())
		}
	}
}

func TestCodesThatContradictWords(t *testing.T) {
	for reply, want := range map[string]Reason{
		"550 5.7.4 certificate no longer valid, user unknown": TLSFailed,
		"550 5.7.26 user unknown":                             AuthenticationFailed,
		"554 5.6.3 user unknown":                              FormatUnsupported,
		"535 no such user":                                    LoginRequired,
		"535 5.1.1 no such user":                              LoginRequired,
		"550 5.7.1 user unknown":                              BadMailbox,
		"554 5.6.0 user unknown":                              BadMailbox,
		"525 5.7.13 account disabled":                         MailboxDisabled,
		"550 5.7.27 Host does not accept mail":                DomainRefusesMail,
	} {
		assert.Equal(t, want, Reply("", reply).Reason, reply)
	}
}

func TestTokensWithoutAProvider(t *testing.T) {
	c, err := New(Rule{Name: "own/foo", Text: []string{"foo bar"}, Tokens: []string{"quux"}, Reason: Spam})
	require.NoError(t, err)
	assert.Equal(t, Spam, c.Reply("", "550 foo bar").Reason)
	assert.Equal(t, Reply("", "550 quux"), c.Reply("", "550 quux"))
}
