package source

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nixie/cmd/nixie/internal/mailbox"
	places "nixie/cmd/nixie/internal/secret"
)

// popServer is a POP3 server for one user, whose password is "secret".
type popServer struct {
	addr string

	mu       sync.Mutex
	messages []popMessage
	caps     string
	noUIDL   bool
	size     string         // that it states for each message, if not the true one
	greet    []string       // what it says to those who come first
	breaks   map[string]int // commands after so many of which it hangs up, once
	sessions int
	read     []string // what was retrieved, of each session
}

type popMessage struct{ uid, text string }

func newPOPServer(t *testing.T, messages ...popMessage) *popServer {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &popServer{addr: l.Addr().String(), messages: messages, caps: "UIDL\r\nSASL PLAIN\r\nPIPELINING"}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
	return s
}

// url returns the URL of the mailbox. What the test has set before holds for
// the sessions that follow.
func (s *popServer) url() string {
	s.mu.Lock() // so that they see it
	defer s.mu.Unlock()
	return "pop3://bounces@" + s.addr
}

func (s *popServer) serve(conn net.Conn) {
	defer conn.Close()
	s.mu.Lock()
	greeting := "+OK"
	if len(s.greet) > 0 {
		greeting, s.greet = s.greet[0], s.greet[1:]
	}
	messages := slices.Clone(s.messages)
	s.read = append(s.read, "")
	session := s.sessions
	s.sessions++
	s.mu.Unlock()
	deleted := make(map[string]bool)
	fmt.Fprintf(conn, "%s\r\n", greeting)
	for lines := bufio.NewScanner(conn); strings.HasPrefix(greeting, "+OK") && lines.Scan(); {
		command, arg, _ := strings.Cut(lines.Text(), " ")
		n, _ := strconv.Atoi(arg)
		s.mu.Lock()
		left, breaks := s.breaks[command]
		if breaks = breaks && left == 0; breaks {
			delete(s.breaks, command)
		} else if left > 0 {
			s.breaks[command]--
		}
		switch answer := "+OK\r\n"; {
		case breaks:
			conn.Close()
		case command == "CAPA":
			fmt.Fprintf(conn, "+OK\r\n%s\r\n.\r\n", s.caps)
		case command == "AUTH":
			fmt.Fprint(conn, "+ \r\n")
			lines.Scan()
			if lines.Text() != "AGJvdW5jZXMAc2VjcmV0" {
				answer = "-ERR [AUTH] wrong\r\n"
			}
			fmt.Fprint(conn, answer)
		case command == "UIDL" && s.noUIDL:
			fmt.Fprint(conn, "-ERR what?\r\n")
		case command == "LIST", command == "UIDL":
			for i, m := range messages {
				size := strconv.Itoa(len(m.text))
				if s.size != "" {
					size = s.size
				}
				answer += strconv.Itoa(i+1) + " " + map[string]string{"LIST": size, "UIDL": m.uid}[command] + "\r\n"
			}
			fmt.Fprint(conn, answer+".\r\n")
		case command == "RETR" && messages[n-1].text == "":
			fmt.Fprint(conn, "-ERR it cannot be read\r\n")
		case command == "RETR":
			s.read[session] += messages[n-1].text
			fmt.Fprintf(conn, "+OK\r\n%s\r\n.\r\n", messages[n-1].text)
		case command == "DELE":
			deleted[messages[n-1].uid+messages[n-1].text] = true
			fmt.Fprint(conn, answer)
		case command == "QUIT":
			s.messages = slices.DeleteFunc(s.messages, func(m popMessage) bool { return deleted[m.uid+m.text] })
			fmt.Fprint(conn, answer)
		default:
			fmt.Fprint(conn, "-ERR what?\r\n")
		}
		s.mu.Unlock()
	}
}

// left returns what is in the mailbox.
func (s *popServer) left() (all string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.messages {
		all += m.text
	}
	return all
}

func (n notes) Marked(_ context.Context, name string) (map[string]bool, error) {
	marked := make(map[string]bool)
	for key := range n {
		if value, found := strings.CutPrefix(key, name+": "); found {
			marked[value] = true
		}
	}
	return marked, nil
}

func (n notes) Mark(_ context.Context, name string, values ...string) error {
	for _, v := range values {
		n[name+": "+v] = "marked"
	}
	return nil
}

func (n notes) Unmark(_ context.Context, name string, values ...string) error {
	for _, v := range values {
		delete(n, name+": "+v)
	}
	return nil
}

// popOptions are those of a user of the server, who does not wait.
func popOptions() Options {
	return Options{
		Credentials: Credentials{Password: places.Place{Text: "secret"}},
		Notes:       notes{},
		sleep:       func(context.Context, time.Duration) error { return nil },
	}
}

// drain reads a source as ingest does, three messages at a time, and marks them
// as recorded, but for those whose text is in capitals. It returns the texts.
func drain(t *testing.T, s Source) (texts string) {
	var recorded, left []string
	done := func() {
		require.NoError(t, s.Done(t.Context(), recorded, left))
		recorded, left = nil, nil
	}
	for m, err := range s.Messages(t.Context()) {
		if err != nil {
			texts += fmt.Sprintf("(%s)", err)
			if m.ID == "" {
				break
			}
			left = append(left, m.ID)
			continue
		}
		text := strings.TrimSpace(string(m.Data))
		texts += text
		if text == strings.ToUpper(text) {
			left = append(left, m.ID)
		} else {
			recorded = append(recorded, m.ID)
		}
		if len(recorded)+len(left) == 3 {
			done()
		}
	}
	done()
	return texts
}

func abc() []popMessage {
	return []popMessage{{"1", "a"}, {"2", "B"}, {"3", "c"}, {"4", "d"}, {"5", "e"}}
}

func TestPOPDeletesWhatIsDoneAtTheEndOfTheSession(t *testing.T) {
	server := newPOPServer(t, abc()...)
	s := openWith(t, server.url(), "delete", popOptions())
	assert.Equal(t, "aBcde", drain(t, s))
	assert.Equal(t, "aBcde", server.left(), "the session goes on")
	require.NoError(t, s.Close())
	assert.Equal(t, "B", server.left())
}

func TestPOPIsNotReadAnewWhenMailIsKept(t *testing.T) {
	server, o := newPOPServer(t, abc()...), popOptions()
	run := func(after string) string {
		s := openWith(t, server.url(), after, o)
		defer s.Close()
		return drain(t, s)
	}
	assert.Equal(t, "aBcde", run("keep"))
	server.messages = append(server.messages[1:], popMessage{"6", "f"})
	assert.Equal(t, "f", run("keep"))
	assert.Empty(t, run("keep"))
	left, kept := server.url()+" left: ", server.url()+" kept: "
	assert.Equal(t, notes{left + "2": "marked", kept + "3": "marked", kept + "4": "marked", kept + "5": "marked", kept + "6": "marked"}, o.Notes,
		"1 is no more")
	assert.Equal(t, "cdef", run("delete"), "what was kept is now to go")
	assert.Equal(t, "B", server.left())
	assert.Empty(t, run("delete"))
	o.Again = true
	assert.Equal(t, "B", run("delete"))
}

func TestPOPGoesOnWhenTheConnectionBreaks(t *testing.T) {
	for _, command := range []string{"CAPA", "AUTH", "LIST", "UIDL", "RETR", "DELE", "QUIT"} {
		for after := range 3 {
			t.Run(fmt.Sprint(command, after), func(t *testing.T) {
				server := newPOPServer(t, abc()...)
				server.breaks = map[string]int{command: after}
				s := openWith(t, server.url(), "delete", popOptions())
				assert.Equal(t, "aBcde", drain(t, s))
				require.NoError(t, s.Close())
				assert.Equal(t, "B", server.left())
			})
		}
	}
}

// Without the end of a session nothing is deleted, and all comes again.
func TestPOPDeletesNothingIfItIsBrokenOff(t *testing.T) {
	server := newPOPServer(t, abc()...)
	s := openWith(t, server.url(), "delete", popOptions())
	assert.Equal(t, "aBcde", drain(t, s))
	s.(*popBox).hangUp()
	assert.Equal(t, "aBcde", server.left())
}

func TestPOPDeletesALargeMailboxInPortions(t *testing.T) {
	server := newPOPServer(t)
	for i := range 2*popMessages + 10 {
		server.messages = append(server.messages, popMessage{strconv.Itoa(i), "a"})
	}
	s := openWith(t, server.url(), "delete", popOptions())
	assert.Len(t, drain(t, s), 2*popMessages+10)
	assert.Len(t, server.left(), 10+1, "one was read in an earlier session, but not done with") // see drain
	require.NoError(t, s.Close())
	assert.Empty(t, server.left())
	assert.Equal(t, 3, server.sessions)
}

func TestPOPHasOneSessionWhereLoginsAreFew(t *testing.T) {
	server := newPOPServer(t)
	server.caps += "\r\nLOGIN-DELAY 900 USER"
	for i := range popMessages + 1 {
		server.messages = append(server.messages, popMessage{strconv.Itoa(i), "a"})
	}
	o := popOptions()
	var slept []time.Duration
	o.sleep = func(_ context.Context, d time.Duration) error { slept = append(slept, d); return nil }
	o.Watch = true
	s := openWith(t, server.url(), "delete", o)
	assert.Len(t, drain(t, s), popMessages+1)
	assert.Equal(t, 1, server.sessions)
	require.NoError(t, s.Wait(t.Context()))
	assert.Equal(t, []time.Duration{15 * time.Minute}, slept)
	assert.Empty(t, server.left())
}

func TestPOPIsWatched(t *testing.T) {
	server, o := newPOPServer(t, abc()...), popOptions()
	o.Watch = true
	o.sleep = func(_ context.Context, d time.Duration) error {
		assert.Equal(t, popPollTime, d)
		server.mu.Lock()
		defer server.mu.Unlock()
		server.messages = append(server.messages, popMessage{"6", "f"})
		return nil
	}
	s := openWith(t, server.url(), "keep", o)
	assert.Equal(t, "aBcde", drain(t, s))
	require.NoError(t, s.Wait(t.Context()))
	assert.Equal(t, "f", drain(t, s))
	assert.Equal(t, []string{"aBcde", "f"}, server.read)
}

// Messages that cannot be told apart are read in each session, and deleted only
// in that in which they were read.
func TestPOPWithoutUniqueIDs(t *testing.T) {
	server, o := newPOPServer(t, popMessage{"1", "a"}, popMessage{"1", "B"}, popMessage{"2", "c"}), popOptions()
	s := openWith(t, server.url(), "keep", o)
	assert.Equal(t, "aBc", drain(t, s))
	s = openWith(t, server.url(), "keep", o)
	assert.Equal(t, "aB", drain(t, s))
	server.breaks = map[string]int{"RETR": 2}
	s = openWith(t, server.url(), "delete", o)
	assert.Equal(t, "aBaBc", drain(t, s))
	require.NoError(t, s.Close())
	assert.Equal(t, "B", server.left())

	server.noUIDL, server.messages = true, abc()
	s = openWith(t, server.url(), "delete", o)
	assert.Equal(t, "aBcde", drain(t, s))
	require.NoError(t, s.Close())
	assert.Equal(t, "B", server.left())
}

func TestPOPPassesOverWhatCannotBeRead(t *testing.T) {
	server, o := newPOPServer(t, popMessage{"1", "a"}, popMessage{"2", ""}, popMessage{"3", "C"}), popOptions()
	for _, want := range []string{`a(pop3: RETR: the server answers "-ERR it cannot be read")C`, `(pop3: RETR: the server answers "-ERR it cannot be read")`} {
		s := openWith(t, server.url(), "delete", o)
		assert.Equal(t, want, drain(t, s), "it may be readable in another run")
		require.NoError(t, s.Close())
	}

	server.size, server.messages = strconv.Itoa(mailbox.MaxMessage+1), abc()
	s := openWith(t, server.url(), "delete", popOptions())
	assert.Equal(t, strings.Repeat("("+errTooBig.Error()+")", 5), drain(t, s))
	require.NoError(t, s.Close())
	assert.Equal(t, "aBcde", server.left())
}

func TestPOPWaitsForAServerThatIsBusy(t *testing.T) {
	server, o := newPOPServer(t, abc()...), popOptions()
	server.greet = []string{"-ERR [IN-USE] somebody else is here", "+OK", "-ERR [SYS/TEMP] later", "not POP3"}
	s := openWith(t, server.url(), "keep", o)
	assert.Equal(t, "aBcde", drain(t, s))
	server.greet = slices.Repeat([]string{"-ERR [IN-USE] somebody else is here"}, maxRetries+1)
	place, err := parse(server.url(), "")
	require.NoError(t, err)
	_, err = place.Open(t.Context(), o)
	assert.ErrorContains(t, err, "[IN-USE] somebody else is here")
	assert.Empty(t, server.greet)
}

func TestPOPRefusals(t *testing.T) {
	tests := []struct {
		name string
		set  func(*popServer, *Options)
		want string
	}{
		{"no password", func(_ *popServer, o *Options) { o.Credentials = Credentials{} }, "no password"},
		{"wrong password", func(_ *popServer, o *Options) { o.Credentials.Password.Text = "wrong" }, "the server refuses the login of bounces: pop3: AUTH: "},
		{"no OAuth2", func(_ *popServer, o *Options) { o.Credentials = Credentials{Token: places.Place{Text: "x"}} }, "neither OAUTHBEARER nor XOAUTH2"},
		{"no mechanism", func(s *popServer, _ *Options) { s.caps = "UIDL" }, "pop3: USER: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server, o := newPOPServer(t, abc()...), popOptions()
			o.sleep = func(context.Context, time.Duration) error { t.Error("it is no use to wait"); return nil }
			tt.set(server, &o)
			place, err := parse(server.url(), "")
			require.NoError(t, err)
			_, err = place.Open(t.Context(), o)
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

func TestPOPEndsWhenTold(t *testing.T) {
	server := newPOPServer(t, abc()...)
	s := openWith(t, server.url(), "delete", popOptions())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read := 0
	for m, err := range s.Messages(ctx) {
		require.NoError(t, err)
		require.NoError(t, s.Done(ctx, []string{m.ID}, nil))
		if read++; read == 2 {
			cancel()
		}
	}
	assert.Equal(t, 2, read)
	require.NoError(t, s.Close())
	assert.Equal(t, "cde", server.left())
}
