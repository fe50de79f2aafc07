package pop3

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// dial begins a session with a server that follows a script: lines that it
// sends, and after "C: " those that it waits for. At the end it hangs up.
func dial(t *testing.T, script string) (*Client, error) {
	client, server := net.Pipe()
	lines := strings.Split(strings.Trim(script, "\n"), "\n")
	done := make(chan struct{})
	go func() {
		defer close(done)
		r := bufio.NewReader(server)
		for _, line := range lines {
			if want, ok := strings.CutPrefix(line, "C: "); ok {
				have, err := r.ReadString('\n')
				if err != nil {
					assert.ErrorIs(t, err, io.EOF, "the client was to send %q", want)
					break
				}
				assert.Equal(t, want+"\r\n", have)
			} else if _, err := io.WriteString(server, strings.ReplaceAll(line, "|", "\r\n")+"\r\n"); err != nil {
				break
			}
		}
		server.Close()
	}()
	c, err := New(client, 5*time.Second)
	t.Cleanup(func() { client.Close(); <-done })
	return c, err
}

const hello = "+OK ready\nC: CAPA\n+OK\nSASL PLAIN xoauth2\nUIDL\nPIPELINING\n.\n"

func TestSession(t *testing.T) {
	c, err := dial(t, hello+`C: LIST
+OK
1 20
3 300 more
.
C: UIDL
+OK
1 first
2 only here
3 third
.
C: RETR 1
C: RETR 2
C: RETR 3
+OK 20 octets
..one

....
.
-ERR [SYS/TEMP] try later
+OK
.
C: DELE 1
C: DELE 2
+OK
-ERR no such message
C: QUIT
+OK`)
	require.NoError(t, err)
	args, ok := c.Capability("SASL")
	assert.True(t, ok)
	assert.Equal(t, "PLAIN xoauth2", args)
	_, ok = c.Capability("STLS")
	assert.False(t, ok)
	assert.True(t, c.Offers("XOAUTH2"))
	assert.False(t, c.Offers("XOAUTH"))
	list, err := c.List()
	require.NoError(t, err)
	assert.Equal(t, []Entry{{1, "first", 20}, {2, "only here", 0}, {3, "third", 300}}, list)
	var have []string
	for data, err := range c.Retrieve([]int{1, 2, 3}, 100) {
		if err != nil {
			assert.Nil(t, data)
			refusal, ok := errors.AsType[*Error](err)
			require.True(t, ok)
			assert.Equal(t, &Error{"SYS/TEMP", "try later"}, refusal)
			data = []byte("refused")
		}
		have = append(have, string(data))
	}
	assert.Equal(t, []string{".one\r\n\r\n...\r\n", "refused", ""}, have)
	assert.EqualError(t, c.Delete([]int{1, 2}), `pop3: DELE: the server answers "-ERR no such message"`)
	assert.NoError(t, c.Quit())
}

func TestAServerFromBeforeTheExtensions(t *testing.T) {
	c, err := dial(t, `
+OK
C: CAPA
-ERR what?
C: USER bounces
+OK
C: PASS a word
-ERR [auth] wrong
C: LIST
+OK
1 5
.
C: UIDL
-ERR
C: RETR 1
+OK
one
.
C: RETR 2
+OK
two
.
C: QUIT
-ERR some deleted messages not removed`)
	require.NoError(t, err)
	err = c.Login("bounces", "a word")
	assert.EqualError(t, err, `pop3: PASS: the server answers "-ERR [AUTH] wrong"`)
	list, err := c.List()
	require.NoError(t, err)
	assert.Equal(t, []Entry{{1, "", 5}}, list)
	var have []string
	for data, err := range c.Retrieve([]int{1, 2}, 100) { // one at a time
		require.NoError(t, err)
		have = append(have, string(data))
	}
	assert.Equal(t, []string{"one\r\n", "two\r\n"}, have)
	assert.ErrorContains(t, c.Quit(), "not removed")
}

// challenged asks for a token twice.
type challenged struct{ first []byte }

func (c challenged) Start() (string, []byte, error) { return "XOAUTH2", c.first, nil }

func (c challenged) Next(challenge []byte) ([]byte, error) {
	if len(challenge) == 0 {
		return nil, errors.New("no more")
	}
	return append([]byte("re:"), challenge...), nil
}

func TestAuth(t *testing.T) {
	tests := []struct {
		name, script string
		client       sasl.Client
		want         string
	}{
		{"PLAIN", "C: AUTH PLAIN\n+\nC: AGEAYg==\n+OK", sasl.NewPlainClient("", "a", "b"), ""},
		{"refused at once", "C: AUTH PLAIN\n-ERR no", sasl.NewPlainClient("", "a", "b"), `pop3: AUTH: the server answers "-ERR no"`},
		{"refused", "C: AUTH PLAIN\n+ \nC: AGEAYg==\n-ERR [AUTH] no", sasl.NewPlainClient("", "a", "b"), `pop3: AUTH: the server answers "-ERR [AUTH] no"`},
		{"challenged", "C: AUTH XOAUTH2\n+ \nC: eA==\n+ eQ==\nC: cmU6eQ==\n+OK", challenged{[]byte("x")}, ""},
		{"no first response", "C: AUTH XOAUTH2\n+ eQ==\nC: cmU6eQ==\n+OK", challenged{}, ""},
		{"given up", "C: AUTH XOAUTH2\n+ \nC: eA==\n+ \nC: *\n-ERR well", challenged{[]byte("x")},
			"pop3: AUTH: no more\npop3: *: the server answers \"-ERR well\""},
		{"no base64", "C: AUTH XOAUTH2\n+ \nC: eA==\n+ !\nC: *\n-ERR", challenged{[]byte("x")},
			"pop3: AUTH: the server sends the challenge \"!\": illegal base64 data at input byte 0\npop3: *: the server answers \"-ERR\""},
		{"asked without end", "C: AUTH XOAUTH2\n+ eQ==\n" + strings.Repeat("C: cmU6eQ==\n+ eQ==\n", maxRounds), challenged{},
			"pop3: AUTH: the server asks without end"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := dial(t, hello+tt.script)
			require.NoError(t, err)
			if err := c.Auth(tt.client); tt.want == "" {
				assert.NoError(t, err)
			} else {
				assert.EqualError(t, err, tt.want)
			}
		})
	}
}

func TestNothingIsSentBetweenTheLines(t *testing.T) {
	c, err := dial(t, hello+"C: QUIT\n+OK")
	require.NoError(t, err)
	assert.ErrorContains(t, c.Login("bounces\r\nDELE 1", "x"), "line break")
	assert.NoError(t, c.Quit())
}

// What comes before the handshake could be from anybody.
func TestAnswersInTheClearEndTheSession(t *testing.T) {
	c, err := dial(t, hello+"C: STLS\n+OK|+OK logged in")
	require.NoError(t, err)
	err = c.StartTLS(nil)
	assert.ErrorContains(t, err, "goes on in the clear")
	assert.Equal(t, err, c.Quit().(interface{ Unwrap() []error }).Unwrap()[0])
}

// hostile servers each end in an error, and in good time.
func TestHostileServers(t *testing.T) {
	big := strings.Repeat("x", maxLine)
	tests := []struct{ name, script, want string }{
		{"nothing", "+OK", "pop3: CAPA: "},
		{"not POP3", "* OK IMAP4rev1", `pop3: greeting: the server answers "* OK IMAP4rev1", which is not POP3`},
		{"refusal", "-ERR [IN-USE] later", `pop3: greeting: the server answers "-ERR [IN-USE] later"`},
		{"long line", "+OK " + big, "pop3: greeting: the server sends a line without end"},
		{"end of capabilities", "+OK\nC: CAPA\n+OK\nUIDL", "pop3: CAPA: unexpected EOF"},
		{"bad list", hello + "C: LIST\n+OK\n1 x\n.", `pop3: LIST: the server lists "1 x": strconv.ParseInt: parsing "x": invalid syntax`},
		{"no number", hello + "C: LIST\n+OK\n0 1\n.", `pop3: LIST: the server lists "0 1": invalid syntax`},
		{"negative number", hello + "C: LIST\n+OK\n-1 1\n.", `pop3: LIST: the server lists "-1 1": invalid syntax`},
		{"no such number", hello + "C: LIST\n+OK\n99999999999 1\n.", `out of range`},
		{"broken message", hello + "C: LIST\n+OK\n.\nC: UIDL\n+OK\n.\nC: RETR 1\nC: RETR 2\n+OK\nabc", "pop3: RETR: unexpected EOF"},
		{"big message", hello + "C: LIST\n+OK\n.\nC: UIDL\n+OK\n.\nC: RETR 1\nC: RETR 2\n+OK\n" + strings.Repeat("y", 101) + "\n.", "pop3: RETR: the message is longer than it may be"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := dial(t, tt.script)
			if err == nil {
				_, err = c.List()
			}
			if err == nil {
				for _, e := range c.Retrieve([]int{1, 2}, 100) {
					require.Nil(t, err, "nothing after the error")
					err = e
				}
			}
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

func TestToLeaveEarlyEndsTheSession(t *testing.T) {
	c, err := dial(t, hello+"C: RETR 1\nC: RETR 2\n+OK\none\n.")
	require.NoError(t, err)
	for data, err := range c.Retrieve([]int{1, 2}, 100) {
		require.NoError(t, err)
		assert.Equal(t, "one\r\n", string(data))
		break
	}
	assert.ErrorContains(t, c.Delete([]int{1}), "left before")
}

// answers is a connection on which everything has been said already.
type answers struct {
	net.Conn
	r *bytes.Reader
}

func (a answers) Read(p []byte) (int, error)  { return a.r.Read(p) }
func (a answers) Write(p []byte) (int, error) { return len(p), nil }
func (a answers) Close() error                { return nil }
func (a answers) SetDeadline(time.Time) error { return nil }

// endless is a server that lists without end.
type endless struct {
	answers
	line string
}

func (e *endless) Read(p []byte) (int, error) {
	if e.r.Len() == 0 {
		e.r.Reset([]byte(e.line))
	}
	return e.r.Read(p)
}

func TestAListWithoutEnd(t *testing.T) {
	said := "+OK\r\n-ERR\r\n+OK\r\n"
	c, err := New(&endless{answers{r: bytes.NewReader([]byte(said))}, "1 1 " + strings.Repeat("x", maxLine-10) + "\r\n"}, time.Second)
	require.NoError(t, err)
	_, err = c.List()
	assert.EqualError(t, err, "pop3: LIST: the server lists without end")
}

// slow is a server that sends octet after octet.
type slow struct {
	answers
	renewed int
}

func (s *slow) Read(p []byte) (int, error)  { return s.r.Read(p[:1]) }
func (s *slow) SetDeadline(time.Time) error { s.renewed++; return nil }

func TestASlowServerGetsNoTimeForEachOctet(t *testing.T) {
	said := "+OK\r\n-ERR\r\n+OK\r\n" + strings.Repeat("x\r\n", pace) + ".\r\n"
	s := &slow{answers: answers{r: bytes.NewReader([]byte(said))}}
	c, err := New(s, time.Second)
	require.NoError(t, err)
	before := s.renewed
	for data, err := range c.Retrieve([]int{1}, 1<<30) {
		require.NoError(t, err)
		assert.Len(t, data, 3*pace)
	}
	assert.Equal(t, 1+3, s.renewed-before, "for the command, and for each 64 KiB")
}

// silent is a server that says nothing.
type silent struct {
	answers
	deadline time.Time
}

func (s *silent) SetDeadline(t time.Time) error { s.deadline = t; return nil }

func (s *silent) Read([]byte) (int, error) {
	if s.deadline.IsZero() {
		return 0, errors.New("this would wait for ever")
	}
	return 0, os.ErrDeadlineExceeded
}

func TestASilentServerHasItsTime(t *testing.T) {
	_, err := New(&silent{}, time.Second)
	assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
}

// Whatever a server says, a session ends, and holds no more than was said.
func FuzzSession(f *testing.F) {
	f.Add([]byte("+OK\r\n+OK\r\nPIPELINING\r\n.\r\n+OK\r\n+OK\r\n1 5\r\n.\r\n+OK\r\n1 a\r\n.\r\n+OK\r\n..x\r\n.\r\n+OK\r\n+OK\r\n"))
	f.Add([]byte("+OK\n-ERR\n+ eQ==\n-ERR [AUTH] x\n-ERR\n"))
	f.Add([]byte("+OK\r\n+OK\r\n.\r\n+OK\r\n+OK\r\n1 5\r\n.\r\n-ERR\r\n+OK\r\n\n.\n\r\n.\r"))
	f.Fuzz(func(t *testing.T, said []byte) {
		c, err := New(answers{r: bytes.NewReader(said)}, time.Second)
		if err != nil {
			return
		}
		if err := c.Auth(challenged{[]byte("x")}); err != nil {
			_ = c.Login("a", "b")
		}
		list, err := c.List()
		if err != nil {
			return
		}
		var numbers []int
		for i, e := range list {
			assert.Positive(t, e.Number)
			assert.True(t, i == 0 || list[i-1].Number < e.Number)
			numbers = append(numbers, e.Number)
		}
		total := 0
		for data, err := range c.Retrieve(numbers, 1000) {
			assert.True(t, err == nil || data == nil)
			assert.LessOrEqual(t, len(data), 1000)
			total += len(data)
		}
		assert.Less(t, total, len(said)+1)
		_ = c.Delete(numbers)
		_ = c.Quit()
	})
}

// A message arrives as it is, whatever is in it.
func FuzzMessage(f *testing.F) {
	f.Add([]byte("a\r\n.\r\nb"))
	f.Add([]byte(".\n.\r.\r\n\r\n..\r\n"))
	f.Add(bytes.Repeat([]byte("long"), pace/4+1))
	f.Fuzz(func(t *testing.T, message []byte) {
		if !bytes.HasSuffix(message, []byte("\r\n")) {
			message = append(message[:len(message):len(message)], "\r\n"...)
		}
		var said bytes.Buffer
		said.WriteString("+OK\r\n-ERR\r\n")
		for range 2 {
			said.WriteString("+OK\r\n")
			for _, line := range bytes.SplitAfter(message, []byte("\r\n")) {
				if bytes.HasPrefix(line, []byte(".")) {
					said.WriteByte('.')
				}
				said.Write(line)
			}
			said.WriteString(".\r\n")
		}
		c, err := New(answers{r: bytes.NewReader(said.Bytes())}, time.Second)
		require.NoError(t, err)
		count := 0
		for data, err := range c.Retrieve([]int{1, 2}, len(message)) {
			require.NoError(t, err)
			require.Equal(t, string(message), string(data))
			count++
		}
		assert.Equal(t, 2, count)
	})
}
