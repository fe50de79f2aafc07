package dsn

import (
	"cmp"
	_ "embed"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"nixie/codes"
)

// ownActions gives each of several items the action that the text states of it
// alone: beside its address, or in the heading of the list it stands in. It
// does nothing where the text says the same of all.
func (r *reader) ownActions(overall Action) {
	if len(r.items) < 2 || len(r.items) > maxOwnActions || len(r.rows) == 0 {
		return
	}
	actions := make([]Action, len(r.items))
	distinct := map[Action]bool{}
	silent := false // of one the text says nothing
	var section Action
	for i := range r.items {
		it := &r.items[i]
		above := -1
		if i > 0 {
			above = r.items[i-1].row
		}
		if heading := r.heading(above, it.row); heading.end > heading.start {
			if a := r.actionOfHeading(heading); a != "" {
				section = a
			}
		}
		end := len(r.text)
		if i+1 < len(r.items) && r.items[i+1].row > it.row {
			end = r.rows[r.items[i+1].row].start
			if heading := r.heading(it.row, r.items[i+1].row); heading.end > heading.start {
				end = heading.start
			}
		}
		actions[i] = r.actionOf(it, end)
		if actions[i] == "" {
			actions[i] = section
		}
		if it.action != "" {
			actions[i] = it.action
		}
		if actions[i] != "" {
			distinct[actions[i]] = true
		}
		silent = silent || actions[i] == ""
	}
	if len(distinct) < 2 && !(silent && distinct[Delivered] && overall == Failed) {
		return
	}
	for i := range r.items {
		r.items[i].action = actions[i]
	}
}

// maxOwnActions bounds how many items are asked one by one.
const maxOwnActions = 1000

// actionOf returns what the text says of one item alone, up to end; "" when
// it says nothing.
func (r *reader) actionOf(it *item, end int) Action {
	row := r.rows[it.row]
	before := span{row.start, row.start + max(0, strings.Index(r.row(it.row), it.address))}
	if a := r.actionIn(before, true); a != "" {
		return a
	}
	from := min(it.rest, end)
	after := span{from, min(end, from+maxParagraph)}
	if _, close := r.paragraph(it.row); !it.mentioned && from < close && close < after.end && r.kindsBetween(from, close)&saysCause != 0 {
		after.end = close // what follows is not said of this one: "To the others it was delivered"
	}
	if a := actionWord(r.text[after.start:after.end]); a != "" {
		return a
	}
	accepted := false
	for code := range codes.Find(r.text[after.start:after.end]) {
		accepted = accepted || code.Reply == 250
		if isFailure(code.Reply.Class()) || isFailure(code.Status.Class) {
			if a := r.actionIn(span{after.start, after.start + code.Start}, false); a != "" {
				return a
			}
			if cmp.Or(code.Reply.Class(), code.Status.Class) == codes.Permanent {
				return Failed
			}
			accepted = false
			break
		}
	}
	a := r.actionIn(after, false)
	if a == "" && accepted && !it.mentioned {
		return Delivered
	}
	return a
}

// heading returns the lines directly above an item's row that introduce it and
// stand below the row above: a line that ends in a colon or is set off. An
// answer that ends in the address is none.
func (r *reader) heading(above, row int) span {
	above = max(above, row-far)
	i := row - 1
	for i > above && (r.blank(i) || isRule(r.row(i))) {
		i--
	}
	if i <= above {
		return span{}
	}
	s := r.row(i)
	if hasFailureCode(s) || !isHeading(s) && !(len(s) < 30 && r.rows[i].indent < r.rows[row].indent && r.actionIn(span{r.rows[i].start, r.rows[i].end}, false) != "") {
		return span{}
	}
	first := i
	for first-1 > above && first > i-3 && !r.blank(first-1) && !isRule(r.row(first-1)) && r.rows[first-1].indent == r.rows[i].indent {
		first--
	}
	if first-1 == above && above >= 0 { // what stands there may be said of the item above
		first = i
	}
	return span{r.rows[first].start, r.rows[i].end}
}

// actionOfHeading returns the action that a heading states, in a phrase or in
// a word: "Delivered to these recipients:".
func (r *reader) actionOfHeading(s span) Action {
	if a := r.actionIn(s, false); a != "" {
		return a
	}
	const most = 200 // bytes of a word, and of what stands before it
	text := r.text[s.start:s.end]
	for i := 1; i+1 < len(text); i++ {
		if !isAlnum(text[i]) && text[i] < utf8.RuneSelf && (isAlnum(text[i+1]) || text[i+1] >= utf8.RuneSelf) {
			if a := actionWord(text[i:min(len(text), i+most)]); a != "" {
				return a
			}
		}
	}
	return ""
}

// actionIn returns the action that the phrases in a piece of the text state,
// the first of them or the last.
func (r *reader) actionIn(s span, last bool) Action {
	var action Action
	end := -1
	for _, h := range r.hitsBetween(s.start, s.end) {
		if h.end > s.end {
			continue
		}
		var a Action
		switch {
		case h.kind&saysDelayed != 0:
			a = Delayed
		case h.kind&(saysFailed|saysFinal) != 0:
			a = Failed
		case h.kind&saysDelivered != 0:
			a = r.deliveredOr(h)
		default:
			continue
		}
		switch {
		case action == "" || last && h.start >= end: // "delivered:" in "not delivered:" says nothing
			action, end = a, h.end
		case h.start < end && a == Delayed: // "not been delivered yet"
			action, end = a, h.end
		}
	}
	if action == "" {
		action = actionWord(r.text[s.start:s.end])
	}
	return action
}

// deliveredOr returns whether a phrase for success says Delivered or Relayed.
func (r *reader) deliveredOr(h hit) Action {
	if indexFold(r.text[h.start:h.end], "relayed") >= 0 {
		return Relayed
	}
	return Delivered
}

//go:embed words.txt
var wordsText string

// words holds the words of words.txt with what they mean: an Action, "sent",
// "label", "code", "local" or "domain".
var words = sync.OnceValue(func() *foldTable[string] {
	var list []phrase[string]
	for group := range Groups(wordsText) {
		for f := range group.All("Word") {
			list = append(list, phrase[string]{f.Text(), group.Get("Means")})
		}
	}
	return newFoldTable(list)
})

// actionWord returns the action of a text that begins with one of the words,
// after a label or none.
func actionWord(text string) Action {
	const between = " \t\n<>\"'()[]{}:;,.|=*-–—→：・"
	text = strings.TrimLeft(text, between)
	value := text
	words().at(text, func(n int, means string) {
		if rest := strings.TrimLeft(text[n:], " \t"); means == "label" && hasAnyPrefix(rest, ":", "=", "：", "|", "->") {
			value = strings.TrimLeft(rest, between)
		}
	})
	var found Action
	words().at(value, func(n int, means string) {
		switch {
		case n < len(value) && (isAlnum(value[n]) || value[n] == '@' || value[n] == '-'):
		case means == "sent":
			found = ""
		case means == "delivered" || means == "failed" || means == "delayed":
			found = Action(means)
		}
	})
	return found
}

func hasAnyPrefix(s string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}
