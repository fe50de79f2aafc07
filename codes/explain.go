package codes

import (
	"fmt"
	"slices"
	"strings"
)

// Explain returns the meanings of the codes that a person gives, in order:
// one code in any form ("550", "5.1.1", "X.2.0", "0×800CCC79", "-2146644871",
// "SMTP_REJECTED_RECIPIENTS"), a status without its dots where the digits are
// no reply code ("213", "441"), "421 or 4.2.1", the title of a status, or a
// text with codes in it such as a whole SMTP reply. A code that no list has
// is told by its Meaning with an empty Standing. The error says that there is
// no code.
func Explain(s string) ([]Meaning, error) {
	s = strings.Trim(strings.ReplaceAll(s, "\u00a0", " "), " \t\r\n•")
	if m, ok := explainOne(s); ok {
		return []Meaning{m}, nil
	}
	var found []Meaning
	add := func(c Code) {
		status, _ := c.Status.Meaning()
		number, _ := c.HResult.Meaning()
		for _, m := range []Meaning{explainReply(c.Reply), status, number} {
			if m.Code != "" && !slices.ContainsFunc(found, func(f Meaning) bool { return f.Code == m.Code }) {
				found = append(found, m)
			}
		}
	}
	first, rest, _ := strings.Cut(s, " ")
	if either, ok := parseEither(first, rest); ok {
		add(either)
		return found, nil
	}
	for c := range Find(s) {
		add(c)
	}
	if len(found) > 0 {
		return found, nil
	}
	if m, ok := explainOne(first); ok {
		return []Meaning{m}, nil
	}
	return nil, fmt.Errorf("codes: no code in %q", s)
}

// explainOne explains a text that is one code, name or title and nothing else.
func explainOne(s string) (Meaning, bool) {
	name := strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(s), "ixp_e_"), "ixp_s_")
	if code, ok := names()[name]; ok {
		s = code
	}
	if h, err := ParseHResult(s); err == nil {
		m, _ := h.Meaning()
		return m, true
	}
	bare := strings.Trim(s, " #()[]<>\"'.,;:")
	if r, err := ParseReply(bare); err == nil {
		return explainReply(r), true
	}
	if st, err := parsePattern(bare); err == nil {
		m, _ := st.Meaning()
		return m, true
	}
	return Meaning{}, false
}

// explainReply explains three digits: a reply code or, where they are none, a
// status without its dots.
func explainReply(r Reply) Meaning {
	m, ok := r.Meaning()
	if ok && m.Standing != "collapsed" {
		return m
	}
	s := Status{r.Class(), uint16(r / 10 % 10), uint16(r % 10)}
	sm, registered := s.Meaning()
	if !registered {
		return m
	}
	others := sm.Others[:len(sm.Others):len(sm.Others)]
	sm.Others = append(others, Reading{
		Title:     r.String() + ", the status without its dots",
		Text:      "No standard has this reply code. " + m.Text,
		Reference: m.Reference,
	})
	return sm
}

// parseEither reads "421" and "or 4.2.1", with or without words after them.
// The two seldom mean the same.
func parseEither(first, rest string) (Code, bool) {
	or, rest, _ := strings.Cut(strings.TrimSpace(rest), " ")
	status, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	r, err1 := ParseReply(first)
	s, err2 := ParseStatus(strings.TrimRight(status, ".,:;"))
	return Code{Reply: r, Status: s}, err1 == nil && err2 == nil && (or == "or" || or == "/")
}

// anyClass stands for the X of X.1.1; no code has it.
const anyClass Class = 1

// parsePattern reads a status whose class may be X, for any.
func parsePattern(s string) (Status, error) {
	if s != "" && strings.IndexByte("xX*", s[0]) >= 0 {
		st, err := ParseStatus("2" + s[1:])
		st.Class = anyClass
		return st, err
	}
	return ParseStatus(s)
}
