package dsn

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"
)

// recipients makes Recipients of the items: what is said of each, whether it
// failed, and who it was before forwarding.
func (r *reader) recipients() []Recipient {
	action := r.overall()
	if len(r.items) == 0 {
		// A report that names nobody but may say why.
		r.items = []item{{mentioned: true}}
	}
	r.ownActions(action)
	marks := r.marks()
	var sessions []exchange // once they are asked for
	list := make([]Recipient, len(r.items))
	for i := range r.items {
		it, rec := &r.items[i], &list[i]
		r.readFormer(it, r.endOf(it.mark, marks))
		rec.Final.Value, rec.Action, rec.At = it.address, it.action, r.line(it.row)
		if !strings.EqualFold(it.former, it.address) {
			rec.Original.Value = it.former
		}
		if rec.Action == "" {
			rec.Action = action
		}
		r.explain(rec, it, marks)
		if it.mentioned || !hasCode(&rec.Diagnostic) {
			if sessions == nil {
				sessions = r.transcript()
			}
			r.fromTranscript(rec, sessions)
		}
	}
	r.share(list)
	r.untangle(list)
	return list
}

// marks returns the rows that name an item, in order.
func (r *reader) marks() []int {
	if len(r.items) == 1 && r.items[0].again == nil {
		return nil
	}
	rows := make([]int, 0, len(r.items))
	for i := range r.items {
		rows = append(rows, r.items[i].row)
		for _, m := range r.items[i].again {
			rows = append(rows, m.row)
		}
	}
	slices.Sort(rows)
	return rows
}

// endOf returns where what is said at m ends: where the next item is named, or
// a heading above it.
func (r *reader) endOf(m mark, marks []int) int {
	if i, _ := slices.BinarySearch(marks, m.row+1); i < len(marks) {
		if heading := r.heading(m.row, marks[i]); heading.end > heading.start {
			return heading.start
		}
		if reason := r.reasonBetween(m.row, marks[i]); reason.end > 0 {
			return reason.start
		}
		return r.rows[marks[i]].start
	}
	return len(r.text)
}

// formerWords stand before the address that a recipient was before
// forwarding, an alias or a list made it another.
var formerWords = []string{
	"(generated from ", "(ultimately generated from ", "(expanded from ", "(expanded from: ", "(expanded from:", "(originally addressed to ",
	"(original address: ", "(forwarded from ", "(was: ", "(alias of ", "originally addressed to ", "(original recipient: ", "original address: ",
}

// formerEnds are they without the space behind them.
var formerEnds = func() []string {
	ends := slices.Clone(formerWords)
	for i := range ends {
		ends[i] = strings.TrimRight(ends[i], " ")
	}
	return ends
}()

// readFormer reads who the item was before forwarding.
func (r *reader) readFormer(it *item, end int) {
	text := r.text[min(it.rest, end):end]
	text = text[:min(len(text), 300)]
	for i := 0; i < len(text); i++ {
		if c := text[i]; c != '(' && (c|0x20 != 'o' || !hasPrefixFold(text[i:], "original")) {
			continue
		}
		for _, words := range formerWords {
			n, ok := foldMatch(text[i:], words)
			if !ok {
				continue
			}
			if m, ok := nextAddress(text, i+n); ok && m.start-(i+n) < 4 {
				it.former = unquoteLocal(text[m.start:m.end])
				if closing := strings.IndexByte(text[m.end:], ')'); closing >= 0 && closing < 4 {
					it.rest += m.end + closing + 1
				}
				return
			}
		}
	}
}

// explain finds the diagnostic of an item: what the dialect points at, or the
// best of what stands between its address and the next.
func (r *reader) explain(rec *Recipient, it *item, marks []int) {
	if s := it.answer; s.end > s.start && r.groundOf(s) >= byStatus {
		r.diagnose(rec, s)
		return
	}
	if s := r.footnote(it); s.end > s.start {
		r.diagnose(rec, s)
		return
	}
	from := it.rest
	if it.mentioned && len(r.rows) > 0 {
		from = max(r.rows[it.row].start, r.characterAt(from-maxParagraph/2))
	}
	found := r.bestParagraph(from, r.endOf(it.mark, marks), !it.mentioned)
	for _, m := range it.again {
		if again := r.bestParagraph(m.rest, r.endOf(m, marks), true); again.ground > found.ground {
			found = again
		}
	}
	if s := it.answer; s.end > s.start && found.ground < byStatus {
		found = finding{s, byReply}
	}
	if s := r.common; s.end > s.start && (found.ground < byStatus || s.start >= r.rowStart(it.row) && it.answer == (span{}) && r.groundOf(s) >= byStatus) {
		found = finding{s, byReply}
	}
	if found.ground > byNothing {
		r.diagnose(rec, found.span)
	}
}

// share gives the recipients without a diagnostic the one that holds for all:
// it stands after the last of them, or before the first.
func (r *reader) share(list []Recipient) {
	for i := len(list) - 2; i >= 0; i-- {
		one, next := &list[i], &list[i+1]
		wrong := next.Action == Delivered && hasCode(&next.Diagnostic) // it stands below one that was delivered
		if one.Diagnostic.Text == "" && (one.Action == next.Action || wrong) && r.reasonAbove(i+1) == (span{}) {
			one.Diagnostic, one.RemoteMTA = next.Diagnostic, next.RemoteMTA
		}
		if wrong {
			next.Diagnostic, next.RemoteMTA = Diagnostic{}, Typed{}
		}
	}
	if len(r.rows) == 0 || slices.ContainsFunc(list, func(rec Recipient) bool { return hasCode(&rec.Diagnostic) }) {
		return
	}
	above := r.bestParagraph(0, r.rowStart(r.items[0].row), false)
	for i := range list {
		if heading := r.reasonAbove(i); heading.end > heading.start {
			above = finding{heading, byPhrase}
		}
		if above.ground > byPhrase || above.ground == byPhrase && list[i].Diagnostic.Text == "" {
			r.diagnose(&list[i], above.span)
		}
	}
}

// reasonAbove returns the heading between item i and the one before it that
// says why those below it failed.
func (r *reader) reasonAbove(i int) span {
	if i == 0 {
		return span{}
	}
	return r.reasonBetween(r.items[i-1].row, r.items[i].row)
}

// reasonBetween returns the heading directly above a row, and below another,
// that says why something failed.
func (r *reader) reasonBetween(above, row int) span {
	above = max(above, row-far)
	for row--; row > above && r.blank(row); row-- {
	}
	if row <= above || row > 0 && !r.blank(row-1) || !isHeading(r.row(row)) {
		return span{}
	}
	if s := (span{r.rows[row].start, r.rows[row].end}); r.kindsBetween(s.start, s.end)&saysCause != 0 || !r.blank(row+1) && r.groundOf(s) > byNothing {
		return s
	}
	return span{}
}

// hasCode reports whether d has a code of failure.
func hasCode(d *Diagnostic) bool {
	return isFailure(cmp.Or(d.Reply.Class(), d.Status.Class))
}

// ground is why a piece of the text is taken for a diagnostic, the best last.
type ground uint8

const (
	byNothing ground = iota
	byPlace          // it stands directly after the address
	byPhrase         // a phrase for a cause
	byStatus         // an enhanced status code
	byReply          // a reply code
)

// finding is a piece of text that may say why.
type finding struct {
	span
	ground ground
}

// groundOf tells the ground of a piece of text as far as codes give it.
func (r *reader) groundOf(s span) ground {
	switch c := findCodes(r.text[s.start:s.end]); {
	case isFailure(c.Reply.Class()):
		return byReply
	case isFailure(c.Status.Class):
		return byStatus
	}
	return byNothing
}

// bestParagraph chooses the paragraph between two offsets that says why.
// Adjacent: the first may be it for its place alone.
func (r *reader) bestParagraph(from, to int, adjacent bool) finding {
	var best finding
	for p := range r.paragraphs(from, to) {
		if !hasLetters(r.text[p.start:p.end]) {
			continue
		}
		kinds := r.kindsBetween(p.start, p.end)
		p = r.narrow(p)
		g := r.groundOf(p)
		switch {
		case g == byReply:
			return finding{p, g}
		case g == byStatus:
		case kinds&saysCause != 0:
			g = byPhrase
		case adjacent && kinds&(saysContact|saysDelayed|saysOriginal) == 0 && !isAddressAlone(r.text[p.start:p.end]):
			g = byPlace
		}
		if g > best.ground {
			best = finding{p, g}
		}
	}
	return best
}

func isAddressAlone(s string) bool {
	m, ok := nextAddress(s, 0)
	return ok && !hasLetters(s[:m.start]) && !hasLetters(s[m.end:])
}

// maxParagraph bounds a diagnostic: none is longer, and a text of one endless
// paragraph may name thousands of recipients.
const maxParagraph = 2000

// characterAt returns where the character that offset is in begins.
func (r *reader) characterAt(offset int) int {
	for offset > 0 && offset < len(r.text) && !utf8.RuneStart(r.text[offset]) {
		offset--
	}
	return offset
}

// maxWalked bounds how many rows paragraphs goes through, beyond ten times all
// of them: what stands below a line may be said of every recipient in it.
const maxWalked = 200_000

// paragraphs yields the runs of lines without a blank one between two offsets.
func (r *reader) paragraphs(from, to int) iter.Seq[span] {
	return func(yield func(span) bool) {
		var p span
		for i := r.rowOf(from); i < len(r.rows) && r.rows[i].start < to && r.walked < maxWalked+10*len(r.rows); i++ {
			r.walked++
			w := r.rows[i]
			start := w.start
			if start < from {
				// What stands after the address on its line, without the marks between.
				start = w.end - len(strings.TrimLeft(r.text[min(from, w.end):w.end], ">\"')]:;,.| \t"))
			}
			if start >= w.end || isRule(r.text[start:w.end]) {
				if p.end > p.start && !yield(p) {
					return
				}
				p = span{}
				continue
			}
			if p.end == 0 {
				p = span{start, start}
			}
			if end := min(w.end, to); end-p.start <= maxParagraph {
				p.end = end
			} else if p.end == p.start {
				p.end = r.characterAt(p.start + maxParagraph)
			}
		}
		if p.end > p.start {
			yield(p)
		}
	}
}

// paragraph returns where the paragraph of row i begins and ends, within
// reason.
func (r *reader) paragraph(i int) (start, end int) {
	start = r.paragraphStart(i)
	for last := i + far; i+1 < len(r.rows) && i < last && !r.blank(i+1); i++ {
	}
	return start, r.rows[i].end
}
