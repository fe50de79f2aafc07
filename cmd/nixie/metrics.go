package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"nixie/classify/ledger"
	"nixie/cmd/nixie/internal/metrics"
	"nixie/cmd/nixie/internal/store"
)

// metricsTime is how long a reader of the metrics may take for its request
// and for the answer.
const metricsTime = 30 * time.Second

func registerMetrics(cmd *cobra.Command, address *string) {
	cmd.Flags().StringVar(address, "metrics", "", "tell Prometheus at that `ADDRESS` what is done: HOST:PORT, or a port of 127.0.0.1")
}

// startMetrics returns metrics that are told at an address until the context
// ends, nil for no address. A policy that cannot be read is an error even then.
func startMetrics(ctx context.Context, address string, s *store.Store, policy *policyFlag, log *slog.Logger) (*metrics.Metrics, error) {
	p, err := policy.load()
	if err != nil || address == "" {
		return nil, err
	}
	l, err := net.Listen("tcp", onLoopback(address))
	if err != nil {
		return nil, asFailure(fmt.Errorf("--metrics: %w", err))
	}
	m := metrics.New(heldIncidents(ctx, s, p), string(wasReport), string(wasUnclear), string(wasOther), string(unreadable), string(deferred))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m)
	server := &http.Server{Handler: mux, ReadTimeout: metricsTime, WriteTimeout: metricsTime, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() {
		if err := server.Serve(l); ctx.Err() == nil {
			log.Error("metrics end", "error", err)
		}
	}()
	log.Info("metrics", "url", "http://"+l.Addr().String()+"/metrics")
	return m, nil
}

// heldIncidents returns what counts the incidents that wait for a decision. It
// looks into the ledger once a minute at most, and takes no more than a
// twentieth of the time for that.
func heldIncidents(ctx context.Context, s *store.Store, p ledger.Policy) func() (int, error) {
	var mu sync.Mutex
	var held int
	var failed error
	var next time.Time
	return func() (int, error) {
		mu.Lock()
		defer mu.Unlock()
		now := time.Now()
		if now.Before(next) {
			return held, failed
		}
		v := &view{policy: p, at: now}
		failed = prepare(ctx, s, v)
		held = 0
		for _, in := range v.known.Incidents {
			if in.Fate == ledger.Held {
				held++
			}
		}
		next = time.Now().Add(max(time.Minute, 20*time.Since(now)))
		return held, failed
	}
}

// recordEvents records events, and counts that.
func recordEvents(ctx context.Context, s *store.Store, m *metrics.Metrics, events []ledger.Event) (recorded int, err error) {
	start := time.Now()
	recorded, err = s.Append(ctx, events...)
	m.Commit(time.Since(start), recorded, err)
	if err == nil {
		for i := range events {
			m.Event(string(events[i].Reason), string(events[i].Fault))
		}
	}
	return recorded, err
}
