package ledger

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Span is a length of time that is written in days: "90d". Weeks ("2w") are
// read too, and all that [time.ParseDuration] knows, such as "36h".
type Span time.Duration

// Day is the unit of spans.
const Day = Span(24 * time.Hour)

// ParseSpan reads a span, which may not be negative.
func ParseSpan(s string) (Span, error) {
	unit := Day
	number, ok := strings.CutSuffix(s, "d")
	if !ok {
		unit = 7 * Day
		number, ok = strings.CutSuffix(s, "w")
	}
	if !ok {
		d, err := time.ParseDuration(s)
		if err != nil || d < 0 {
			return 0, fmt.Errorf("ledger: %q is no length of time: write 90d, 2w or 36h", s)
		}
		return Span(d), nil
	}
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil || n > 100*365 {
		return 0, fmt.Errorf("ledger: %q is no length of time: write 90d, 2w or 36h", s)
	}
	return Span(n) * unit, nil
}

// String returns the span in days if it is whole days, else as [time.Duration] does.
func (s Span) String() string {
	if s%Day == 0 {
		return strconv.FormatInt(int64(s/Day), 10) + "d"
	}
	return time.Duration(s).String()
}

// MarshalText returns what String does.
func (s Span) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what ParseSpan does.
func (s *Span) UnmarshalText(text []byte) (err error) {
	*s, err = ParseSpan(string(text))
	return err
}

func (s Span) of(t time.Time) time.Time { return t.Add(time.Duration(s)) }
