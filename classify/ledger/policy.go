package ledger

import (
	"fmt"
	"iter"
	"slices"

	"nixie/classify"
)

// Policy says what follows from the events of an address. The zero Policy
// never stops writing to anybody but those who complained.
type Policy struct {
	Window   Span `toml:"window"`    // a strike counts for so long; 0: for ever
	HalfLife Span `toml:"half-life"` // after so long a strike counts half; 0: it does not fade
	Quiet    Span `toml:"quiet"`     // after so long without a strike all earlier ones are forgotten; 0: never

	Rules []Rule `toml:"rule"` // of those that hold, one that drops decides before one that suspends, then the first

	Complaint Standing `toml:"complaint"` // what follows from a complaint, at once; "" is dropped
	Suspend   []Span   `toml:"suspend"`   // the first suspension, the second and so on; past the last the address is dropped
	Lapse     Standing `toml:"lapse"`     // what follows the end of a suspension: "" and active let the address try again
	Proof     Proof    `toml:"proof"`
	Guard     Guard    `toml:"guard"`
}

// Rule says how many strikes are enough. Each day has at most one: of several
// on one day, in UTC, the strongest counts.
type Rule struct {
	Name      string            `toml:"name"`
	Reasons   []classify.Reason `toml:"reasons"`   // the strikes that count; none: of any reason
	GiveUp    float64           `toml:"give-up"`   // what a [StrikeGiveUp] adds
	Retry     float64           `toml:"retry"`     // what a [StrikeRetry] adds
	Threshold float64           `toml:"threshold"` // the rule holds when the sum is so much
	Over      Span              `toml:"over"`      // and the first and the last are so far apart
	Then      Standing          `toml:"then"`      // suspended or dropped
}

// Proof says what a report that is not surely about a message of ours is
// worth: anybody can write one.
type Proof string

// The kinds of proof that a policy can ask for.
const (
	ProofSeen   Proof = "seen"   // the default: it counts, but never drops an address alone once proved ones came to the same mailbox
	ProofAny    Proof = "any"    // it counts like any other
	ProofAlways Proof = "always" // it does not count
)

// Default returns the policy for who has none. The first proof that an address
// is dead suspends it, the second drops it; a mailbox that is full, or another
// trouble that may pass, suspends after three strikes in a week or more.
func Default() Policy {
	return Policy{
		Window: 180 * Day,
		Quiet:  90 * Day,
		Rules: []Rule{
			{Name: "dead twice", GiveUp: 1, Threshold: 2, Then: Dropped},
			{Name: "dead", GiveUp: 1, Threshold: 1, Then: Suspended},
			{Name: "no room or no way", GiveUp: 1, Retry: 1, Threshold: 3, Over: 7 * Day, Then: Suspended},
		},
		Suspend: []Span{7 * Day, 14 * Day, 28 * Day, 56 * Day},
		Guard:   DefaultGuard(),
	}
}

// Presets yields the policies that have a name: our own default, and the
// rules of other software as far as they do not blame an address for what is
// no fault of its own.
func Presets() iter.Seq2[string, Policy] {
	return func(yield func(string, Policy) bool) {
		_ = yield("default", Default()) && yield("mailman", mailman()) && yield("listmonk", listmonk()) && yield("civicrm", civicrm())
	}
}

// Preset returns the policy of that name.
func Preset(name string) (Policy, bool) {
	for n, p := range Presets() {
		if n == name {
			return p, true
		}
	}
	return Policy{}, false
}

// mailman is the score of GNU Mailman 2.1: 1 for a hard bounce and a half for
// a soft one; 5 disable delivery, a week of quiet forgets, and who is not back
// after three warnings, a week apart, is removed.
func mailman() Policy {
	return Policy{
		Quiet:   7 * Day,
		Rules:   []Rule{{Name: "score", GiveUp: 1, Retry: 0.5, Threshold: 5, Then: Suspended}},
		Suspend: []Span{21 * Day},
		Lapse:   Dropped,
		Guard:   DefaultGuard(),
	}
}

// listmonk is what listmonk does unless told otherwise: one hard bounce puts
// an address on its block list, soft ones do nothing, and nothing is forgotten.
func listmonk() Policy {
	return Policy{
		Rules: []Rule{{Name: "hard", GiveUp: 1, Threshold: 1, Then: Dropped}},
		Guard: DefaultGuard(),
	}
}

// civicrm is the hold thresholds of CiviCRM, without those for spam, relaying,
// loops and absence.
func civicrm() Policy {
	hold := func(name string, threshold float64, reasons ...classify.Reason) Rule {
		return Rule{Name: name, Reasons: reasons, GiveUp: 1, Retry: 1, Threshold: threshold, Then: Dropped}
	}
	return Policy{
		Rules: []Rule{
			hold("Invalid", 1, classify.BadMailbox, classify.BadAddressSyntax, classify.MailboxMoved),
			hold("Inactive", 1, classify.MailboxDisabled),
			hold("Dns", 3, classify.BadDomain, classify.NoRoute),
			hold("Host", 3, classify.DomainRefusesMail),
			hold("Quota", 3, classify.MailboxFull),
		},
		Guard: DefaultGuard(),
	}
}

// Check returns what is wrong with a policy, nil if nothing is.
func (p *Policy) Check() error {
	known := slices.Collect(classify.Reasons())
	for i, r := range p.Rules {
		name := r.Name
		if name == "" {
			return fmt.Errorf("ledger: rule %d has no name", i+1)
		}
		if r.Then != Suspended && r.Then != Dropped {
			return fmt.Errorf("ledger: rule %q: then is %q: must be %q or %q", name, r.Then, Suspended, Dropped)
		}
		if r.Threshold <= 0 {
			return fmt.Errorf("ledger: rule %q: threshold must be above 0", name)
		}
		if r.GiveUp < 0 || r.Retry < 0 || r.GiveUp == 0 && r.Retry == 0 {
			return fmt.Errorf("ledger: rule %q: give-up or retry must be above 0", name)
		}
		if r.Then == Suspended && len(p.Suspend) == 0 {
			return fmt.Errorf("ledger: rule %q suspends, but suspend does not say for how long", name)
		}
		for _, reason := range r.Reasons {
			if !slices.Contains(known, reason) {
				return fmt.Errorf("ledger: rule %q: no such reason: %q", name, reason)
			}
			if !ofAddress(reason.Fault()) {
				return fmt.Errorf("ledger: rule %q: %q never counts: it is no fault of the address or its domain", name, reason)
			}
		}
	}
	if slices.Contains(p.Suspend, 0) {
		return fmt.Errorf("ledger: suspend: a suspension must have a length")
	}
	for _, c := range []struct {
		key  string
		have string
		may  []string
	}{
		{"complaint", string(p.Complaint), []string{"", string(Dropped), string(Suspended), string(Active)}},
		{"lapse", string(p.Lapse), []string{"", string(Active), string(Dropped)}},
		{"proof", string(p.Proof), []string{"", string(ProofSeen), string(ProofAny), string(ProofAlways)}},
		{"guard.after", string(p.Guard.After), []string{"", string(Discard), string(Release)}},
	} {
		if !slices.Contains(c.may, c.have) {
			return fmt.Errorf("ledger: %s is %q: must be one of %q", c.key, c.have, c.may[1:])
		}
	}
	return p.Guard.check()
}
