package classify

import (
	"iter"
	"slices"
	"strings"
	"time"

	"nixie/codes"
	"nixie/dsn"
)

// Report judges each recipient of a report. A complaint is judged by its
// feedback type (RFC 5965 section 3.1), an automatic answer and a read receipt
// by being one: the message arrived, even if it was deleted unread.
func (c *Classifier) Report(report *dsn.Report) iter.Seq2[*dsn.Recipient, Verdict] {
	return func(yield func(*dsn.Recipient, Verdict) bool) {
		s := c.memory.Get().(*scratch)
		defer c.release(s)
		text := humanText{report: report, lines: s.lines[:0]}
		var all Verdict // where the kind of the report decides for every recipient
		switch report.Kind {
		case dsn.FeedbackReport:
			all = complaint(report)
		case dsn.DispositionNotification:
			all = plain(WasDelivered, report, "Disposition")
		}
		for i := range report.Recipients {
			r := &report.Recipients[i]
			v := all
			switch {
			case all.Reason != "":
				v.Because = slices.Clone(all.Because)
			case report.Kind == dsn.AutoReply:
				v = c.autoReply(report, r, s, &text)
			default:
				v = c.recipient(report, i, s, &text)
			}
			s.lines = text.lines
			if !yield(r, v) {
				return
			}
		}
	}
}

// Reply judges a bare SMTP answer, such as "550 5.1.1 User unknown", that host
// gave; host may be empty. There is no report, so a transient answer means to
// retry. Lines of a long answer may be joined or not.
func (c *Classifier) Reply(host, reply string) Verdict {
	f := facts{answer: dsn.Place{Line: 1}}
	f.texts[theAnswer], f.hosts[0] = reply, host
	f.reply, f.status = findCodes(reply)
	f.transient = isTransient(f.reply, f.status)
	f.command = dsn.ParseDiagnostic(reply).Command
	return c.judgeAnswer(&f)
}

// judgeAnswer makes the verdict on facts that no report states.
func (c *Classifier) judgeAnswer(f *facts) Verdict {
	s := c.memory.Get().(*scratch)
	defer c.release(s)
	return c.judge(f, s, nil)
}

// findCodes returns the reply code of an SMTP answer, which it begins with or
// which is the first in it, and the most specific status.
func findCodes(text string) (reply codes.Reply, status codes.Status) {
	if len(text) == 3 || len(text) > 3 && (text[3] == ' ' || text[3] == '-') {
		reply, _ = codes.ParseReply(text[:3])
	}
	for code := range codes.Find(text) {
		if reply == 0 {
			reply = code.Reply
		}
		if specific(code.Status) > specific(status) {
			status = code.Status
		}
	}
	return reply, status
}

func isTransient(reply codes.Reply, status codes.Status) bool {
	return reply.Class() == codes.Transient || status.Class == codes.Transient
}

// specific tells how much a status says. That the time expired (X.4.7) says
// little: it hides what kept failing.
func specific(s codes.Status) int {
	switch {
	case s.Class == 0:
		return 0
	case s.Subject == 0 && s.Detail == 0:
		return 1
	case s.Detail == 0, s.Subject == 4 && s.Detail == 7:
		return 2
	}
	return 3
}

// recipient judges a recipient of a delivery status notification.
func (c *Classifier) recipient(report *dsn.Report, i int, s *scratch, text *humanText) Verdict {
	r := &report.Recipients[i]
	d := &r.Diagnostic
	f := facts{
		action: r.Action, status: r.Status, reply: d.Reply, command: d.Command,
		answer: d.At, fields: r.Fields, at: r.At,
	}
	text.share(&f, i)
	if f.texts[theAnswer] = d.Text; d.Text == "" {
		f.texts[theAnswer], f.answer = statusComment(r)
	}
	f.transient = isTransient(d.Reply, d.Status) || r.Status.Class == codes.Transient
	// The status of the answer is the remote host's own word, unless its
	// reply code is of another class.
	torn := d.Reply != 0 && d.Reply.Class() != d.Status.Class && r.Status != codes.Status{}
	if specific(d.Status) >= specific(f.status) && !torn {
		f.status = d.Status
	}
	f.hosts = [...]string{r.RemoteMTA.Value, report.ReportingMTA.Value}
	f.addresses = [...]string{r.Final.Value, r.Original.Value}
	return c.judge(&f, s, text)
}

// statusComment returns the Status field where a comment in it says more than
// the code does, RFC 3464 section 2.3.4.
func statusComment(r *dsn.Recipient) (string, dsn.Place) {
	field, _ := r.Fields.Find("Status")
	if !strings.Contains(field.Value, "(") {
		return "", dsn.Place{}
	}
	return field.Text(), dsn.Place{Part: r.At.Part, Line: field.Line}
}

// domain returns the part of an address after the last @.
func domain(address string) string {
	return address[strings.LastIndexByte(address, '@')+1:]
}

// judge makes the verdict on the facts.
func (c *Classifier) judge(f *facts, s *scratch, text *humanText) Verdict {
	v := Verdict{Status: f.status, Reply: f.reply, Transient: f.transient}
	first := c.search(f, s)
	if delivered(f.action) {
		first = s.best[tierAction]
		s.best = [tiers]candidate{tierAction: first}
	}
	if first.rule == 0 {
		return v
	}
	rule := &c.matchers[first.rule-1]
	v.Because = c.evidence(f, s, first, text)
	if i, ours := c.byName[senderRule]; ours && rule.Fault == "" && rule.blames() {
		if sender := f.saidOfSender(s, text); sender != (span{}) {
			rule = &c.matchers[i]
			e := Evidence{tierBasis[rule.tier], rule.Name, f.texts[theAnswer][sender.start:sender.end], text.within(f, int(sender.start))}
			v.Because = slices.Insert(v.Because, 0, e)
		}
	}
	v.Reason, v.Fault, v.Decision = rule.row.reason, rule.row.fault, rule.row.decision
	v.Transient = v.Transient || rule.Transient || c.saysForNow(s)
	v.Decision = decide(v.Decision, f.action, v.Transient)
	if v.Decision == Retry {
		if v.After = waitIn(f.texts[theAnswer]); v.After == 0 {
			v.After = c.after(s, v.Reason)
		}
	}
	return v
}

// saysForNow reports whether words that hold, if too vague to decide, tell
// that the failure will pass.
func (c *Classifier) saysForNow(s *scratch) bool {
	x := s.best[tierText]
	return x.rule != 0 && c.matchers[x.rule-1].Transient
}

// after returns the wait that the strongest rule with that reason names.
func (c *Classifier) after(s *scratch, reason Reason) time.Duration {
	for _, x := range s.best {
		if x.rule != 0 && c.matchers[x.rule-1].row.reason == reason && c.matchers[x.rule-1].After > 0 {
			return c.matchers[x.rule-1].After
		}
	}
	return 0
}

func delivered(a dsn.Action) bool {
	return a == dsn.Delivered || a == dsn.Relayed || a == dsn.Expanded
}

// decide settles the decision by what the report says is being done already.
func decide(d Decision, action dsn.Action, transient bool) Decision {
	switch {
	case d == Nothing:
		return d
	case action == dsn.Failed: // the queue has stopped trying
		return GiveUp
	case action == dsn.Delayed, transient:
		return Retry
	}
	return d
}

// complaint judges a feedback report by its type, RFC 5965 section 7.3 and RFC 6591.
func complaint(report *dsn.Report) Verdict {
	reason := Complaint
	switch strings.ToLower(report.Fields.Get("Feedback-Type")) {
	case "auth-failure", "dmarc":
		reason = AuthenticationFailed
	case "virus":
		reason = Virus
	case "not-spam":
		reason = WasDelivered
	}
	return plain(reason, report, "Feedback-Type")
}

// plain is the verdict that the kind of the report gives, with the first of
// the fields, of the report or of the message's header, that says so.
func plain(reason Reason, report *dsn.Report, fields ...string) Verdict {
	e := Evidence{Basis: ByAction, Rule: "kind/" + string(report.Kind)}
	for _, name := range fields {
		if f, ok := report.Fields.Find(name); ok {
			e.Quote, e.At = f.Text(), dsn.Place{Part: report.FieldsPart, Line: f.Line}
			break
		}
		if f, ok := report.Header.Find(name); ok {
			e.Quote, e.At = f.Text(), dsn.Place{Line: f.Line}
			break
		}
	}
	return Verdict{Reason: reason, Fault: reason.Fault(), Decision: reason.Decision(), Because: []Evidence{e}}
}

// autoReply judges an automatic answer, which may ask for a proof before it delivers.
func (c *Classifier) autoReply(report *dsn.Report, r *dsn.Recipient, s *scratch, text *humanText) Verdict {
	f := facts{at: r.At}
	if subject, ok := report.Header.Find("Subject"); ok {
		f.texts[theAnswer], f.answer = report.Header.Decoded("Subject"), dsn.Place{Line: subject.Line}
	}
	f.texts[ownLines] = report.Text
	c.search(&f, s)
	if x := s.best[tierText]; x.rule != 0 && c.matchers[x.rule-1].row.reason == Challenge {
		s.best = [tiers]candidate{tierText: x}
		return Verdict{Reason: Challenge, Decision: Challenge.Decision(), Because: c.evidence(&f, s, x, text)}
	}
	if len(report.Fields) == 0 { // the text says so
		return plain(AutoReply, report)
	}
	return plain(AutoReply, report, report.Fields[0].Name)
}
