// Package codes knows the codes of failed mail: SMTP reply codes, enhanced
// status codes and the error numbers of Outlook and Exchange clients.
package codes

import (
	"fmt"
	"strconv"
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

// Class returns the code's first digit, zero for the zero Reply.
func (r Reply) Class() Class { return Class(r / 100) }

// String returns the three digits, "" for the zero Reply.
func (r Reply) String() string {
	if r == 0 {
		return ""
	}
	return fmt.Sprintf("%03d", uint16(r))
}

// Status is an enhanced status code, RFC 3463; the zero value when none was given.
type Status struct {
	Class           Class
	Subject, Detail uint16
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

// HResult is an error number of a Windows mail client, as in 0x800CCC79; zero when none was given.
type HResult uint32

// Code is one code found in running text: exactly one of Reply with or
// without Status, Status alone, or HResult. Text[Start:End] is where it stands.
type Code struct {
	Reply      Reply
	Status     Status
	HResult    HResult
	Start, End int
}
