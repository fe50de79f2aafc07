package classify

import (
	"strconv"
	"strings"

	"nixie/codes"
	"nixie/dsn"
)

// evidence lists the best rule of each tier, the decisive one first.
func (c *Classifier) evidence(f *facts, s *scratch, first candidate, text *humanText) []Evidence {
	n := 0
	for i := range s.best {
		if s.best[i].rule != 0 {
			n++
		}
	}
	because := make([]Evidence, n)
	n = 1
	for i := range s.best {
		x := &s.best[i]
		if x.rule == 0 {
			continue
		}
		e := &because[0]
		if x.rule != first.rule {
			e = &because[n]
			n++
		}
		m := &c.matchers[x.rule-1]
		e.Basis, e.Rule = tierBasis[m.tier], m.Name
		switch {
		case x.words == 0:
			e.Quote, e.At = f.quote(m, text)
		case x.passage == theAnswer:
			e.Quote, e.At = f.texts[theAnswer][x.start:x.end], text.within(f, int(x.start))
		default:
			e.Quote, e.At = f.texts[x.passage][x.start:x.end], text.place(f.starts[x.passage]+int(x.start))
		}
	}
	return because
}

// quote returns what a rule without phrases goes by, as it stands in the
// message; "" when it stands nowhere.
func (f *facts) quote(m *matcher, text *humanText) (string, dsn.Place) {
	var buf [12]byte
	field, code := "Action", buf[:0]
	switch {
	case len(m.status) > 0:
		field, code = "Status", appendStatus(buf[:0], f.status)
	case len(m.reply) > 0:
		field, code = "", strconv.AppendUint(buf[:0], uint64(f.reply), 10)
	case len(m.Action) == 0:
		return f.command, f.answer
	}
	answer := f.texts[theAnswer]
	if i := indexCode(answer, code); i >= 0 {
		return answer[i : i+len(code)], text.within(f, i)
	}
	if got, ok := f.fields.Find(field); ok {
		if value := got.Text(); len(code) == 0 || indexCode(value, code) >= 0 {
			return value, dsn.Place{Part: f.at.Part, Line: got.Line}
		}
	}
	return "", f.at
}

func appendStatus(b []byte, s codes.Status) []byte {
	b = append(strconv.AppendUint(b, uint64(s.Class), 10), '.')
	b = append(strconv.AppendUint(b, uint64(s.Subject), 10), '.')
	return strconv.AppendUint(b, uint64(s.Detail), 10)
}

// indexCode returns where a code stands in text by itself, -1 if nowhere.
func indexCode(text string, code []byte) int {
	if len(code) == 0 {
		return -1
	}
	for from := 0; ; {
		i := strings.Index(text[from:], string(code))
		if i < 0 {
			return -1
		}
		i += from
		end := i + len(code)
		if (i == 0 || !isDigit(text[i-1]) && text[i-1] != '.') && (end == len(text) || !isDigit(text[end])) {
			return i
		}
		from = end
	}
}
