package ledger

import (
	"cmp"
	"math"
	"slices"
	"time"

	"nixie/classify"
)

// Standing says whether to write to an address.
type Standing string

// The standings.
const (
	Active    Standing = "active"
	Held      Standing = "held"      // write on: only what its provider said in an incident speaks against it
	Suspended Standing = "suspended" // not until some time
	Dropped   Standing = "dropped"   // not again
)

// Stops reports whether mail to the address is to stop, for now or for good.
func (s Standing) Stops() bool { return s == Suspended || s == Dropped }

// State is the standing of an address and what it rests on.
type State struct {
	Address   string          `json:"address"`
	Standing  Standing        `json:"standing"`
	Reason    classify.Reason `json:"reason,omitempty"` // of the last event that it rests on
	Fault     classify.Fault  `json:"fault,omitempty"`
	Count     int             `json:"count"`               // of the strikes that count
	FirstSeen time.Time       `json:"first_seen,omitzero"` // when the first report about the address came
	LastSeen  time.Time       `json:"last_seen,omitzero"`
	Until     time.Time       `json:"until,omitzero"` // the end of a suspension
	Because   Because         `json:"because,omitzero"`
}

// Because is what a standing rests on.
type Because struct {
	Rule     string   `json:"rule,omitempty"`     // of the policy, or "complaint", "lapse"
	Events   []string `json:"events,omitempty"`   // the IDs
	Incident string   `json:"incident,omitempty"` // that holds the events back
	Doubt    bool     `json:"doubt,omitempty"`    // no event is proved, as others in the same mailbox are: too little to drop the address
}

// Known is what bears on an address beside its own events.
type Known struct {
	Proving   map[string]time.Time // see [Store].Proving
	Incidents []Incident           // see [Watch].Incidents
}

// State returns the standing of an address at that time. The events are all
// those of the address, in any order; what lies in the future does not count.
func (p *Policy) State(now time.Time, events []Event, known Known) State {
	events = inOrder(now, events)
	of := p.cover(events, known.Incidents)
	w := walk{policy: p, known: known, of: of}
	state := w.run(now, events)
	if !slices.ContainsFunc(of, func(i *Incident) bool { return i != nil && i.Fate == Held }) {
		return state
	}
	w = walk{policy: p, known: known, of: of, held: true}
	if would := w.run(now, events); severity(would.Standing) > severity(state.Standing) && state.Standing == Active {
		would.Standing, would.Until, would.Because.Incident = Held, time.Time{}, w.incident
		return would
	}
	return state
}

// Change is a time at which the standing of an address became another.
type Change struct {
	At    time.Time
	State State
}

// History returns how the standing of an address changed up to that time, in
// order. The fate of incidents is taken as it is known now.
func (p *Policy) History(now time.Time, events []Event, known Known) []Change {
	events = inOrder(now, events)
	var changes []Change
	w := walk{policy: p, known: known, of: p.cover(events, known.Incidents)}
	w.changed = func(at time.Time) { changes = append(changes, Change{at, w.state}) }
	w.run(now, events)
	return changes
}

// inOrder returns the events up to now in the order of their time.
func inOrder(now time.Time, events []Event) []Event {
	events = slices.DeleteFunc(slices.Clone(events), func(e Event) bool { return e.Time.After(now) })
	slices.SortStableFunc(events, func(a, b Event) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.ID, b.ID))
	})
	return events
}

func severity(s Standing) int { return slices.Index([]Standing{Active, Held, Suspended, Dropped}, s) }

// cover returns for each event the incident that it belongs to, nil for most.
// An address that was dead before the incident belongs to none.
func (p *Policy) cover(events []Event, incidents []Incident) []*Incident {
	if len(incidents) == 0 {
		return nil
	}
	var of []*Incident
	for i := range events {
		e := &events[i]
		if s := e.Strike(); s == "" || s == StrikeComplaint {
			continue
		}
		for k := range incidents {
			in := &incidents[k]
			if !in.covers(e) || p.deadBefore(events[:i], in) {
				continue
			}
			if of == nil {
				of = make([]*Incident, len(events))
			}
			of[i] = in
		}
	}
	return of
}

// deadBefore reports whether one of the events told that the address is dead
// before the incident began, and not too long before.
func (p *Policy) deadBefore(events []Event, in *Incident) bool {
	since := in.From.Add(-time.Duration(p.Guard.Past))
	dead := false
	for i := range events {
		switch e := &events[i]; {
		case e.Act == Clear || e.Delivers():
			dead = false
		case e.Strike() == StrikeGiveUp && e.Time.Before(in.From) && !e.Time.Before(since):
			dead = true
		}
	}
	return dead
}

// walk goes through the events of an address in order.
type walk struct {
	policy *Policy
	known  Known
	of     []*Incident // what each event belongs to, if not nil
	held   bool        // what is held counts too

	changed func(at time.Time) // called when the standing has changed, if not nil

	state       State
	strikes     []strike // that count
	suspensions int      // so far
	last        time.Time
	complained  bool
	incident    string // the last held one of which an event counted
}

type strike struct {
	*Event
	kind    Strike
	doubted bool // nobody knows whether the report is about our mail
}

func (w *walk) run(now time.Time, events []Event) State {
	w.state.Standing = Active
	for i := range events {
		e := &events[i]
		w.lapse(e.Time)
		before, until := w.state.Standing, w.state.Until
		if e.Act == "" {
			if w.state.FirstSeen.IsZero() {
				w.state.FirstSeen = e.Time
			}
			w.state.LastSeen = e.Time
		}
		w.state.Address = e.Address
		switch kind := e.Strike(); {
		case e.Act == Clear:
			w.complained = false
			w.clear()
		case e.Delivers():
			if !w.complained {
				w.clear()
			}
		case kind != "" && w.counts(i, e):
			w.strike(strike{e, kind, w.doubts(e)})
		}
		if w.state.Standing == Active {
			w.state.Reason, w.state.Fault = e.Reason, e.Fault
		}
		if w.changed != nil && (w.state.Standing != before || w.state.Until != until) {
			w.changed(e.Time)
		}
	}
	w.lapse(now)
	if w.state.Standing == Active {
		w.forget(now)
		w.state.Count, w.state.Until = len(w.strikes), time.Time{}
	}
	return w.state
}

// counts reports whether the incident that the event belongs to lets it count.
func (w *walk) counts(i int, e *Event) bool {
	if w.policy.Proof == ProofAlways && !e.Proved {
		return false
	}
	if w.of == nil || w.of[i] == nil || w.of[i].Fate == Released {
		return true
	}
	if w.of[i].Fate == Held && w.held {
		w.incident = w.of[i].ID
		return true
	}
	return false
}

// doubts reports whether an event may not drop its address alone: other
// reports to the same mailbox have been proved, and this one is not.
func (w *walk) doubts(e *Event) bool {
	proving, ok := w.known.Proving[e.Source]
	return !e.Proved && w.policy.Proof != ProofAny && ok && !e.Time.Before(proving)
}

func (w *walk) clear() {
	w.strikes, w.suspensions = nil, 0
	w.state.Standing, w.state.Until, w.state.Because = Active, time.Time{}, Because{}
}

// lapse ends a suspension whose time has come.
func (w *walk) lapse(now time.Time) {
	if w.state.Standing != Suspended || now.Before(w.state.Until) {
		return
	}
	w.last = w.state.Until
	w.state.Until = time.Time{}
	if w.policy.Lapse == Dropped && !w.state.Because.Doubt {
		w.state.Standing, w.state.Because.Rule = Dropped, "lapse"
	} else {
		w.state.Standing, w.state.Because = Active, Because{}
		w.complained = false
	}
	if w.changed != nil {
		w.changed(w.last)
	}
}

// forget drops the strikes that count no more.
func (w *walk) forget(now time.Time) {
	if quiet := w.policy.Quiet; quiet > 0 && !w.last.IsZero() && now.After(quiet.of(w.last)) {
		w.strikes, w.suspensions = nil, 0
	}
	if w.policy.Window > 0 {
		w.strikes = slices.DeleteFunc(w.strikes, func(s strike) bool { return now.After(w.policy.Window.of(s.Time)) })
	}
}

func (w *walk) strike(s strike) {
	if s.kind == StrikeComplaint {
		w.complaint(s)
		return
	}
	if w.state.Standing != Active {
		return // it was sent before the address was stopped, or should not have been sent
	}
	w.forget(s.Time)
	w.last = s.Time
	if n := len(w.strikes); n > 0 && sameDay(w.strikes[n-1].Time, s.Time) {
		if !w.strikes[n-1].weaker(s) {
			return
		}
		w.strikes = w.strikes[:n-1]
	}
	w.strikes = append(w.strikes, s)

	var best *Rule
	var rests []strike
	for i := range w.policy.Rules {
		r := &w.policy.Rules[i]
		if best != nil && severity(r.Then) <= severity(best.Then) {
			continue
		}
		if by := w.policy.holds(r, w.strikes); by != nil {
			best, rests = r, by
		}
	}
	if best != nil {
		w.stop(best.Name, best.Then, rests)
	}
}

// weaker reports whether next counts rather than s on the same day.
func (s strike) weaker(next strike) bool {
	if a, b := rank(s.kind), rank(next.kind); a != b {
		return a < b
	}
	return s.doubted && !next.doubted
}

// holds returns the strikes on which the rule holds, the last being the one
// that was just added; nil if it does not.
func (p *Policy) holds(r *Rule, strikes []strike) []strike {
	now := strikes[len(strikes)-1].Time
	var sum float64
	var by []strike
	for i, s := range strikes {
		points := r.Retry
		if s.kind == StrikeGiveUp {
			points = r.GiveUp
		}
		if points == 0 || len(r.Reasons) > 0 && !slices.Contains(r.Reasons, s.Reason) {
			if i == len(strikes)-1 {
				return nil
			}
			continue
		}
		if p.HalfLife > 0 {
			points *= math.Exp2(-float64(now.Sub(s.Time)) / float64(p.HalfLife))
		}
		sum += points
		by = append(by, s)
	}
	const tiny = 1e-9
	if sum+tiny < r.Threshold || now.Sub(by[0].Time) < time.Duration(r.Over) {
		return nil
	}
	return by
}

// complaint stops mail at once.
func (w *walk) complaint(s strike) {
	w.last = s.Time
	then := cmp.Or(w.policy.Complaint, Dropped)
	if then == Active || w.state.Standing == Dropped && w.complained {
		return
	}
	w.complained = true
	w.stop("complaint", then, []strike{s})
}

// defaultSuspension is for a policy that says none.
const defaultSuspension = 28 * Day

// stop suspends or drops the address, from the last of the strikes on.
func (w *walk) stop(rule string, then Standing, by []strike) {
	last := by[len(by)-1]
	if then == Suspended && rule != "complaint" && w.suspensions >= len(w.policy.Suspend) {
		then = Dropped
	}
	doubt := !slices.ContainsFunc(by, func(s strike) bool { return !s.doubted })
	if doubt && then == Dropped {
		if w.state.Standing == Dropped {
			return
		}
		then = Suspended
	}
	w.state.Standing, w.state.Until = then, time.Time{}
	if then == Suspended {
		length := defaultSuspension
		if n := len(w.policy.Suspend); n > 0 {
			length = w.policy.Suspend[min(w.suspensions, n-1)]
		}
		w.state.Until = length.of(last.Time)
		w.suspensions++
	}
	w.state.Reason, w.state.Fault, w.state.Count = last.Reason, last.Fault, len(by)
	w.state.Because = Because{Rule: rule, Doubt: doubt && then == Suspended}
	for _, s := range by {
		w.state.Because.Events = append(w.state.Because.Events, s.ID)
	}
}

func sameDay(a, b time.Time) bool { return dayOf(a) == dayOf(b) }
