// Package push hands over to other programs, by HTTP, what a ledger says.
//
// A [Target] is told of something once it has answered with a 2xx, and again
// after any other answer: it may hear of the same twice, which the id in each
// thing tells.
package push

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Target is where to push to.
type Target struct {
	URL  string
	Seal func(r *http.Request, body []byte, now time.Time) // says who asks

	Log     *slog.Logger
	Timeout time.Duration                              // of one try; 0: 30 seconds
	Sleep   func(context.Context, time.Duration) error // nil: by the clock
}

// Refused is the answer of a target that will not do what is asked, however
// often.
type Refused struct {
	Status int
	Text   string // the beginning of what it says
}

func (r *Refused) Error() string {
	text := fmt.Sprintf("the target answers %d %s", r.Status, http.StatusText(r.Status))
	if r.Text != "" {
		text += ": " + r.Text
	}
	return text
}

const (
	attempts   = 8                // so often a thing is tried
	firstPause = time.Second      // after the first time, then twice as long each time
	longest    = 15 * time.Minute // that a target may ask to wait
	oneTry     = 30 * time.Second
	maxAnswer  = 500 // bytes of it that are shown
)

// client follows no redirect: what is pushed is about people, and meant for
// who was named.
var client = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// Post hands over a JSON text. It tries again, with growing pauses or those
// that the target asks for, when it is told to (429), when the target is in
// trouble (5xx) or cannot be reached. The error is *[Refused] for any other
// answer than 2xx.
func (t *Target) Post(ctx context.Context, body []byte) error {
	pause := firstPause
	for attempt := 1; ; attempt++ {
		wait, err := t.post(ctx, body)
		if err == nil {
			return nil
		}
		var refused *Refused
		var untrusted *tls.CertificateVerificationError
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &untrusted), errors.As(err, &refused) && !passing(refused.Status), attempt == attempts:
			return err
		case wait > longest:
			return fmt.Errorf("%w; it asks to wait for %s", err, wait.Round(time.Second))
		case wait == 0:
			wait = pause + rand.N(pause/2)
		}
		pause *= 2
		t.Log.Warn("cannot push yet", "error", err, "again_in", wait.Round(time.Millisecond))
		if err := t.sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// passing reports whether a status may be another one later.
func passing(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status >= 500
}

// post tries once. The target may say how long to wait before the next try.
func (t *Target) post(ctx context.Context, body []byte) (wait time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(t.Timeout, oneTry))
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.URL, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "nixie")
	now := time.Now()
	t.Seal(r, body, now)
	answer, err := client.Do(r)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // without the URL, that the caller names
		}
		if ctx.Err() != nil {
			err = errors.New("it takes too long")
		}
		return 0, fmt.Errorf("the target does not answer: %w", err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if answer.StatusCode/100 == 2 {
		return 0, nil
	}
	refused := &Refused{answer.StatusCode, strings.Join(strings.Fields(strings.ToValidUTF8(string(text), "\ufffd")), " ")}
	if to := answer.Header.Get("Location"); to != "" && answer.StatusCode/100 == 3 {
		refused.Text = "it redirects to " + to + ", which is not followed: give that URL if it is right"
	}
	return retryAfter(answer.Header.Get("Retry-After"), now), refused
}

// retryAfter reads how long a target asks to wait, RFC 9110 section 10.2.3; 0
// if it does not say.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

func (t *Target) sleep(ctx context.Context, d time.Duration) error {
	if t.Sleep != nil {
		return t.Sleep(ctx, d)
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ParseURL reads the URL of a target.
func ParseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("this is no URL") // without the password in it
	}
	if _, has := u.User.Password(); has {
		return nil, errors.New("a secret does not belong into a URL, where others can see it")
	}
	if u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Fragment != "" {
		return nil, fmt.Errorf("%s is no target: https://HOST/…", text)
	}
	return u, nil
}

// InClear reports whether others on the way can read what is pushed.
func (t *Target) InClear() bool {
	u, err := url.Parse(t.URL)
	if err != nil || u.Scheme == "https" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback())
}
