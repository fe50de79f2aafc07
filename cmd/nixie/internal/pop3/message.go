package pop3

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
)

const (
	maxListing = 128 << 20 // octets in an answer of many lines that is no message
	window     = 16        // commands that may be sent before the first is answered
)

// ErrTooBig is why a message is not read to its end, nor any after it: it is
// longer than it may be.
var ErrTooBig = errors.New("the message is longer than it may be")

// Entry is a message in the mailbox.
type Entry struct {
	Number int    // in this session
	UID    string // the same in every session; "" if the server does not have it
	Size   int64  // in octets, about; 0 if the server does not say
}

// List returns the messages in the mailbox by their numbers.
func (c *Client) List() ([]Entry, error) {
	entries := make(map[int]Entry)
	err := c.numbered("LIST", func(number int, rest string) (err error) {
		size, _, _ := strings.Cut(rest, " ")
		e := Entry{Number: number}
		e.Size, err = strconv.ParseInt(size, 10, 64)
		entries[number] = e
		return err
	})
	if err != nil {
		return nil, err
	}
	err = c.numbered("UIDL", func(number int, uid string) error {
		e := entries[number]
		e.Number, e.UID = number, uid
		entries[number] = e
		return nil
	})
	if _, refused := errors.AsType[*Error](err); err != nil && !refused {
		return nil, err
	}
	list := make([]Entry, 0, len(entries))
	for _, e := range entries {
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b Entry) int { return a.Number - b.Number })
	return list, nil
}

// numbered reads an answer whose lines each begin with the number of a message.
func (c *Client) numbered(command string, each func(number int, rest string) error) error {
	return c.lines(command, func(line string) error {
		digits, rest, found := strings.Cut(line, " ")
		number, err := strconv.ParseInt(digits, 10, 32)
		if err == nil && (!found || number < 1) {
			err = strconv.ErrSyntax
		}
		if err == nil {
			err = each(int(number), strings.TrimSpace(rest))
		}
		if err != nil {
			return fmt.Errorf("the server lists %q: %w", line, err)
		}
		return nil
	})
}

// lines reads the lines of an answer.
func (c *Client) lines(command string, each func(string) error) error {
	if err := c.do(command); err != nil {
		return err
	}
	for left := maxListing; left > 0; {
		line, err := c.line()
		left -= len(line) + len("\r\n")
		if err == nil && line == "." {
			return nil
		}
		if err == nil {
			err = each(strings.TrimPrefix(line, "."))
		}
		if err != nil {
			return c.broken(command, err)
		}
	}
	return c.broken(command, errors.New("the server lists without end"))
}

// Retrieve yields the messages with these numbers, in that order, each at most
// limit octets. A *Error is about one message, any other error about all that
// follow too; ErrTooBig is such a one. To leave early ends the session.
func (c *Client) Retrieve(numbers []int, limit int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for err := range c.answers("RETR", numbers) {
			var data []byte
			if err == nil {
				data, err = c.message(limit)
			}
			if !yield(data, err) {
				return
			}
		}
	}
}

// message reads a message up to the line with its end.
func (c *Client) message(limit int) (data []byte, err error) {
	start := true // of a line
	for {
		part, err := c.r.ReadSlice('\n')
		if err != nil && err != bufio.ErrBufferFull {
			return nil, c.broken("RETR", unexpected(err))
		}
		if start && part[0] == '.' {
			if string(part) == ".\r\n" {
				return data, nil
			}
			part = part[1:]
		}
		if len(part) > limit-len(data) {
			return nil, c.broken("RETR", ErrTooBig)
		}
		data = append(data, part...)
		start = bytes.HasSuffix(data, []byte("\r\n"))
	}
}

// Delete tells the server to delete the messages with these numbers at the end
// of the session. A *Error is the first refusal; the others are deleted.
func (c *Client) Delete(numbers []int) error {
	var refused error
	for err := range c.answers("DELE", numbers) {
		if err != nil && refused == nil {
			refused = err
		}
	}
	if c.err != nil {
		return c.err
	}
	return refused
}

// answers sends a command for each of the numbers, some of them ahead if the
// server takes that, and yields what the first line of each answer says. After
// an error that is no *Error there are no more.
func (c *Client) answers(command string, numbers []int) iter.Seq[error] {
	return func(yield func(error) bool) {
		ahead, sent := 1, 0
		if _, ok := c.Capability("PIPELINING"); ok {
			ahead = window
		}
		for i := range numbers {
			if sent < len(numbers) && sent-i <= ahead/2 {
				upTo := min(len(numbers), i+ahead)
				c.sendEach(command, numbers[sent:upTo])
				sent = upTo
			}
			err := c.err
			if err == nil {
				err = c.answer(command)
			}
			more := yield(err)
			if !more && sent > i+1 && c.err == nil {
				_ = c.broken(command, errors.New("left before the answers came"))
			}
			if !more || c.err != nil {
				return
			}
		}
	}
}

// sendEach sends a command for each number at once. What fails is in c.err.
func (c *Client) sendEach(command string, numbers []int) {
	var lines []byte
	for _, n := range numbers {
		lines = fmt.Appendf(lines, "%s %d\r\n", command, n)
	}
	c.write(command, lines)
}

// unexpected is the error of an answer that breaks off.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
