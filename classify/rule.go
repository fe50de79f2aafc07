package classify

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"nixie/codes"
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

	Transient bool // the words say that it failed for now, whatever the code

	Ref      []string // where the meaning is documented
	Seen     []string // where the answer was seen, if nothing documents it
	Samples  []string // answers that must be judged by this rule's reason
	Counters []string // answers on which it must not hold

	file string
	line int
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

// ParseRules reads a file of rules. The name of the file without its suffix
// is the first half of the rules' names, save for those of a provider. Each mistake is a [*RuleError]; they
// are joined in the error, and the rules without one are returned.
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
// zen.spamhaus.org, and spamhaus does not. Reply and status codes are no words
// at all: use Reply and Status. An aside that only names an end of the session,
// such as "(your IP: 192.0.2.1)" or "; sender news@example.org", or advice such
// as "Repeated attempts will get your IP blocked", counts where the rest of the
// answer does not blame the address, and for no Unless of a phrase before it.
//
// Command is what was answered: "RCPT TO", "MAIL FROM", "end of DATA"; "DATA"
// is either of DATA itself and its end.
//
// Reason is one of ours, or one's own with Fault and Decision. After is how
// long to wait before a retry ("1h"), where the answer names no time. A rule
// with "Vague: yes" is asked only where no other holds; a rule that gives
// transient-failure or permanent-failure, last of all. "Transient: yes" tells
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

// read adds the rules of a file.
func (p *ruleParser) read(name, text string) {
	p.file, p.provider, p.names = name, Rule{}, map[string]bool{}
	p.rules = slices.Grow(p.rules, strings.Count(text, "\nRule:"))
	p.prefix = strings.TrimSuffix(path.Base(strings.ReplaceAll(name, `\`, "/")), ".txt")
	for group := range dsn.Groups(text) {
		if group[0].Is("Provider") {
			p.readProvider(group)
		} else {
			p.readRule(group)
		}
	}
}

type ruleParser struct {
	trusted      bool // the values of the conditions are known to be good
	file, prefix string
	rule         string // the rule at hand
	provider     Rule   // holds Provider, Hosts and Tokens for the rules that follow
	rules        []Rule
	names        map[string]bool
	errs         []error
}

func (p *ruleParser) fail(line int, format string, args ...any) {
	p.errs = append(p.errs, &RuleError{p.file, line, p.rule, fmt.Errorf(format, args...)})
}

func (p *ruleParser) readProvider(group dsn.Fields) {
	p.rule, p.provider = "", Rule{Provider: group[0].Text()}
	if p.provider.Provider == "" {
		p.fail(group[0].Line, "Provider has no name")
	}
	for _, f := range group[1:] {
		value := f.Text()
		switch {
		case f.Is("Host"):
			for _, host := range strings.Fields(strings.ToLower(value)) {
				if !isHost(host) || len(host) > maxWord {
					p.fail(f.Line, "Host: %q is no host name", host)
					continue
				}
				p.provider.Hosts = append(p.provider.Hosts, host)
			}
		case f.Is("Token"):
			if err := setList(p, &p.provider.Tokens, value, checkPhrase); err != nil {
				p.fail(f.Line, "Token: %w", err)
			}
		default:
			p.fail(f.Line, "unknown field %q of a provider", fieldName(f))
		}
	}
	if len(p.provider.Hosts) == 0 {
		p.fail(group[0].Line, "provider %s has no Host", p.provider.Provider)
	}
}

func (p *ruleParser) readRule(group dsn.Fields) {
	first, mistakes := group[0], len(p.errs)
	p.rule = ""
	if !first.Is("Rule") {
		p.fail(first.Line, "a group must begin with Rule or Provider, not %q", fieldName(first))
		return
	}
	r := p.provider
	r.Name, r.file, r.line = cmp.Or(r.Provider, p.prefix)+"/"+first.Text(), p.file, first.Line
	p.rule = r.Name
	switch {
	case first.Text() == "":
		p.fail(first.Line, "Rule has no name")
	case p.names[r.Name]:
		p.fail(first.Line, "a rule of that name stands above")
	}
	p.names[r.Name] = true
	for _, f := range group[1:] {
		if err := p.set(&r, f, f.Text()); err != nil {
			p.fail(f.Line, "%s: %w", fieldName(f), err)
		}
	}
	if len(p.errs) == mistakes {
		if err := r.checkWhole(); err != nil {
			p.fail(first.Line, "%w", err)
		}
	}
	if len(p.errs) == mistakes {
		p.rules = append(p.rules, r)
	}
}

// fieldName is what to call a field in an error; a line that is no field has
// no name.
func fieldName(f dsn.Field) string {
	if f.Name == "" {
		return f.Text()
	}
	return f.Name
}

// set takes the value of a field of a rule.
func (p *ruleParser) set(r *Rule, f dsn.Field, value string) error {
	if value == "" {
		return errors.New("no value")
	}
	switch {
	case f.Is("Text"):
		return setList(p, &r.Text, value, checkPhrase)
	case f.Is("Unless"):
		return setList(p, &r.Unless, value, checkPhrase)
	case f.Is("Status"):
		return setList(p, &r.Status, value, checkStatus)
	case f.Is("Reply"):
		return setList(p, &r.Reply, value, checkReply)
	case f.Is("Command"):
		return setList(p, &r.Command, value, checkCommand)
	case f.Is("Action"):
		return setList(p, &r.Action, value, checkAction)
	case f.Is("Reason"):
		r.Reason = Reason(value)
	case f.Is("Fault"):
		r.Fault = Fault(value)
	case f.Is("Decision"):
		r.Decision = Decision(value)
	case f.Is("After"):
		d, err := time.ParseDuration(value)
		if err != nil || d <= 0 {
			return fmt.Errorf("%q is no duration such as 1h", value)
		}
		r.After = d
	case f.Is("Vague"):
		return setYes(&r.Vague, value)
	case f.Is("Transient"):
		return setYes(&r.Transient, value)
	case f.Is("Ref"):
		r.Ref = append(r.Ref, value)
	case f.Is("Seen"):
		r.Seen = append(r.Seen, value)
	case f.Is("Sample"):
		r.Samples = append(r.Samples, value)
	case f.Is("Counter"):
		r.Counters = append(r.Counters, value)
	default:
		return errors.New("unknown field")
	}
	return nil
}

func setYes(to *bool, value string) error {
	if value != "yes" && value != "no" {
		return errors.New("is yes or no")
	}
	*to = value == "yes"
	return nil
}

// setList adds the values that commas part.
func setList[T ~string](p *ruleParser, to *[]T, values string, check func(T) error) error {
	*to = slices.Grow(*to, 1+strings.Count(values, ","))
	for value := range strings.SplitSeq(values, ",") {
		v := T(strings.TrimSpace(value))
		if !p.trusted {
			if err := check(v); err != nil {
				return err
			}
		}
		*to = append(*to, v)
	}
	return nil
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

// A statusPattern matches statuses; a negative number matches any, but a
// negative class only those of failure.
type statusPattern struct{ class, subject, detail int16 }

func parseStatusPattern(s string) (p statusPattern, ok bool) {
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return p, false
	}
	for i, to := range []*int16{&p.class, &p.subject, &p.detail} {
		if parts[i] == "x" || parts[i] == "X" {
			*to = -1
			continue
		}
		if len(parts[i]) > 3 || !isDigits(parts[i]) {
			return p, false
		}
		for _, c := range parts[i] {
			*to = *to*10 + int16(c-'0')
		}
	}
	switch p.class {
	case -1, int16(codes.Success), int16(codes.Transient), int16(codes.Permanent):
		return p, true
	}
	return p, false
}

func (p statusPattern) matches(s codes.Status) bool {
	return s.Class != 0 && (p.class < 0 && s.Class != codes.Success || p.class == int16(s.Class)) &&
		(p.subject < 0 || p.subject == int16(s.Subject)) && (p.detail < 0 || p.detail == int16(s.Detail))
}

// A replyPattern matches reply codes from low to high.
type replyPattern struct{ low, high codes.Reply }

func parseReplyPattern(s string) (p replyPattern, ok bool) {
	digits := strings.TrimRight(strings.ToLower(s), "x")
	if len(s) != 3 || !isDigits(digits) || digits[0] < '1' || digits[0] > '5' {
		return p, false
	}
	p.high = 1
	for _, c := range digits {
		p.low = p.low*10 + codes.Reply(c-'0')
	}
	for range len(s) - len(digits) {
		p.low, p.high = p.low*10, p.high*10
	}
	p.high += p.low - 1
	return p, true
}

func (p replyPattern) matches(r codes.Reply) bool { return p.low <= r && r <= p.high }

// endOfData is the dot after the message: whoever refuses there has accepted
// the recipient. An answer to DATA may be one to RCPT TO, sent along with it.
const endOfData = "end of DATA"

// verb returns the verb of an SMTP command as reports name it: RCPT for
// "RCPT TO", DATA for "end of DATA".
func verb(command string) string {
	const end = "end of "
	if len(command) > len(end) && strings.EqualFold(command[:len(end)], end) {
		command = command[len(end):]
	}
	if i := strings.IndexAny(command, " :"); i >= 0 {
		command = command[:i]
	}
	return command
}
