package classify

import "time"

// maxWait is the longest wait that is believed, and maxWaitText how much of an
// answer is searched for it, in bytes.
const (
	maxWait     = 5 * 24 * time.Hour
	maxWaitText = 4 << 10
)

// waitIn returns how long an answer asks to wait before the next attempt, as
// in "try again in 5 minutes 3 seconds", "greylisted for 300 seconds" or "come
// back in 00:10:00"; 0 when it names no time. A time that is not asked for, as
// in "50 messages per 30 minutes", does not count.
func waitIn(answer string) time.Duration {
	var wait, last time.Duration // so far, and the unit of its last part
	number := int64(-1)          // that waits for its unit; -1 for none
	asked, pausing := 0, false   // words left in which the time must come; it may be given with "for"
	ready, after := false, false // the time may come right here; behind "after" a clock tells the time of day
	for s := (scanner{text: answer[:min(len(answer), maxWaitText)], codes: true}); s.next(); {
		word := s.word()
		asked--
		if d, n := clock(s.text[s.start:]); d > 0 && ready && !after {
			return min(d, maxWait)
		} else if n > 0 {
			s.pos = s.start + n
		}
		n, unit := amount(word)
		if n >= 0 {
			number = n
			if unit == 0 {
				continue
			}
		} else {
			unit = timeUnit(word)
		}
		if unit > 0 && number >= 0 && number <= int64(maxWait/unit) && (ready || wait > 0 && unit < last) {
			wait, last = wait+time.Duration(number)*unit, unit
			number, ready = -1, false
			continue
		}
		number = -1
		if wait > 0 && string(word) != "and" {
			break
		}
		switch string(word) {
		case "try", "retry", "again", "retrying", "resend", "reconnect", "come", "later":
			asked, pausing, ready = maxGap, false, false
		case "wait", "greylisted", "graylisted", "greylisting", "graylisting", "greylist", "graylist", "deferred":
			asked, pausing, ready, after = maxGap, true, true, false
		case "in", "after", "least", "another", "about", "approximately":
			ready, after = asked > 0, string(word) == "after"
		case "for":
			ready = asked > 0 && pausing
		default:
			ready = false
		}
	}
	return min(wait, maxWait)
}

// clock reads hours, minutes and seconds at the beginning of text, as in
// "00:10:00", and how many bytes they take; 0 if there are none.
func clock(text string) (d time.Duration, n int) {
	const form = "00:00:00"
	if len(text) < len(form) || len(text) > len(form) && (isAlnum(text[len(form)]) || text[len(form)] == ':') {
		return 0, 0
	}
	var part [3]time.Duration
	for i := range len(form) {
		switch {
		case form[i] == ':' && text[i] == ':':
		case form[i] == '0' && isDigit(text[i]):
			part[i/3] = part[i/3]*10 + time.Duration(text[i]-'0')
		default:
			return 0, 0
		}
	}
	return part[0]*time.Hour + part[1]*time.Minute + part[2]*time.Second, len(form)
}

// amount reads a number of up to six digits, also with its unit behind it, as
// in "300s"; n is -1 if it is none.
func amount(word []byte) (n int64, unit time.Duration) {
	i := 0
	for i < len(word) && i < 7 && isDigit(word[i]) {
		n = n*10 + int64(word[i]-'0')
		i++
	}
	switch {
	case string(word) == "a" || string(word) == "an" || string(word) == "one":
		return 1, 0
	case i == 0 || i > 6:
		return -1, 0
	case i < len(word):
		if unit = timeUnit(word[i:]); unit == 0 {
			return -1, 0
		}
	}
	return n, unit
}

// timeUnit returns the unit of time that a word names, 0 if it is none.
func timeUnit(word []byte) time.Duration {
	switch string(word) {
	case "s", "sec", "secs", "second", "seconds":
		return time.Second
	case "m", "min", "mins", "minute", "minutes":
		return time.Minute
	case "h", "hr", "hrs", "hour", "hours":
		return time.Hour
	case "d", "day", "days":
		return 24 * time.Hour
	}
	return 0
}
