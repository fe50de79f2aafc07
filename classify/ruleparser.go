package classify

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"nixie/dsn"
)

// read adds the rules of a file.
func (p *ruleParser) read(name, text string) {
	n := 1 + strings.Count(text, "\nRule:")
	p.file, p.provider, p.names, p.lists = name, Rule{}, make(map[string]bool, n), map[string][]string{}
	p.rules = slices.Grow(p.rules, n)
	p.prefix = strings.TrimSuffix(path.Base(strings.ReplaceAll(name, `\`, "/")), ".txt")
	for group := range dsn.Groups(text) {
		switch {
		case group[0].Is("Provider"):
			p.readProvider(group)
		case group[0].Is("List"):
			p.readList(group)
		default:
			p.readRule(group)
		}
	}
}

// maxPhrases is how many phrases the lists of one field may make.
const maxPhrases = 10000

type ruleParser struct {
	trusted      bool // the values of the conditions are known to be good
	file, prefix string
	rule         string   // the rule at hand
	provider     Rule     // holds Provider, Hosts and Tokens for the rules that follow
	text, unless []string // of it
	rules        []Rule
	names        map[string]bool
	lists        map[string][]string
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
			if err := p.setPhrases(&p.provider.Tokens, value); err != nil {
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

func (p *ruleParser) readList(group dsn.Fields) {
	p.rule = ""
	name := group[0].Text()
	if _, ok := p.lists[name]; ok || name == "" || isHole(name) || strings.ContainsAny(name, "{},*") {
		p.fail(group[0].Line, "List needs a name of its own")
		return
	}
	var phrases []string
	for _, f := range group[1:] {
		if !f.Is("Text") {
			p.fail(f.Line, "unknown field %q of a list", fieldName(f))
		} else if err := p.setPhrases(&phrases, f.Text()); err != nil {
			p.fail(f.Line, "Text: %w", err)
		}
	}
	if len(group) == 1 {
		p.fail(group[0].Line, "List has no Text")
	}
	p.lists[name] = phrases
}

func isHole(name string) bool {
	return name == "addr" || name == "ip" || name == "host" || name == "block-page"
}

func (p *ruleParser) readRule(group dsn.Fields) {
	first, mistakes := group[0], len(p.errs)
	p.rule = ""
	if !first.Is("Rule") {
		p.fail(first.Line, "a group must begin with Rule, Provider or List, not %q", fieldName(first))
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
	p.text, p.unless = p.text[:0], p.unless[:0]
	for _, f := range group[1:] {
		if err := p.set(&r, f, f.Text()); err != nil {
			p.fail(f.Line, "%s: %w", fieldName(f), err)
		}
	}
	r.Text, r.Unless = append([]string(nil), p.text...), append([]string(nil), p.unless...)
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
		return p.setPhrases(&p.text, value)
	case f.Is("Ref"):
		r.Ref = append(r.Ref, value)
	case f.Is("Seen"):
		r.Seen = append(r.Seen, value)
	case f.Is("Sample"):
		r.Samples, r.sampleLines = append(r.Samples, value), append(r.sampleLines, f.Line)
	case f.Is("Counter"):
		r.Counters, r.counterLines = append(r.Counters, value), append(r.counterLines, f.Line)
	case f.Is("Unless"):
		return p.setPhrases(&p.unless, value)
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
	case f.Is("Hint"):
		return setYes(&r.Hint, value)
	case f.Is("Transient"):
		return setYes(&r.Transient, value)
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

// setPhrases adds the phrases that commas part, with the lists that they name.
func (p *ruleParser) setPhrases(to *[]string, values string) error {
	if strings.IndexByte(values, '{') < 0 { // as in most
		return setList(p, to, values, checkPhrase)
	}
	for value := range strings.SplitSeq(values, ",") {
		if err := p.expand(to, strings.TrimSpace(value), 0); err != nil {
			return err
		}
	}
	return nil
}

// expand adds a phrase with each phrase of each list that it names behind from.
func (p *ruleParser) expand(to *[]string, phrase string, from int) error {
	for {
		i := strings.IndexByte(phrase[from:], '{')
		if i < 0 {
			return setList(p, to, phrase, checkPhrase)
		}
		start := from + i
		name, rest, _ := strings.Cut(phrase[start+1:], "}")
		if isHole(name) {
			from = len(phrase) - len(rest)
			continue
		}
		list, ok := p.lists[name]
		if !ok {
			return fmt.Errorf("{%s} is no list that stands above", name)
		}
		if strings.IndexByte(rest, '{') < 0 {
			return p.fill(to, phrase[:start], list, rest)
		}
		for _, words := range list {
			if len(*to) > maxPhrases {
				return errors.New("too many phrases")
			}
			if err := p.expand(to, phrase[:start]+words+rest, start+len(words)); err != nil {
				return err
			}
		}
		return nil
	}
}

// fill adds a phrase with each phrase of a list in its last hole. They share
// one piece of memory.
func (p *ruleParser) fill(to *[]string, before string, list []string, after string) error {
	size := len(list) * (len(before) + len(after))
	for _, words := range list {
		size += len(words)
	}
	var all strings.Builder
	all.Grow(size)
	for _, words := range list {
		if len(*to) > maxPhrases {
			return errors.New("too many phrases")
		}
		start := all.Len()
		all.WriteString(before)
		all.WriteString(words)
		all.WriteString(after)
		phrase := all.String()[start:]
		if !p.trusted {
			if err := checkPhrase(phrase); err != nil {
				return err
			}
		}
		*to = append(*to, phrase)
	}
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
