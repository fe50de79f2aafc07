package classify

import (
	"slices"
	"strings"

	"nixie/codes"
	"nixie/dsn"
)

// maxText is how much of a text is searched for phrases, in bytes.
const maxText = 64 << 10

// The bases as numbers, strongest first.
const (
	tierProvider = iota
	tierText
	tierStatus
	tierReply
	tierAction
	tiers
)

var tierBasis = [tiers]Basis{ByProvider, ByText, ByStatus, ByReply, ByAction}

// How much a rule says; what says more is asked first.
const (
	levelClear = iota
	levelVague
	levelClass // only whether the failure is for good
)

// matcher is a rule made ready to be asked.
type matcher struct {
	*Rule
	row         *reasonRow // of its reason
	tier, level uint8
	order       order // with no phrase
	provider    int16 // whose answers it is for, from 1; 0 for everybody's
	status      []statusPattern
	reply       []replyPattern
	commands    []string // verbs, or "end of DATA"
}

// facts are what the rules are asked about.
type facts struct {
	action    dsn.Action
	status    codes.Status // the most specific
	reply     codes.Reply
	transient bool // by any of the codes
	command   string
	hosts     [2]string // that may be the provider's
	addresses [2]string // whose domains may be

	texts  [passages]string // that are searched for phrases
	starts [passages]int    // where they begin in the human-readable text
	answer dsn.Place        // where the answer stands
	fields dsn.Fields
	at     dsn.Place // where the fields stand
}

// The texts that are searched for phrases, each only where those before it say
// nothing clear.
const (
	theAnswer = iota // the diagnostic
	ownLines         // what the human-readable text says of the recipient
	allLines         // what it says of all recipients
	passages
)

// holds reports whether the conditions other than Text and Unless hold.
func (m *matcher) holds(f *facts) bool {
	return (len(m.commands) == 0 || f.command != "" && m.answers(f.command)) &&
		(len(m.Action) == 0 || slices.Contains(m.Action, f.action)) &&
		anyOf(m.status, func(p statusPattern) bool { return p.matches(f.status) }) &&
		anyOf(m.reply, func(p replyPattern) bool { return p.matches(f.reply) })
}

// answers reports whether the command is one of the rule's.
func (m *matcher) answers(command string) bool {
	verb := verb(command)
	return slices.ContainsFunc(m.commands, func(v string) bool { return strings.EqualFold(v, verb) || strings.EqualFold(v, command) })
}

// anyOf reports whether ok holds for any of the values, or there are none.
func anyOf[T any](values []T, ok func(T) bool) bool {
	for _, v := range values {
		if ok(v) {
			return true
		}
	}
	return len(values) == 0
}

// candidate is a rule that holds.
type candidate struct {
	order      order
	rule       int32 // from 1; 0 for none
	words      int32 // of the phrase that matched
	start, end int32 // where it stands
	passage    uint8
}

// order is less for a rule that says more: the clearer, then one's own, then
// what the host said itself, then the one that is no hint, then the longer
// phrase, then the one with more kinds of conditions, then the one that calls no
// address dead, then the earlier.
type order uint64

// Where the parts of an order begin, from the number of the rule up.
const (
	orderDead    = 32
	orderKinds   = orderDead + 1
	orderWords   = orderKinds + 3
	orderHint    = orderWords + 16
	orderPassage = orderHint + 1
	orderOurs    = orderPassage + 2
	orderLevel   = orderOurs + 1

	maxWords = 1<<16 - 1
)

// with returns the order where a phrase of so many words stands in a passage.
func (o order) with(words int32, passage uint8) order {
	return o + order(passage)<<orderPassage - order(min(words, maxWords))<<orderWords
}

// rank orders rules of whatever tier.
func (o order) rank() order { return o >> orderPassage }

// textHit is what a pass over a text found of one rule's phrases.
type textHit struct {
	match
	found  bool
	aside  bool  // found, but only where it says little
	barred int32 // how much of the end of the text Unless bars it from
}

func (h *textHit) candidate(rule int32, from, passage int) candidate {
	return candidate{rule: rule + 1, words: h.words, start: int32(from) + h.start, end: int32(from) + h.end, passage: uint8(passage)}
}

// scratch is the memory of one judgement; it is used again for the next.
type scratch struct {
	memory
	texts     []match   // of Text, in the text at hand
	unless    []match   // of Unless
	hits      []textHit // of each rule
	touched   []int32   // the rules with a hit
	isTouched []bool    // of each rule
	little    []span    // where the text says little
	toSender  []span    // where it speaks to the sender
	providers []int16   // whose answer it is, once hosts have been looked up
	hosts     bool
	best      [tiers]candidate
	lines     []int         // of the report at hand
	name      [maxWord]byte // of the host at hand
}

// release gives the memory back for another judgement.
func (c *Classifier) release(s *scratch) {
	if cap(s.lines) > 1<<16 { // not worth keeping
		s.lines = nil
	}
	c.memory.Put(s)
}

// isProvider reports whether the answer is a provider's.
func (c *Classifier) isProvider(p int16, f *facts, s *scratch) bool {
	if !s.hosts {
		s.hosts = true
		for _, host := range f.hosts {
			c.addHost(s, host)
		}
		for i, address := range f.addresses {
			if i == 0 || address != f.addresses[0] {
				c.addHost(s, domain(address))
			}
		}
	}
	return slices.Contains(s.providers, p)
}

func (s *scratch) addProvider(p int16) {
	if !slices.Contains(s.providers, p) {
		s.providers = append(s.providers, p)
	}
}

// search asks every rule about the facts, leaves the best of each tier in s.best
// and returns the one that decides.
func (c *Classifier) search(f *facts, s *scratch) candidate {
	s.providers, s.hosts, s.best = s.providers[:0], false, [tiers]candidate{}
	c.searchText(f, s, theAnswer, 0, min(len(f.texts[theAnswer]), maxText))
	c.searchCodes(f, s)
	first := c.decisive(f, s)
	for passage := ownLines; passage < passages; passage++ {
		if f.texts[passage] != "" && (c.ownText || c.level(first) > levelClear) {
			c.searchParagraphs(f, s, passage)
			first = c.decisive(f, s)
		}
	}
	return first
}

// searchParagraphs searches each paragraph by itself: the banner that a gateway
// puts on top bears on no other.
func (c *Classifier) searchParagraphs(f *facts, s *scratch, passage int) {
	text := f.texts[passage]
	text = text[:min(len(text), maxText)]
	for start := 0; start < len(text); {
		end := len(text)
		if i := strings.Index(text[start:], "\n\n"); i >= 0 {
			end = start + i + len("\n\n")
		}
		c.searchText(f, s, passage, start, end)
		start = end
	}
}

// addHost notes whose host it is.
func (c *Classifier) addHost(s *scratch, host string) {
	for name := range domains(host, &s.name) {
		for _, p := range c.providers[string(name)] {
			s.addProvider(p)
		}
	}
}

// searchText asks the rules with phrases about a piece of a passage.
func (c *Classifier) searchText(f *facts, s *scratch, passage, from, to int) {
	text := f.texts[passage][from:to]
	if text == "" {
		return
	}
	phrases := c.phrasesFor(text)
	s.texts, s.unless, s.toSender = s.texts[:0], s.unless[:0], s.toSender[:0]
	last := 0 // where the last phrase ends
	phrases.find(text, &s.memory, func(m match) {
		last = int(m.end)
		switch u := &phrases.uses[m.use]; {
		case u.provider != 0:
			s.addProvider(u.provider)
		case u.toSender:
			s.toSender = append(s.toSender, span{m.start, m.end})
		case len(s.toSender) > 0 && within(s.toSender, m.start):
		case u.unless.end > 0:
			s.unless = append(s.unless, m)
		default:
			s.texts = append(s.texts, m)
		}
	}, func(w *scanner) {
		if names(text, w) {
			c.addHost(s, text[w.host.start:w.host.end])
		}
	})
	if len(s.texts) == 0 {
		return
	}
	s.little = little(s.little[:0], text, last)
	s.gather(phrases, int32(len(text)))
	for _, rule := range s.touched {
		if hit := &s.hits[rule]; hit.found && !hit.aside {
			c.offer(f, s, hit.candidate(rule, from, passage))
		}
	}
	said := c.blamesAddress(s.best[tierProvider]) || c.blamesAddress(s.best[tierText])
	for _, rule := range s.touched {
		hit := &s.hits[rule]
		if !said && hit.found && hit.aside {
			c.offer(f, s, hit.candidate(rule, from, passage))
		}
		*hit, s.isTouched[rule] = textHit{}, false
	}
	s.touched = s.touched[:0]
}

// gather makes hits of what was found in a text of that size: of each rule the
// best phrase, unless its Unless bars that.
func (s *scratch) gather(phrases *phraseBook, size int32) {
	for _, m := range s.texts {
		rule, aside := phrases.uses[m.use].rule, s.saysLittle(m)
		hit := &s.hits[rule]
		if !hit.found {
			s.touched, s.isTouched[rule] = append(s.touched, rule), true
		}
		if !hit.found || hit.aside && !aside || hit.aside == aside && m.words > hit.words {
			*hit = textHit{match: m, found: true, aside: aside}
		}
	}
	for _, m := range s.unless {
		rest := size
		if s.saysLittle(m) { // it bears only on what follows
			rest -= m.end
		}
		rules := phrases.uses[m.use].unless
		for _, rule := range phrases.unless[rules.start:rules.end] {
			if s.isTouched[rule] {
				s.hits[rule].barred = max(s.hits[rule].barred, rest)
			}
		}
	}
	for _, rule := range s.touched {
		hit := &s.hits[rule]
		hit.found = hit.start < size-hit.barred
	}
}

// saysLittle reports whether a phrase stands where the text says little.
func (s *scratch) saysLittle(m match) bool {
	return len(s.little) > 0 && (within(s.little, m.start) || !m.gap && within(s.little, m.end-1))
}

// blamesAddress reports whether a rule finds the fault with the address or its domain.
func (c *Classifier) blamesAddress(x candidate) bool {
	if x.rule == 0 {
		return false
	}
	fault := c.matchers[x.rule-1].row.fault
	return fault == Address || fault == Domain
}

// names reports whether the host that w stands at is named as the one that
// answered: "host mx.example.net", "talking to mx.example.net.:", "mx.example.net[192.0.2.1]".
func names(text string, w *scanner) bool {
	before, after := text[:w.start], text[w.end:]
	return strings.HasSuffix(before, "host ") || strings.HasSuffix(before, "talking to ") ||
		strings.HasPrefix(after, "[") || strings.HasPrefix(after, " [")
}

// searchCodes asks the rules without phrases.
func (c *Classifier) searchCodes(f *facts, s *scratch) {
	for _, rule := range c.byStatus[statusKey(f.status.Subject, f.status.Detail)] {
		c.offer(f, s, candidate{rule: rule + 1})
	}
	for _, rule := range c.byReply[f.reply] {
		c.offer(f, s, candidate{rule: rule + 1})
	}
	for _, rule := range c.byRest {
		if m := &c.matchers[rule]; s.best[m.tier].rule == 0 || m.order < s.best[m.tier].order {
			c.offer(f, s, candidate{rule: rule + 1})
		}
	}
}

// offer makes a rule whose phrases hold the best of its tier, if its other
// conditions hold too and it is better than the one before.
func (c *Classifier) offer(f *facts, s *scratch, next candidate) {
	m := &c.matchers[next.rule-1]
	next.order = m.order.with(next.words, next.passage)
	best := &s.best[m.tier]
	if best.rule != 0 && best.order <= next.order || m.provider != 0 && !c.isProvider(m.provider, f, s) || !m.holds(f) {
		return
	}
	if m.row.reason == WasDelivered && (f.action == dsn.Failed || f.action == dsn.Delayed) {
		return
	}
	*best = next
}

// decisive returns the candidate that decides.
func (c *Classifier) decisive(f *facts, s *scratch) candidate {
	var first candidate
	for tier, next := range s.best {
		if next.rule == 0 || c.contradicted(next, tier, f, s) {
			continue
		}
		if first.rule == 0 || next.order.rank() < first.order.rank() {
			first = next
		}
	}
	return first
}

// contradicted reports whether another code says more than a candidate of a
// stronger tier. A status that says no more than "for good" does not outrank a
// reply code that says for now: Exim writes Status 5.0.0 beside every answer
// once it has given up. Words that call a mailbox dead do not outrank a code
// that is clear about the message or the session (x.6.z, x.7.z, 530 to 538):
// what is unknown or invalid then is no mailbox. The account of X.7.13 may be one.
// A code proves no mailbox or domain dead beside words of another matter.
func (c *Classifier) contradicted(x candidate, tier int, f *facts, s *scratch) bool {
	m := &c.matchers[x.rule-1]
	switch tier {
	case tierStatus:
		return f.reply.Class() == codes.Transient && m.row.reason == PermanentFailure ||
			m.row.dead && (isLogin(f.reply) || f.ofOtherMatter(m.row.fault))
	case tierText:
		if !m.row.dead || m.row.fault != Address {
			return false
		}
		status := s.best[tierStatus]
		other := (f.status.Subject == 6 || f.status.Subject == 7) && f.status.Detail != 13
		return other && c.level(status) == levelClear && !c.blamesAddress(status) || isLogin(f.reply)
	}
	return false
}

// isLogin reports whether a reply code is one of RFC 4954 and its kin.
func isLogin(reply codes.Reply) bool { return 530 <= reply && reply <= 538 }

func (c *Classifier) level(x candidate) uint8 {
	if x.rule == 0 {
		return levelClass
	}
	return c.matchers[x.rule-1].level
}
