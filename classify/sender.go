package classify

import (
	"strings"
	"unicode/utf8"

	"nixie/codes"
)

// senderRule is the rule for what saidOfSender finds.
const senderRule = "text/bad-sender-somehow"

// blames reports whether the rule says that the address or its domain is at fault.
func (m *matcher) blames() bool {
	return (m.row.fault == Address || m.row.fault == Domain) && m.row.reason != RefusedByRecipient
}

// saidOfSender returns where the sender's address stands in the answer, if what
// calls an address dead says it of that one: no address stands nearer before the
// words, or in an answer with a bare code at all, and it is none of the
// recipient's. A server that asks for the sender before it takes a message answers
// so: "550 5.1.1 <news@example.org>: no such user". In "mail from
// news@example.org: no such user" it may be anybody.
func (f *facts) saidOfSender(s *scratch, report *humanText) span {
	if report == nil {
		return span{}
	}
	text := f.texts[theAnswer]
	if x := s.best[tierText]; x.rule != 0 {
		if x.passage != theAnswer {
			return span{}
		}
		text = text[:x.start]
	}
	at := strings.LastIndexByte(text, '@')
	if at < 0 {
		return span{}
	}
	start, end := at, at+1
	for start > 0 && isAddressByte(text[start-1]) {
		start--
	}
	for end < len(text) && isAddressByte(text[end]) {
		end++
	}
	address := strings.Trim(text[start:end], ".'")
	for _, recipient := range f.addresses {
		if strings.EqualFold(recipient, address) {
			return span{}
		}
	}
	coded := false // the answer has begun: a report may name the sender before it
	for code := range codes.Find(text[:start]) {
		coded = code.Reply != 0 || code.Status != codes.Status{}
		break
	}
	if !coded {
		return span{}
	}
	before := strings.TrimRight(text[:start], " <'\"(=:")
	if n := len(before) - len("from"); n >= 0 && strings.EqualFold(before[n:], "from") {
		return span{}
	}
	if !report.isSender(address) {
		return span{}
	}
	return span{int32(start), int32(end)}
}

// isSender reports whether an address is one of those that sent the message: to
// which the report went, or which the original names; case does not count.
func (h *humanText) isSender(address string) bool {
	if h.senders == nil {
		h.senders = make(map[string]bool)
		fields := h.report.Header.Get("To")
		if o := h.report.Original; o != nil {
			fields += " " + o.Header.Get("From") + " " + o.Header.Get("Return-Path")
		}
		isBreak := func(r rune) bool { return r < utf8.RuneSelf && !isAddressByte(byte(r)) }
		for word := range strings.FieldsFuncSeq(strings.ToLower(fields), isBreak) {
			h.senders[word] = true
		}
	}
	return h.senders[strings.ToLower(address)]
}

func isAddressByte(c byte) bool {
	return isAlnum(c) || c >= utf8.RuneSelf || strings.IndexByte(".!#$%&'*+-/=?^_`{|}~@", c) >= 0
}
