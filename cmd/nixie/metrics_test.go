//go:build unix

package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var timed = regexp.MustCompile(`_bucket\{le="\d|_seconds_sum |_timestamp_seconds `)

// scrape returns the samples at a URL, without those of which the value is
// not always the same.
func scrape(t testing.TB, url string) (samples []string) {
	response, err := http.Get(url)
	require.NoError(t, err)
	defer response.Body.Close()
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.Equal(t, "text/plain; version=0.0.4; charset=utf-8", response.Header.Get("Content-Type"))
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	for line := range strings.Lines(string(body)) {
		line = strings.TrimSuffix(line, "\n")
		if !strings.HasPrefix(line, "#") && !timed.MatchString(line) {
			samples = append(samples, line)
		}
	}
	return samples
}

// startWithMetrics starts nixie with --metrics and returns the URL to scrape.
func startWithMetrics(t testing.TB, nixie string, args ...string) (cmd *exec.Cmd, url string) {
	cmd = exec.Command(nixie, append(args, "--metrics", "0")...)
	log, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := bufio.NewReader(log)
	line, err := lines.ReadString('\n')
	require.NoError(t, err, line)
	found := regexp.MustCompile(`msg=metrics url=(http://127\.0\.0\.1:\d+/metrics)\n`).FindStringSubmatch(line)
	require.NotNil(t, found, line)
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	return cmd, found[1]
}

func TestMetricsOfLMTP(t *testing.T) {
	dir, nixie := t.TempDir(), command(t)
	socket := filepath.Join(dir, "socket")
	_, url := startWithMetrics(t, nixie, "lmtp", "--listen", "unix:"+socket, "--ledger", "sqlite:"+filepath.Join(dir, "ledger.db"), "--rest", filepath.Join(dir, "rest"))
	require.Eventually(t, func() bool {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			conn.Close()
		}
		return err == nil
	}, 30*time.Second, time.Millisecond)
	c := dialLMTP(t, socket)
	for _, i := range []int{0, 0, 1, 2, 3} {
		require.NoError(t, send(c, sampleMail(i), "bounces@example.org"))
	}
	assert.Equal(t, []string{
		`nixie_messages_total{outcome="deferred"} 0`,
		`nixie_messages_total{outcome="other"} 1`,
		`nixie_messages_total{outcome="report"} 4`,
		`nixie_messages_total{outcome="unclear"} 0`,
		`nixie_messages_total{outcome="unreadable"} 0`,
		`nixie_events_total{reason="bad-mailbox",fault="address"} 2`,
		`nixie_events_total{reason="mailbox-full",fault="address"} 2`,
		`nixie_events_total{reason="spam",fault="content"} 1`,
		`nixie_events_recorded_total 4`,
		`nixie_commit_failures_total 0`,
		`nixie_commit_duration_seconds_bucket{le="+Inf"} 4`,
		`nixie_commit_duration_seconds_count 4`,
		`nixie_incidents_held 0`,
	}, scrape(t, url))
}

func isThere(path string) bool {
	found, _ := filepath.Glob(path)
	return len(found) > 0
}

func TestMetricsOfIngest(t *testing.T) {
	dir, nixie := t.TempDir(), command(t)
	box := filepath.Join(dir, "Maildir")
	fillMaildir(t, box, 20)
	cmd, url := startWithMetrics(t, nixie, "ingest", "--watch", "--ledger", "sqlite:"+filepath.Join(dir, "ledger.db"), "maildir:"+box)
	var samples []string
	require.Eventually(t, func() bool {
		samples = scrape(t, url)
		return !strings.Contains(strings.Join(samples, "\n"), "_count 0")
	}, 30*time.Second, 10*time.Millisecond)
	require.Subset(t, samples, []string{
		`nixie_messages_total{outcome="other"} 2`,
		`nixie_messages_total{outcome="report"} 18`,
		`nixie_events_recorded_total 22`,
		`nixie_commit_duration_seconds_count 1`,
	})
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	assert.NoError(t, cmd.Wait())
}
