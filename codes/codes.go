// Package codes knows the codes of failed mail: SMTP reply codes (RFC 5321),
// enhanced status codes (RFC 3463) and the error numbers of Outlook and
// Exchange clients. It reads them, says what they mean and by which document,
// and finds them in running text:
//
//	for c := range codes.Find("host mx.example.org said: 550-5.1.1 <bob@example.org> unknown") {
//		m, _ := c.Status.Meaning()
//		fmt.Println(c.Reply, c.Status, m.Title) // 550 5.1.1 Bad destination mailbox address
//	}
//
// The tables are built at their first use, from files compiled into the
// program. Everything here is safe for concurrent use.
//
// Where the standards are not followed: a reply code may have any second
// digit, since servers send 571 and the like; a status may be of any subject
// and may have leading zeros. A code that no registry lists is kept, and what
// its digits say is told.
package codes

import (
	"fmt"
	"strconv"
	"strings"
)

// Class is the first digit of a reply or status code, RFC 3463 section 3.1.
type Class uint8

// The classes of enhanced status codes, RFC 3463 section 3.1.
const (
	Success   Class = 2
	Transient Class = 4
	Permanent Class = 5
)

// Reply is a three-digit SMTP reply code, RFC 5321 section 4.2; zero when none was given.
type Reply uint16

// ParseReply reads the three digits of a reply code, 100 to 599.
func ParseReply(s string) (Reply, error) {
	if len(s) != 3 || s[0] < '1' || s[0] > '5' || !isDigit(s[1]) || !isDigit(s[2]) {
		return 0, fmt.Errorf("codes: %q is no reply code", s)
	}
	return reply(s), nil
}

// reply is the value of three digits.
func reply(s string) Reply {
	return 100*Reply(s[0]-'0') + 10*Reply(s[1]-'0') + Reply(s[2]-'0')
}

// Class returns the code's first digit, zero for the zero Reply.
func (r Reply) Class() Class { return Class(r / 100) }

// String returns the three digits, "" for the zero Reply.
func (r Reply) String() string {
	if r == 0 {
		return ""
	}
	return fmt.Sprintf("%03d", uint16(r))
}

// MarshalText returns what String does.
func (r Reply) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (r *Reply) UnmarshalText(text []byte) (err error) {
	*r = 0
	if len(text) > 0 {
		*r, err = ParseReply(string(text))
	}
	return err
}

// Status is an enhanced status code, RFC 3463; the zero value when none was given.
type Status struct {
	Class           Class
	Subject, Detail uint16
}

// ParseStatus reads a status code such as "5.1.1". Space around it and a
// comment in parentheses after it, RFC 3464 section 2.3.4, are read over.
func ParseStatus(s string) (Status, error) {
	code := strings.TrimSpace(s)
	st, n := scanStatus(code)
	if rest := strings.TrimLeft(code[n:], " \t"); n == 0 || rest != "" && rest[0] != '(' {
		return Status{}, fmt.Errorf("codes: %q is no status code", s)
	}
	return st, nil
}

// scanStatus reads the status that s begins with, and its length; 0 if there is none.
func scanStatus(s string) (Status, int) {
	if len(s) < 5 || s[1] != '.' || s[0] != '2' && s[0] != '4' && s[0] != '5' {
		return Status{}, 0
	}
	st := Status{Class: Class(s[0] - '0')}
	subject, n := scanNumber(s[2:])
	if n == 0 || 2+n >= len(s) || s[2+n] != '.' {
		return Status{}, 0
	}
	end := 3 + n
	detail, n := scanNumber(s[end:])
	if n == 0 || end+n < len(s) && isDigit(s[end+n]) {
		return Status{}, 0
	}
	st.Subject, st.Detail = subject, detail
	return st, end + n
}

// scanNumber reads the one to three digits that s begins with.
func scanNumber(s string) (v uint16, n int) {
	for n < len(s) && n < 3 && isDigit(s[n]) {
		v = 10*v + uint16(s[n]-'0')
		n++
	}
	return v, n
}

// String returns the status as "5.1.1", "" for the zero Status.
func (s Status) String() string {
	if s == (Status{}) {
		return ""
	}
	b := strconv.AppendUint(make([]byte, 0, 9), uint64(s.Class), 10)
	b = strconv.AppendUint(append(b, '.'), uint64(s.Subject), 10)
	return string(strconv.AppendUint(append(b, '.'), uint64(s.Detail), 10))
}

// MarshalText returns what String does.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (s *Status) UnmarshalText(text []byte) (err error) {
	*s = Status{}
	if len(text) > 0 {
		*s, err = ParseStatus(string(text))
	}
	return err
}

// Code is one code found in running text: exactly one of Reply with or
// without Status, Status alone, or HResult. Text[Start:End] is where it stands.
type Code struct {
	Reply      Reply
	Status     Status
	HResult    HResult
	Start, End int
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// listed reports whether some list has the code.
func (r Reply) listed() bool {
	_, ok := replies()[r]
	return ok
}

// ofWeb reports whether the code is one of HTTP that SMTP does not define.
func (r Reply) ofWeb() bool { return 200 <= r && r < 210 || 400 <= r && r < 420 || r == 429 }

// listed reports whether the registry has the code.
func (s Status) listed() bool { return statuses()[s].Standing != "" }
