package push_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nixie/classify/ledger"
	"nixie/cmd/nixie/internal/push"
)

// target returns a target at a server that answers one after the other, the
// last for ever, and the pauses that were made.
func target(t *testing.T, answers ...http.HandlerFunc) (*push.Target, *[]time.Duration) {
	times := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		times++
		answers[min(times, len(answers))-1](w, r)
	}))
	t.Cleanup(server.Close)
	to, err := push.New("webhook", server.URL, "0123456789abcdef")
	require.NoError(t, err)
	var pauses []time.Duration
	to.Log = slog.New(slog.DiscardHandler)
	to.Sleep = func(_ context.Context, d time.Duration) error {
		pauses = append(pauses, d)
		return nil
	}
	return to, &pauses
}

func status(code int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		fmt.Fprintf(w, "said\n%d", code)
	}
}

func TestPost(t *testing.T) {
	for name, test := range map[string]struct {
		answers []http.HandlerFunc
		pauses  int
		err     string
	}{
		"taken":                         {[]http.HandlerFunc{status(200)}, 0, ""},
		"taken for later":               {[]http.HandlerFunc{status(202)}, 0, ""},
		"trouble that passes":           {[]http.HandlerFunc{status(500), status(502), status(503), status(429), status(204)}, 4, ""},
		"trouble that stays":            {[]http.HandlerFunc{status(500)}, 7, "the target answers 500 Internal Server Error: said 500"},
		"a wrong token":                 {[]http.HandlerFunc{status(403)}, 0, "the target answers 403 Forbidden: said 403"},
		"a wrong request":               {[]http.HandlerFunc{status(503), status(400)}, 1, "the target answers 400 Bad Request: said 400"},
		"a redirect is not followed":    {[]http.HandlerFunc{status(302, "Location", "https://example.com/")}, 0, "it redirects to https://example.com/, which is not followed"},
		"nor one that keeps the method": {[]http.HandlerFunc{status(308, "Location", "/there")}, 0, "308 Permanent Redirect: it redirects to /there"},
		"an answer of no known kind":    {[]http.HandlerFunc{status(304)}, 0, "the target answers 304"},
		"a connection that breaks":      {[]http.HandlerFunc{func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, status(200)}, 1, ""},
		"an answer that is cut":         {[]http.HandlerFunc{status(200, "Content-Length", "1000")}, 0, ""},
		"a long answer": {[]http.HandlerFunc{func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(400)
			io.WriteString(w, strings.Repeat("x", 1e6))
		}}, 0, "x"},
		"a time to wait that is too far": {[]http.HandlerFunc{status(429, "Retry-After", "86400")}, 0, "it asks to wait for 24h0m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			to, pauses := target(t, test.answers...)
			err := to.Post(t.Context(), []byte(`{}`))
			if test.err == "" {
				assert.NoError(t, err)
			} else {
				require.ErrorContains(t, err, test.err)
				assert.Less(t, len(err.Error()), 700)
			}
			assert.Len(t, *pauses, test.pauses)
		})
	}
}

func TestPausesGrowOrAreAskedFor(t *testing.T) {
	to, pauses := target(t, status(503), status(503), status(429, "Retry-After", "120"), status(503), status(200))
	require.NoError(t, to.Post(t.Context(), []byte(`{}`)))
	least := []time.Duration{time.Second, 2 * time.Second, 120 * time.Second, 8 * time.Second}
	require.Len(t, *pauses, len(least))
	for i, d := range least {
		assert.GreaterOrEqual(t, (*pauses)[i], d)
		assert.LessOrEqual(t, (*pauses)[i], d*3/2)
	}
	assert.Equal(t, 120*time.Second, (*pauses)[2])

	to, pauses = target(t, status(503, "Retry-After", time.Now().Add(5*time.Minute).UTC().Format(http.TimeFormat)), status(200))
	require.NoError(t, to.Post(t.Context(), []byte(`{}`)))
	assert.InDelta(t, 300, (*pauses)[0].Seconds(), 5)
}

func TestASlowTargetIsAskedAgain(t *testing.T) {
	to, pauses := target(t, func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}, status(200))
	to.Timeout = 20 * time.Millisecond
	assert.NoError(t, to.Post(t.Context(), []byte(`{}`)))
	assert.Len(t, *pauses, 1)
}

func TestAPushThatIsBrokenOff(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	to, _ := target(t, status(500))
	to.Sleep = nil
	to.Log = slog.New(slog.NewTextHandler(writer(func() { cancel() }), nil)) // while it waits
	assert.ErrorIs(t, to.Post(ctx, []byte(`{}`)), context.Canceled)
}

type writer func()

func (w writer) Write(p []byte) (int, error) {
	w()
	return len(p), nil
}

func TestACertificateOfNobodyIsRefusedAtOnce(t *testing.T) {
	server := httptest.NewTLSServer(status(200))
	defer server.Close()
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	to, err := push.New("webhook", server.URL, "0123456789abcdef")
	require.NoError(t, err)
	assert.ErrorContains(t, to.Post(t.Context(), []byte(`{}`)), "certificate")
	assert.False(t, to.InClear())
}

// verify is what the help tells a receiver to do, written without our code.
func verify(header, secret, body string, now time.Time) error {
	t, sum, ok := strings.Cut(header, ",v1=")
	var seconds int64
	if _, err := fmt.Sscanf(t, "t=%d", &seconds); err != nil || !ok {
		return errors.New("no signature")
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > 5*time.Minute || age < -time.Minute {
		return errors.New("old")
	}
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.%s", seconds, body)
	if want := hex.EncodeToString(mac.Sum(nil)); !hmac.Equal([]byte(want), []byte(sum)) {
		return errors.New("forged")
	}
	return nil
}

func TestAWebhookCanTellWhoAsks(t *testing.T) {
	const secret = "0123456789abcdef"
	var header, body, kind string
	to, _ := target(t, func(_ http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		header, body, kind = r.Header.Get("Nixie-Signature"), string(data), r.Header.Get("Content-Type")
	})
	require.NoError(t, to.Post(t.Context(), []byte(`{"standings":[]}`)))
	assert.Equal(t, "application/json", kind)
	assert.NoError(t, verify(header, secret, body, time.Now()))
	assert.ErrorContains(t, verify(header, secret, body+" ", time.Now()), "forged")
	assert.ErrorContains(t, verify(header, secret+"0", body, time.Now()), "forged")
	assert.ErrorContains(t, verify(header, secret, body, time.Now().Add(time.Hour)), "old")

	// printf '1764230400.{"standings":[]}' | openssl dgst -sha256 -hmac 0123456789abcdef
	assert.Equal(t, "t=1764230400,v1=08ab08a561bd8e9d733e535d4e6dad03a9864ae378847a7e627c1d7ebbc7e3f4", push.Signature(secret, time.Unix(1764230400, 0), []byte(`{"standings":[]}`)))
}

func TestListmonk(t *testing.T) {
	var user, token, path string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		user, token, _ = r.BasicAuth()
		path = r.URL.Path
	}))
	defer server.Close()
	for _, url := range []string{"http://api@" + server.Listener.Addr().String(), "http://api@" + server.Listener.Addr().String() + "/webhooks/bounce"} {
		to, err := push.New("listmonk", url, "a token")
		require.NoError(t, err)
		require.NoError(t, to.Post(t.Context(), nil))
		assert.Equal(t, []string{"api", "a token", "/webhooks/bounce"}, []string{user, token, path})
		assert.Equal(t, "http://"+server.Listener.Addr().String()+"/webhooks/bounce", to.URL)
	}
	dropped := push.Standing{ID: "1", State: ledger.State{Address: "anna@example.org", Standing: ledger.Dropped, Reason: "bad-mailbox"}}
	assert.Equal(t, push.Bounce{Email: "anna@example.org", Source: "nixie", Type: "hard", Meta: dropped}, push.Listmonk(dropped))
	dropped.Reason = "complaint"
	assert.Equal(t, "complaint", push.Listmonk(dropped).Type)
}

func TestTargetsThatAreNone(t *testing.T) {
	const secret = "0123456789abcdef"
	for _, test := range []struct{ kind, url, secret, err string }{
		{"mautic", "https://example.org", secret, `"mautic" is no kind of target: listmonk or webhook`},
		{"webhook", "example.org/hook", secret, "example.org/hook is no target: https://HOST/…"},
		{"webhook", "ftp://example.org", secret, "is no target"},
		{"webhook", "https://", secret, "is no target"},
		{"webhook", "https://bob:hunter2@example.org", secret, "does not belong into a URL"},
		{"webhook", "https://bob:hun%ter2@example.org", secret, "this is no URL"},
		{"webhook", "https://example.org", "short", "16 octets"},
		{"listmonk", "https://example.org", secret, "name the API user"},
	} {
		_, err := push.New(test.kind, test.url, test.secret)
		require.ErrorContains(t, err, test.err)
		assert.NotContains(t, err.Error(), "ter2")
	}
	for url, want := range map[string]bool{
		"https://example.org": false, "http://example.org": true, "http://localhost:9": false, "http://127.0.0.1": false, "http://[::1]:9": false,
	} {
		to, err := push.New("webhook", url, secret)
		require.NoError(t, err)
		assert.Equal(t, want, to.InClear(), url)
	}
}
