package ledger

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Guard says what an incident is: a day on which a provider says for many
// addresses that failed never before, or not for a long time, that they are no
// good, all in the same words or far more of them than ever. In December 2020
// a large provider did so for hours, about accounts that were fine.
//
// What the provider says about such addresses on such a day is held: it does
// not count until a person has released it. If nobody does, it is discarded
// some days after the incident. Nothing is lost by that: an address that is
// really dead fails again at the next mail, and is not held a second time.
//
// A day is one of UTC. Where a mailing makes all providers answer more, as
// much more is asked of each. Complaints are never held.
type Guard struct {
	Off       bool    `toml:"off"`
	Addresses int     `toml:"addresses"` // fewer than so many make no incident
	Factor    float64 `toml:"factor"`    // how many times more than on any day before
	Past      Span    `toml:"past"`      // how far back to compare
	Learn     Span    `toml:"learn"`     // how much of the past must be known
	Longest   Span    `toml:"longest"`   // what lasts longer is no incident but how the provider answers from now on
	Settle    Span    `toml:"settle"`    // how long after the incident its fate waits for a person
	After     Act     `toml:"after"`     // what happens then: "" and discard, or release
}

// DefaultGuard returns the guard of all presets.
func DefaultGuard() Guard {
	return Guard{Addresses: 20, Factor: 4, Past: 90 * Day, Learn: 14 * Day, Longest: 7 * Day, Settle: 3 * Day}
}

func (g *Guard) check() error {
	switch {
	case g.Off:
	case g.Addresses < 2:
		return fmt.Errorf("ledger: guard.addresses must be 2 or more")
	case g.Factor < 1:
		return fmt.Errorf("ledger: guard.factor must be 1 or more")
	case g.Past < Day || g.Longest < Day:
		return fmt.Errorf("ledger: guard.past and guard.longest must be a day or more")
	}
	return nil
}

// Incident is a time in which a provider is not believed.
type Incident struct {
	ID        string    `json:"incident"` // "example.net/2020-12-15"
	Provider  string    `json:"provider"`
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`        // the first moment after it
	Fate      Standing  `json:"fate"`      // [Held], [Released] or [Discarded]
	Decided   bool      `json:"decided"`   // by a person
	Because   string    `json:"because"`   // "same words" or "bad mailboxes"
	Words     string    `json:"words"`     // what was said most often, as [Wording] writes it
	Addresses int       `json:"addresses"` // how many it struck that were fine before
	Worst     int       `json:"worst"`     // how many of them on one day
	Before    int       `json:"before"`    // the most on any day before
	Others    float64   `json:"others"`    // how many times more than before the other providers struck on that day; 1 for no more
}

// The fates of an incident beside [Held].
const (
	Released  Standing = "released"
	Discarded Standing = "discarded"
)

// Why a day is one of an incident.
const (
	sameWords    = "same words"
	badMailboxes = "bad mailboxes"
)

func (in *Incident) covers(e *Event) bool {
	return e.Provider == in.Provider && !e.Time.Before(in.From) && e.Time.Before(in.To)
}

// Watch looks for incidents in the events that it is shown.
type Watch struct {
	guard     Guard
	decided   map[string]Act
	providers map[string]*watched
	active    []*watched     // those of today
	failed    map[string]day // when an address was first told to be dead, in the past that counts
	begun     bool
	begin     day // the first day
	today     day
	found     []*Incident
}

// watched is what is known of one provider.
type watched struct {
	name   string
	now    count
	fresh  map[string]bool // the addresses of today, true for those that a bad mailbox was told of
	past   []pastDay       // in order
	before int             // the most addresses on any day of the past that is a measure
	open   *Incident       // the last day was in
}

// count is how many addresses failed on a day that were fine before.
type count struct {
	all, bad int
	words    map[string]int
}

type pastDay struct {
	day
	count
	in *Incident // whose days are no measure
}

// day counts the days since 1970 in UTC.
type day int64

func dayOf(t time.Time) day    { return day(t.Truncate(24*time.Hour).Unix() / 86400) }
func (d day) start() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }
func (s Span) days() day       { return day(s / Day) }

// Watch returns a watch that knows the decisions on incidents, as
// [Store].Events has them under "".
func (g Guard) Watch(decisions []Event) *Watch {
	w := &Watch{guard: g, decided: make(map[string]Act), providers: make(map[string]*watched), failed: make(map[string]day)}
	for _, e := range decisions {
		if e.Incident != "" {
			w.decided[e.Incident] = e.Act
		}
	}
	return w
}

// Add shows the watch an event. They must come in the order of their time, as
// [Store].Strikes yields them.
func (w *Watch) Add(e *Event) {
	kind := e.Strike()
	if w.guard.Off || kind == "" || kind == StrikeComplaint {
		return
	}
	d := dayOf(e.Time)
	if !w.begun {
		w.begun, w.begin, w.today = true, d, d
	}
	if d > w.today {
		w.close()
		w.today = d
	}
	p := w.providers[e.Provider]
	if p == nil {
		p = &watched{name: e.Provider, fresh: make(map[string]bool)}
		w.providers[e.Provider] = p
	}
	first, failed := w.failed[e.Address]
	switch {
	case !failed || d-first > w.guard.Past.days():
		if kind == StrikeGiveUp {
			w.failed[e.Address] = d
		}
	case first == d, p.running(d) && first >= dayOf(p.open.From):
	default:
		return // it was dead before
	}
	if p.now.all == 0 {
		w.active = append(w.active, p)
	}
	p.add(e, kind)
}

// running reports whether the day before was one of an incident.
func (p *watched) running(d day) bool { return p.open != nil && d <= dayOf(p.open.To) }

// add counts an address once a day.
func (p *watched) add(e *Event, kind Strike) {
	bad := kind == StrikeGiveUp
	had, ok := p.fresh[e.Address]
	p.fresh[e.Address] = had || bad
	if !ok {
		p.now.all++
		if p.now.words == nil {
			p.now.words = make(map[string]int)
		}
		p.now.words[Wording(e.Text, e.Address)]++
	}
	if bad && !had {
		p.now.bad++
	}
}

// close ends the day: it finds the incidents in it.
func (w *Watch) close() {
	for _, p := range w.active {
		p.past = slices.DeleteFunc(p.past, func(d pastDay) bool { return w.today-d.day > w.guard.Past.days() })
		p.before = 0
		for _, d := range p.past {
			if d.in == nil {
				p.before = max(p.before, d.all)
			}
		}
	}
	for _, p := range w.active {
		w.judge(p)
	}
	for _, p := range w.active {
		in := p.open
		if in != nil && w.decided[in.ID] == Release {
			in = nil
		}
		p.past = append(p.past, pastDay{w.today, p.now, in})
		p.now = count{}
		clear(p.fresh)
	}
	w.active = w.active[:0]
}

// judge decides whether today is a day of an incident, and opens, extends or
// ends it.
func (w *Watch) judge(p *watched) {
	if !p.running(w.today) {
		p.open = nil
	}
	if p.now.all < w.guard.Addresses || w.today-w.begin < w.guard.Learn.days() {
		p.open = nil
		return
	}
	before := p.most()
	words, n := p.now.commonest()
	others := w.others(p)
	leaps := func(now, before int) bool {
		return float64(now) >= others*max(float64(w.guard.Addresses), w.guard.Factor*float64(before))
	}
	because := ""
	switch {
	case leaps(p.now.bad, before.bad):
		because = badMailboxes
	case leaps(n, before.words[words]) && p.now.all > before.all:
		because = sameWords
	default:
		p.open = nil
		return
	}
	if p.open != nil && w.today-dayOf(p.open.From) >= w.guard.Longest.days() {
		p.settleIn()
		return
	}
	if p.open == nil {
		p.open = &Incident{
			ID: p.name + "/" + w.today.start().Format(time.DateOnly), Provider: p.name, From: w.today.start(),
			Because: because, Words: words, Before: before.all, Others: others,
		}
		w.found = append(w.found, p.open)
	}
	p.open.To = (w.today + 1).start()
	p.open.Addresses += p.now.all
	p.open.Worst = max(p.open.Worst, p.now.all)
}

// settleIn ends an incident that has lasted too long: its days are the measure
// from now on.
func (p *watched) settleIn() {
	for i := range p.past {
		if p.past[i].in == p.open {
			p.past[i].in = nil
		}
	}
	p.open = nil
}

// most returns the most of everything on any one day that is a measure.
func (p *watched) most() count {
	most := count{words: make(map[string]int)}
	for _, d := range p.past {
		if d.in != nil {
			continue
		}
		most.all, most.bad = max(most.all, d.all), max(most.bad, d.bad)
		for words, n := range d.words {
			most.words[words] = max(most.words[words], n)
		}
	}
	return most
}

// commonest returns what was said of the most addresses.
func (c *count) commonest() (words string, n int) {
	for w, k := range c.words {
		if k > n || k == n && w < words {
			words, n = w, k
		}
	}
	return words, n
}

// others returns how many times more than on any day before the other
// providers answered today; 1 for no more, or where there are too few to tell.
// It is the median, so that an incident at one of them says nothing of all.
func (w *Watch) others(p *watched) float64 {
	var ratios []float64
	for _, q := range w.active {
		if q != p && q.before > 0 {
			ratios = append(ratios, float64(q.now.all)/float64(q.before))
		}
	}
	if len(ratios) < 2 {
		return 1
	}
	slices.Sort(ratios)
	return max(1, ratios[(len(ratios)-1)/2])
}

// Incidents returns the incidents in what the watch was shown, by their
// beginning, and what has become of them at that time. It ends the watch.
func (w *Watch) Incidents(now time.Time) []Incident {
	w.close()
	var all []Incident
	for _, in := range w.found {
		in.Fate = w.fate(in, now)
		_, in.Decided = w.decided[in.ID]
		all = append(all, *in)
	}
	slices.SortFunc(all, func(a, b Incident) int {
		return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Provider, b.Provider))
	})
	return all
}

func (w *Watch) fate(in *Incident, now time.Time) Standing {
	switch act, ok := w.decided[in.ID]; {
	case ok && act == Release:
		return Released
	case ok && act == Discard:
		return Discarded
	case now.Before(w.guard.Settle.of(in.To)):
		return Held
	case w.guard.After == Release:
		return Released
	}
	return Discarded
}
