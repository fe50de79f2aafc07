package classify

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
