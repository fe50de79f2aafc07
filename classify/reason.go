package classify

import "iter"

// Fault says whose end must change before mail gets through.
type Fault string

// The ends at fault.
const (
	Address   Fault = "address"
	Domain    Fault = "domain"
	Sender    Fault = "sender"
	Content   Fault = "content"
	Transport Fault = "transport"
)

// Decision is what to do about the message to this recipient; "" when nothing can be said.
type Decision string

// The decisions, RFC 5321 section 4.5.4.1.
const (
	Retry   Decision = "retry"
	GiveUp  Decision = "give-up"
	Nothing Decision = "nothing" // no failure: delivered, or an answer to us
)

// Reason is why delivery failed; "" when it cannot be said.
type Reason string

// The reasons.
const (
	BadMailbox         Reason = "bad-mailbox"
	BadAddressSyntax   Reason = "bad-address-syntax"
	MailboxMoved       Reason = "mailbox-moved"
	MailboxDisabled    Reason = "mailbox-disabled"
	MailboxFull        Reason = "mailbox-full"
	RefusedByRecipient Reason = "refused-by-recipient"

	BadDomain         Reason = "bad-domain"
	NoRoute           Reason = "no-route"
	DomainRefusesMail Reason = "domain-refuses-mail"

	ConnectionFailed Reason = "connection-failed"
	Expired          Reason = "expired"
	Greylisted       Reason = "greylisted"
	ServerBusy       Reason = "server-busy"
	SystemFull       Reason = "system-full"
	SystemError      Reason = "system-error"
	Loop             Reason = "loop"
	TLSFailed        Reason = "tls-failed"
	ProtocolError    Reason = "protocol-error"

	Blocked              Reason = "blocked"
	RateLimited          Reason = "rate-limited"
	AuthenticationFailed Reason = "authentication-failed"
	BadSender            Reason = "bad-sender"
	RelayDenied          Reason = "relay-denied"
	Policy               Reason = "policy"
	LoginRequired        Reason = "login-required"
	NoReverseDNS         Reason = "no-reverse-dns"

	Spam              Reason = "spam"
	Virus             Reason = "virus"
	TooBig            Reason = "too-big"
	BadContent        Reason = "bad-content"
	FormatUnsupported Reason = "format-unsupported"
	TooManyRecipients Reason = "too-many-recipients"

	Complaint        Reason = "complaint"
	WasDelivered     Reason = "delivered"
	AutoReply        Reason = "auto-reply"
	Challenge        Reason = "challenge"
	TransientFailure Reason = "transient-failure"
	PermanentFailure Reason = "permanent-failure"
)

// Reasons yields every reason in the order of the table: what concerns the
// address first, then domain, transport, sender, content and the rest.
func Reasons() iter.Seq[Reason] {
	return func(yield func(Reason) bool) {
		for _, row := range reasons {
			if !yield(row.reason) {
				return
			}
		}
	}
}

// Fault returns whose end is at fault, "" for a reason where nobody's is or
// that cannot be told from the reason alone.
func (r Reason) Fault() Fault { return r.row().fault }

// Decision returns what is to be done when nothing else speaks against it; a
// transient answer does. It is "" for a reason that is not in the table.
func (r Reason) Decision() Decision { return r.row().decision }

// Dead reports whether the reason proves that mail to the address cannot
// arrive now or later: the mailbox, the domain or the address itself is no good.
func (r Reason) Dead() bool { return r.row().dead }

// Means returns the meaning in one sentence, "" for a reason that is not in the table.
func (r Reason) Means() string { return r.row().means }

func (r Reason) known() bool { return r.row().reason != "" }

func (r Reason) row() *reasonRow {
	for i := range reasons {
		if reasons[i].reason == r {
			return &reasons[i]
		}
	}
	return &reasonRow{}
}

type reasonRow struct {
	reason   Reason
	fault    Fault
	decision Decision
	dead     bool
	means    string
}

var reasons = [...]reasonRow{
	{BadMailbox, Address, GiveUp, true, "The host knows no such mailbox."},
	{BadAddressSyntax, Address, GiveUp, true, "The address is not well formed."},
	{MailboxMoved, Address, GiveUp, true, "The mailbox has moved away or changed hands."},
	{MailboxDisabled, Address, GiveUp, true, "The mailbox exists but is closed, suspended or long unused."},
	{MailboxFull, Address, Retry, false, "The mailbox has no room left."},
	{RefusedByRecipient, Address, GiveUp, false, "The recipient, or the rules of the list or group, refuse mail from this sender."},

	{BadDomain, Domain, GiveUp, true, "The domain does not exist or has no mail host."},
	{NoRoute, Domain, Retry, false, "No way to the domain's mail host is known: look-up or routing failed."},
	{DomainRefusesMail, Domain, GiveUp, true, "The domain takes no mail at all and says so (RFC 7504, RFC 7505)."},

	{ConnectionFailed, Transport, Retry, false, "The mail host did not answer, or the connection broke."},
	{Expired, Transport, GiveUp, false, "The message waited too long in a queue, for a cause that is not named."},
	{Greylisted, Transport, Retry, false, "The host lets unknown senders wait; the same message sent again later gets in."},
	{ServerBusy, Transport, Retry, false, "The host is overloaded or down for the moment."},
	{SystemFull, Transport, Retry, false, "The host, not one mailbox, has run out of room."},
	{SystemError, Transport, Retry, false, "The host is in error or misconfigured."},
	{Loop, Transport, GiveUp, false, "The message went round in circles."},
	{TLSFailed, Transport, GiveUp, false, "The encryption that one side demands could not be had."},
	{ProtocolError, Transport, GiveUp, false, "One host did not understand the other's commands."},

	{Blocked, Sender, GiveUp, false, "The sending host or domain has a bad name there, or stands on a block list."},
	{RateLimited, Sender, Retry, false, "Too much mail came from the sender, or for the mailbox, in a short time."},
	{AuthenticationFailed, Sender, GiveUp, false, "The message did not pass SPF, DKIM, DMARC or ARC."},
	{BadSender, Sender, GiveUp, false, "The sender's address or domain is not valid or not allowed."},
	{RelayDenied, Sender, GiveUp, false, "The host does not take mail for that domain from this sender."},
	{Policy, Sender, GiveUp, false, "A rule of the receiving system, not named further, forbids the message."},
	{LoginRequired, Sender, GiveUp, false, "The sender had to log in to the host, and did not or could not."},
	{NoReverseDNS, Sender, GiveUp, false, "The sending host's address has no valid name in DNS."},

	{Spam, Content, GiveUp, false, "The message looks like spam to the host."},
	{Virus, Content, GiveUp, false, "The message carries, or seems to carry, malicious code."},
	{TooBig, Content, GiveUp, false, "The message is larger than the host or the mailbox takes."},
	{BadContent, Content, GiveUp, false, "Something in the message, such as an attachment or a header, is not accepted."},
	{FormatUnsupported, Content, GiveUp, false, "The message needs a format or an extension that the other side does not have."},
	{TooManyRecipients, Content, Retry, false, "The message names more recipients than the host takes at once."},

	{Complaint, "", GiveUp, false, "The recipient marked the message as unwanted."},
	{WasDelivered, "", Nothing, false, "The message arrived, or was passed on."},
	{AutoReply, "", Nothing, false, "A program answered, such as a notice of absence; the message arrived."},
	{Challenge, "", Nothing, false, "The sender is asked to prove to be human before the message is delivered."},
	{TransientFailure, "", Retry, false, "It failed for now; more is not said."},
	{PermanentFailure, "", GiveUp, false, "It failed for good; more is not said."},
}
