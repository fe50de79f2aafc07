package dsn

import (
	"strings"
	"unicode"
)

// inURL reports whether address, with before in front of it, is part of a URL;
// a mailto is not.
func inURL(before, address string) bool {
	if strings.HasPrefix(address, "//") || strings.ContainsRune(address, '/') && strings.ContainsAny(address, "?&") {
		return true
	}
	i := strings.LastIndex(before, "://")
	return i >= 0 && !strings.ContainsAny(before[i:], " \t<>\"'")
}

// isMessageID reports whether what stands before an address says that it is a
// Message-ID, or it looks like nothing else.
func isMessageID(before, address string) bool {
	before = strings.TrimRight(before, " \t<:=\"'")
	for _, label := range []string{"message-id", "message id", "messageid", "msgid", "message identifier", "for message", "references", "in-reply-to", "queue id", "queue-id"} {
		if hasSuffixFold(before, label) {
			return true
		}
	}
	local, _, _ := strings.Cut(address, "@")
	digits := 0
	for i := range len(local) {
		if isDigit(local[i]) {
			digits++
		}
	}
	return digits*2 > len(local) && (len(local) > 24 || hasSuffixFold(before, "message"))
}

// isHeaderLabel reports whether label is that of the To or Cc field of the
// original, which some reports quote.
func isHeaderLabel(label string) bool {
	switch strings.ToLower(strings.TrimRight(label, ": \t")) {
	case "to", "cc", "an", "à", "para", "aan", "do", "dw", "кому", "kime", "til", "till", "a":
		return true
	}
	return false
}

// isHelpDesk reports whether address is where one asks for help.
func isHelpDesk(address string) bool {
	local, _, _ := strings.Cut(strings.ToLower(address), "@")
	if strings.HasPrefix(local, "postmaster") {
		return true
	}
	switch local {
	case "mailer-daemon", "abuse", "support", "helpdesk", "hostmaster", "webmaster", "help", "admin", "noreply", "no-reply":
		return true
	}
	return false
}

// isDisplayName reports whether label is a display name before an address in
// angle brackets or parentheses with nothing after it: "Bob Smith
// <bob@example.org>".
func isDisplayName(label string, m mention, inParentheses bool, tail string) bool {
	return (m.bracketed || inParentheses) && tail == "" && !isHeaderLabel(label) && isName(label)
}

// isName reports whether s can be the name of a person.
func isName(s string) bool {
	return len(s) < 40 && strings.Count(s, " ") < 4 && !strings.ContainsAny(s, ":;=[]{}0123456789\t") && saysIn(s)&^(saysFailed|saysCause) == 0
}

// hasLetters reports whether s holds a letter or a digit, the number of a
// list item ("1.") aside.
func hasLetters(s string) bool {
	digits := 0
	for digits < len(s) && isDigit(s[digits]) {
		digits++
	}
	if digits > 0 && digits < 3 && strings.Trim(s[digits:], ".):]") == "" {
		return false
	}
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
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
