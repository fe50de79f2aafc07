// Package pop3 reads and deletes the mail of a mailbox on a server that speaks
// POP3 (RFC 1939), with its extensions: CAPA, PIPELINING and response codes
// (RFC 2449), STLS (RFC 2595) and AUTH (RFC 5034).
//
// A session is New, StartTLS where the connection is not encrypted, Auth or
// Login, List, Retrieve and Delete, and at last Quit, without which the server
// deletes nothing.
//
// The server is not trusted: no answer is read without end, and each has its
// time. Left out of the protocol are APOP, TOP, LAST, RSET, STAT and NOOP. A
// message ends at a dot between two CR LF and nowhere else, so that nothing in
// it can pass for the answers that follow.
package pop3

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
)

const (
	maxLine   = 4096     // octets in a line that is none of a message; RFC 2449 section 4 allows 512
	maxRounds = 16       // of challenge and response
	pace      = 64 << 10 // octets for which the server has its time again
)

// Error is the server's refusal of a command. The session goes on.
type Error struct {
	Code string // "IN-USE", "AUTH", "SYS/TEMP" (RFC 2449 section 8, RFC 3206); "" if none is given
	Text string // what the server says beside it
}

func (e *Error) Error() string {
	text := strings.TrimSpace("-ERR " + e.Text)
	if e.Code != "" {
		text = strings.TrimSpace("-ERR [" + e.Code + "] " + e.Text)
	}
	return fmt.Sprintf("the server answers %q", text)
}

// Client is a session. It is not safe for concurrent use, but for Close. After
// an error that is no *Error the session is over, and all that follows has the
// same error.
type Client struct {
	conn *paced
	r    *bufio.Reader
	caps map[string]string // the names in capitals
	err  error
}

// New begins a session on a connection, of which nothing was read yet. The
// server has the timeout for each answer, and once more for each 64 KiB of it.
func New(conn net.Conn, timeout time.Duration) (*Client, error) {
	c := &Client{conn: &paced{Conn: conn, timeout: timeout}}
	c.r = bufio.NewReaderSize(c.conn, pace)
	c.conn.renew()
	if err := c.answer("greeting"); err != nil {
		return nil, err
	}
	return c, c.capabilities()
}

// paced gives a server the timeout for so many octets.
type paced struct {
	net.Conn
	timeout time.Duration
	left    int
}

// renew gives the server its time anew. If that fails, so does what follows.
func (p *paced) renew() {
	p.left = pace
	_ = p.SetDeadline(time.Now().Add(p.timeout))
}

func (p *paced) Read(b []byte) (int, error) {
	n, err := p.Conn.Read(b)
	if p.left -= n; p.left <= 0 {
		p.renew()
	}
	return n, err
}

// Close closes the connection. What was to be deleted is not, unless Quit said so.
func (c *Client) Close() error { return c.conn.Close() }

// Quit ends the session: the server deletes what it was told to delete. After
// an error some of it may still be there.
func (c *Client) Quit() error {
	err := c.do("QUIT")
	return errors.Join(err, c.Close())
}

// StartTLS encrypts the connection.
func (c *Client) StartTLS(config *tls.Config) error {
	if err := c.do("STLS"); err != nil {
		return err
	}
	if c.r.Buffered() > 0 { // anybody on the way could have added it
		return c.broken("STLS", errors.New("the server goes on in the clear"))
	}
	conn := tls.Client(c.conn, config)
	if err := conn.Handshake(); err != nil {
		return c.broken("STLS", err)
	}
	c.conn = &paced{Conn: conn, timeout: c.conn.timeout}
	c.r.Reset(c.conn)
	return c.capabilities()
}

// capabilities asks what the server can do. One from before CAPA refuses.
func (c *Client) capabilities() error {
	c.caps = make(map[string]string)
	err := c.lines("CAPA", func(line string) error {
		name, args, _ := strings.Cut(line, " ")
		c.caps[strings.ToUpper(name)] = args
		return nil
	})
	if _, refused := errors.AsType[*Error](err); refused {
		return nil
	}
	return err
}

// Capability reports whether the server has a capability, such as "STLS", and
// what it says beside the name.
func (c *Client) Capability(name string) (args string, ok bool) {
	args, ok = c.caps[name]
	return args, ok
}

// Offers reports whether the server offers a mechanism of SASL.
func (c *Client) Offers(mechanism string) bool {
	return slices.Contains(strings.Fields(strings.ToUpper(c.caps["SASL"])), mechanism)
}

// Login gives a name and a password, to a server that offers no mechanism.
func (c *Client) Login(user, password string) error {
	if err := c.do("USER", user); err != nil {
		return err
	}
	return c.do("PASS", password)
}

// Auth logs in by a mechanism that the server offers.
func (c *Client) Auth(client sasl.Client) error {
	mechanism, response, err := client.Start()
	if err != nil {
		return fmt.Errorf("pop3: AUTH: %w", err)
	}
	if err := c.send("AUTH", mechanism); err != nil {
		return err
	}
	for round := range maxRounds {
		line, err := c.line()
		if err != nil {
			return c.broken("AUTH", err)
		}
		challenge, more := strings.CutPrefix(line, "+ ")
		if line != "+" && !more {
			return c.judge("AUTH", line)
		}
		// A first response would often make the command too long, so it waits
		// for the first challenge, RFC 5034 section 4.
		if round > 0 || response == nil {
			if response, err = next(client, challenge); err != nil {
				return errors.Join(fmt.Errorf("pop3: AUTH: %w", err), c.do("*"))
			}
		}
		if err := c.send(base64.StdEncoding.EncodeToString(response)); err != nil {
			return err
		}
	}
	return c.broken("AUTH", errors.New("the server asks without end"))
}

func next(client sasl.Client, challenge string) ([]byte, error) {
	data, err := base64.StdEncoding.DecodeString(challenge)
	if err != nil {
		return nil, fmt.Errorf("the server sends the challenge %q: %w", challenge, err)
	}
	return client.Next(data)
}

// do sends a command and reads its answer of one line.
func (c *Client) do(words ...string) error {
	if err := c.send(words...); err != nil {
		return err
	}
	return c.answer(words[0])
}

// send sends a line.
func (c *Client) send(words ...string) error {
	line := strings.Join(words, " ")
	if strings.ContainsAny(line, "\r\n\x00") {
		return fmt.Errorf("pop3: %s: there is a line break in what is to be sent", words[0])
	}
	return c.write(words[0], []byte(line+"\r\n"))
}

func (c *Client) write(command string, lines []byte) error {
	if c.err != nil {
		return c.err
	}
	c.conn.renew()
	if _, err := c.conn.Write(lines); err != nil {
		return c.broken(command, err)
	}
	return nil
}

// answer reads an answer of one line, or the first line of a longer one.
func (c *Client) answer(command string) error {
	line, err := c.line()
	if err != nil {
		return c.broken(command, err)
	}
	return c.judge(command, line)
}

// judge returns what the first line of an answer says.
func (c *Client) judge(command, line string) error {
	status, text, _ := strings.Cut(line, " ")
	switch strings.ToUpper(status) {
	case "+OK":
		return nil
	case "-ERR":
		refusal := &Error{Text: strings.TrimSpace(text)}
		if code, rest, found := strings.Cut(refusal.Text, "]"); found && strings.HasPrefix(code, "[") {
			refusal.Code, refusal.Text = strings.ToUpper(code[1:]), strings.TrimSpace(rest)
		}
		return fmt.Errorf("pop3: %s: %w", command, refusal)
	}
	return c.broken(command, fmt.Errorf("the server answers %q, which is not POP3", line))
}

// broken ends the session with an error.
func (c *Client) broken(command string, err error) error {
	c.err = fmt.Errorf("pop3: %s: %w", command, err)
	c.Close()
	return c.err
}

// line reads a line without its end.
func (c *Client) line() (string, error) {
	line, err := c.r.ReadSlice('\n')
	switch {
	case len(line) > maxLine:
		return "", errors.New("the server sends a line without end")
	case err != nil:
		return "", unexpected(err)
	}
	return strings.TrimSuffix(string(line[:len(line)-1]), "\r"), nil
}
