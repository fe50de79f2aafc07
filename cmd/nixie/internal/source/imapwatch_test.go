package source

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// watch works through a source until so many messages have come, and returns
// them as subjects does. Each is dealt with at once.
func watch(t *testing.T, s Source, want int, meanwhile func(have []string)) (have []string) {
	for {
		for m, err := range s.Messages(t.Context()) {
			require.NoError(t, err)
			have = append(have, m.ID+" "+strings.TrimSpace(strings.TrimPrefix(string(m.Data), "Subject: ")))
			require.NoError(t, s.Done(t.Context(), nil, []string{m.ID}))
			meanwhile(have)
		}
		if len(have) >= want {
			return have
		}
		require.NoError(t, s.Wait(t.Context()))
	}
}

// until is a sleep in which no time passes until the context ends.
func until(ctx context.Context, _ time.Duration) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestIMAPIdleTellsOfNewMail(t *testing.T) {
	server := newIMAPServer(t, modernServer, 1)
	server.setBefore(func(command string) bool {
		if command == "IDLE" && len(server.left("INBOX")) < 4 {
			go server.deliver("Subject: idle\r\n\r\n")
		}
		return true
	})
	o := options()
	o.Watch, o.sleep = true, until
	have := watch(t, openWith(t, server.url, "keep", o), 4, func([]string) {})
	assert.Equal(t, []string{"1/1 1", "1/2 idle", "1/3 idle", "1/4 idle"}, have)
}

// Mail that comes after the folder was looked at and before IDLE is not missed,
// nor is it where the server tells of it in between.
func TestIMAPMailThatComesWhileOneWorks(t *testing.T) {
	for _, after := range []string{"keep", "delete"} {
		t.Run(after, func(t *testing.T) {
			server := newIMAPServer(t, modernServer, 2)
			o := options()
			o.Watch, o.sleep = true, until
			have := watch(t, openWith(t, server.url, after, o), 4, func(have []string) {
				if len(have) == 1 || len(have) == 2 {
					server.deliver("Subject: late\r\n\r\n")
				}
			})
			assert.Equal(t, []string{"1/1 1", "1/2 2", "1/3 late", "1/4 late"}, have)
		})
	}
}

func TestIMAPPollsWithoutIdle(t *testing.T) {
	server := newIMAPServer(t, oldServer, 1)
	server.setHide("IDLE")
	o := options()
	o.Watch = true
	o.sleep = func(_ context.Context, d time.Duration) error {
		assert.Equal(t, noIdleTime, d)
		server.deliver("Subject: polled\r\n\r\n")
		return nil
	}
	assert.Equal(t, []string{"1/1 1", "1/2 polled", "1/3 polled"}, watch(t, openWith(t, server.url, "keep", o), 3, func([]string) {}))
	assert.Empty(t, server.got("IDLE"))
}

// A server that says nothing for long is asked all the same.
func TestIMAPIdleIsRenewed(t *testing.T) {
	server := newIMAPServer(t, modernServer, 1)
	o := options()
	o.Watch = true
	idles := 0
	o.sleep = func(_ context.Context, d time.Duration) error {
		assert.Less(t, d, 29*time.Minute)
		idles++
		return nil
	}
	s := openWith(t, server.url, "keep", o)
	for range 3 {
		assert.LessOrEqual(t, len(subjects(t, s)), 1)
		require.NoError(t, s.Wait(t.Context()))
	}
	assert.Equal(t, 3, idles)
	assert.Equal(t, []string{"IDLE", "IDLE", "IDLE"}, server.got("IDLE"))
}

func TestIMAPConnectionThatBreaksInIdle(t *testing.T) {
	server := newIMAPServer(t, modernServer, 1)
	idles := 0
	server.setBefore(func(command string) bool {
		if command == "IDLE" {
			idles++
			return idles > 2
		}
		return true
	})
	o := options()
	o.Watch = true
	o.sleep = func(ctx context.Context, d time.Duration) error {
		if d == idleTime {
			<-ctx.Done()
			return ctx.Err()
		}
		server.deliver("Subject: while away\r\n\r\n")
		return nil
	}
	have := watch(t, openWith(t, server.url, "keep", o), 3, func([]string) {})
	assert.Equal(t, []string{"1/1 1", "1/2 while away", "1/3 while away"}, have)
}

func TestIMAPWaitEndsWithTheContext(t *testing.T) {
	for _, hide := range []string{"", "IDLE"} {
		server := newIMAPServer(t, modernServer, 1)
		ctx, cancel := context.WithCancel(t.Context())
		server.setHide(hide)
		server.setBefore(func(command string) bool {
			if command == "IDLE" {
				cancel()
			}
			return true
		})
		o := options()
		o.Watch = true
		o.sleep = func(ctx context.Context, d time.Duration) error {
			if d == noIdleTime {
				cancel()
			}
			return until(ctx, d)
		}
		s := openWith(t, server.url, "delete", o)
		assert.Len(t, subjects(t, s), 1)
		require.ErrorIs(t, s.Wait(ctx), context.Canceled)
		// What was read can still be marked.
		require.NoError(t, s.Done(context.WithoutCancel(ctx), []string{"1/1"}, nil))
		assert.Empty(t, server.left("INBOX"))
		require.NoError(t, s.Close())
	}
}
