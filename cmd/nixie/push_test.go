//go:build unix

package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nixie/classify"
	"nixie/classify/ledger"
	"nixie/cmd/nixie/internal/store"
	"nixie/dsn"
)

// pushed is what a target has heard.
type pushed struct {
	ID       string          `json:"id"`
	Address  string          `json:"address"`
	Standing ledger.Standing `json:"standing"`
	Until    time.Time       `json:"until"`
}

// receiver is a target: it keeps what it took.
type receiver struct {
	*httptest.Server
	mutex  sync.Mutex
	heard  []pushed                                      // in what it answered with a 2xx
	types  []string                                      // of listmonk
	events []ledger.Event                                // of a webhook
	answer func(body []byte, w http.ResponseWriter) bool // false: it refused
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mutex.Lock()
		defer r.mutex.Unlock()
		body, _ := io.ReadAll(req.Body)
		if r.answer != nil && !r.answer(body, w) {
			return
		}
		var said struct {
			Standings []pushed
			Events    []ledger.Event
			Type      string
			Email     string
			Meta      pushed
		}
		assert.NoError(t, json.Unmarshal(body, &said))
		if said.Type != "" {
			assert.Equal(t, said.Email, said.Meta.Address)
			said.Standings = []pushed{said.Meta}
			r.types = append(r.types, said.Type)
		}
		r.heard = append(r.heard, said.Standings...)
		r.events = append(r.events, said.Events...)
	}))
	t.Cleanup(r.Close)
	return r
}

// take returns what the target heard since the last time, in short.
func (r *receiver) take() (heard []string) {
	for i, p := range r.heard {
		text := p.Address + " " + string(p.Standing)
		if i < len(r.types) {
			text += " " + r.types[i]
		}
		heard = append(heard, text)
	}
	r.heard, r.types = nil, nil
	return heard
}

// pushLedger is a ledger in which bob is dropped, carol is suspended, dave
// complained, and erin is fine.
type pushLedger struct {
	*testing.T
	url string
	now time.Time
}

func newPushLedger(t *testing.T) *pushLedger {
	t.Setenv("NIXIE_SECRET", "0123456789abcdef")
	l := &pushLedger{t, "sqlite:" + filepath.Join(t.TempDir(), "ledger.db"), time.Now().UTC().Truncate(time.Second)}
	l.record("bob", classify.BadMailbox, 20)
	l.record("bob", classify.BadMailbox, 10)
	l.record("carol", classify.BadMailbox, 1)
	l.record("dave", classify.Complaint, 1)
	l.record("erin", classify.Spam, 1)
	return l
}

// record records that mail to somebody failed so many days ago.
func (l *pushLedger) record(who string, reason classify.Reason, daysAgo int) {
	at := l.now.AddDate(0, 0, -daysAgo)
	l.append(ledger.Event{
		ID: fmt.Sprint(who, reason, daysAgo), Address: who + "@example.org", Time: at, Recorded: at, Reason: reason, Fault: reason.Fault(),
		Decision: classify.GiveUp, Action: dsn.Failed, Provider: "example.org", Source: "mbox:x",
	})
}

func (l *pushLedger) append(e ledger.Event) {
	s, err := store.Create(l.Context(), l.url)
	require.NoError(l, err)
	_, err = s.Append(l.Context(), e)
	require.NoError(l, err)
	require.NoError(l, s.Close())
}

// clear records that a person wants somebody to be written to.
func (l *pushLedger) clear(who string) {
	require.Zero(l, run([]string{"undo", "--ledger", l.url, who + "@example.org"}, nil, io.Discard, io.Discard))
}

// push runs the command, and returns its status and all that it prints.
func (l *pushLedger) push(args ...string) (status int, out string) {
	var b bytes.Buffer
	status = run(append([]string{"push", "--ledger", l.url}, args...), nil, &b, &b)
	return status, b.String()
}

func TestAWebhookHearsOfEachChangeOnce(t *testing.T) {
	l, r := newPushLedger(t), newReceiver(t)
	status, out := l.push("webhook", r.URL)
	assert.Zero(t, status, out)
	assert.Equal(t, "webhook "+r.URL+": 3 pushed\n", out)
	bob := r.heard[0].ID
	assert.False(t, r.heard[1].Until.IsZero())
	assert.Equal(t, []string{"bob@example.org dropped", "carol@example.org suspended", "dave@example.org dropped"}, r.take())

	_, out = l.push("webhook", r.URL)
	assert.Equal(t, "webhook "+r.URL+": 0 pushed\n", out)
	assert.Empty(t, r.take())

	l.clear("bob")
	l.push("webhook", r.URL)
	assert.Equal(t, []string{"bob@example.org active"}, r.take())
	_, out = l.push("webhook", r.URL, "--policy", "listmonk")
	assert.NotEmpty(t, out)
	assert.Equal(t, []string{"carol@example.org dropped"}, r.take(), "another policy drops at once")
	l.push("webhook", r.URL)
	assert.Equal(t, []string{"carol@example.org suspended"}, r.take())
	l.push("webhook", r.URL+"/another")
	assert.Equal(t, []string{"carol@example.org suspended", "dave@example.org dropped"}, r.take(), "another target knows nothing yet")

	// The same standing once more is another thing to hear of.
	l, r = newPushLedger(t), newReceiver(t)
	l.push("webhook", r.URL)
	assert.Equal(t, bob, r.heard[0].ID, "the id comes from what is told")
	l.push("webhook", r.URL, "--policy", "mailman")
	l.push("webhook", r.URL)
	assert.NotEqual(t, bob, r.heard[len(r.heard)-2].ID)
	assert.Equal(t, []string{
		"bob@example.org dropped", "carol@example.org suspended", "dave@example.org dropped",
		"bob@example.org active", "carol@example.org active", "bob@example.org dropped", "carol@example.org suspended",
	}, r.take())
}

func TestAWebhookHearsOfEachEventOnce(t *testing.T) {
	l, r := newPushLedger(t), newReceiver(t)
	for i := range 250 {
		l.record(fmt.Sprint("reader", i), classify.MailboxFull, 3)
	}
	status, out := l.push("webhook", r.URL, "--send", "events")
	assert.Zero(t, status, out)
	assert.Contains(t, out, ": 255 pushed\n")
	require.Len(t, r.events, 255)
	assert.Equal(t, "bobbad-mailbox20", r.events[0].ID)
	assert.Equal(t, "reader249mailbox-full3", r.events[254].ID)
	r.events = nil
	l.record("late", classify.BadMailbox, 100)
	l.push("webhook", r.URL, "--send", "events")
	require.Len(t, r.events, 1)
	assert.Equal(t, "late@example.org", r.events[0].Address)
}

func TestListmonkHearsOfTheDroppedOnly(t *testing.T) {
	l, r := newPushLedger(t), newReceiver(t)
	url := strings.Replace(r.URL, "//", "//api@", 1)
	status, out := l.push("listmonk", url)
	assert.Zero(t, status, out)
	assert.Equal(t, []string{"bob@example.org dropped hard", "dave@example.org dropped complaint"}, r.take())

	l.clear("bob")
	_, out = l.push("listmonk", url)
	assert.Contains(t, out, `msg="may be written to again: unblock it in listmonk" target=`+url+" address=bob@example.org\n")
	_, out = l.push("listmonk", url)
	assert.Equal(t, "listmonk "+url+": 0 pushed\n", out)
	assert.Empty(t, r.take())
}

// listmonk blocks for good: nobody can take back what was pushed before a
// provider turned out to say the same of all its users that day.
func TestListmonkHearsOfADropWhenNoIncidentCanHoldIt(t *testing.T) {
	l, r := newPushLedger(t), newReceiver(t)
	url := strings.Replace(r.URL, "//", "//api@", 1)
	l.record("today", classify.BadMailbox, 0)
	l.record("angry", classify.Complaint, 0)
	_, out := l.push("listmonk", url, "--policy", "listmonk")
	assert.Contains(t, out, ": 4 pushed, 1 wait for the end of the day\n")
	assert.NotContains(t, r.take(), "today@example.org dropped hard")
	v := &view{policy: ledger.Policy{}, at: l.now}
	events := []ledger.Event{{ID: "a", Time: l.now.AddDate(0, 0, -1)}, {ID: "b", Time: l.now}}
	assert.False(t, v.settled(&ledger.State{Because: ledger.Because{Events: []string{"a", "b"}}}, events))
	assert.True(t, v.settled(&ledger.State{Because: ledger.Because{Events: []string{"a"}}}, events))
	v.at = l.now.AddDate(0, 0, 1)
	assert.True(t, v.settled(&ledger.State{Because: ledger.Because{Events: []string{"a", "b"}}}, events))
}

func TestWhatIsRefusedStaysToBePushed(t *testing.T) {
	l, r := newPushLedger(t), newReceiver(t)
	url := strings.Replace(r.URL, "//", "//api@", 1)
	refuse := 400
	r.answer = func(body []byte, w http.ResponseWriter) bool {
		if !bytes.Contains(body, []byte("bob@")) {
			return true
		}
		http.Error(w, "invalid e-mail", refuse)
		return false
	}
	status, out := l.push("listmonk", url)
	assert.Equal(t, 1, status)
	assert.Contains(t, out, `msg="an address is refused" target=`+url+` address=bob@example.org error="the target answers 400 Bad Request: invalid e-mail"`)
	assert.Contains(t, out, ": 1 pushed, 1 refused\n")
	assert.Equal(t, []string{"dave@example.org dropped complaint"}, r.take(), "one address does not stop the rest")

	refuse = 403 // about us, not about bob
	status, out = l.push("listmonk", url)
	assert.Equal(t, 1, status)
	assert.Contains(t, out, "the target answers 403 Forbidden")
	r.answer = nil
	status, _ = l.push("listmonk", url)
	assert.Zero(t, status)
	assert.Equal(t, []string{"bob@example.org dropped hard"}, r.take())

	// A webhook that refuses hears the same again.
	r.answer = func(_ []byte, w http.ResponseWriter) bool { w.WriteHeader(422); return false }
	status, _ = l.push("webhook", r.URL)
	assert.Equal(t, 1, status)
	r.answer = nil
	l.push("webhook", r.URL)
	assert.Len(t, r.take(), 3)
}

// A crash after the target has taken something and before that is noted makes
// it come again, with the same id.
func TestAPushKilledBeforeItIsNotedComesAgain(t *testing.T) {
	nixie, l, r := command(t), newPushLedger(t), newReceiver(t)
	db, err := sql.Open("sqlite", strings.TrimPrefix(l.url, "sqlite:"))
	require.NoError(t, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	cmd := exec.Command(nixie, "push", "--ledger", l.url, "webhook", r.URL)
	taken := make(chan bool)
	r.mutex.Lock()
	r.answer = func([]byte, http.ResponseWriter) bool {
		_, err := db.Exec("BEGIN IMMEDIATE") // so that nothing can be noted
		assert.NoError(t, err)
		close(taken)
		return true
	}
	r.mutex.Unlock()
	require.NoError(t, cmd.Start())
	<-taken
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	_, err = db.Exec("ROLLBACK")
	require.NoError(t, err)
	r.mutex.Lock()
	first := r.heard
	r.heard, r.answer = nil, nil
	r.mutex.Unlock()
	require.Len(t, first, 3)

	status, out := l.push("webhook", r.URL)
	assert.Zero(t, status, out)
	assert.Equal(t, first, r.heard)
}

func TestADryPushTellsNobody(t *testing.T) {
	l, r := newPushLedger(t), newReceiver(t)
	for range 2 {
		_, out := l.push("listmonk", strings.Replace(r.URL, "//", "//api@", 1), "--dry-run")
		assert.Contains(t, out, `{"email":"bob@example.org","source":"nixie","type":"hard","meta":{"id":"`)
		assert.Contains(t, out, ": 2 pushed\n")
	}
	assert.Empty(t, r.take())
}

func TestTargetsOfTheFile(t *testing.T) {
	l, r := newPushLedger(t), newReceiver(t)
	t.Setenv("NIXIE_SECRET", "")
	dir := t.TempDir()
	file := filepath.Join(dir, "nixie.toml")
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("key", "0123456789abcdef\n")
	write("nixie.toml", fmt.Sprintf(`
[push.app]
kind = "webhook"
url = %q
secret-file = "key"

[push.lists]
kind = "listmonk"
url = %q
secret-command = "echo token"
`, r.URL, strings.Replace(r.URL, "//", "//api@", 1)))
	status, out := l.push("--config", file)
	assert.Zero(t, status, out)
	assert.Len(t, r.take(), 5)
	l.clear("dave")
	status, out = l.push("--config", file, "app")
	assert.Zero(t, status, out)
	assert.Equal(t, []string{"dave@example.org active"}, r.take())
	t.Setenv("NIXIE_PUSH_APP_URL", r.URL+"/moved")
	l.push("--config", file, "app")
	assert.Len(t, r.take(), 2)
	t.Setenv("NIXIE_PUSH_APP_URL", "")

	for _, wrong := range []struct {
		status int
		out    string
		args   []string
	}{
		{2, "has no [push.other]", []string{"--config", file, "other"}},
		{2, "have their own", []string{"--config", file, "--send", "events"}},
		{2, "no target: ", nil},
		{2, "no secret: ", []string{"webhook", r.URL}},
		{2, `"events" cannot be sent to a listmonk`, []string{"listmonk", "https://api@lists.example.org", "--send", "events"}},
		{1, "get the secret: open ", []string{"webhook", r.URL, "--secret-file", filepath.Join(dir, "none")}},
	} {
		status, out := l.push(wrong.args...)
		assert.Equal(t, wrong.status, status, out)
		assert.Contains(t, out, wrong.out)
	}
	t.Setenv("NIXIE_PUSH_APP_SECRET", "another, of sixteen octets")
	l.clear("carol")
	status, out = l.push("--config", file, "app")
	assert.Zero(t, status, out)
	assert.Equal(t, []string{"carol@example.org active"}, r.take())
	t.Setenv("NIXIE_PUSH_APP_SECRET", "")
	write("nixie.toml", "[push.app]\nkind = \"webhook\"\nurl = \"https://example.org\"\nsecret-file = \"gone\"\n")
	status, out = l.push("--config", file)
	assert.Equal(t, 1, status)
	assert.Contains(t, out, file+":4: push.app.secret-file: stat ")
	write("nixie.toml", "[push.app]\nurl = \"https://example.org\"\nsecret-file = \"key\"\n")
	status, out = l.push("--config", file)
	assert.Equal(t, 1, status)
	assert.Contains(t, out, file+`:2: push.app: "" is no kind of target: listmonk or webhook`)
}
