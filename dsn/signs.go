package dsn

import (
	"slices"
	"strings"
)

// signs is what the header of a message says about its being a report.
type signs struct {
	nullSender bool // Return-Path: <>
	daemon     bool // From is a mail system, RFC 3464 section 2: "Mail Delivery System <MAILER-DAEMON@…>"
	office     bool // From is a postmaster
	robot      bool // From is no person
	report     bool // Content-Type: multipart/report; report-type=delivery-status
	auto       bool // Auto-Submitted: auto-generated
	autoReply  bool // Auto-Submitted: auto-replied, or another field that says so
	list       bool // List-Unsubscribe or List-Post: a mailing list or a newsletter
	listed     bool // List-Id, which stays on reports that came through a list
	answer     bool // Subject: Re: …
	forwarded  bool // Subject: Fwd: …
	thread     bool // In-Reply-To or References
	program    bool // X-Mailer or User-Agent: a mail program that a person uses

	subject      phraseKind // what the phrases of Subject say
	subjectStart phraseKind // what it begins with, after Re: and the like

	failed []string // of X-Failed-Recipients
	from   string   // the reporter's own address
	to     []string // who gets the report: the sender of the message it is about; at most maxTo
}

// maxTo bounds with how many addresses each of the text is compared.
const maxTo = 100

// machine reports whether only a mail system writes such a header.
func (s *signs) machine() bool { return s.nullSender || s.daemon || s.report || s.failed != nil }

// aboutFailure reports whether the Subject is that of a report.
func (s *signs) aboutFailure() bool {
	return s.subject&(saysFailed|saysDelayed|saysSubject) != 0
}

// personal reports whether the message is an answer or a forward that a
// person wrote, whatever it quotes.
func (s *signs) personal() bool {
	if s.daemon || s.machine() && !s.thread {
		return false
	}
	if s.forwarded || s.answer && s.subjectStart&(saysFailed|saysSubject) != 0 {
		return true
	}
	// "Re: your question: undeliverable" is what a server makes of a Subject.
	return s.answer && !s.aboutFailure() && !s.office
}

// replyMarks are the abbreviations for an answer that mail programs put
// before a Subject; forwardMarks those for a forward.
var (
	replyMarks   = []string{"re:", "aw:", "sv:", "vs:", "antw:", "odp:", "rif:", "r:", "res:", "ynt:", "re：", "回复:", "回复：", "答复:", "答复：", "回覆:", "回覆："}
	forwardMarks = []string{"fwd:", "fw:", "wg:", "tr:", "rv:", "enc:", "i:", "vb:", "pd:", "vl:", "转发:", "转发：", "轉寄:", "fwd："}
)

// cutMark returns subject without one of the marks at its start.
func cutMark(subject string, marks []string) (string, bool) {
	if start := subject[:min(len(subject), 20)]; strings.IndexByte(start, ':') < 0 && !strings.Contains(start, "：") {
		return subject, false
	}
	for _, m := range marks {
		if n, ok := foldMatch(subject, m); ok {
			return strings.TrimLeft(subject[n:], " \t"), true
		}
	}
	return subject, false
}

// daemonNames are what mail systems call themselves in From, in an address or
// in a display name.
var daemonNames = wordTable(
	"mailer-daemon", "mailer_daemon", "mailerdaemon", "mailer daemon", "mail-daemon", "maildaemon", "mdaemon", "mail delivery system",
	"mail delivery subsystem", "mail deliver system", "mail delivery service", "message delivery subsystem", "mail.delivery.system", "mail administrator",
	"mail delivery agent", "postmaster-dsn", "mailsystem", "mail-system", "mail system", "mail transfer agent",
	"microsoftexchange329e71ec88ae4615bbc36ab6ce41109e", // of every Exchange
)

// officeNames are the local parts of a postmaster's address, robotNames stand
// in the From of a program.
var (
	officeNames = []string{"postmaster", "post_master", "post-master", "poostmaster", "mailadmin", "mail-admin", "mail.admin", "systemadministrator"}
	robotNames  = wordTable(
		"no-reply@", "noreply@", "no_reply@", "do-not-reply@", "donotreply@", "administrator@", "admin@", "daemon", "gateway",
		"antivirus", "antispam", "mailgate", "mailserver", "mail server", "exchange", "smtp", "robot", "mailer", "system administrator", "bot@", "mta@", "mailservice", "mail service", "mail-service", "mail-dienst", "maildienst", "mail relay", "mail queue", "mailqueue", "exim", "postfix", "qmail", "sendmail", "mail-server", "postoffice", "post office", "uucp@",
		"почтов", "служба доставки", "メールシステム", "メールサーバ", "邮件系统", "郵件系統", "系统管理员", "메일시스템", "메일 시스템", "service de messagerie",
		"sistema de correo", "sistema de e-mail", "posta sistemi", "système de messagerie",
	)
)

func readSigns(header Fields) signs {
	var s signs
	for _, f := range header {
		switch {
		case f.Is("Return-Path"):
			value := strings.TrimSpace(f.Value)
			s.nullSender = s.nullSender || value == "<>" || hasPrefixFold(strings.Trim(value, "<> "), "mailer-daemon")
		case f.Is("From"):
			value := decodeWords(f.Text())
			s.from = addressIn(value)
			s.daemon = value == "" || isDaemon(value) || hasPrefixFold(s.from, "bounce@") || hasPrefixFold(s.from, "bounces@")
			local, _, _ := strings.Cut(s.from, "@")
			s.office = slices.ContainsFunc(officeNames, func(n string) bool { return strings.EqualFold(n, local) }) || hasPrefixFold(value, "<postmaster")
			s.robot = s.office || robotNames().in(value)
		case f.Is("To"), f.Is("Delivered-To"):
			for m := range addresses(f.Value) {
				if len(s.to) == maxTo {
					break
				}
				s.to = append(s.to, f.Value[m.start:m.end])
			}
		case f.Is("Subject"):
			s.readSubject(decodeWords(f.Text()))
		case f.Is("Auto-Submitted"):
			s.auto = s.auto || !hasPrefixFold(f.Text(), "no")
			s.autoReply = s.autoReply || hasPrefixFold(f.Text(), "auto-replied")
		case f.Is("X-Autoreply"), f.Is("X-Autorespond"), f.Is("X-Auto-Reply"):
			s.autoReply = true
		case f.Is("Content-Type"):
			value := f.Text()
			s.report = hasPrefixFold(value, "multipart/report") && indexFold(value, "delivery-status") >= 0
		case f.Is("X-Failed-Recipients"):
			value := decodeWords(f.Text())
			for m := range addresses(value) {
				s.failed = append(s.failed, value[m.start:m.end])
			}
		case f.Is("List-Unsubscribe"), f.Is("List-Post"):
			s.list = true
		case f.Is("List-Id"):
			s.listed = true
		case f.Is("In-Reply-To"), f.Is("References"):
			s.thread = true
		case f.Is("X-Mailer"), f.Is("User-Agent"):
			s.program = true
		}
	}
	return s
}

// isDaemon reports whether from, the value of a From field, is a mail system.
func isDaemon(from string) bool {
	return strings.HasSuffix(from, "<>") || daemonNames().in(from)
}

func (s *signs) readSubject(subject string) {
	s.subject = saysIn(subject)
	for {
		var answer, forward bool
		before := len(subject)
		subject, answer = cutMark(subject, replyMarks)
		subject, forward = cutMark(subject, forwardMarks)
		subject = cutTag(subject)
		if len(subject) == before {
			break
		}
		s.answer, s.forwarded = s.answer || answer, s.forwarded || forward
	}
	s.subjectStart = phraseAt(subject)
}

// cutTag returns subject without a tag that gateways and lists put before it:
// "[EXT]", "{Spam?}", "***SPAM***". What says something of a report is none, nor
// is the number of a ticket.
func cutTag(subject string) string {
	if subject == "" {
		return subject
	}
	i := strings.IndexByte("[{*", subject[0])
	if i < 0 {
		return subject
	}
	inside := strings.TrimLeft(subject, "[{* ")
	end := strings.IndexByte(inside[:min(len(inside), 40)], "]}*"[i])
	if end < 0 || strings.ContainsAny(inside[:end], "0123456789") || saysIn(inside[:end])&(saysFailed|saysDelayed|saysSubject) != 0 {
		return subject
	}
	return strings.TrimLeft(inside[end+1:], "* \t")
}

// addressIn returns the address in a From field, the first in angle brackets or
// else the last, "" if there is none.
func addressIn(value string) string {
	last := ""
	for m := range addresses(value) {
		last = value[m.start:m.end]
		if m.bracketed {
			break
		}
	}
	return last
}
