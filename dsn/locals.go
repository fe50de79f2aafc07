package dsn

import "strings"

// findLocals finds several recipients that are named by their local parts, one
// a line below a heading, as sendmail names those of its own host:
//
//	----- The following addresses had permanent fatal errors -----
//	jdoe
//	    (reason: 550 5.1.1 <jdoe>... User unknown)
//
// Their domain is that of the report's From. One alone is left to the original,
// which knows how the sender wrote it.
func (r *reader) findLocals() {
	_, domain, _ := strings.Cut(r.signs.from, "@")
	if domain == "" {
		return
	}
	for i := range r.rows {
		if r.kindsBetween(r.rows[i].start, r.rows[i].end)&saysRecipient == 0 || !isHeading(r.row(i)) {
			continue
		}
		if rows := r.localsBelow(i); len(rows) > 1 {
			for _, row := range rows {
				r.addItem(item{address: r.localAt(row) + "@" + domain, mark: mark{row, r.rows[row].start + strings.Index(r.row(row), r.localAt(row)) + len(r.localAt(row))}})
			}
			return
		}
	}
}

// findHalves finds recipients whose local part and domain stand after labels
// of their own, the one below the other:
//
//	User:   bob
//	Domain: example.org
func (r *reader) findHalves() {
	var above, other string // the half in the row above, and which it is
	for i := range r.rows {
		means, value := r.half(i)
		local, domain := value, other
		if means == "domain" {
			local, domain = domain, local
		}
		if means != "" && above != "" && means != above && isLocal(local) && strings.Contains(domain, ".") && isHostName(domain) {
			r.addItem(item{address: local + "@" + domain, mark: mark{i, r.rows[i].end}})
			means = ""
		}
		above, other = means, value
	}
}

// half returns which half of an address row i gives after a label, "local" or
// "domain", and the half; "" if none.
func (r *reader) half(i int) (means, value string) {
	s := r.row(i)
	n := valueAt(s)
	if n == 0 {
		return "", ""
	}
	words().at(s, func(n int, m string) {
		if rest := strings.TrimLeft(s[n:], " \u00a0"); (m == "local" || m == "domain") && hasAnyPrefix(rest, ":", "：", "\t") {
			means = m
		}
	})
	return means, strings.Trim(s[n:], "<>@\"' \t")
}

// localsBelow returns the rows of the paragraph below row i that are a local
// part and nothing else; between them stands only what is indented more.
func (r *reader) localsBelow(i int) []int {
	for i++; i < len(r.rows) && r.blank(i); i++ {
	}
	var rows []int
	for ; i < len(r.rows) && !r.blank(i); i++ {
		switch {
		case r.localAt(i) != "" && (len(rows) == 0 || r.rows[i].indent == r.rows[rows[0]].indent):
			rows = append(rows, i)
		case len(rows) == 0 || r.rows[i].indent <= r.rows[rows[0]].indent:
			return nil
		}
	}
	return rows
}

// localAt returns the local part that row i names, alone or with what became of
// it: "<akbar>  (unrecoverable error)", "smith: no such user"; "" if none.
func (r *reader) localAt(i int) string {
	s := strings.TrimLeft(r.row(i), "<")
	local, rest := s, ""
	if n := strings.IndexAny(s, ">: \t"); n >= 0 {
		local, rest = s[:n], strings.TrimLeft(s[n:], "> \t")
	}
	if !isLocal(local) || rest != "" && rest[0] != '(' && (rest[0] != ':' || r.kindsBetween(r.rows[i].start, r.rows[i].end)&saysCause == 0) {
		return ""
	}
	return local
}

// isLocal reports whether s is a local part as an account is named.
func isLocal(s string) bool {
	if s == "" || len(s) > 64 || s[0] == '.' || s[len(s)-1] == '.' {
		return false
	}
	for i := range len(s) {
		if !isAlnum(s[i]) && strings.IndexByte(".-_+", s[i]) < 0 {
			return false
		}
	}
	return hasLetters(s)
}

// isHeading reports whether a line introduces what stands below it.
func isHeading(s string) bool {
	bare := strings.Trim(s, decoration)
	return strings.HasSuffix(bare, ":") || strings.HasSuffix(bare, "：") || len(s)-len(strings.TrimLeft(s, decoration)) > 1
}
