package source

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	places "nixie/cmd/nixie/internal/secret"
)

func TestIMAPAfter(t *testing.T) {
	tests := []struct {
		name, after string
		caps        imap.CapSet
		commands    []string
		inbox, done []string
	}{
		{"keep", "keep", modernServer, nil, []string{"1", "2", "3", `4 \Seen`, `5 \Deleted`}, nil},
		{"seen", "seen", modernServer, []string{`UID STORE 1,3 +FLAGS.SILENT (\Seen)`},
			[]string{`1 \Seen`, "2", `3 \Seen`, `4 \Seen`, `5 \Deleted`}, nil},
		{"move", "move:Done", modernServer, []string{`UID STORE 1,3 +FLAGS.SILENT (\Seen)`, `UID MOVE 1,3 "Done"`},
			[]string{"2", `4 \Seen`, `5 \Deleted`}, []string{`1 \Seen`, `2 \Seen`}},
		{"move without MOVE", "move:Done", noMove,
			[]string{`UID STORE 1,3 +FLAGS.SILENT (\Seen)`, `UID COPY 1,3 "Done"`, `UID STORE 1,3 +FLAGS.SILENT (\Deleted)`, `UID EXPUNGE 1,3`},
			[]string{"2", `4 \Seen`, `5 \Deleted`}, []string{`1 \Seen`, `2 \Seen`}},
		{"move without MOVE and UIDPLUS", "move:Done", oldServer,
			[]string{`UID STORE 1,3 +FLAGS.SILENT (\Seen)`, `UID COPY 1,3 "Done"`, `UID STORE 1,3 +FLAGS.SILENT (\Deleted)`},
			[]string{`1 \Seen \Deleted`, "2", `3 \Seen \Deleted`, `4 \Seen`, `5 \Deleted`}, []string{`1 \Seen`, `2 \Seen`}},
		{"delete", "delete", modernServer, []string{`UID STORE 1,3 +FLAGS.SILENT (\Deleted)`, `UID EXPUNGE 1,3`},
			[]string{"2", `4 \Seen`, `5 \Deleted`}, nil},
		{"delete without UIDPLUS", "delete", oldServer, []string{`UID STORE 1,3 +FLAGS.SILENT (\Deleted)`},
			[]string{`1 \Deleted`, "2", `3 \Deleted`, `4 \Seen`, `5 \Deleted`}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := newIMAPServer(t, tt.caps, 3)
			server.deliver("Subject: 4\r\n\r\n", imap.FlagSeen)
			server.deliver("Subject: 5\r\n\r\n", imap.FlagDeleted) // by somebody else
			o := options()
			s := openWith(t, server.url, tt.after, o)
			want := []string{"1/1 1", "1/2 2", "1/3 3", "1/4 4"}
			if tt.after == "seen" {
				want = want[:3]
			}
			assert.Equal(t, want, subjects(t, s))
			server.got("")
			require.NoError(t, s.Done(t.Context(), []string{"1/1", "1/3"}, []string{"1/2"}))
			require.NoError(t, s.Done(t.Context(), nil, []string{"1/4"}))
			assert.Equal(t, tt.commands, server.got("UID"))
			assert.Equal(t, tt.inbox, server.left("INBOX"))
			assert.Equal(t, tt.done, server.left("Done"))

			// All that was dealt with is passed over the next time.
			server.deliver("Subject: 6\r\n\r\n")
			require.NoError(t, s.Close())
			assert.Equal(t, []string{"1/6 6"}, subjects(t, openWith(t, server.url, tt.after, o)))
		})
	}
}

func TestIMAPNotesHowFarItCame(t *testing.T) {
	server := newIMAPServer(t, modernServer, 4)
	o := options()
	s := openWith(t, server.url, "keep", o)
	assert.Len(t, subjects(t, s), 4)
	require.NoError(t, s.Done(t.Context(), []string{"1/1"}, []string{"1/2"}))
	require.NoError(t, s.Done(t.Context(), []string{"1/3"}, nil))
	name := "position " + server.url + " keep"
	assert.Equal(t, notes{name: "1 3"}, o.Notes)
	assert.Equal(t, []string{"1/4 4"}, subjects(t, openWith(t, server.url, "keep", o)))

	// Not where something else is wanted, and not when it is told so.
	assert.Len(t, subjects(t, openWith(t, server.url, "delete", o)), 4)
	o.Again = true
	assert.Len(t, subjects(t, openWith(t, server.url, "keep", o)), 4)
	o.Again = false

	// Nor in a folder that is another of the same name.
	require.NoError(t, server.user.Delete("INBOX"))
	require.NoError(t, server.user.Create("INBOX", nil))
	server.deliver("Subject: new\r\n\r\n")
	assert.Equal(t, []string{"2/1 new"}, subjects(t, openWith(t, server.url, "keep", o)))

	// A note that cannot be true is none.
	o.Notes = notes{name: "2 77"}
	assert.Equal(t, []string{"2/1 new"}, subjects(t, openWith(t, server.url, "keep", o)))
	o.Notes = notes{name: "rubbish"}
	assert.Equal(t, []string{"2/1 new"}, subjects(t, openWith(t, server.url, "keep", o)))
}

func TestIMAPDryRunChangesNothing(t *testing.T) {
	server := newIMAPServer(t, modernServer, 2)
	o := options()
	o.DryRun = true
	s := openWith(t, server.url, "move:Done", o)
	assert.Len(t, subjects(t, s), 2)
	assert.Equal(t, []string{`EXAMINE INBOX`}, server.got("EXAMINE"))
	_, err := server.user.Status("Done", &imap.StatusOptions{})
	assert.Error(t, err, "the folder was made")
}

// Done takes no message for another when the folder was made anew meanwhile.
func TestIMAPRenumberedMeanwhile(t *testing.T) {
	server := newIMAPServer(t, modernServer, 2)
	o := options()
	s := openWith(t, server.url, "delete", o)
	var have []string
	for m, err := range s.Messages(t.Context()) {
		require.NoError(t, err)
		have = append(have, m.ID)
		if m.ID == "1/2" {
			require.NoError(t, server.user.Delete("INBOX"))
			require.NoError(t, server.user.Create("INBOX", nil))
			server.deliver("Subject: new\r\n\r\n")
			server.disconnect()
			require.NoError(t, s.Done(t.Context(), []string{"1/1"}, nil))
		}
	}
	assert.Equal(t, []string{"1/1", "1/2", "2/1"}, have)
	assert.Equal(t, []string{"1"}, server.left("INBOX"))
	assert.Empty(t, o.Notes)
}

func TestIMAPConnectionThatBreaks(t *testing.T) {
	for _, at := range []string{"UID FETCH 1:", "UID FETCH 2001:", "UID STORE", "UID EXPUNGE", "SELECT", "AUTHENTICATE"} {
		t.Run(at, func(t *testing.T) {
			server := newIMAPServer(t, modernServer, 2300)
			o := options()
			s := openWith(t, server.url, "delete", o)
			broken := 0
			server.setBefore(func(command string) bool {
				if strings.HasPrefix(command, at) && broken < 2 {
					broken++
					return false
				}
				return true
			})
			if at == "SELECT" || at == "AUTHENTICATE" {
				server.disconnect()
			}
			var have []string
			for m, err := range s.Messages(t.Context()) {
				require.NoError(t, err)
				have = append(have, m.ID)
				if len(have)%500 == 0 || len(have) == 2300 {
					require.NoError(t, s.Done(t.Context(), have[(len(have)-1)/500*500:], nil))
				}
			}
			assert.Equal(t, 2, broken)
			require.Len(t, have, 2300)
			for i, id := range have {
				require.Equal(t, fmt.Sprintf("1/%d", i+1), id)
			}
			assert.Empty(t, server.left("INBOX"))
		})
	}
}

// What breaks the connection each time is passed over, and the note stays
// before it, so that a later run tries again.
func TestIMAPMessageThatBreaksTheConnection(t *testing.T) {
	server := newIMAPServer(t, modernServer, 5)
	server.setBefore(func(command string) bool {
		return command != "UID FETCH 1:5 (UID BODY.PEEK[])" && command != "UID FETCH 3 (UID BODY.PEEK[])"
	})
	o := options()
	s := openWith(t, server.url, "delete", o)
	assert.Equal(t, []string{"1/1 1", "1/2 2", "1/3 the connection broke whenever it was read", "1/4 4", "1/5 5"}, subjects(t, s))
	require.NoError(t, s.Done(t.Context(), []string{"1/1", "1/2", "1/4", "1/5"}, []string{"1/3"}))
	assert.Equal(t, []string{"3"}, server.left("INBOX"))
	server.setBefore(nil)
	assert.Equal(t, []string{"1/3 3"}, subjects(t, openWith(t, server.url, "delete", o)))
}

// A server may refuse for now, so the note stays before what it refused.
func TestIMAPMessageThatIsRefused(t *testing.T) {
	server := newIMAPServer(t, modernServer, 5)
	refuse := true
	server.fetch = func(uids imap.NumSet) error {
		if set, ok := uids.(imap.UIDSet); ok && refuse && set.Contains(3) {
			return &imap.Error{Type: imap.StatusResponseTypeNo, Code: imap.ResponseCodeLimit, Text: "throttled"}
		}
		return nil
	}
	o := options()
	s := openWith(t, server.url, "keep", o)
	assert.Equal(t, []string{"1/1 1", "1/2 2", "1/3 imap: NO [LIMIT] throttled", "1/4 4", "1/5 5"}, subjects(t, s))
	require.NoError(t, s.Done(t.Context(), []string{"1/1", "1/2", "1/4", "1/5"}, []string{"1/3"}))
	refuse = false
	assert.Equal(t, []string{"1/3 3", "1/4 4", "1/5 5"}, subjects(t, openWith(t, server.url, "keep", o)))
}

func TestIMAPServerWithoutUIDNEXT(t *testing.T) {
	server := newIMAPServer(t, modernServer, 0)
	server.setHide("[UIDNEXT 1]")
	o := options()
	o.Watch = true
	s := openWith(t, server.url, "keep", o)
	assert.Empty(t, subjects(t, s))
	server.deliver("Subject: 1\r\n\r\n")
	server.deliver("Subject: 2\r\n\r\n")
	server.setHide("[UIDNEXT 3]")
	require.NoError(t, s.Wait(t.Context()))
	assert.Equal(t, []string{"1/1 1", "1/2 2"}, subjects(t, s))
	server.deliver("Subject: 3\r\n\r\n")
	server.setHide("[UIDNEXT 4]")
	require.NoError(t, s.Wait(t.Context()))
	assert.Equal(t, []string{"1/3 3"}, subjects(t, s))
}

func TestIMAPServerThatStaysAway(t *testing.T) {
	server := newIMAPServer(t, modernServer, 3)
	o := options()
	var waits []time.Duration
	o.sleep = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
	s := openWith(t, server.url, "delete", o)
	server.setBefore(func(string) bool { return false })
	have := subjects(t, s)
	require.Len(t, have, 1)
	assert.Contains(t, have[0], "closed")
	require.Len(t, waits, maxRetries)
	for i, d := range waits {
		assert.GreaterOrEqual(t, d, time.Second<<i/2)
		assert.Less(t, d, time.Second<<i)
	}
	require.Error(t, s.Done(t.Context(), []string{"1/1"}, nil))
}

func TestIMAPWatchNeverGivesUp(t *testing.T) {
	server := newIMAPServer(t, modernServer, 3)
	var logged strings.Builder
	o := options()
	o.Watch, o.Log = true, slog.New(slog.NewTextHandler(&logged, nil))
	waits := 0
	o.sleep = func(ctx context.Context, d time.Duration) error {
		if waits++; waits == 100 {
			server.setBefore(nil)
		}
		assert.LessOrEqual(t, d, maxRetryTime)
		return ctx.Err()
	}
	s := openWith(t, server.url, "delete", o)
	server.setBefore(func(string) bool { return false })
	assert.Equal(t, []string{"1/1 1", "1/2 2", "1/3 3"}, subjects(t, s))
	assert.Equal(t, 100, waits)
	assert.Contains(t, logged.String(), `level=WARN msg="trouble with the server" source=imap://bounces@127.0.0.1`)
	assert.Contains(t, logged.String(), `msg="connected again"`)
	assert.NotContains(t, logged.String(), "secret")
}

// UIDs have gaps where mail was deleted, of millions at times.
func TestIMAPReadsInWindows(t *testing.T) {
	server := newIMAPServer(t, modernServer, 9000)
	session := imapmemserver.NewUserSession(server.user)
	_, err := session.Select("INBOX", nil)
	require.NoError(t, err)
	gap := imap.UIDSet{}
	gap.AddRange(100, 8900)
	require.NoError(t, session.Store(nil, gap, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagDeleted}}, nil))
	session.Close()
	s := openWith(t, server.url, "keep", options())
	server.got("")
	have := subjects(t, s)
	require.Len(t, have, 199)
	assert.Equal(t, []string{"1/1 1", "1/9000 9000"}, []string{have[0], have[198]})
	var windows []string
	for _, command := range server.got("UID FETCH") {
		if strings.Contains(command, "FLAGS") {
			windows = append(windows, strings.Fields(command)[2])
		}
	}
	assert.Equal(t, []string{"1:1000", "1001:3000", "3001:7000", "7001:9000"}, windows)
}

func TestPortion(t *testing.T) {
	tests := []struct {
		name  string
		sizes []int64
		want  int
	}{
		{"one", []int64{10}, 1},
		{"few", []int64{10, 10, 10}, 3},
		{"a large one alone", []int64{fetchBytes + 1, 10}, 1},
		{"as many as there is room for", []int64{fetchBytes / 2, fetchBytes / 2, 1}, 2},
		{"no more than so many", make([]int64, 1000), fetchMessages},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var messages []listed
			for _, size := range tt.sizes {
				messages = append(messages, listed{size: size})
			}
			assert.Equal(t, tt.want, portion(messages))
		})
	}
}

func TestIMAPErrors(t *testing.T) {
	tests := []struct {
		name  string
		url   func(s *imapServer) string
		from  Credentials
		hide  string
		watch bool
		want  string
	}{
		{"wrong password", nil, Credentials{Password: places.Place{Text: "wrong"}}, "", false, "the server refuses the login of bounces: imap: NO [AUTHENTICATIONFAILED] Authentication failed"},
		{"wrong password, watched", nil, Credentials{Password: places.Place{Text: "wrong"}}, "", true, "the server refuses the login of bounces"},
		{"wrong password by LOGIN", nil, Credentials{Password: places.Place{Text: "wrong"}}, "AUTH=PLAIN", false, "the server refuses the login of bounces: imap: NO"},
		{"no password", nil, Credentials{}, "", false, "no password: set NIXIE_PASSWORD"},
		{"a token where none is taken", nil, Credentials{Token: places.Place{Text: "t"}}, "", false, "the server offers neither OAUTHBEARER nor XOAUTH2"},
		{"no folder", func(s *imapServer) string { return strings.Replace(s.url, "INBOX", "Bounces", 1) }, Credentials{Password: places.Place{Text: "secret"}}, "", false,
			`there is no folder "Bounces": imap: NO [NONEXISTENT] No such mailbox (there are: INBOX)`},
		{"no TLS there", func(s *imapServer) string { return strings.Replace(s.url, "imap:", "imaps:", 1) }, Credentials{Password: places.Place{Text: "secret"}}, "", false, "does not speak TLS"},
		{"nobody there", func(*imapServer) string { return "imap://bounces@127.0.0.1:1/" }, Credentials{Password: places.Place{Text: "secret"}}, "", false, "refused"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := newIMAPServer(t, modernServer, 0)
			server.setHide(tt.hide)
			url := server.url
			if tt.url != nil {
				url = tt.url(server)
			}
			place, err := parse(url, "")
			require.NoError(t, err)
			o := options()
			o.Credentials, o.Watch = tt.from, tt.watch
			o.sleep = func(context.Context, time.Duration) error { return errors.New("it waits") }
			_, err = place.Open(t.Context(), o)
			require.ErrorContains(t, err, tt.want)
			assert.NotContains(t, err.Error(), "wrong")
		})
	}
}
