package dsn

import (
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"nixie/codes"
)

// near is how many bytes around an address bear on what it is.
const near = 400

// far is how many rows away a paragraph begins or ends, or has its heading, at
// most.
const far = 50

// candidate is an address that the text may name as a failed recipient.
type candidate struct {
	mention
	row    int
	tier   tier
	own    bool   // the address of who sent the original or of who reports
	item   bool   // it stands like an item of a list, not in a sentence
	last   bool   // it ends its line, after a label
	form   string // the label before it, with a colon; "" if there is none
	former string // whose mail goes to it, where the text says so
}

// tier is how strong the ground is to take an address for a failed recipient;
// the strongest is the smallest.
type tier uint8

const (
	named     tier = 1 // an item or after "recipient", with a failure told of it
	told      tier = 2 // in a sentence about a failure
	listed    tier = 3 // an item, or after the To: of the original, with no failure near
	quoted    tier = 4 // inside a diagnostic
	baseless  tier = 5
	forgotten tier = 9 // of somebody else for certain
)

// findItems finds the recipients in text of no known dialect: the addresses
// that stand where reports name them. Where strong candidates are, the weak
// ones are part of a diagnostic or of something else.
func (r *reader) findItems() {
	list := make([]candidate, 0, 8)
	failure := r.signs.subject&(saysFailed|saysDelayed) != 0 // said before the address
	next := 0                                                // the first hit after it
	previous, end := 0, 0                                    // where the address before it ends, and where it does
	row, inside := -1, false                                 // the last one with an item, and whether it goes on with the one above
	for m := range addresses(r.text) {
		previous, end = end, m.end
		for next < len(r.hits) && r.hits[next].start < m.start {
			failure = failure || r.hits[next].kind&(saysFailed|saysDelayed|saysDelivered) != 0
			next++
		}
		if r.isFormer(m) && len(list) > 0 {
			continue
		}
		address := r.text[m.start:m.end]
		c := r.candidate(m, next, previous, failure)
		if len(list) > 0 && list[len(list)-1].end == previous && isListBreak(r.text[previous:m.start]) {
			// "bob@example.org, carol@example.org": one is what the other is.
			above := list[len(list)-1]
			c.tier, c.item, c.last, c.former = above.tier, above.item, above.last, above.former
		}
		if c.tier == forgotten {
			continue
		}
		if n := len(list) - 1; n >= 0 && !c.own && !strings.EqualFold(r.text[list[n].start:list[n].end], address) && r.goesOn(list[n].end, m) {
			c.tier = min(c.tier, list[n].tier)
			if !r.isMember(list[n].end, m) {
				c.former = r.text[list[n].start:list[n].end]
			}
			list = list[:n]
		}
		if n := len(list) - 1; n >= 0 && c.item && c.tier == listed && list[n].item && list[n].row == c.row-1 {
			c.tier = list[n].tier // the next line of a list
		}
		if c.item && c.row != row {
			row, inside = c.row, r.continues(c.row) && r.itemAbove(list, c.row)
		}
		c.item = c.item && !inside
		list = append(list, c)
	}
	list = withoutFormer(r.text, list)
	if !r.addSaid(list) {
		r.addBest(list)
	}
	// The details may follow after the whole list, under each address again.
	for _, c := range list {
		if n := r.find(unquoteLocal(r.text[c.start:c.end])); c.item && n >= 0 && r.items[n].row < c.row {
			r.items[n].again = append(r.items[n].again, mark{c.row, c.end})
		}
	}
}

// addBest adds the strongest of the candidates, each address once. The
// addresses of the two sides count only where no other does, and one that
// nothing speaks for only where a mail system names no other.
func (r *reader) addBest(list []candidate) {
	for _, own := range []bool{false, true} {
		best, items := forgotten, false
		for _, c := range list {
			if c.own != own || own && !c.item && strings.EqualFold(r.text[c.start:c.end], r.signs.from) {
				continue
			}
			if c.tier < best {
				best, items = c.tier, false
			}
			items = items || c.tier == best && c.item
		}
		if best == forgotten || best == baseless && (own || !r.signs.machine() || len(list) != 1) || own && (best >= quoted || !r.signs.machine() && !(r.signs.office && best == named)) {
			continue
		}
		forms := map[string]bool{}
		for _, c := range list {
			if c.form != "" && c.own == own && c.tier == best && c.item == items {
				forms[c.form] = true
			}
		}
		for _, c := range list {
			if c.own == own && (c.tier == best && c.item == items || forms[c.form]) {
				r.addItem(item{address: r.text[c.start:c.end], former: c.former, mark: mark{c.row, c.end}, mentioned: !c.item, labelled: c.last})
			}
		}
		return
	}
}

// candidate judges one address. Next is the index of the first hit after it,
// previous is where the address before it ends, failure whether one is told
// of above.
func (r *reader) candidate(m mention, next, previous int, failure bool) candidate {
	c := candidate{mention: m, row: r.rowOf(m.start)}
	w := r.rows[c.row]
	address := r.text[m.start:m.end]
	before, after := r.text[max(w.start, m.start-near):m.start], r.text[m.end:min(w.end, m.end+near)]
	if w.quoted || inURL(before, address) || isMessageID(before, address) {
		c.tier = forgotten
		return c
	}
	c.own = r.isOwn(address)
	label := strings.Trim(before, " \t<\"'([*-+>.•·=:")
	tail := strings.TrimLeft(after, ">\"')] \t")
	dots := strings.HasPrefix(tail, "...") // as sendmail writes "<bob@example.org>... User unknown"
	trimmed := strings.TrimRight(before, " \t\u3000<\"")
	colon := strings.HasSuffix(trimmed, ":") || strings.HasSuffix(trimmed, "：")
	c.item = !dots && (!hasLetters(label) || isDisplayName(label, m, strings.HasSuffix(before, "(") && strings.HasPrefix(after, ")"), tail)) && !r.isSenderAbove(m, next) && !r.flows(c.row, after, tail)
	c.last = tail == "" && colon
	if n := valueAt(label + ": "); colon && n > 2 {
		c.form = label
	}

	role, gap := r.roleBefore(m, next, max(previous, r.paragraphStart(c.row)))
	around := r.kindsBetween(max(r.rowStart(c.row-1), m.start-near), min(r.rowEnd(c.row+1), m.end+near))
	follows := r.kindsBetween(m.end, min(r.rowEnd(c.row+5), m.end+near))
	coded := func() bool { return hasFailureCode(before) }
	codeFollows := func() bool {
		return hasFailureCode(r.text[m.end:max(m.end, min(r.rowEnd(c.row+5), m.end+near))])
	}
	switch {
	case r.isFormer(m):
		c.tier = told
	case role == saysSender && gap <= 24 && !c.item && !dots,
		role == saysContact && (!c.item || gap <= 24 && c.row > 0 && !r.blank(c.row-1)):
		c.tier = forgotten
	case c.item && (failure && !r.signsOff(c.row) || follows&(saysCause|saysFailed) != 0 || codeFollows() || actionWord(after) != "" || r.actionOfHeading(r.heading(-1, c.row)) != "" || r.reasonBetween(-1, c.row) != (span{})):
		c.tier = named
	case c.item, (colon || tail == "") && isHeaderLabel(label):
		c.tier = listed
	case dots && (follows&(saysCause|saysFailed) != 0 || coded()), colon && len(label) < 40 && r.actionIn(span{w.start, m.start}, true) != "":
		c.tier = named
	case role == saysRecipient && gap <= 40 && coded():
		c.tier = listed
	case role == saysRecipient && gap <= 40 && (failure || follows&(saysCause|saysFailed|saysDelayed) != 0 || around&saysCause != 0 || codeFollows()):
		c.tier = named
	case role == saysRecipient && gap <= 40, colon && around&(saysFailed|saysCause) != 0:
		c.tier = told
	case coded():
		c.tier = quoted
	case around&(saysFailed|saysCause) != 0, codeFollows():
		c.tier = told
	case failure && c.last:
		c.tier = listed
	default:
		c.tier = baseless
	}
	if c.tier > named && (isHelpDesk(address) || !c.item && hasSuffixFold(trimmed, "contact")) {
		c.tier = forgotten
	}
	return c
}

// isListBreak reports whether s is what stands between two addresses of a list:
// a comma or a word for "and", and the display name of the second.
func isListBreak(s string) bool {
	if len(s) > 60 {
		return false
	}
	s = strings.TrimLeft(s, ">)\"' \t\n")
	rest := strings.TrimLeft(s, ",;，；、 \n")
	parted := len(rest) < len(s)
	name := strings.Trim(rest, " \t\n<>\"'(")
	switch name {
	case "":
		return parted
	case "and", "&", "or", "und", "oder", "et", "ou", "y", "e", "en", "i", "oraz", "и", "ve", "og", "och", "ja", "a", "és", "și", "dan", "và", "和", "と":
		return true
	}
	return parted && (strings.HasSuffix(s, "<") || strings.HasSuffix(s, "(")) && isName(name)
}

// itemAbove reports whether an item stands above row i in the same paragraph.
func (r *reader) itemAbove(list []candidate, i int) bool {
	start := r.paragraphStart(i)
	for n := len(list) - 1; n >= 0 && list[n].start >= start; n-- {
		if list[n].item && list[n].row < i {
			return true
		}
	}
	return false
}

// continues reports whether row i continues the wrapped text of the row above
// rather than begin an item of its own.
func (r *reader) continues(i int) bool {
	if i == 0 || r.blank(i-1) || r.rows[i].indent < r.rows[i-1].indent || r.rows[i].indent == 0 {
		return false
	}
	if above := r.heading(i-2, i); above.end > above.start && r.actionOfHeading(above) != "" {
		return false
	}
	_, named := nextAddress(r.row(i-1), 0)
	if !named && isHeading(r.row(i-1)) && (i == 1 || r.blank(i-2)) {
		return false
	}
	return !named || r.rows[i].indent > r.rows[i-1].indent
}

// flows reports whether an address at the start of row i, with tail after it,
// stands in the middle of a sentence that began in the row above.
func (r *reader) flows(i int, after, tail string) bool {
	if strings.HasPrefix(after, "  ") || strings.HasPrefix(after, "\t") { // the next column of a table
		return false
	}
	if i == 0 || r.blank(i-1) || r.rows[i].indent != r.rows[i-1].indent || tail == "" {
		return false
	}
	if first, _ := utf8.DecodeRuneInString(tail); !unicode.IsLetter(first) {
		return false
	}
	above := r.row(i - 1)
	m, ok := nextAddress(above, 0)
	return !strings.HasSuffix(above, ":") && !strings.HasSuffix(above, ".") && !(ok && m.start < 3)
}

// signsOff reports whether the row above i leads to nothing: an address below
// it is part of a signature rather than an item.
func (r *reader) signsOff(i int) bool {
	if i == 0 || r.blank(i-1) || r.rows[i].indent != r.rows[i-1].indent {
		return false
	}
	above := r.row(i - 1)
	_, named := nextAddress(above, 0)
	return !named && !isRule(above) && !strings.HasSuffix(above, ":") && !strings.HasSuffix(above, "：") &&
		r.kindsBetween(r.rows[i-1].start, r.rows[i-1].end)&(saysFailed|saysCause|saysDelayed|saysDelivered|saysRecipient) == 0
}

// isSenderAbove reports whether the words before an item, with nothing but
// space between, make it a sender: "A message sent by" on a line of its own.
func (r *reader) isSenderAbove(m mention, next int) bool {
	for i := next - 1; i >= 0 && i > next-4; i-- {
		h := r.hits[i]
		if h.kind&saysSender == 0 || h.kind&saysRecipient != 0 || h.end > m.start || m.start-h.end >= near {
			continue
		}
		if between := r.text[h.end:m.start]; !hasLetters(between) && strings.IndexByte(between, '.') < 0 {
			return true
		}
	}
	return false
}

// isFormer reports whether the words before an address say that it is what a
// recipient was before forwarding.
func (r *reader) isFormer(m mention) bool {
	before := strings.TrimRight(r.text[max(0, m.start-40):m.start], " <\"'\n")
	return slices.ContainsFunc(formerEnds, func(words string) bool { return hasSuffixFold(before, words) })
}

// roleBefore returns what the last phrase before m, and not before from, makes
// of the address that follows it, and how far before it stands.
func (r *reader) roleBefore(m mention, next, from int) (role phraseKind, gap int) {
	for i := next - 1; i >= 0 && r.hits[i].start >= max(from, m.start-near); i-- {
		role := r.hits[i].kind & (saysSender | saysRecipient | saysContact)
		end := min(r.hits[i].end, m.start)
		switch {
		case role&saysRecipient != 0:
			// "Contact the recipient bob@example.org"
			if i > 0 && r.hits[i-1].kind&saysContact != 0 && r.hits[i-1].end+12 > r.hits[i].start {
				return saysContact, m.start - end
			}
			return saysRecipient, m.start - end
		case role&saysSender != 0:
			return saysSender, m.start - end
		case role&saysContact != 0 && !strings.Contains(r.text[end:m.start], ". "):
			return saysContact, m.start - end
		}
	}
	return 0, 0
}

// paragraphStart returns where the paragraph that row i belongs to begins, or
// some lines above i in a very long one.
func (r *reader) paragraphStart(i int) int {
	for last := max(0, i-far); i > last && !r.blank(i-1); i-- {
	}
	return r.rows[i].start
}

func (r *reader) rowStart(i int) int { return r.rows[max(i, 0)].start }

func (r *reader) rowEnd(i int) int { return r.rows[min(i, len(r.rows)-1)].end }

// hitsBetween returns the phrases that begin between two offsets.
func (r *reader) hitsBetween(from, to int) []hit {
	first := sort.Search(len(r.hits), func(i int) bool { return r.hits[i].start >= from })
	last := first
	for last < len(r.hits) && r.hits[last].start < to {
		last++
	}
	return r.hits[first:last]
}

// kindsBetween returns what the phrases between two offsets say.
func (r *reader) kindsBetween(from, to int) phraseKind {
	var kinds phraseKind
	for _, h := range r.hitsBetween(from, to) {
		kinds |= h.kind
	}
	return kinds
}

func hasFailureCode(text string) bool {
	for code := range codes.Find(text) {
		if isFailure(code.Reply.Class()) || isFailure(code.Status.Class) {
			return true
		}
	}
	return false
}

func isFailure(c codes.Class) bool { return c == codes.Transient || c == codes.Permanent }

// isOwn reports whether address is that of the reporter, or of who gets the
// report because the original was theirs.
func (r *reader) isOwn(address string) bool {
	if strings.EqualFold(address, r.signs.from) {
		return true
	}
	for _, to := range r.signs.to {
		if strings.EqualFold(address, to) {
			return true
		}
	}
	return false
}
