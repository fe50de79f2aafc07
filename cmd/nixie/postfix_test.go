//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"net/smtp"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nixie/classify"
	"nixie/classify/ledger"
)

// postfix is the Postfix that .ci/servers starts.
type postfix struct{ smtp, config, deliver, socket string }

func startedPostfix(t testing.TB) postfix {
	p := postfix{os.Getenv("NIXIE_TEST_SMTP"), os.Getenv("NIXIE_TEST_POSTFIX"), os.Getenv("NIXIE_TEST_DELIVER"), os.Getenv("NIXIE_TEST_LMTP_SOCKET")}
	if p.smtp == "" {
		t.Skip("no Postfix: NIXIE_TEST_SMTP is not set; see .ci/servers")
	}
	return p
}

// letter sends a mail to somebody whom nobody knows at another server, so
// that Postfix makes a report to the sender. It returns to whom it was.
func (p postfix) letter(t testing.TB, from string) (to string) {
	to = fmt.Sprintf("nobody%d@example.net", time.Now().UnixNano())
	require.NoError(t, smtp.SendMail(p.smtp, nil, from, []string{to}, []byte("From: "+from+"\r\nTo: "+to+"\r\nSubject: News\r\n\r\nThis is the news.\r\n")))
	return to
}

// waiting returns why Postfix still has the mail for an address, "" if it has none.
func (p postfix) waiting(t testing.TB, address string) (reason string) {
	out, err := exec.Command("postqueue", "-c", p.config, "-j").Output()
	require.NoError(t, err)
	for d := json.NewDecoder(strings.NewReader(string(out))); d.More(); {
		var m struct {
			Recipients []struct {
				Address string
				Reason  string `json:"delay_reason"`
			}
		}
		require.NoError(t, d.Decode(&m))
		for _, r := range m.Recipients {
			if r.Address == address && r.Reason != "" {
				return r.Reason
			}
		}
	}
	return ""
}

func (p postfix) flush(t testing.TB) {
	require.NoError(t, exec.Command("postqueue", "-c", p.config, "-f").Run())
}

// requireBounce waits for the event of a bounce in a ledger.
func requireBounce(t testing.TB, db, address string) {
	t.Helper()
	var found []ledger.Event
	require.Eventually(t, func() bool {
		found = nil
		for _, e := range recorded(t, db) {
			if e.Address == address {
				found = append(found, e)
			}
		}
		return len(found) > 0
	}, 30*time.Second, 50*time.Millisecond)
	require.Len(t, found, 1)
	e := found[0]
	assert.Equal(t, []any{classify.BadMailbox, classify.Address, classify.GiveUp, "5.1.1"}, []any{e.Reason, e.Fault, e.Decision, e.Status.String()})
}

func TestPostfixPipesToDeliver(t *testing.T) {
	p := startedPostfix(t)
	to := p.letter(t, "deliver@example.org")
	requireBounce(t, filepath.Join(p.deliver, "ledger.db"), to)
	assert.Empty(t, p.waiting(t, "deliver@example.org"))
}

// A delivery that fails leaves the mail to Postfix, until the trouble is over.
func TestPostfixKeepsWhatCannotBeDelivered(t *testing.T) {
	p := startedPostfix(t)
	db := filepath.Join(p.deliver, "ledger.db")
	aside := db + ".aside"
	if err := os.Rename(db, aside); err == nil {
		defer func() { _ = os.Rename(aside, db) }() // if it fails before
	}
	require.NoError(t, os.Mkdir(db, 0o755)) // no place for a ledger
	to := p.letter(t, "deliver@example.org")
	require.Eventually(t, func() bool { return p.waiting(t, "deliver@example.org") != "" }, 30*time.Second, 50*time.Millisecond)
	assert.Contains(t, p.waiting(t, "deliver@example.org"), "nixie: store: ")
	p.flush(t)
	require.NoError(t, os.Remove(db))
	if _, err := os.Stat(aside); err == nil {
		require.NoError(t, os.Rename(aside, db))
	}
	require.Eventually(t, func() bool {
		p.flush(t)
		return p.waiting(t, "deliver@example.org") == ""
	}, 30*time.Second, 200*time.Millisecond)
	requireBounce(t, db, to)
}

func TestPostfixHandsOverByLMTP(t *testing.T) {
	p := startedPostfix(t)
	dir, nixie := t.TempDir(), command(t)
	db, rest := filepath.Join(dir, "ledger.db"), filepath.Join(dir, "rest")

	to := p.letter(t, "lmtp@example.org") // nobody listens yet
	require.Eventually(t, func() bool { return p.waiting(t, "lmtp@example.org") != "" }, 30*time.Second, 50*time.Millisecond)
	startLMTP(t, nixie, "--listen", "unix:"+p.socket, "--socket-mode", "0666", "--ledger", "sqlite:"+db, "--rest", rest)
	p.flush(t)
	requireBounce(t, db, to)
	requireBounce(t, db, p.letter(t, "lmtp@example.org"))

	require.NoError(t, os.WriteFile(rest, nil, 0o600)) // no place for a letter
	require.NoError(t, smtp.SendMail(p.smtp, nil, "friend@example.org", []string{"lmtp@example.org"}, []byte("From: friend@example.org\r\nSubject: Lunch\r\n\r\nAt one?\r\n")))
	require.Eventually(t, func() bool { return p.waiting(t, "lmtp@example.org") != "" }, 30*time.Second, 50*time.Millisecond)
	assert.Contains(t, p.waiting(t, "lmtp@example.org"), "451 4.3.0 <lmtp@example.org> Not recorded, try again later")
	require.NoError(t, os.Remove(rest))
	require.Eventually(t, func() bool {
		p.flush(t)
		return p.waiting(t, "lmtp@example.org") == ""
	}, 30*time.Second, 200*time.Millisecond)
	require.Eventually(t, func() bool { return isThere(filepath.Join(rest, "new", "*")) }, 30*time.Second, 50*time.Millisecond)
	kept := list(t, rest)
	require.Len(t, kept, 1)
	data, err := os.ReadFile(filepath.Join(rest, "new", kept[0].Name()))
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(data), "Return-Path: <friend@example.org>\nDelivered-To: lmtp@example.org\n"), string(data))
}
