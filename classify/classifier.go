package classify

import (
	"embed"
	"io"
	"io/fs"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"nixie/codes"
	"nixie/dsn"
)

//go:embed rules
var ruleFiles embed.FS

// A Classifier judges by a set of rules.
type Classifier struct {
	matchers []matcher // the rules
	byName   map[string]int32

	phrases   func() *phraseBook // of the rules
	texts     atomic.Int32       // that were searched without them
	ownText   bool               // a rule of one's own has phrases
	providers map[string][]int16 // by domain

	// The rules without phrases, by what they need at least.
	byStatus map[uint32][]int32 // by statusKey
	byReply  map[codes.Reply][]int32
	byRest   []int32

	memory sync.Pool // of *scratch
}

// standard is the Classifier with our rules alone.
var standard = sync.OnceValue(func() *Classifier {
	c, _ := New() // fails only on rules of one's own
	return c
})

// embedded returns our rules, file by file. A mistake costs the rule that it is
// in; a test reads them with all checks.
var embedded = sync.OnceValue(func() [][]Rule {
	var names []string
	_ = fs.WalkDir(ruleFiles, "rules", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, name)
		}
		return err
	})
	lists := make([][]Rule, len(names))
	var reading sync.WaitGroup
	var next atomic.Int32
	next.Store(int32(len(names)))
	for range 2 { // text.txt, the last, is nearly half of it
		reading.Go(func() {
			p := ruleParser{trusted: true}
			for i := next.Add(-1); i >= 0; i = next.Add(-1) {
				p.rules = nil
				p.read(names[i], embeddedText(names[i]))
				lists[i] = p.rules
			}
		})
	}
	reading.Wait()
	return lists
})

// embeddedText returns one of ruleFiles, all of which are there. They are
// large, and ReadFile would make one copy more.
func embeddedText(name string) string {
	f, _ := ruleFiles.Open(name)
	var text strings.Builder
	if info, err := f.Stat(); err == nil {
		text.Grow(int(info.Size()))
	}
	_, _ = io.CopyBuffer(&text, f, make([]byte, 2<<10))
	return text.String()
}

// New returns a Classifier that asks your rules and ours. Your rules go first;
// a clear rule of ours still beats a rule of yours that is marked Vague. The
// error is a [*RuleError].
func New(rules ...Rule) (*Classifier, error) {
	return newClassifier(rules, embedded()...)
}

func newClassifier(own []Rule, ours ...[]Rule) (*Classifier, error) {
	n := len(own)
	for _, rules := range ours {
		n += len(rules)
	}
	c := &Classifier{
		matchers:  make([]matcher, 0, n),
		byName:    make(map[string]int32, n),
		providers: map[string][]int16{},
		byStatus:  map[uint32][]int32{},
		byReply:   map[codes.Reply][]int32{},
	}
	providers := map[string]int16{}
	for i := range own {
		r := &own[i]
		if err := r.check(); err != nil {
			return nil, &RuleError{r.file, r.line, r.Name, err}
		}
		c.add(r, providers, true)
		c.ownText = c.ownText || len(r.Text) > 0
	}
	for _, rules := range ours {
		for i := range rules {
			c.add(&rules[i], providers, false)
		}
	}
	c.phrases = sync.OnceValue(func() *phraseBook { return c.joinPhrases(nil) })
	c.memory.New = func() any {
		return &scratch{hits: make([]textHit, len(c.matchers)), isTouched: make([]bool, len(c.matchers))}
	}
	return c, nil
}

// add adds a rule whose values are checked.
func (c *Classifier) add(r *Rule, providers map[string]int16, own bool) {
	i := int32(len(c.matchers))
	c.matchers = append(c.matchers, newMatcher(r, i, own))
	c.matchers[i].provider = c.provider(providers, r)
	if _, ok := c.byName[r.Name]; !ok {
		c.byName[r.Name] = i
	}
	c.index(i)
}

// newMatcher makes a rule ready; its values are checked.
func newMatcher(r *Rule, i int32, own bool) matcher {
	m := matcher{Rule: r, row: r.Reason.row(), tier: uint8(slices.Index(tierBasis[:], r.Basis()))}
	if m.row.reason == "" { // one's own
		m.row = &reasonRow{reason: r.Reason, fault: r.Fault, decision: r.Decision}
	}
	switch {
	case r.Reason == TransientFailure || r.Reason == PermanentFailure:
		m.level = levelClass
	case r.Vague:
		m.level = levelVague
	}
	m.order = order(i) | order(m.level)<<orderLevel | maxWords<<orderWords
	for _, n := range []int{len(r.Text), len(r.Status), len(r.Reply), len(r.Command), len(r.Action)} {
		if n == 0 {
			m.order += 1 << orderKinds
		}
	}
	if m.row.dead {
		m.order |= 1 << orderDead
	}
	if r.Hint {
		m.order |= 1 << orderHint
	}
	if !own {
		m.order |= 1 << orderOurs
	}
	for _, s := range r.Status {
		p, _ := parseStatusPattern(s)
		m.status = append(m.status, p)
	}
	for _, s := range r.Reply {
		p, _ := parseReplyPattern(s)
		m.reply = append(m.reply, p)
	}
	for _, s := range r.Command {
		if !strings.EqualFold(s, endOfData) {
			s = verb(s)
		}
		m.commands = append(m.commands, s)
	}
	return m
}

// provider returns the number of the rule's provider, 0 if it has none.
func (c *Classifier) provider(known map[string]int16, r *Rule) int16 {
	if r.Provider == "" {
		return 0
	}
	id, ok := known[r.Provider]
	if !ok {
		id = int16(len(known)) + 1
		known[r.Provider] = id
	}
	for _, host := range r.Hosts {
		if !slices.Contains(c.providers[host], id) {
			c.providers[host] = append(c.providers[host], id)
		}
	}
	return id
}

// index files the rule under what it needs at least.
func (c *Classifier) index(i int32) {
	m := &c.matchers[i]
	exact := len(m.status) > 0
	for _, p := range m.status {
		exact = exact && p.subject >= 0 && p.detail >= 0
	}
	switch {
	case len(m.Text) > 0:
	case exact:
		for _, p := range m.status {
			addOnce(c.byStatus, statusKey(uint16(p.subject), uint16(p.detail)), i)
		}
	case len(m.status) == 0 && len(m.reply) > 0:
		for _, p := range m.reply {
			for reply := p.low; reply <= p.high; reply++ {
				addOnce(c.byReply, reply, i)
			}
		}
	default:
		c.byRest = append(c.byRest, i)
	}
}

// statusKey is a status without its class.
func statusKey(subject, detail uint16) uint32 { return uint32(subject)<<16 | uint32(detail) }

func addOnce[K comparable](index map[K][]int32, key K, i int32) {
	if list := index[key]; len(list) == 0 || list[len(list)-1] != i {
		index[key] = append(list, i)
	}
}

// phraseBook is the phrases of all rules.
type phraseBook struct {
	*automaton
	uses   []use   // of the phrases
	unless []int32 // the rules with each phrase of an Unless, one phrase behind the other
}

// use is what a phrase was added for: a token of a provider, the Text of a rule,
// or the Unless of rules, of which many have the same.
type use struct {
	provider int16
	toSender bool
	rule     int32
	unless   span // of the rules in phraseBook.unless
}

// The first texts, if they are short, are searched for a few phrases each.
const (
	firstTexts = 8
	shortText  = 4 << 10 // bytes
)

// phrasesFor returns the phrases that text can have. To join all of them takes
// most of the time to start, ten times as long as to choose those that begin
// with a word of the text; so it is put off until there have been some texts.
func (c *Classifier) phrasesFor(text string) *phraseBook {
	if len(text) <= shortText && c.texts.Load() < firstTexts {
		words := wordsOf(text)
		if words.words == 0 {
			return &phraseBook{automaton: newTrie(0).automaton()}
		}
		if c.texts.Add(1) <= firstTexts {
			return c.joinPhrases(words)
		}
	}
	return c.phrases()
}

// joinPhrases makes one automaton of the phrases of all rules, or of those that
// may begin with one of the words, if they are not nil.
func (c *Classifier) joinPhrases(words *wordTable) *phraseBook {
	n := 1 << 10
	if words == nil {
		for i := range c.matchers {
			n += len(c.matchers[i].Text)
		}
	}
	t, book, chosen := newTrie(n), &phraseBook{uses: make([]use, 0, 2*len(c.matchers))}, chooser{words: words}
	add := func(u use, phrases ...string) {
		for _, phrase := range phrases {
			if chosen.takes(phrase) {
				t.add(phrase, int32(len(book.uses)))
			}
		}
		book.uses = append(book.uses, u)
	}
	add(use{toSender: true}, toSender...)
	type unless struct{ phrase, rule int32 }
	var all []unless
	known := map[string]int32{} // the phrases of all of them
	for i := range c.matchers {
		m := &c.matchers[i]
		if m.provider != 0 && (i == 0 || m.provider != c.matchers[i-1].provider || !slices.Equal(m.Tokens, c.matchers[i-1].Tokens)) {
			add(use{provider: m.provider}, m.Tokens...)
		}
		add(use{rule: int32(i)}, m.Text...)
		for _, phrase := range m.Unless {
			if !chosen.takes(phrase) {
				continue
			}
			id, ok := known[phrase]
			if !ok {
				id = int32(len(book.uses))
				known[phrase] = id
				add(use{}, phrase)
			}
			all = append(all, unless{id, int32(i)})
		}
	}
	sorted, starts := group(len(all), len(book.uses), func(i int) int32 { return all[i].phrase })
	for _, i := range sorted {
		book.unless = append(book.unless, all[i].rule)
	}
	for _, id := range known {
		book.uses[id].unless = span{starts[id], starts[id+1]}
	}
	book.automaton = t.automaton()
	return book
}

// Rules yields the rules in the order in which they are asked, one's own first.
func (c *Classifier) Rules() iter.Seq[Rule] {
	return func(yield func(Rule) bool) {
		for i := range c.matchers {
			if !yield(*c.matchers[i].Rule) {
				return
			}
		}
	}
}

// Rule returns the rule of that name, as Evidence gives it.
func (c *Classifier) Rule(name string) (Rule, bool) {
	i, ok := c.byName[name]
	if !ok {
		return Rule{}, false
	}
	return *c.matchers[i].Rule, true
}

// Rules yields our rules.
func Rules() iter.Seq[Rule] { return standard().Rules() }

// Report judges each recipient of a report by our rules.
func Report(report *dsn.Report) iter.Seq2[*dsn.Recipient, Verdict] { return standard().Report(report) }

// Reply judges a bare SMTP answer by our rules; see [Classifier.Reply].
func Reply(host, reply string) Verdict { return standard().Reply(host, reply) }
