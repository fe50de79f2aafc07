package dsn

import (
	"strings"
	"time"
)

// parseDate reads a date in the forms that servers write: RFC 5322 section
// 3.3 with its obsolete forms, ctime, RFC 3339, and mixtures. A date without
// a zone counts as UTC. The zero time when it is none of these.
func parseDate(s string) time.Time {
	s = collapse(s)
	if len(s) > 10 && s[10] == 'T' {
		if t, err := time.Parse(time.RFC3339, s); err == nil {
			return t
		}
	}
	var d struct {
		year, month, day, hour, minute, second int
		clock, pm, am                          bool
	}
	zone := time.UTC
	for rest := withoutComments(s); rest != ""; {
		end := 0
		for end < len(rest) && rest[end] != ' ' && rest[end] != ',' {
			end++
		}
		word := rest[:end]
		if rest = rest[min(end+1, len(rest)):]; word == "" {
			continue
		}
		n, isNumber := decimal(word)
		switch {
		case isClock(word):
			var ok bool
			if d.hour, d.minute, d.second, ok = parseClock(word); !ok || d.clock {
				return time.Time{}
			}
			d.clock = true
		case d.clock && (word[0] == '+' || word[0] == '-'):
			zone = parseOffset(word, zone)
		case isNumber && n > 0 && d.day == 0 && n <= 31 && len(word) <= 2:
			d.day = n
		case isNumber && d.year == 0 && (len(word) == 4 || len(word) == 2 && d.month > 0):
			d.year = fullYear(n, len(word))
		case isNumber:
			return time.Time{}
		case d.month == 0 && monthOf(word) > 0:
			d.month = monthOf(word)
		case strings.Count(word, "-") == 2 || strings.Count(word, "/") == 2:
			d.year, d.month, d.day = parseDay(word)
		case strings.EqualFold(word, "PM"):
			d.pm = true
		case strings.EqualFold(word, "AM"):
			d.am = true
		case d.clock:
			zone = parseZone(word, zone)
		}
	}
	if d.pm && d.hour < 12 {
		d.hour += 12
	}
	if d.am && d.hour == 12 {
		d.hour = 0
	}
	day := time.Date(d.year, time.Month(d.month), d.day, 0, 0, 0, 0, time.UTC)
	if d.year == 0 || d.month == 0 || day.Day() != d.day {
		return time.Time{}
	}
	return time.Date(d.year, day.Month(), d.day, d.hour, d.minute, d.second, 0, zone)
}

// isClock reports whether s is made as a time of day is.
func isClock(s string) bool {
	colons := 0
	for i := range len(s) {
		if s[i] == ':' {
			colons++
		} else if s[i] != '.' && !isDigit(s[i]) {
			return false
		}
	}
	return colons > 0
}

// parseClock reads "15:04", "15:04:05" and "15:04:05.999".
func parseClock(s string) (hour, minute, second int, ok bool) {
	s, _, _ = strings.Cut(s, ".")
	n := [3]int{}
	for i, more := 0, true; more; i++ {
		var digits string
		digits, s, more = strings.Cut(s, ":")
		v, ok := decimal(digits)
		if !ok || len(digits) > 2 || i == len(n) {
			return 0, 0, 0, false
		}
		n[i] = v
	}
	return n[0], n[1], n[2], n[0] < 24 && n[1] < 60 && n[2] <= 60
}

// parseDay reads "2006-01-02", "2006/01/02" and "02-Jan-2006".
func parseDay(s string) (year, month, day int) {
	part := strings.FieldsFunc(s, func(r rune) bool { return r == '-' || r == '/' })
	if len(part) != 3 {
		return 0, 0, 0
	}
	first, _ := decimal(part[0])
	middle, _ := decimal(part[1])
	last, _ := decimal(part[2])
	switch {
	case len(part[0]) == 4 && middle >= 1 && middle <= 12:
		return first, middle, last
	case monthOf(part[1]) > 0:
		return fullYear(last, len(part[2])), monthOf(part[1]), first
	}
	return 0, 0, 0 // 01/02/03 may mean three days
}

// fullYear completes a year of two or three digits, RFC 5322 section 4.3.
func fullYear(n, digits int) int {
	switch {
	case digits == 2 && n < 50:
		return n + 2000
	case digits <= 3:
		return n + 1900
	}
	return n
}

func monthOf(word string) int {
	if len(word) < 3 {
		return 0
	}
	const months = "janfebmaraprmayjunjulaugsepoctnovdec"
	a, b, c := lower(word[0]), lower(word[1]), lower(word[2])
	for i := 0; i < len(months); i += 3 {
		if months[i] == a && months[i+1] == b && months[i+2] == c {
			return i/3 + 1
		}
	}
	return 0
}

// parseOffset reads "+0100", "+01:00" and "+1".
func parseOffset(word string, otherwise *time.Location) *time.Location {
	digits := strings.ReplaceAll(word[1:], ":", "")
	n, ok := decimal(digits)
	if !ok || len(digits) > 4 {
		return otherwise
	}
	if len(digits) <= 2 {
		n *= 100
	}
	seconds := (n/100*60 + n%100) * 60
	if n/100 > 23 || n%100 > 59 {
		return otherwise
	}
	if word[0] == '-' {
		seconds = -seconds
	}
	return time.FixedZone("", seconds)
}

// decimal reads a number of up to nine digits.
func decimal(s string) (n int, ok bool) {
	if len(s) > 9 || !isDigits(s) {
		return 0, false
	}
	for i := range len(s) {
		n = 10*n + int(s[i]-'0')
	}
	return n, true
}

// parseZone reads the zone names of RFC 5322 section 4.3 and "GMT+0200".
func parseZone(word string, otherwise *time.Location) *time.Location {
	if i := strings.IndexAny(word, "+-"); i > 0 {
		return parseOffset(word[i:], otherwise)
	}
	hours := 0
	switch word {
	case "EDT":
		hours = -4
	case "EST", "CDT":
		hours = -5
	case "CST", "MDT":
		hours = -6
	case "MST", "PDT":
		hours = -7
	case "PST":
		hours = -8
	default:
		return otherwise
	}
	return time.FixedZone(word, hours*3600)
}
