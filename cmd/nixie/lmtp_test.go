//go:build unix

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nixie/classify/ledger"
	"nixie/cmd/nixie/internal/source"
)

// startLMTP starts nixie lmtp and returns when it listens. It is killed at the
// end of the test.
func startLMTP(t testing.TB, nixie string, args ...string) *exec.Cmd {
	cmd := exec.Command(nixie, append([]string{"lmtp"}, args...)...)
	cmd.Stdout = os.Stdout
	log, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := bufio.NewScanner(log)
	require.True(t, lines.Scan(), "it ended")
	require.Contains(t, lines.Text(), "msg=listening")
	go func() {
		for lines.Scan() {
		}
	}()
	return cmd
}

func dialLMTP(t testing.TB, socket string) *smtp.Client {
	conn, err := net.Dial("unix", socket)
	require.NoError(t, err)
	c := smtp.NewClientLMTP(conn)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// send hands over a message.
func send(c *smtp.Client, message string, to ...string) error {
	return c.SendMail("", to, strings.NewReader(message))
}

// serve runs the server in this program, until the test or the context ends.
func serve(t testing.TB, ctx context.Context, d delivery) (socket string, ended <-chan error) {
	ctx, cancel := context.WithCancel(ctx)
	var err error
	d.judge, err = newJudge("", "")
	require.NoError(t, err)
	dir := t.TempDir()
	d.rest = filepath.Join(dir, "rest")
	socket = filepath.Join(dir, "socket")
	l, err := listen("unix:"+socket, false, 0o600)
	require.NoError(t, err)
	end := make(chan error, 1)
	over := make(chan struct{})
	go func() {
		defer close(over)
		end <- serveLMTP(ctx, l, d, nil, slog.New(slog.DiscardHandler))
	}()
	t.Cleanup(func() { cancel(); <-over })
	return socket, end
}

func TestLMTPRecordsBeforeItAnswers(t *testing.T) {
	dir, nixie := t.TempDir(), command(t)
	socket, db, rest := filepath.Join(dir, "socket"), filepath.Join(dir, "ledger.db"), filepath.Join(dir, "rest")
	startLMTP(t, nixie, "--listen", "unix:"+socket, "--ledger", "sqlite:"+db, "--rest", rest)
	info, err := os.Stat(socket)
	require.NoError(t, err)
	assert.Equal(t, fs.ModeSocket|0o660, info.Mode())

	c := dialLMTP(t, socket)
	require.NoError(t, c.Hello("mx.example.org"))
	for _, name := range []string{"8BITMIME", "SMTPUTF8", "PIPELINING", "ENHANCEDSTATUSCODES"} {
		ok, _ := c.Extension(name)
		assert.True(t, ok, name)
	}
	size, ok := c.MaxMessageSize()
	assert.True(t, ok)
	assert.Equal(t, 1<<30, size)

	require.NoError(t, send(c, sampleMail(0), "bounces@example.org"))
	assert.Len(t, recorded(t, db), 1)
	require.NoError(t, send(c, sampleMail(0), "bounces@example.org"))
	assert.Len(t, recorded(t, db), 1, "it came before")
	require.NoError(t, send(c, sampleMail(1), "bounces@example.org"))
	assert.Len(t, recorded(t, db), 3)
	assert.NoDirExists(t, rest)

	require.NoError(t, c.SendMail("friend@example.net", []string{"bounces@example.org", "jürgen@example.org"}, strings.NewReader(sampleMail(3)+"..\n")))
	kept := list(t, rest)
	require.Len(t, kept, 1)
	data, err := os.ReadFile(filepath.Join(rest, "new", kept[0].Name()))
	require.NoError(t, err)
	assert.Equal(t, "Return-Path: <friend@example.net>\nDelivered-To: bounces@example.org\nDelivered-To: jürgen@example.org\n"+sampleMail(3)+"..\n", string(data))
	assert.Len(t, recorded(t, db), 3)
}

// The address that a report came to may say whom it is about, and prove it.
func TestLMTPTellsWhereAReportCameTo(t *testing.T) {
	dir, nixie := t.TempDir(), command(t)
	socket, db, keys := filepath.Join(dir, "socket"), filepath.Join(dir, "ledger.db"), filepath.Join(dir, "keys.toml")
	require.NoError(t, os.WriteFile(keys, []byte("[[verp]]\nid = \"a\"\nsecret = \"a secret of the example\"\n"), 0o600))
	address, err := exec.Command(nixie, "verp", "mint", "--key", keys, "--domain", "example.org", "--recipient", "anna@example.net").Output()
	require.NoError(t, err)
	startLMTP(t, nixie, "--listen", "unix:"+socket, "--ledger", "sqlite:"+db, "--origin", keys, "--rest", filepath.Join(dir, "rest"))
	c := dialLMTP(t, socket)
	report := strings.NewReplacer("reader0@domain0.example.com", "anna@example.net", "To: sender", "To: mailer").Replace(sampleMail(0))
	require.NoError(t, send(c, report, strings.TrimSpace(string(address))))
	nameless := strings.ReplaceAll(sampleMail(2), "rfc822; reader4@domain2.example.com", "")
	nameless = strings.ReplaceAll(nameless, "<reader4@domain2.example.com>", "recipient")
	require.NoError(t, send(c, nameless, "bounces+bob=example.com@example.org"))
	have := make(map[string]bool)
	for _, e := range recorded(t, db) {
		have[e.Address] = e.Proved
	}
	assert.Equal(t, map[string]bool{"anna@example.net": true, "bob@example.com": false}, have)
}

// Whatever goes wrong, the server shall keep the mail: nothing is refused for
// good, and all is taken when the trouble is over.
func TestLMTPFailsForATimeOnly(t *testing.T) {
	var broken atomic.Bool
	broken.Store(true)
	socket, _ := serve(t, t.Context(), delivery{append: func(context.Context, ...ledger.Event) (int, error) {
		if broken.Load() {
			return 0, errors.New("disk full")
		}
		return 1, nil
	}})
	rest := filepath.Join(filepath.Dir(socket), "rest")
	require.NoError(t, os.WriteFile(rest, nil, 0o600))
	c := dialLMTP(t, socket)
	later := &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "Not recorded, try again later"}
	for _, message := range []string{sampleMail(0), sampleMail(3)} {
		err := send(c, message, "a@example.org", "b@example.org")
		failed, ok := errors.AsType[smtp.LMTPDataError](err)
		require.True(t, ok, "%v", err)
		assert.Len(t, failed, 2)
		for to, err := range failed {
			told := *err
			told.Message = strings.TrimPrefix(told.Message, "<"+to+"> ")
			assert.Equal(t, later, &told)
		}
	}
	broken.Store(false)
	require.NoError(t, os.Remove(rest))
	assert.NoError(t, send(c, sampleMail(0), "a@example.org"))
	assert.NoError(t, send(c, sampleMail(3), "a@example.org"))
	assert.Len(t, list(t, rest), 1)
}

// Told to end, it takes in what is on its way, and lets go of who waits.
func TestLMTPEndsWhenTold(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	began, hold := make(chan struct{}), make(chan struct{})
	socket, ended := serve(t, ctx, delivery{append: func(context.Context, ...ledger.Event) (int, error) {
		close(began)
		<-hold
		return 1, nil
	}})
	release := sync.OnceFunc(func() { close(hold) })
	t.Cleanup(release)
	idle, err := net.Dial("unix", socket)
	require.NoError(t, err)
	_, err = io.WriteString(idle, "LHLO idle.example.org\r\nMAIL FROM:<>\r\n")
	require.NoError(t, err)
	busy, slow := dialLMTP(t, socket), dialLMTP(t, socket)
	answer := make(chan error, 1)
	go func() { answer <- send(busy, sampleMail(0), "a@example.org") }()
	<-began
	require.NoError(t, slow.Mail("", nil))
	require.NoError(t, slow.Rcpt("a@example.org", nil))
	letter, err := slow.Data()
	require.NoError(t, err)
	// The server is in the message for sure when a part of it was read that no buffer holds.
	_, err = io.WriteString(letter, sampleMail(3)+strings.Repeat("and so on\n", 1<<17))
	require.NoError(t, err)

	cancel()
	told, err := io.ReadAll(idle)
	require.NoError(t, err)
	assert.Contains(t, string(told), "\r\n421 ")
	require.Eventually(t, func() bool { _, err := net.Dial("unix", socket); return err != nil }, 30*time.Second, time.Millisecond)
	require.NoError(t, letter.Close())
	release()
	assert.NoError(t, <-answer)
	assert.NoError(t, <-ended)
	assert.NoFileExists(t, socket)
	assert.Len(t, list(t, filepath.Join(filepath.Dir(socket), "rest")), 1)
}

func TestLMTPManyAtOnce(t *testing.T) {
	dir, nixie := t.TempDir(), command(t)
	socket, db := filepath.Join(dir, "socket"), filepath.Join(dir, "ledger.db")
	cmd := startLMTP(t, nixie, "--listen", "unix:"+socket, "--ledger", "sqlite:"+db, "--rest", filepath.Join(dir, "rest"))
	const clients, each = 80, 5 // more than are served at once
	var group sync.WaitGroup
	for client := range clients {
		group.Go(func() {
			c := dialLMTP(t, socket)
			for i := range each {
				assert.NoError(t, send(c, sampleMail(client*each+i), "bounces@example.org"))
			}
			assert.NoError(t, c.Quit())
		})
	}
	group.Wait()
	assert.Len(t, recorded(t, db), 440)
	assert.Len(t, list(t, filepath.Join(dir, "rest")), 40)
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	assert.NoError(t, cmd.Wait())
}

// A message that was cut off, or of which the answer did not come, comes again
// and counts once.
func TestLMTPKilledInAMessage(t *testing.T) {
	dir, nixie := t.TempDir(), command(t)
	socket, db := filepath.Join(dir, "socket"), filepath.Join(dir, "ledger.db")
	args := []string{"--listen", "unix:" + socket, "--ledger", "sqlite:" + db, "--rest", filepath.Join(dir, "rest")}
	begin := func() (*exec.Cmd, *smtp.Client, *smtp.DataCommand) {
		cmd, c := startLMTP(t, nixie, args...), dialLMTP(t, socket)
		require.NoError(t, c.Mail("", nil))
		require.NoError(t, c.Rcpt("bounces@example.org", nil))
		data, err := c.Data()
		require.NoError(t, err)
		return cmd, c, data
	}

	cmd, _, data := begin()
	_, err := io.WriteString(data, sampleMail(0)[:1000])
	require.NoError(t, err)
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, data.Close())
	_ = cmd.Wait()
	assert.Empty(t, recorded(t, db))

	cmd, c, data := begin()
	_, err = io.WriteString(data, sampleMail(0))
	require.NoError(t, err)
	answered := make(chan error, 1)
	go func() { answered <- data.Close() }()
	require.Eventually(t, func() bool { return len(recorded(t, db)) > 0 }, 30*time.Second, time.Millisecond)
	require.NoError(t, cmd.Process.Kill())
	<-answered // whatever it is, the server that sent it is as dead
	_ = c.Close()
	_ = cmd.Wait()

	startLMTP(t, nixie, args...) // over the socket that was left
	require.NoError(t, send(dialLMTP(t, socket), sampleMail(0), "bounces@example.org"))
	assert.Len(t, recorded(t, db), 1)
}

// However often the server is killed, what it has answered for is on disk, and
// all comes to be recorded once.
func TestKilledLMTPLosesNothing(t *testing.T) {
	messages, kills := 300, 5
	if os.Getenv("NIXIE_KILLS") != "" {
		messages, kills = 2000, 100
	}
	dir, nixie := t.TempDir(), command(t)
	socket, db, rest := filepath.Join(dir, "socket"), filepath.Join(dir, "ledger.db"), filepath.Join(dir, "rest")
	judge, err := newJudge("", "")
	require.NoError(t, err)
	told := make(map[int][]string) // the events of each message
	want := make(map[string]bool)
	todo := make(chan int, messages)
	for i := range messages {
		m := mail{Message: source.Message{Data: []byte(sampleMail(i))}}
		require.NoError(t, judge.read(&m, ""))
		for _, e := range m.events {
			told[i] = append(told[i], e.ID)
			want[e.ID] = true
		}
		todo <- i
	}

	var answered sync.Map
	var left atomic.Int64
	left.Store(int64(messages))
	for run := 0; left.Load() > 0; run++ {
		cmd := startLMTP(t, nixie, "--listen", "unix:"+socket, "--ledger", "sqlite:"+db, "--rest", rest)
		killAt := left.Load() - 1 - rand.Int64N(int64(1+2*messages/kills))
		if run > 2*kills {
			killAt = -1
		}
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				conn, err := net.Dial("unix", socket)
				if err != nil {
					return // killed
				}
				c := smtp.NewClientLMTP(conn)
				defer c.Close()
				for {
					select {
					case i := <-todo:
						if err := send(c, sampleMail(i), "bounces@example.org"); err != nil {
							todo <- i
							return
						}
						answered.Store(i, true)
						if left.Add(-1) == killAt {
							_ = cmd.Process.Kill()
						}
					default:
						return
					}
				}
			})
		}
		group.Wait()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		requireAnsweredKept(t, told, &answered, recorded(t, db), rest)
	}
	have := make(map[string]bool)
	events := recorded(t, db)
	for _, e := range events {
		have[e.ID] = true
	}
	assert.Equal(t, want, have)
	assert.Len(t, events, len(want))
}

// requireAnsweredKept fails if a message that the server has answered for is
// neither recorded nor in the Maildir rest.
func requireAnsweredKept(t *testing.T, told map[int][]string, answered *sync.Map, events []ledger.Event, rest string) {
	have := make(map[string]bool)
	for _, e := range events {
		have[e.ID] = true
	}
	letters := make(map[string]bool)
	if _, err := os.Stat(rest); err == nil {
		for _, e := range list(t, rest) {
			data, err := os.ReadFile(filepath.Join(rest, "new", e.Name()))
			require.NoError(t, err)
			letters[string(data)] = true
		}
	}
	for i := range answered.Range {
		for _, id := range told[i.(int)] {
			require.True(t, have[id], "message %d", i)
		}
		if len(told[i.(int)]) == 0 {
			require.True(t, letters["Return-Path: <>\nDelivered-To: bounces@example.org\n"+sampleMail(i.(int))], "letter %d", i)
		}
	}
}

func TestListen(t *testing.T) {
	dir := t.TempDir()
	for address, want := range map[string]string{"0": "127.0.0.1", ":0": "127.0.0.1", "127.0.0.1:0": "127.0.0.1", "localhost:0": "127.0.0.1"} {
		l, err := listen(address, false, 0)
		require.NoError(t, err, address)
		assert.Equal(t, want, l.Addr().(*net.TCPAddr).IP.String(), address)
		require.NoError(t, l.Close())
	}
	for _, address := range []string{"0.0.0.0:0", "[::]:0", "192.0.2.1:0"} {
		_, err := listen(address, false, 0)
		assert.ErrorContains(t, err, "--public", address)
	}
	l, err := listen("0.0.0.0:0", true, 0)
	require.NoError(t, err)
	require.NoError(t, l.Close())
	_, err = listen("nonsense", false, 0)
	assert.ErrorContains(t, err, "give unix:PATH or HOST:PORT")

	socket := filepath.Join(dir, "socket")
	first, err := listen("unix:"+socket, false, 0o622)
	require.NoError(t, err)
	info, err := os.Stat(socket)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o622), info.Mode().Perm())
	_, err = listen("unix:"+socket, false, 0o600)
	assert.ErrorContains(t, err, "another program listens there")
	first.(*net.UnixListener).SetUnlinkOnClose(false)
	require.NoError(t, first.Close())
	require.FileExists(t, socket)
	second, err := listen("unix:"+socket, false, 0o600)
	require.NoError(t, err, "nobody answers")
	require.NoError(t, second.Close())
	assert.NoFileExists(t, socket)

	file := filepath.Join(dir, "letter")
	require.NoError(t, os.WriteFile(file, []byte("dear"), 0o600))
	_, err = listen("unix:"+file, false, 0o600)
	assert.ErrorContains(t, err, "not a socket")
	assert.FileExists(t, file)
}

func TestUnixLines(t *testing.T) {
	for in, want := range map[string]string{"": "", "a\r\nb\r\n": "a\nb\n", "a\r\r\n\rb\r": "a\r\n\rb\r", "\n\r\n": "\n\n"} {
		got, err := io.ReadAll(&unixLines{bufio.NewReader(strings.NewReader(in))})
		require.NoError(t, err)
		assert.Equal(t, want, string(got), fmt.Sprintf("%q", in))
	}
}
