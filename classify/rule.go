package classify

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"nixie/dsn"
)

// A Rule says which reason stands behind an answer. It holds when each kind
// of condition that it states does: of Text, Status, Reply, Command, Action
// and Hosts any one value, of Unless none. Rules are written as text, which
// [ParseRules] reads.
type Rule struct {
	Name string // file, or provider, and name in it: "text/no-such-user", "gmail/over-quota"

	Provider string   // whose answers the rule is for; "" for everybody's
	Hosts    []string // of the provider: domains of its hosts and recipients
	Tokens   []string // phrases that only the provider writes

	Text    []string // phrases, any one of which must stand in the answer
	Unless  []string // phrases, none of which may
	Status  []string // 5.1.1, x.1.1, 5.7.x
	Reply   []string // 550, 55x, 4xx
	Command []string // the SMTP command answered: MAIL FROM, RCPT TO, DATA, end of DATA
	Action  []dsn.Action

	Reason   Reason
	Fault    Fault    // of a reason of one's own
	Decision Decision // of a reason of one's own
	After    time.Duration
	Vague    bool // asked only where no rule that is not vague holds
	Hint     bool // clear, but asked after the others of its basis that are

	Transient bool // the words say that it failed for now, whatever the code

	Ref      []string // where the meaning is documented
	Seen     []string // where the answer was seen, if nothing documents it
	Samples  []string // answers that must be judged by this rule's reason
	Counters []string // answers on which it must not hold

	file string
	line int

	sampleLines, counterLines []int // where Samples and Counters stand
}

// lineOf returns the line of the i-th sample, that of the rule for one whose samples were not read.
func (r *Rule) lineOf(lines []int, i int) int {
	if i < len(lines) {
		return lines[i]
	}
	return r.line
}

// Basis says what the rule goes by.
func (r *Rule) Basis() Basis {
	switch {
	case r.Provider != "":
		return ByProvider
	case len(r.Text) > 0:
		return ByText
	case len(r.Status) > 0:
		return ByStatus
	case len(r.Reply) > 0:
		return ByReply
	}
	return ByAction
}

// A RuleError is a mistake in a rule. File and Line are zero for a rule that
// was not read from a file.
type RuleError struct {
	File string
	Line int // from 1
	Rule string
	Err  error
}

func (e *RuleError) Error() string {
	var b strings.Builder
	if e.File != "" {
		fmt.Fprintf(&b, "%s:%d: ", e.File, e.Line)
	}
	if e.Rule != "" {
		fmt.Fprintf(&b, "rule %s: ", e.Rule)
	}
	return b.String() + e.Err.Error()
}

func (e *RuleError) Unwrap() error { return e.Err }

// ParseRules reads a file of rules. The name of the file without its suffix is
// the first half of the rules' names, save for those of a provider. Each
// mistake is a [*RuleError]; they are joined in the error, and the rules
// without one are returned.
//
// A file is groups of "Name: value" fields, with blank lines between and
// comments after #; a line that begins with a space continues the one above.
// A rule is a group that begins with Rule, its name. Every condition takes
// several values with commas between, and may stand more than once:
//
//	Rule: no-such-user
//	Text: user unknown, no such * here
//	Unless: user unknown to the relay
//	Reply: 5xx
//	Reason: bad-mailbox
//	Ref: RFC 3463 section 3.2
//	Sample: 550 5.1.1 User unknown
//	Counter: 550 5.7.1 User unknown to the relay
//
// Text and Unless are phrases. They match words, not bytes: case, accents,
// punctuation and line ends do not count, nor does an apostrophe inside a word,
// and * is up to eight words. Only * reaches from one sentence into the next. A
// mail address in the answer is one word that only {addr} matches, an IP address
// one that only {ip} matches; a host name or URL is one word that the host or a
// parent domain of it matches when a phrase names it: spamhaus.org matches
// zen.spamhaus.org, and spamhaus does not. {host} is one that no phrase names,
// {block-page} a URL whose path speaks of blocking, such as
// https://www.example.org/blocked?ip=. Reply and status codes are no words at
// all: use Reply and Status. An aside that only names an end of the session,
// such as "(your IP: 192.0.2.1)" or "; sender news@example.org", or advice such
// as "Repeated attempts will get your IP blocked", counts where the rest of the
// answer does not blame the address, and for no Unless of a phrase before it.
//
// Command is what was answered: "RCPT TO", "MAIL FROM", "end of DATA"; "DATA"
// is either of DATA itself and its end.
//
// A group that begins with List names phrases for the rules that follow in the
// file: in a phrase, its name in braces stands for any one of them.
//
//	List: nobody
//	Text: unknown, not * found
//
//	Rule: no-such-mailbox
//	Text: user * {nobody}, mailbox * {nobody}
//	Reason: bad-mailbox
//
// Reason is one of ours, or one's own with Fault and Decision. After is how
// long to wait before a retry ("1h"), where the answer names no time. A rule
// with "Vague: yes" is asked only where no other holds; a rule that gives
// transient-failure or permanent-failure, last of all. One with "Hint: yes" goes
// by words that only hint at its reason: it is asked after the clear ones of its
// basis, however short their phrases, and before those of weaker ones, so that
// it can speak against a code but not against clear words. "Transient: yes" tells
// that the words speak of a state that will pass, whatever the code: then
// nobody is given up by it, and nothing proves a dead address.
//
// Ref says where the meaning is documented, Seen where the answer was met. A
// Sample is an answer that must come out with the reason, a Counter one on
// which the rule must not hold; [Classifier.Check] tries them.
//
// A group that begins with Provider makes the rules after it hold only for
// answers of that provider: of a host in one of the domains that its Host
// fields list (the remote host, the reporting one, one that the answer names,
// or the recipient's domain), or with one of its Token phrases.
//
//	Provider: gmail
//	Host: google.com googlemail.com
//	Token: gsmtp
func ParseRules(name string, r io.Reader) ([]Rule, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("rules: read %s: %w", name, err)
	}
	p := ruleParser{}
	p.read(name, string(text))
	return p.rules, errors.Join(p.errs...)
}

// check reports what is wrong with a rule.
func (r *Rule) check() error {
	if err := r.checkValues(); err != nil {
		return err
	}
	return r.checkWhole()
}

// checkWhole reports what a rule lacks, or has too much of.
func (r *Rule) checkWhole() error {
	if len(r.Text)+len(r.Status)+len(r.Reply)+len(r.Command)+len(r.Action) == 0 {
		return errors.New("no condition: Text, Status, Reply, Command or Action")
	}
	switch own := !r.Reason.known(); {
	case r.Reason == "":
		return errors.New("no Reason")
	case own && r.Decision == "":
		return fmt.Errorf("reason %q is none of ours: it needs a Decision, and a Fault where somebody is at fault", r.Reason)
	case own && !validDecision(r.Decision):
		return fmt.Errorf("Decision %q is none of retry, give-up, nothing", r.Decision)
	case own && !validFault(r.Fault):
		return fmt.Errorf("Fault %q is none of address, domain, sender, content, transport", r.Fault)
	case !own && (r.Fault != "" || r.Decision != ""):
		return fmt.Errorf("reason %s has its own Fault and Decision", r.Reason)
	}
	return nil
}

// checkValues reports what is wrong with the values of the conditions.
func (r *Rule) checkValues() error {
	return cmp.Or(
		checkEach(r.Tokens, checkPhrase), checkEach(r.Text, checkPhrase), checkEach(r.Unless, checkPhrase),
		checkEach(r.Status, checkStatus), checkEach(r.Reply, checkReply), checkEach(r.Command, checkCommand),
		checkEach(r.Action, checkAction),
	)
}

func checkEach[T ~string](values []T, check func(T) error) error {
	for _, v := range values {
		if err := check(v); err != nil {
			return err
		}
	}
	return nil
}

func checkStatus(s string) error {
	if _, ok := parseStatusPattern(s); !ok {
		return fmt.Errorf("%q is no status such as 5.1.1, x.7.1 or 4.x.x", s)
	}
	return nil
}

func checkReply(s string) error {
	if _, ok := parseReplyPattern(s); !ok {
		return fmt.Errorf("%q is no reply code such as 550 or 4xx", s)
	}
	return nil
}

func checkCommand(s string) error {
	if verb(s) == "" {
		return errors.New("no command")
	}
	return nil
}

func checkAction(action dsn.Action) error {
	switch action {
	case dsn.Failed, dsn.Delayed, dsn.Delivered, dsn.Relayed, dsn.Expanded:
		return nil
	}
	return fmt.Errorf("%q is no action of RFC 3464 section 2.3.3", action)
}

func validDecision(d Decision) bool { return d == Retry || d == GiveUp || d == Nothing }

func validFault(f Fault) bool {
	switch f {
	case "", Address, Domain, Sender, Content, Transport:
		return true
	}
	return false
}
