package source

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/stretchr/testify/require"

	places "nixie/cmd/nixie/internal/secret"
)

// imapServer is a server in memory on this machine.
type imapServer struct {
	t    *testing.T
	user *imapmemserver.User
	url  string // of the INBOX

	fetch func(uids imap.NumSet) error // is called before messages are sent; an error refuses

	mu       sync.Mutex
	commands []string                  // that it has got, without their tags
	before   func(command string) bool // is called before each; false breaks the connection
	hide     string                    // is not in what it sends
	conns    []net.Conn
}

// The servers that there are.
var (
	modernServer = imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapMove: {}, imap.CapUIDPlus: {}}
	noMove       = imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapUIDPlus: {}}
	oldServer    = imap.CapSet{imap.CapIMAP4rev1: {}}
)

// newIMAPServer starts a server with so many messages in the INBOX.
func newIMAPServer(t *testing.T, caps imap.CapSet, messages int) *imapServer {
	s := &imapServer{t: t, user: imapmemserver.NewUser("bounces", "secret")}
	memory := imapmemserver.New()
	memory.AddUser(s.user)
	require.NoError(t, s.user.Create("INBOX", nil))
	for i := range messages {
		s.deliver(fmt.Sprintf("Subject: %d\r\n\r\n", i+1))
	}
	server := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return imapSession{memory.NewSession().(imapserver.SessionIMAP4rev2), s}, nil, nil
		},
		Caps: caps, InsecureAuth: true, Logger: log.New(io.Discard, "", 0),
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.url = "imap://bounces@" + l.Addr().String() + "/INBOX"
	go server.Serve(imapListener{l, s})
	t.Cleanup(func() { server.Close() })
	return s
}

// setBefore sets what is called before each command; false breaks the connection.
func (s *imapServer) setBefore(before func(command string) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = before
}

// setHide sets what is left out of all that the server sends.
func (s *imapServer) setHide(hide string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hide = hide
}

// imapSession tells in IDLE also what was before.
type imapSession struct {
	imapserver.SessionIMAP4rev2
	server *imapServer
}

func (s imapSession) Fetch(w *imapserver.FetchWriter, uids imap.NumSet, options *imap.FetchOptions) error {
	if s.server.fetch != nil && len(options.BodySection) > 0 {
		if err := s.server.fetch(uids); err != nil {
			return err
		}
	}
	return s.SessionIMAP4rev2.Fetch(w, uids, options)
}

func (s imapSession) Idle(w *imapserver.UpdateWriter, stop <-chan struct{}) error {
	for {
		if err := s.Poll(w, true); err != nil {
			return err
		}
		select {
		case <-stop:
			return nil
		case <-time.After(time.Millisecond):
		}
	}
}

// deliver puts a message into the INBOX.
func (s *imapServer) deliver(text string, flags ...imap.Flag) {
	_, err := s.user.Append("INBOX", literal{strings.NewReader(text)}, &imap.AppendOptions{Flags: flags})
	require.NoError(s.t, err)
}

// literal is a string that the server takes for a message.
type literal struct{ *strings.Reader }

// disconnect breaks all connections.
func (s *imapServer) disconnect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		c.Close()
	}
	s.conns = nil
}

// got returns the commands of one name since it was last asked.
func (s *imapServer) got(name string) (got []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.commands {
		if strings.HasPrefix(c, name) {
			got = append(got, c)
		}
	}
	s.commands = nil
	return got
}

// left returns what is in a folder, as "UID flags".
func (s *imapServer) left(folder string) (left []string) {
	session := imapmemserver.NewUserSession(s.user)
	defer session.Close()
	if _, err := session.Select(folder, nil); err != nil {
		return nil
	}
	found, err := session.Search(imapserver.NumKindUID, &imap.SearchCriteria{}, &imap.SearchOptions{})
	require.NoError(s.t, err)
	for _, uid := range found.AllUIDs() {
		line := fmt.Sprint(uid)
		for _, flag := range []imap.Flag{imap.FlagSeen, imap.FlagDeleted} {
			has, err := session.Search(imapserver.NumKindUID, &imap.SearchCriteria{UID: []imap.UIDSet{imap.UIDSetNum(uid)}, Flag: []imap.Flag{flag}}, &imap.SearchOptions{})
			require.NoError(s.t, err)
			if len(has.AllUIDs()) > 0 {
				line += " " + string(flag)
			}
		}
		left = append(left, line)
	}
	return left
}

type imapListener struct {
	net.Listener
	server *imapServer
}

func (l imapListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.server.mu.Lock()
	defer l.server.mu.Unlock()
	l.server.conns = append(l.server.conns, c)
	return &imapServerConn{Conn: c, server: l.server}, nil
}

type imapServerConn struct {
	net.Conn
	server *imapServer
	line   []byte
}

func (c *imapServerConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.line = append(c.line, p[:n]...)
	for {
		line, rest, found := bytes.Cut(c.line, []byte("\r\n"))
		if !found {
			return n, err
		}
		c.line = rest
		_, command, _ := strings.Cut(string(line), " ")
		c.server.commands = append(c.server.commands, command)
		if c.server.before != nil && !c.server.before(command) {
			c.Conn.Close()
			return 0, io.EOF
		}
	}
}

func (c *imapServerConn) Write(p []byte) (int, error) {
	out := p
	c.server.mu.Lock()
	hide := c.server.hide
	c.server.mu.Unlock()
	if hide != "" {
		out = bytes.ReplaceAll(p, []byte(" "+hide), nil)
	}
	if _, err := c.Conn.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// notes are kept in memory.
type notes map[string]string

func (n notes) Note(_ context.Context, name string) (string, error) { return n[name], nil }
func (n notes) SetNote(_ context.Context, name, value string) error { n[name] = value; return nil }

// options are those of a test, in which no time passes.
func options() Options {
	return Options{
		Credentials: Credentials{Password: places.Place{Text: "secret"}},
		Notes:       notes{},
		sleep:       func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
}

// subjects returns the messages as "ID Subject", and errors with their IDs.
func subjects(t *testing.T, s Source) (have []string) {
	for m, err := range s.Messages(t.Context()) {
		text, _, _ := strings.Cut(strings.TrimPrefix(string(m.Data), "Subject: "), "\r\n")
		if err != nil {
			text = err.Error()
		}
		have = append(have, strings.TrimSpace(m.ID+" "+text))
	}
	return have
}
