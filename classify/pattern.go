package classify

import (
	"strings"

	"nixie/codes"
)

// A statusPattern matches statuses; a negative number matches any, but a
// negative class only those of failure.
type statusPattern struct{ class, subject, detail int16 }

func parseStatusPattern(s string) (p statusPattern, ok bool) {
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return p, false
	}
	for i, to := range []*int16{&p.class, &p.subject, &p.detail} {
		if parts[i] == "x" || parts[i] == "X" {
			*to = -1
			continue
		}
		if len(parts[i]) > 3 || !isDigits(parts[i]) {
			return p, false
		}
		for _, c := range parts[i] {
			*to = *to*10 + int16(c-'0')
		}
	}
	switch p.class {
	case -1, int16(codes.Success), int16(codes.Transient), int16(codes.Permanent):
		return p, true
	}
	return p, false
}

func (p statusPattern) matches(s codes.Status) bool {
	return s.Class != 0 && (p.class < 0 && s.Class != codes.Success || p.class == int16(s.Class)) &&
		(p.subject < 0 || p.subject == int16(s.Subject)) && (p.detail < 0 || p.detail == int16(s.Detail))
}

// A replyPattern matches reply codes from low to high.
type replyPattern struct{ low, high codes.Reply }

func parseReplyPattern(s string) (p replyPattern, ok bool) {
	digits := strings.TrimRight(strings.ToLower(s), "x")
	if len(s) != 3 || !isDigits(digits) || digits[0] < '1' || digits[0] > '5' {
		return p, false
	}
	p.high = 1
	for _, c := range digits {
		p.low = p.low*10 + codes.Reply(c-'0')
	}
	for range len(s) - len(digits) {
		p.low, p.high = p.low*10, p.high*10
	}
	p.high += p.low - 1
	return p, true
}

func (p replyPattern) matches(r codes.Reply) bool { return p.low <= r && r <= p.high }

// endOfData is the dot after the message: whoever refuses there has accepted
// the recipient. An answer to DATA may be one to RCPT TO, sent along with it.
const endOfData = "end of DATA"

// verb returns the verb of an SMTP command as reports name it: RCPT for
// "RCPT TO", DATA for "end of DATA".
func verb(command string) string {
	const end = "end of "
	if len(command) > len(end) && strings.EqualFold(command[:len(end)], end) {
		command = command[len(end):]
	}
	for i := range len(command) {
		if command[i] == ' ' || command[i] == ':' {
			return command[:i]
		}
	}
	return command
}
