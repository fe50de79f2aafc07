package dsn

import (
	"strings"
	"time"
	"unicode/utf8"
)

// returnDate returns the day on which who answered automatically is back, as
// far as the text gives it: the date after "until" or before 까지. A date
// without a year is the next one after sent. Zero when there is none.
func returnDate(text string, sent time.Time) time.Time {
	for i := 0; i < len(text); {
		if !startsDate(text, i) {
			_, n := utf8.DecodeRuneInString(text[i:])
			i += n
			continue
		}
		year, month, day, n := dateAt(text[i:])
		if n == 0 {
			i++
			continue
		}
		before, after := text[max(0, i-40):i], text[i+n:min(len(text), i+n+30)]
		if endsWithUntil(before) || beginsWithUntil(after) {
			if date, ok := completeDate(year, month, day, sent); ok {
				return date
			}
		}
		i += n
	}
	return time.Time{}
}

// startsDate reports whether a word or a number begins at text[i].
func startsDate(text string, i int) bool {
	return isAlnum(text[i]) && (i == 0 || !isAlnum(text[i-1]))
}

// untilBefore are words before the date of a return, untilAfter words behind.
var (
	untilBefore = []string{
		"until", "till", "until the", "back on", "back on the", "return on", "return on the", "returning on", "back in the office on", "to the office on", "am back",
		"bis", "bis zum", "bis einschließlich", "bis inklusive", "wieder am", "wieder ab", "ab dem", "ab", "erst am",
		"jusqu'au", "jusqu’au", "de retour le", "retour le", "hasta el", "hasta el día", "vuelvo el", "regreso el", "regresaré el",
		"até", "até o dia", "até dia", "volto dia", "retorno em", "retorno no dia", "fino al", "fino a", "rientro il", "tornerò il",
		"tot", "tot en met", "terug op", "weer aanwezig op", "do", "do dnia", "wracam", "wrócę", "до", "вернусь", "вернусь на работу",
		"至", "直到", "到", "till och med", "til og med", "indtil", "asti",
	}
	untilAfter = []string{"まで", "に戻", "より出社", "까지", "에 복귀", "tarihine kadar", "'a kadar", "'e kadar", "kadar", "回来", "返回", "asti", "saakka"}
)

func endsWithUntil(s string) bool {
	s = strings.TrimRight(s, " \t\n,")
	for _, day := range []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "montag", "dienstag", "mittwoch", "donnerstag", "freitag",
		"lundi", "mardi", "mercredi", "jeudi", "vendredi", "lunes", "martes", "miércoles", "jueves", "viernes"} {
		if hasSuffixFold(s, day) {
			s = strings.TrimRight(s[:len(s)-len(day)], " \t\n,")
		}
	}
	for _, words := range untilBefore {
		i := len(s) - len(words)
		if i >= 0 && strings.EqualFold(s[i:], words) && (i == 0 || !isAlnum(s[i-1])) {
			return true
		}
	}
	return false
}

func beginsWithUntil(s string) bool {
	s = strings.TrimLeft(s, " ")
	for _, words := range untilAfter {
		if _, ok := foldMatch(s, words); ok {
			return true
		}
	}
	return false
}

// completeDate adds the year that the text left out.
func completeDate(year, month, day int, sent time.Time) (time.Time, bool) {
	whole := year != 0
	if !whole {
		if sent.IsZero() {
			return time.Time{}, false
		}
		year = sent.Year()
	}
	date := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if !whole && date.Before(sent.AddDate(0, -1, 0)) {
		date = date.AddDate(1, 0, 0)
	}
	return date, date.Day() == day
}

// dateAt reads a date at the start of s: "7 December 2026", "December 7th",
// "7. Dezember", "2026-12-07", "7.12.2026", "12月7日". N is its length, zero when
// there is none; year is zero when it is not given. 7/12 is not read, for half
// the world means another day.
func dateAt(s string) (year, month, day, n int) {
	first, i := number(s)
	if i == 0 {
		month, i = monthName(s)
		if month == 0 {
			return 0, 0, 0, 0
		}
		j := i + len(s[i:]) - len(strings.TrimLeft(s[i:], " ."))
		day, n = number(s[j:])
		if n == 0 || day < 1 || day > 31 {
			return 0, 0, 0, 0
		}
		n += j
		for _, ordinal := range []string{"st", "nd", "rd", "th"} {
			if hasPrefixFold(s[n:], ordinal) {
				n += 2
			}
		}
		year, n = yearAt(s, n)
		return year, month, day, n
	}
	rest := s[i:]
	switch {
	case i == 4 && first > 1990 && rest != "" && strings.IndexByte("-/.", rest[0]) >= 0:
		second, j := number(rest[1:])
		if j > 0 && len(rest) > 1+j && rest[1+j] == rest[0] {
			if third, k := number(rest[2+j:]); k > 0 {
				return valid(first, second, third, i+2+j+k)
			}
		}
	case i <= 2 && strings.HasPrefix(rest, "."):
		if second, j := number(rest[1:]); j > 0 && j <= 2 && strings.HasPrefix(rest[1+j:], ".") {
			n = i + 2 + j
			if third, k := number(rest[2+j:]); k == 4 {
				return valid(third, second, first, n+k)
			}
			return valid(0, second, first, n)
		}
	}
	for _, mark := range []struct{ year, month, day string }{{"年", "月", "日"}, {"년", "월", "일"}} {
		if y, m, d, n := characterDate(s, mark.year, mark.month, mark.day); n > 0 {
			return valid(y, m, d, n)
		}
	}
	if i <= 2 {
		j := i + len(rest) - len(strings.TrimLeft(rest, " .ºª°"))
		for _, word := range []string{"th of ", "st of ", "nd of ", "rd of ", "th ", "st ", "nd ", "rd ", "er ", "de ", "of "} {
			if hasPrefixFold(s[j:], word) {
				j += len(word)
				break
			}
		}
		if m, k := monthName(s[j:]); m > 0 {
			year, n = yearAt(s, j+k)
			return valid(year, m, first, n)
		}
	}
	return 0, 0, 0, 0
}

func valid(year, month, day, n int) (int, int, int, int) {
	if month < 1 || month > 12 || day < 1 || day > 31 {
		return 0, 0, 0, 0
	}
	return year, month, day, n
}

// yearAt reads a year at s[n:], and returns n where there is none.
func yearAt(s string, n int) (year, end int) {
	rest := strings.TrimLeft(s[n:], " ,.")
	for _, word := range []string{"de ", "del ", "do "} {
		if hasPrefixFold(rest, word) {
			rest = rest[len(word):]
			break
		}
	}
	if y, k := number(rest); k == 4 && y > 1990 && y < 2200 {
		return y, len(s) - len(rest) + k
	}
	return 0, n
}

// characterDate reads a date such as 2026年12月7日, the year or not.
func characterDate(s, yearMark, monthMark, dayMark string) (year, month, day, n int) {
	v, i := number(s)
	if strings.HasPrefix(s[i:], yearMark) {
		year = v
		n = i + len(yearMark)
		n += len(s[n:]) - len(strings.TrimLeft(s[n:], " "))
		v, i = number(s[n:])
	}
	if i == 0 || !strings.HasPrefix(s[n+i:], monthMark) {
		return 0, 0, 0, 0
	}
	month = v
	n += i + len(monthMark)
	n += len(s[n:]) - len(strings.TrimLeft(s[n:], " "))
	day, i = number(s[n:])
	if i == 0 || !strings.HasPrefix(s[n+i:], dayMark) {
		return 0, 0, 0, 0
	}
	return year, month, day, n + i + len(dayMark)
}

// number reads up to four digits.
func number(s string) (value, n int) {
	for n < len(s) && n < 5 && isDigit(s[n]) {
		value = value*10 + int(s[n]-'0')
		n++
	}
	if n == 5 {
		return 0, 0
	}
	return value, n
}

// monthNames are how the names of months begin.
var monthNames = [12][]string{
	{"jan", "ene", "gen", "sty", "янв", "oca"},
	{"feb", "fév", "fev", "lut", "фев", "şub"},
	{"mar", "mär", "maart", "мар"},
	{"apr", "avr", "abr", "kwi", "апр", "nis"},
	{"may", "mai", "mag", "mei", "maj", "мая", "май"},
	{"jun", "juin", "giu", "cze", "июн", "haz"},
	{"jul", "juil", "lug", "lip", "июл", "tem"},
	{"aug", "aoû", "aou", "ago", "sie", "авг", "ağu"},
	{"sep", "set", "wrz", "сен", "eyl"},
	{"oct", "okt", "out", "ott", "paź", "окт", "eki"},
	{"nov", "lis", "ноя", "kas"},
	{"dec", "dez", "déc", "dic", "gru", "дек", "ara"},
}

// monthName reads the name of a month, in the languages of the phrases.
func monthName(s string) (month, n int) {
	for i, names := range monthNames {
		for _, name := range names {
			if s == "" || s[0] < utf8.RuneSelf && lower(s[0]) != name[0] {
				continue
			}
			k, ok := foldMatch(s, name)
			if !ok {
				continue
			}
			for k < len(s) && (isAlnum(s[k]) && s[k] > '9' || s[k] >= utf8.RuneSelf) {
				k++
			}
			if k <= 18 {
				return i + 1, k
			}
		}
	}
	return 0, 0
}
