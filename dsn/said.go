package dsn

import (
	"slices"
	"strings"
)

// goesOn reports whether the text says that mail to the address that ends at
// end goes on to m: "bob@example.org was forwarded to carol@example.org".
func (r *reader) goesOn(end int, m mention) bool {
	between := r.text[end:m.start]
	if len(between) > 100 || strings.Contains(between, ". ") || strings.Contains(between, ".\n") {
		return false
	}
	if end, _ := indexBlankLine(between); end >= 0 {
		return false
	}
	switch kinds := r.kindsBetween(end, m.start); {
	case kinds&saysSender != 0: // "weitergeleitet von"
		return false
	case kinds&saysOnward != 0:
		return true
	}
	after := min(len(r.text), m.end+12)
	next := m.end + spaceAfter(r.text[m.end:after])
	return r.kindsBetween(next, min(next+1, after))&saysOnward != 0
}

// isMember reports whether the address that ends at end is a list, and m a
// member of it: the report is about the member alone.
func (r *reader) isMember(end int, m mention) bool {
	return slices.ContainsFunc(r.hitsBetween(end, m.start), func(h hit) bool { return h.kind&saysOnward != 0 && h.kind&saysRecipient != 0 })
}

// spaceAfter returns how much of s is space and what closes an address.
func spaceAfter(s string) int { return len(s) - len(strings.TrimLeft(s, ">)\"' \t\n")) }

// withoutFormer leaves out the addresses whose mail goes on to another of list,
// which is what every mention of that other then says.
func withoutFormer(text string, list []candidate) []candidate {
	if !slices.ContainsFunc(list, func(c candidate) bool { return c.former != "" }) {
		return list
	}
	former := map[string]string{}
	left := map[string]bool{}
	for _, c := range list {
		if c.former != "" {
			former[strings.ToLower(text[c.start:c.end])], left[strings.ToLower(c.former)] = c.former, true
		}
	}
	for i := range list {
		list[i].former = former[strings.ToLower(text[list[i].start:list[i].end])]
	}
	return slices.DeleteFunc(list, func(c candidate) bool { return left[strings.ToLower(text[c.start:c.end])] })
}

// maxSaid bounds how many addresses addSaid compares with each other.
const maxSaid = 100

// addSaid adds the recipients of a text that names several in one sentence and
// comes back to some of them in another: "I tried a, b and c. It was delivered
// to a, but not to b". It reports whether the text is of that form; what it
// does not come back to is no recipient.
func (r *reader) addSaid(list []candidate) bool {
	if len(list) < 3 || len(list) > maxSaid {
		return false
	}
	address := func(i int) string { return strings.ToLower(r.text[list[i].start:list[i].end]) }
	// Groups of addresses in one list; group[i] is the first of i's.
	group := make([]int, len(list))
	for i := range list {
		group[i] = i
		if i > 0 && isListBreak(r.text[list[i-1].end:list[i].start]) {
			group[i] = group[i-1]
		}
	}
	tried := map[string]bool{}
	for i := range list {
		if group[i] == 0 && !list[i].own {
			tried[address(i)] = true
		}
	}
	if len(tried) < 2 || r.actionIn(span{r.sentenceStart(list[0].start), list[0].start}, true) == Failed || r.actionOfHeading(r.heading(-1, list[0].row)) == Failed {
		return false
	}
	var items []item
	failed, listed := map[string]bool{}, false
	for i := range list {
		if group[i] == 0 || !tried[address(i)] {
			continue
		}
		action, answer := r.saidOf(list, group, i)
		if action == "" {
			continue
		}
		if action != Delivered {
			failed[address(i)] = true
			listed = listed || list[i].item
		}
		items = append(items, item{address: r.text[list[i].start:list[i].end], former: list[i].former, mark: mark{list[i].row, list[i].end}, mentioned: true, action: action, answer: answer})
	}
	if len(failed) == 0 || len(failed) == len(tried) && listed { // a list with the details of each
		return false
	}
	for _, it := range items {
		r.addItem(it)
	}
	return true
}

// saidOf returns what the text says became of the i-th address, before the
// list that it stands in or after it, and the words that say why. The list is
// not the first.
func (r *reader) saidOf(list []candidate, group []int, i int) (Action, span) {
	first, last := group[i], i
	for last+1 < len(list) && group[last+1] == first {
		last++
	}
	before := span{max(r.sentenceStart(list[first].start), list[first-1].end), list[first].start}
	after := span{list[last].end, r.sentenceEnd(list[last].end)}
	if last+1 < len(list) && list[last+1].start < after.end {
		after.end = list[last+1].start
		if n := strings.IndexAny(r.text[after.start:after.end], ",;)"); n >= 0 {
			after.end = after.start + n
		}
	}
	answer := after
	answer.start = after.end - len(strings.TrimLeft(r.text[after.start:after.end], ">\"')(:;,. \t\n"))
	coded := hasFailureCode(r.text[after.start:after.end])
	why := r.kindsBetween(after.start, after.end)&saysCause != 0 || coded
	if !why {
		answer = span{}
	}
	if n := strings.IndexByte(r.text[answer.start:answer.end], ')'); n >= 0 && !coded {
		answer.end = answer.start + n
	}
	action := r.actionIn(before, true)
	if action == "" {
		action = r.actionIn(after, false)
	}
	if action == "" && why {
		action = Failed
	}
	return action, answer
}

// sentenceStart returns where the sentence that offset stands in begins.
func (r *reader) sentenceStart(offset int) int {
	start := max(0, offset-near)
	for i := offset; i > start+1; i-- {
		switch mark := r.text[i-2]; r.text[i-1] {
		case ' ':
			if mark == '.' || mark == ';' {
				return i
			}
		case '\n':
			if row := strings.TrimRight(r.text[start:i-1], " \t"); row == "" || row[len(row)-1] == '.' || row[len(row)-1] == '\n' {
				return i
			}
		}
	}
	return start
}

// sentenceEnd returns where the sentence that offset stands in ends; a colon
// at the end of a paragraph leads on to the next.
func (r *reader) sentenceEnd(offset int) int {
	end := min(len(r.text), offset+near)
	for _, stop := range []string{". ", ".\n", "; "} {
		if i := strings.Index(r.text[offset:end], stop); i >= 0 {
			end = offset + i + 1
		}
	}
	if i, _ := indexBlankLine(r.text[offset:end]); i >= 0 {
		paragraph := r.text[offset : offset+i]
		rest := r.text[offset+i : min(len(r.text), offset+near)]
		end = offset + i
		if strings.HasSuffix(strings.TrimRight(paragraph, " \t"), ":") {
			lead := len(rest) - len(strings.TrimLeft(rest, " \t\n"))
			end += len(rest)
			if j, _ := indexBlankLine(rest[lead:]); j >= 0 {
				end = offset + i + lead + j
			}
		}
	}
	return end
}

// indexBlankLine returns where the first line ends that a blank one follows, and
// where the line after that begins; -1 if there is none.
func indexBlankLine(s string) (end, next int) {
	for {
		n := strings.IndexByte(s[next:], '\n')
		if n < 0 {
			return -1, -1
		}
		end = next + n
		for next = end + 1; next < len(s) && isBlank(s[next]); next++ {
		}
		if next < len(s) && s[next] == '\n' {
			return end, next + 1
		}
	}
}

// exceptions follow what was delivered: "to all recipients except".
var exceptions = wordTable(" except", " but not", " apart from", " other than", " außer ", " sauf ", " excepto ", " exceto ", " tranne ", " behalve ", " oprócz ", " кроме ", " aparte ")

// excepts reports whether an exception follows h, which says delivered.
func (r *reader) excepts(h hit) bool {
	return exceptions().in(r.text[h.start:min(len(r.text), h.end+40)])
}
