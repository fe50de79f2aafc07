package dsn

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"sync"
)

// The dialects of the world's mail software are records in dialects/*.txt, in
// the form of the reports themselves: groups of "Name: value" fields, parted
// by blank lines; dialects/README.md documents them.
//
//go:embed dialects/*.txt
var dialectFiles embed.FS

// dialect is one form in which software reports in prose.
type dialect struct {
	name       string
	notice     bool        // what looks like a report but is none
	conditions []condition // each must hold
	begin      []template
	recipient  []template
	line       []template
	failed     []template
	delayed    []template
	delivered  []template
	end        []template
}

// condition is on a field of the message's own header: one of the words must
// stand in it.
type condition struct {
	field string
	words []string
}

// dialects are all records, ready to be found by the lines they begin with.
type dialectSet struct {
	all    []*dialect
	begins *foldTable[begin]
	loose  []begin // whose template begins with a hole
}

type begin struct {
	*dialect
	template *template
}

var dialects = sync.OnceValue(func() *dialectSet {
	all, err := loadDialects()
	if err != nil {
		panic(err)
	}
	set := &dialectSet{all: all}
	var begins []phrase[begin]
	for _, d := range all {
		for i := range d.begin {
			b := begin{d, &d.begin[i]}
			if words := b.template.tokens[0].words; len(words) >= 2 {
				begins = append(begins, phrase[begin]{words, b})
			} else {
				set.loose = append(set.loose, b)
			}
		}
	}
	set.begins = newFoldTable(begins)
	return set
})

func loadDialects() ([]*dialect, error) {
	var all []*dialect
	names, err := fs.Glob(dialectFiles, "dialects/*.txt")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := dialectFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		for group := range Groups(string(text)) {
			d, err := parseDialect(group)
			if err != nil {
				return nil, fmt.Errorf("dsn: %s:%d: %w", name, group[0].Line, err)
			}
			all = append(all, d)
		}
	}
	return all, nil
}

func parseDialect(group Fields) (*dialect, error) {
	d := &dialect{}
	for _, f := range group {
		value := f.Text()
		var list *[]template
		switch f.Name {
		case "Dialect":
			d.name = value
		case "Software", "Ref":
		case "Means":
			if value != "notice" {
				return nil, fmt.Errorf("unknown meaning %q", value)
			}
			d.notice = true
		case "Begin":
			list = &d.begin
		case "Recipient":
			list = &d.recipient
		case "Line":
			list = &d.line
		case "Failed":
			list = &d.failed
		case "Delayed":
			list = &d.delayed
		case "Delivered":
			list = &d.delivered
		case "End":
			list = &d.end
		case "":
			return nil, fmt.Errorf("%q is no field", value)
		default:
			d.require(f.Name, value)
		}
		if list != nil {
			t, err := parseTemplate(value)
			if err != nil {
				return nil, err
			}
			*list = append(*list, t)
		}
	}
	if d.name == "" || len(d.begin) == 0 {
		return nil, fmt.Errorf("a dialect needs a name and a Begin")
	}
	return d, nil
}

func (d *dialect) require(field, words string) {
	for i := range d.conditions {
		if strings.EqualFold(d.conditions[i].field, field) {
			d.conditions[i].words = append(d.conditions[i].words, words)
			return
		}
	}
	d.conditions = append(d.conditions, condition{field, []string{words}})
}

func (d *dialect) holds(header Fields) bool {
	for _, c := range d.conditions {
		ok := false
		for f := range header.All(c.field) {
			value := decodeWords(f.Text())
			for _, words := range c.words {
				ok = ok || words == "" || indexFold(value, words) >= 0
			}
		}
		if !ok {
			return false
		}
	}
	return true
}

// pickDialect returns the dialect that fits best, by the conditions on the
// header that it meets and the length of the Begin that matched; nil when
// none does. Without is the name of one not to consider, * for all.
func pickDialect(r *reader, header Fields, without string) *dialect {
	if without == "*" {
		return nil
	}
	set := dialects()
	var best *dialect
	var reporting span
	weight := 0
	for i := 0; i < len(r.rows) && i < 120; i++ {
		w := r.rows[i]
		if w.quoted || r.blank(i) {
			continue
		}
		try := func(n int, b begin) {
			score := b.template.fixed + 30*len(b.conditions)
			if score <= weight || b.name == without {
				return
			}
			if c, ok := b.template.matchBehind(n, r.text, w.start, w.end); ok && b.holds(header) {
				best, weight, reporting = b.dialect, score, c.host
			}
		}
		set.begins.at(r.text[w.start:], try)
		for _, b := range set.loose {
			try(0, b)
		}
	}
	if best != nil && reporting.end > reporting.start {
		r.reporting = Typed{"dns", r.text[reporting.start:reporting.end]}
	}
	return best
}

// run reads the text as a dialect says.
func (r *reader) run(d *dialect) {
	var section Action
	for i := 0; i < len(r.rows); i++ {
		w := r.rows[i]
		if w.quoted || r.blank(i) {
			continue
		}
		is := func(list []template) bool {
			_, ok := firstMatch(list, r.text, w)
			return ok
		}
		switch {
		case is(d.end):
			next := i + 1
			for next < len(r.rows) && r.blank(next) {
				next++
			}
			if next == len(r.rows) {
				next = i
			}
			r.endAt(i, next)
			return
		case is(d.failed):
			section = Failed
		case is(d.delayed):
			section = Delayed
		case is(d.delivered):
			section = Delivered
		}
		if section != "" && r.action == "" {
			r.action = section
		}
		if c, ok := firstMatch(d.recipient, r.text, w); ok {
			r.namedBy(c, i, section)
		} else if c, ok := firstMatch(d.line, r.text, w); ok {
			r.answerAt(c, i)
		}
	}
}

func firstMatch(list []template, text string, w row) (capture, bool) {
	for i := range list {
		if words := list[i].tokens[0].words; words != "" && words[0] != foldClass[text[w.start]] && foldClass[text[w.start]] != beyond {
			continue // as most
		}
		if c, ok := list[i].match(text, w.start, w.end); ok {
			return c, true
		}
	}
	return capture{}, false
}

// namedBy adds the recipient that a Recipient template found.
func (r *reader) namedBy(c capture, row int, section Action) {
	address := r.text[c.address.start:c.address.end]
	if address == "" && c.local.end > c.local.start {
		_, domain, _ := strings.Cut(r.signs.from, "@")
		address = r.text[c.local.start:c.local.end] + "@" + domain
	}
	if address == "" {
		return
	}
	it := item{address: address, mark: mark{row, cmp.Or(c.address.end, c.end)}, action: section}
	if c.answer >= 0 {
		it.rest = c.answer
	}
	r.addItem(it)
	for end := c.address.end; end > 0 && c.answer < 0; { // "<bob@example.org>, <carol@example.org>"
		m, ok := nextAddress(r.text[:min(len(r.text), end+maxAddress)], end)
		if !ok || !isListBreak(r.text[end:m.start]) {
			return
		}
		end = m.end
		r.addItem(item{address: r.text[m.start:m.end], mark: mark{r.rowOf(m.start), m.end}, action: section})
	}
}

// maxAddress bounds how far the next address of a list is looked for.
const maxAddress = 400

// answerAt notes the diagnostic that a Line template found, to the end of its
// paragraph or line. The first counts, unless a later one has a code.
func (r *reader) answerAt(c capture, row int) {
	s := r.rows[row]
	found := span{s.start, s.end}
	if !c.line {
		_, found.end = r.paragraph(row)
	}
	if c.answer >= 0 {
		found.start = c.answer
	}
	if found.start > found.end { // the template matched over the end of the paragraph
		_, end := r.paragraph(r.rowOf(found.start))
		found.end = max(found.start, end)
	}
	answer := &r.common
	if len(r.items) > 0 {
		answer = &r.items[len(r.items)-1].answer
	}
	if answer.end == 0 || !hasFailureCode(r.text[answer.start:answer.end]) && hasFailureCode(r.text[found.start:found.end]) {
		*answer = found
	}
}
