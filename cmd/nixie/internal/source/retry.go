package source

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"
)

// retry counts the attempts at a server that failed one after the other.
type retry struct {
	options Options
	log     *slog.Logger
	failed  int
}

// maxRetries is how often it is tried again if nobody watches.
const maxRetries = 5

// ok ends the count.
func (r *retry) ok() {
	if r.failed > 0 {
		r.log.Info("connected again")
	}
	r.failed = 0
}

// wait waits before the next attempt, after an error: longer from time to
// time, and by chance so that many do not come at once. It returns an error if
// there is to be none.
func (r *retry) wait(ctx context.Context, err error) error {
	r.failed++
	if ctx.Err() != nil || !r.options.Watch && r.failed > maxRetries {
		return err
	}
	d := min(time.Second<<min(r.failed-1, 10), maxRetryTime)
	d = d/2 + rand.N(d/2)
	r.log.Warn("trouble with the server", "error", err, "next_attempt_in", d.Round(time.Millisecond))
	if r.options.sleep(ctx, d) != nil {
		return err
	}
	return nil
}

// maxRetryTime is the longest time between two attempts.
const maxRetryTime = 5 * time.Minute
