package dsn

import (
	"strings"

	"nixie/codes"
)

// untangle gives each of several recipients the answer that names it, and takes
// from it the one that names another only: a server that refused them together
// may be quoted for one.
func (r *reader) untangle(list []Recipient) {
	if len(list) < 2 {
		return
	}
	var answers map[int]span
	at, named := Place{}, map[int]bool(nil)
	for i := range list {
		d := &list[i].Diagnostic
		if list[i].Action == Delivered {
			continue
		}
		if hasCode(d) {
			if at != d.At || named == nil {
				at, named = d.At, r.namedIn(d.Text)
			}
			if len(named) == 0 || named[i] && len(named) == 1 {
				continue
			}
		}
		if answers == nil {
			answers = r.answers()
		}
		if s, ok := answers[i]; ok {
			r.diagnose(&list[i], s)
		} else if hasCode(d) && !named[i] {
			*d, list[i].RemoteMTA = Diagnostic{}, Typed{}
		}
	}
}

// answers finds the lines that begin with a reply and name one item alone. Of
// several the first counts.
func (r *reader) answers() map[int]span {
	found := map[int]span{}
	named := map[int]bool{} // the rows of items
	for i := range r.items {
		named[r.items[i].row] = true
	}
	for i := 0; i < len(r.rows); i++ {
		if !startsReply(r.row(i)) {
			continue
		}
		s := span{r.rows[i].start, r.rows[i].end}
		for i+1 < len(r.rows) && !r.blank(i+1) && !named[i+1] && s.end-s.start < maxParagraph && (!startsReply(r.row(i+1)) || isContinuation(r.row(i), r.row(i+1))) {
			i++
			s.end = r.rows[i].end
		}
		items := r.namedIn(r.text[s.start:s.end])
		for n := range items {
			if _, ok := found[n]; len(items) == 1 && !ok {
				found[n] = s
			}
		}
	}
	return found
}

// namedIn returns the items that a diagnostic names behind its code: by their
// addresses or, as sendmail does, "<bob>... User unknown".
func (r *reader) namedIn(diagnostic string) map[int]bool {
	named := map[int]bool{}
	for code := range codes.Find(diagnostic) {
		diagnostic = diagnostic[code.End:]
		break
	}
	for m := range addresses(diagnostic) {
		if n := r.find(unquoteLocal(diagnostic[m.start:m.end])); n >= 0 {
			named[n] = true
		}
	}
	_, domain, _ := strings.Cut(r.signs.from, "@")
	for rest := diagnostic; ; {
		before, after, ok := strings.Cut(rest, "...")
		if !ok {
			return named
		}
		local := strings.Trim(before[strings.LastIndexAny(before, " \n\t")+1:], "<>")
		if n := r.find(local + "@" + domain); isLocal(local) && n >= 0 {
			named[n] = true
		}
		rest = after
	}
}
