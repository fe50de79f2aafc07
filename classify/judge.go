package classify

import (
	"iter"
	"sort"
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
		text := humanText{report: report}
		for i := range report.Recipients {
			r := &report.Recipients[i]
			var v Verdict
			switch report.Kind {
			case dsn.FeedbackReport:
				v = complaint(report)
			case dsn.AutoReply:
				v = c.autoReply(report, r)
			case dsn.DispositionNotification:
				v = plain(WasDelivered, report, "Disposition", r.At.Part)
			default:
				v = c.recipient(report, r, i, &text)
			}
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
	f := facts{answer: reply, answerAt: dsn.Place{Line: 1}}
	f.hosts[0] = host
	f.reply, f.status = findCodes(reply)
	return c.judge(&f, nil)
}

// findCodes returns the first reply code in text and the most specific status.
func findCodes(text string) (reply codes.Reply, status codes.Status) {
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

// specific tells how much a status says.
func specific(s codes.Status) int {
	switch {
	case s.Class == 0:
		return 0
	case s.Subject == 0 && s.Detail == 0:
		return 1
	case s.Detail == 0:
		return 2
	}
	return 3
}

// recipient judges a recipient of a delivery status notification.
func (c *Classifier) recipient(report *dsn.Report, r *dsn.Recipient, i int, text *humanText) Verdict {
	d := &r.Diagnostic
	f := facts{
		action: r.Action, status: r.Status, reply: d.Reply, command: d.Command,
		answer: d.Text, answerAt: d.At, share: text.of(i), fields: r.Fields, at: r.At,
	}
	// The status of the answer is the remote host's own word.
	if specific(d.Status) >= specific(f.status) {
		f.status = d.Status
	}
	f.hosts = [...]string{r.RemoteMTA.Value, report.ReportingMTA.Value, domain(r.Final.Value), domain(r.Original.Value)}
	return c.judge(&f, text.place)
}

// domain returns the part of an address after the last @.
func domain(address string) string {
	return address[strings.LastIndexByte(address, '@')+1:]
}

// judge makes the verdict on the facts.
func (c *Classifier) judge(f *facts, shareAt func(offset int) dsn.Place) Verdict {
	s := c.memory.Get().(*scratch)
	defer c.memory.Put(s)
	v := Verdict{Status: f.status, Reply: f.reply}
	c.search(f, s)
	first := c.decisive(s)
	if delivered(f.action) {
		first = s.best[tierAction]
		s.best = [tiers]candidate{tierAction: first}
	}
	if first.rule == 0 {
		return v
	}
	rule := &c.rules[first.rule-1]
	v.Reason, v.Fault, v.Decision = rule.Reason, rule.Fault, rule.Decision
	if v.Decision == "" {
		v.Fault, v.Decision = v.Reason.Fault(), v.Reason.Decision()
	}
	v.Decision = decide(v.Decision, f)
	if v.Decision == Retry {
		if v.After = waitIn(f.answer); v.After == 0 {
			v.After = c.after(s, v.Reason)
		}
	}
	v.Because = c.evidence(f, s, first, shareAt)
	return v
}

// after returns the wait that the strongest rule with that reason names.
func (c *Classifier) after(s *scratch, reason Reason) time.Duration {
	for _, x := range s.best {
		if x.rule != 0 && c.rules[x.rule-1].Reason == reason && c.rules[x.rule-1].After > 0 {
			return c.rules[x.rule-1].After
		}
	}
	return 0
}

func delivered(a dsn.Action) bool {
	return a == dsn.Delivered || a == dsn.Relayed || a == dsn.Expanded
}

// decide settles the decision by what the report says is being done already.
func decide(d Decision, f *facts) Decision {
	transient := f.reply.Class() == codes.Transient || f.status.Class == codes.Transient
	switch {
	case d == Nothing:
		return d
	case f.action == dsn.Failed: // the queue has stopped trying
		return GiveUp
	case f.action == dsn.Delayed, transient:
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
	part := ""
	if len(report.Recipients) > 0 {
		part = report.Recipients[0].At.Part
	}
	return plain(reason, report, "Feedback-Type", part)
}

// plain is the verdict that the kind of the report gives, with the field that says so.
func plain(reason Reason, report *dsn.Report, field, part string) Verdict {
	e := Evidence{Basis: ByAction, Rule: "kind/" + string(report.Kind)}
	if f, ok := report.Fields.Find(field); ok {
		e.Quote, e.At = f.Text(), dsn.Place{Part: part, Line: f.Line}
	}
	return Verdict{Reason: reason, Fault: reason.Fault(), Decision: reason.Decision(), Because: []Evidence{e}}
}

// autoReply judges an automatic answer, which may ask for a proof before it delivers.
func (c *Classifier) autoReply(report *dsn.Report, r *dsn.Recipient) Verdict {
	s := c.memory.Get().(*scratch)
	defer c.memory.Put(s)
	text := humanText{report: report}
	f := facts{share: report.Text, at: r.At}
	c.search(&f, s)
	if x := s.best[tierText]; x.rule != 0 && c.rules[x.rule-1].Reason == Challenge {
		s.best = [tiers]candidate{tierText: x}
		return Verdict{Reason: Challenge, Decision: Challenge.Decision(), Because: c.evidence(&f, s, x, func(offset int) dsn.Place {
			return text.line(offset)
		})}
	}
	return plain(AutoReply, report, "", "")
}

// humanText is the human-readable text of a report, parted by recipient.
type humanText struct {
	report *dsn.Report
	lines  []int // where each line begins, once asked for
	start  int   // of the share given last
}

// Limits of what is searched for one of several recipients.
const (
	maxShareLines      = 12
	maxShareRecipients = 1000
)

// of returns what the text says of a recipient: all of it where there is no
// other recipient; else the lines from where the recipient is named to the
// next that is named, or nothing where that cannot be told.
func (h *humanText) of(i int) string {
	report := h.report
	h.start = 0
	if len(report.Recipients) == 1 {
		return report.Text
	}
	if len(report.Recipients) > maxShareRecipients || report.Text == "" {
		return ""
	}
	first := h.lineOf(i)
	if first < 0 {
		return ""
	}
	last := min(first+maxShareLines, len(h.index()))
	for j := range report.Recipients {
		if next := h.lineOf(j); j != i && next > first && next < last {
			last = next
		}
	}
	h.start = h.lines[first]
	end := len(report.Text)
	if last < len(h.lines) {
		end = h.lines[last]
	}
	return report.Text[h.start:end]
}

// lineOf returns the line of the text at which a recipient is named, from 0; -1 if none.
func (h *humanText) lineOf(i int) int {
	at, text := h.report.Recipients[i].At, h.report.TextAt
	if at.Part != text.Part || at.Line < text.Line || text.Line == 0 {
		return -1
	}
	if line := at.Line - text.Line; line < len(h.index()) {
		return line
	}
	return -1
}

// index returns where each line of the text begins.
func (h *humanText) index() []int {
	if h.lines == nil {
		h.lines = append(h.lines, 0)
		for i := range len(h.report.Text) {
			if h.report.Text[i] == '\n' {
				h.lines = append(h.lines, i+1)
			}
		}
	}
	return h.lines
}

// place returns where a byte of the share given last stands in the message.
func (h *humanText) place(offset int) dsn.Place { return h.line(h.start + offset) }

// line returns where a byte of the text stands in the message.
func (h *humanText) line(offset int) dsn.Place {
	lines := h.index()
	at := h.report.TextAt
	at.Line += sort.Search(len(lines), func(i int) bool { return lines[i] > offset }) - 1
	return at
}
