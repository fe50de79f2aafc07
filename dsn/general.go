package dsn

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"nixie/codes"
)

// candidate is an address that the text may name as a failed recipient.
type candidate struct {
	mention
	row  int
	tier int  // 1 is the strongest ground
	own  bool // the address of who sent the original or of who reports
	item bool // it stands like an item of a list, not in a sentence
	from bool // it is what the candidate before it was before forwarding
	last bool // nothing follows it on its line, and a label stands before it
}

// findItems finds the recipients in text of no known dialect: the addresses
// that stand where reports name them. Where strong candidates are, the weak
// ones are part of a diagnostic or of something else.
func (r *reader) findItems() {
	list := make([]candidate, 0, 8)
	failedBefore := r.signs.subject&(saysFailed|saysDelayed) != 0
	next := 0 // the first hit after the candidate
	for from := 0; ; {
		m, ok := nextAddress(r.text, from)
		if !ok {
			break
		}
		from = m.end
		for next < len(r.hits) && r.hits[next].start < m.start {
			failedBefore = failedBefore || r.hits[next].kind&(saysFailed|saysDelayed|saysDelivered) != 0
			next++
		}
		previous := 0
		if len(list) > 0 {
			previous = list[len(list)-1].end
		}
		c, ok := r.candidate(m, next, previous, failedBefore)
		if !ok {
			continue
		}
		if c.from = r.isFormer(m); c.from && len(list) > 0 {
			continue
		}
		c.item = c.item && !(r.continues(c.row) && r.anyItem(list, c.row))
		if len(list) > 0 && isListBreak(r.text[previous:m.start]) {
			// "bob@example.org, carol@example.org": one is what the other is.
			above := list[len(list)-1]
			c.tier, c.item, c.last = above.tier, above.item, above.last
		}
		list = append(list, c)
	}
	for _, c := range r.best(list) {
		r.addItem(c)
	}
	// The details may follow after the whole list, under each address again.
	for _, c := range list {
		if c.item {
			r.again(c)
		}
	}
}

// again notes that a recipient is named once more as an item.
func (r *reader) again(c candidate) {
	address := unquoteLocal(r.text[c.start:c.end])
	for i := range r.items {
		if it := &r.items[i]; strings.EqualFold(it.address, address) && it.row < c.row {
			r.marks = append(r.marks, mark{i, c.row, c.end})
			return
		}
	}
}

// candidate judges one address. Next is the index of the first hit after it,
// previous where the address before it ends.
func (r *reader) candidate(m mention, next, previous int, failedBefore bool) (candidate, bool) {
	c := candidate{mention: m, row: r.rowOf(m.start)}
	w := r.rows[c.row]
	if w.quoted {
		return c, false
	}
	before, after := r.text[w.start:m.start], r.text[m.end:w.end]
	if inURL(before) || isMessageID(before, r.text[m.start:m.end]) {
		return c, false
	}
	address := r.text[m.start:m.end]
	c.own = r.isOwn(address)
	bare := strings.Trim(before, " \t<\"'([*-+>.•·=:")
	tail := strings.TrimLeft(after, ">\"')] \t")
	role, gap := r.roleBefore(m, next, max(previous, r.paragraphStart(c.row)))

	dots := strings.HasPrefix(tail, "...") // as sendmail writes "<bob@example.org>... User unknown"
	c.item = !dots && (!hasLetters(bare) || isDisplayName(bare, m, tail)) && !r.isSenderAbove(m, next)
	around := r.kindsBetween(r.rowStart(c.row-1), r.rowEnd(c.row+1))
	follows := r.kindsBetween(m.end, r.rowEnd(c.row+5))
	c.last = tail == "" && (strings.HasSuffix(bare, ":") || strings.HasSuffix(strings.TrimRight(before, " \t<\""), ":"))
	switch {
	case r.isFormer(m):
		c.tier = 2
		return c, true
	case role == saysSender && gap <= 24 && !c.item:
		return c, false
	case role == saysContact && (!c.item || gap < 24 && r.rows[max(c.row-1, 0)].end > r.rows[max(c.row-1, 0)].start):
		return c, false
	case c.item:
		c.tier = 3
		if failedBefore || follows&(saysCause|saysFailed) != 0 || r.codeAfter(m.end, c.row) {
			c.tier = 1
		}
	case isHeaderLabel(bare):
		c.tier = 3
	case dots && (follows&(saysCause|saysFailed) != 0 || r.codeBefore(w.start, m.start)):
		c.tier = 1
	case role == saysRecipient && gap <= 40:
		c.tier = 2
		if failedBefore || follows&(saysCause|saysFailed|saysDelayed) != 0 || around&saysCause != 0 || r.codeAfter(m.end, c.row) {
			c.tier = 1
		}
		if r.codeBefore(w.start, m.start) {
			c.tier = 3
		}
	case strings.HasSuffix(bare, ":") && around&(saysFailed|saysCause) != 0:
		c.tier = 2
	case r.codeBefore(w.start, m.start):
		c.tier = 4
	case around&(saysFailed|saysCause) != 0:
		c.tier = 2
	default:
		c.tier = 5
	}
	if isHelpDesk(address) && c.tier > 1 {
		return c, false
	}
	return c, true
}

// best returns the strongest of the candidates, each address once. The
// addresses of the two sides count only where no other does.
func (r *reader) best(list []candidate) []candidate {
	for _, own := range []bool{false, true} {
		tier, items := 5, false
		for _, c := range list {
			if c.own != own || own && strings.EqualFold(r.text[c.start:c.end], r.signs.from) && !c.item {
				continue
			}
			if c.tier < tier {
				tier, items = c.tier, false
			}
			items = items || c.tier == tier && c.item
		}
		if tier == 5 || tier == 4 && own || tier > 1 && own && !r.signs.machine() {
			continue
		}
		var best []candidate
		for _, c := range list {
			if c.own == own && c.tier == tier && c.item == items && !r.contains(best, c) {
				best = append(best, c)
			}
		}
		return best
	}
	return nil
}

func (r *reader) contains(list []candidate, c candidate) bool {
	for _, o := range list {
		if strings.EqualFold(r.text[o.start:o.end], r.text[c.start:c.end]) {
			return true
		}
	}
	return false
}

func (r *reader) addItem(c candidate) {
	r.items = append(r.items, item{
		row:       c.row,
		address:   unquoteLocal(r.text[c.start:c.end]),
		rest:      c.end,
		mentioned: !c.item,
		labelled:  c.last,
	})
}

// roleBefore returns what the last phrase before m makes of the address that
// follows it, and how far before it stands.
func (r *reader) roleBefore(m mention, next, from int) (phraseKind, int) {
	for i := next - 1; i >= 0 && r.hits[i].start >= from; i-- {
		if role := r.hits[i].kind & (saysSender | saysRecipient | saysContact); role != 0 {
			end := min(r.hits[i].end, m.start)
			if role&saysContact != 0 && strings.Contains(r.text[end:m.start], ". ") {
				continue
			}
			switch {
			case role&saysRecipient != 0:
				if i > 0 && r.hits[i-1].kind&saysContact != 0 && r.hits[i-1].end+12 > r.hits[i].start {
					return saysContact, m.start - end
				}
				return saysRecipient, m.start - end
			case role&saysSender != 0:
				return saysSender, m.start - end
			}
			return saysContact, m.start - end
		}
	}
	return 0, 0
}

// isListBreak reports whether s is what stands between two addresses of a list.
func isListBreak(s string) bool {
	s = strings.Trim(s, " \t<>\"'")
	return s == "," || s == ";" || s == "and" || s == "&"
}

// anyItem reports whether an item stands above row i in the same paragraph.
func (r *reader) anyItem(list []candidate, i int) bool {
	start := r.paragraphStart(i)
	for _, c := range list {
		if c.item && c.start >= start && c.row < i {
			return true
		}
	}
	return false
}

// isSenderAbove reports whether the words before an item, with nothing but
// space between, make it a sender: "A message sent by" on a line of its own.
func (r *reader) isSenderAbove(m mention, next int) bool {
	for i := next - 1; i >= 0 && i > next-4; i-- {
		h := r.hits[i]
		if h.kind&saysSender != 0 && h.kind&saysRecipient == 0 && h.end <= m.start && !hasLetters(r.text[h.end:m.start]) {
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
	above := r.row(i - 1)
	_, named := nextAddress(above, 0)
	return !named || r.rows[i].indent > r.rows[i-1].indent
}

// isFormer reports whether the words before an address say that it is what a
// recipient was before forwarding.
func (r *reader) isFormer(m mention) bool {
	before := strings.TrimRight(r.text[max(0, m.start-40):m.start], " <\"'\n")
	for _, words := range formerWords {
		words = strings.TrimRight(words, " ")
		if len(before) >= len(words) && strings.EqualFold(before[len(before)-len(words):], words) {
			return true
		}
	}
	return false
}

// paragraphStart returns where the paragraph that row i belongs to begins.
func (r *reader) paragraphStart(i int) int {
	for i > 0 && !r.blank(i-1) {
		i--
	}
	return r.rows[i].start
}

func (r *reader) rowStart(i int) int { return r.rows[max(i, 0)].start }

func (r *reader) rowEnd(i int) int { return r.rows[min(i, len(r.rows)-1)].end }

// kindsBetween returns what the phrases between two offsets say.
func (r *reader) kindsBetween(from, to int) phraseKind {
	var kinds phraseKind
	for _, h := range r.hits {
		if h.start >= from && h.start < to {
			kinds |= h.kind
		}
	}
	return kinds
}

// codeAfter reports whether an SMTP code of failure stands soon after offset.
func (r *reader) codeAfter(offset, row int) bool {
	return hasFailureCode(r.text[offset:max(offset, r.rowEnd(row+5))])
}

func (r *reader) codeBefore(from, to int) bool { return hasFailureCode(r.text[from:to]) }

func hasFailureCode(text string) bool {
	for code := range codes.Find(text) {
		if c := code.Reply.Class(); c == codes.Transient || c == codes.Permanent {
			return true
		}
		if c := code.Status.Class; c == codes.Transient || c == codes.Permanent {
			return true
		}
	}
	return false
}

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

// inURL reports whether what follows before is part of a URL; a mailto is not.
func inURL(before string) bool {
	i := strings.LastIndex(before, "://")
	return i >= 0 && strings.IndexAny(before[i:], " \t<>\"'") < 0
}

// isMessageID reports whether what stands before an address says that it is a
// Message-ID, or it looks like nothing else.
func isMessageID(before, address string) bool {
	before = strings.ToLower(strings.TrimRight(before, " \t<:="))
	if strings.HasSuffix(before, "message-id") || strings.HasSuffix(before, "message id") || strings.HasSuffix(before, "messageid") ||
		strings.HasSuffix(before, "msgid") || strings.HasSuffix(before, "message identifier") || strings.HasSuffix(before, "references") || strings.HasSuffix(before, "in-reply-to") {
		return true
	}
	local, _, _ := strings.Cut(address, "@")
	digits := 0
	for i := range len(local) {
		if '0' <= local[i] && local[i] <= '9' {
			digits++
		}
	}
	return len(local) > 24 && digits*2 > len(local)
}

// isHeaderLabel reports whether label is that of the To or Cc field of the
// original, which some reports quote.
func isHeaderLabel(label string) bool {
	switch strings.ToLower(strings.TrimRight(label, ": \t")) {
	case "to", "cc", "an", "à", "para", "aan", "do", "dw", "кому", "kime", "til", "till", "宛先", "收件人", "收件者", "받는 사람", "a":
		return true
	}
	return false
}

// isHelpDesk reports whether address is where one asks for help.
func isHelpDesk(address string) bool {
	local, _, _ := strings.Cut(strings.ToLower(address), "@")
	switch local {
	case "postmaster", "mailer-daemon", "abuse", "support", "helpdesk", "hostmaster", "webmaster", "help", "admin", "noreply", "no-reply":
		return true
	}
	return false
}

// isDisplayName reports whether bare is a display name before an address in
// angle brackets with nothing after it: "Bob Smith <bob@example.org>".
func isDisplayName(bare string, m mention, tail string) bool {
	return m.bracketed && tail == "" && !isHeaderLabel(bare) && len(bare) < 40 && strings.Count(bare, " ") < 4 && !strings.ContainsAny(bare, ":;=[]{}0123456789") &&
		saysIn(bare)&^(saysFailed|saysCause) == 0
}

// hasLetters reports whether s holds a letter or a digit, the number of a
// list item ("1.") aside.
func hasLetters(s string) bool {
	digits := 0
	for digits < len(s) && '0' <= s[digits] && s[digits] <= '9' {
		digits++
	}
	if digits > 0 && digits < 3 && len(s) == digits+1 && strings.IndexByte(".):", s[digits]) >= 0 {
		return false
	}
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return true
		}
		i += n
	}
	return false
}

// unquoteLocal returns address without quotes around a local part that needs none.
func unquoteLocal(address string) string {
	local, domain, ok := strings.Cut(address, "\"@")
	if !ok || !strings.HasPrefix(local, "\"") {
		return address
	}
	for i := 1; i < len(local); i++ {
		if !isAtext(local[i]) && local[i] != '.' {
			return address
		}
	}
	return local[1:] + "@" + domain
}
