package store_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nixie/classify"
	"nixie/classify/ledger"
	"nixie/cmd/nixie/internal/store"
	"nixie/cmd/nixie/internal/storetest"
	"nixie/codes"
	"nixie/dsn"
)

// eachStore runs a test with the URL of a fresh ledger of each kind.
func eachStore(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("SQLite", func(t *testing.T) { test(t, sqliteURL(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, postgresURL(t)) })
}

func sqliteURL(t testing.TB) string {
	return "sqlite:" + filepath.Join(t.TempDir(), "a dir?", "the #1 ledger%20.db")
}

// postgresURL makes a schema of its own in the database that
// NIXIE_TEST_POSTGRES names.
func postgresURL(t testing.TB) string {
	base := os.Getenv("NIXIE_TEST_POSTGRES")
	if base == "" {
		t.Skip("NIXIE_TEST_POSTGRES is not set: give the URL of a database to test with PostgreSQL")
	}
	return storetest.Schema(t, base)
}

func create(t testing.TB, url string) *store.Store {
	s, err := store.Create(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func at(minute int) time.Time {
	return time.Date(2026, 11, 10, 8, minute, 0, 123456000, time.UTC)
}

func event(id, address string, minute int) ledger.Event {
	return ledger.Event{
		ID: id, Address: address, Time: at(minute), Recorded: at(minute).Add(time.Hour),
		Reason: classify.BadMailbox, Fault: classify.Address, Decision: classify.GiveUp, Action: dsn.Failed,
		Status: codes.Status{Class: 5, Subject: 1, Detail: 1}, Reply: 550, Text: "550 5.1.1 no such user ünd 邮箱",
		Provider: "example.org", Source: "maildir:/var/mail/bounces", Message: "<1@example.org>",
	}
}

// all are the events of a sequence, without their Seq.
func all(t testing.TB, seq iter.Seq2[ledger.Event, error]) (events []ledger.Event) {
	for e, err := range seq {
		require.NoError(t, err)
		assert.Positive(t, e.Seq)
		e.Seq = 0
		events = append(events, e)
	}
	return events
}

func ids(events []ledger.Event) (ids []string) {
	for _, e := range events {
		ids = append(ids, e.ID)
	}
	return ids
}

func add(t testing.TB, s *store.Store, events ...ledger.Event) int {
	n, err := s.Append(context.Background(), events...)
	require.NoError(t, err)
	return n
}

func TestAnEventComesBackAsItWas(t *testing.T) {
	eachStore(t, func(t *testing.T, url string) {
		s := create(t, url)
		full := event("1", "bob@example.org", 1)
		full.Transient, full.Proved = true, true
		act := ledger.Event{ID: "2", Time: at(2), Recorded: at(2), Act: ledger.Release, Incident: "example.net/2026-11-10", Source: "somebody"}
		add(t, s, full, act)
		assert.Equal(t, []ledger.Event{full}, all(t, s.Events(t.Context(), "bob@example.org")))
		assert.Equal(t, []ledger.Event{act}, all(t, s.Events(t.Context(), "")))
		assert.Empty(t, all(t, s.Events(t.Context(), "nobody@example.org")))
	})
}

func TestTheSameEventIsRecordedOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, url string) {
		s := create(t, url)
		e := event("1", "bob@example.org", 1)
		assert.Equal(t, 1, add(t, s, e))
		again := e
		again.Source, again.Recorded = "imaps://example.org/INBOX", at(9)
		assert.Equal(t, 0, add(t, s, again))
		assert.Equal(t, 1, add(t, s, again, event("2", "eve@example.org", 1), event("2", "eve@example.org", 1)))
		assert.Equal(t, []ledger.Event{e}, all(t, s.Events(t.Context(), "bob@example.org")), "as it was read first")
		assert.Equal(t, 0, add(t, s))
	})
}

func TestTheOrders(t *testing.T) {
	eachStore(t, func(t *testing.T, url string) {
		s := create(t, url)
		spam := event("spam", "bob@example.org", 4)
		spam.Reason, spam.Fault = classify.Spam, classify.Content
		add(t, s, event("c", "eve@example.org", 3), event("a", "bob@example.org", 5))
		add(t, s, spam, event("b", "bob@example.org", 1), event("d", "Zoe@example.org", 2))
		assert.Equal(t, []string{"b", "spam", "a"}, ids(all(t, s.Events(t.Context(), "bob@example.org"))))
		assert.Equal(t, []string{"d", "b", "spam", "a", "c"}, ids(all(t, s.ByAddress(t.Context()))), "by the bytes of the address")
		assert.Equal(t, []string{"b", "d", "c", "a"}, ids(all(t, s.Strikes(t.Context()))))
		assert.Equal(t, []string{"c", "a", "spam", "b", "d"}, ids(all(t, s.After(t.Context(), 0))))
		for e, err := range s.After(t.Context(), 0) {
			require.NoError(t, err)
			if e.ID == "spam" {
				assert.Equal(t, []string{"b", "d"}, ids(all(t, s.After(t.Context(), e.Seq))))
				break // a sequence may be left early, and read while another is
			}
		}
	})
}

func TestProving(t *testing.T) {
	eachStore(t, func(t *testing.T, url string) {
		s := create(t, url)
		proved := func(id, source string, minute int) ledger.Event {
			e := event(id, "bob@example.org", minute)
			e.Proved, e.Source = true, source
			return e
		}
		add(t, s, event("1", "bob@example.org", 0), proved("2", "a", 5), proved("3", "a", 3), proved("4", "b", 9))
		got, err := s.Proving(t.Context())
		require.NoError(t, err)
		assert.Equal(t, map[string]time.Time{"a": at(3), "b": at(9)}, got)
	})
}

func TestNotes(t *testing.T) {
	eachStore(t, func(t *testing.T, url string) {
		s := create(t, url)
		value, err := s.Note(t.Context(), "imap")
		require.NoError(t, err)
		assert.Empty(t, value)
		require.NoError(t, s.SetNote(t.Context(), "imap", "1:1"))
		require.NoError(t, s.SetNote(t.Context(), "imap", "1:2"))
		value, err = s.Note(t.Context(), "imap")
		require.NoError(t, err)
		assert.Equal(t, "1:2", value)

		require.NoError(t, s.SetNotes(t.Context(), map[string]string{"push é/bob": "1", "push é/carol": "2", "push é": "3", "push e/dave": "4"}))
		require.NoError(t, s.SetNotes(t.Context(), map[string]string{"push é/bob": "5", "push é/%": "6"}))
		notes, err := s.NotesBelow(t.Context(), "push é/")
		require.NoError(t, err)
		assert.Equal(t, map[string]string{"bob": "5", "carol": "2", "%": "6"}, notes)
	})
}

func TestMarks(t *testing.T) {
	eachStore(t, func(t *testing.T, url string) {
		s := create(t, url)
		ctx := t.Context()
		require.NoError(t, s.Mark(ctx, "pop3", "a", "b"))
		require.NoError(t, s.Mark(ctx, "pop3", "b", "A", "c", `<"'\>`))
		require.NoError(t, s.Mark(ctx, "another", "a"))
		require.NoError(t, s.Unmark(ctx, "pop3", "c", "d"))
		require.NoError(t, s.Mark(ctx, "pop3"))
		require.NoError(t, s.Unmark(ctx, "pop3"))
		marked, err := s.Marked(ctx, "pop3")
		require.NoError(t, err)
		assert.Equal(t, map[string]bool{"a": true, "b": true, "A": true, `<"'\>`: true}, marked)
		marked, err = s.Marked(ctx, "none")
		require.NoError(t, err)
		assert.Empty(t, marked)
	})
}

// The first version had no marks.
func TestALedgerOfTheFirstVersionIsBroughtUp(t *testing.T) {
	eachStore(t, func(t *testing.T, url string) {
		s := create(t, url)
		add(t, s, event("1", "bob@example.org", 1))
		require.NoError(t, store.Exec(s, `DROP TABLE nixie_marks; DELETE FROM nixie_schema WHERE version > 1`))
		s, err := store.Open(t.Context(), url)
		require.NoError(t, err)
		defer s.Close()
		assert.NoError(t, s.Mark(t.Context(), "pop3", "a"))
		assert.Len(t, all(t, s.ByAddress(t.Context())), 1)
	})
}

func TestWhatIsAppendedIsThereWhenOpenedAgain(t *testing.T) {
	eachStore(t, func(t *testing.T, url string) {
		_, err := store.Open(t.Context(), url)
		require.ErrorIs(t, err, store.ErrNone)
		s, err := store.Create(t.Context(), url)
		require.NoError(t, err)
		add(t, s, event("1", "bob@example.org", 1))
		require.NoError(t, s.Close())
		_, err = s.Append(t.Context(), event("2", "bob@example.org", 1))
		require.ErrorContains(t, err, "closed")
		s, err = store.Open(t.Context(), url)
		require.NoError(t, err)
		defer s.Close()
		assert.Equal(t, []string{"1"}, ids(all(t, s.ByAddress(t.Context()))))
	})
}

func TestManyProgramsMakeTheLedgerAtOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, url string) {
		var group sync.WaitGroup
		for i := range 16 {
			group.Go(func() {
				s, err := store.Create(t.Context(), url)
				if assert.NoError(t, err) {
					_, err := s.Append(t.Context(), event(fmt.Sprint(i), "bob@example.org", i))
					assert.NoError(t, err)
					assert.NoError(t, s.Close())
				}
			})
		}
		group.Wait()
		assert.Len(t, all(t, create(t, url).ByAddress(t.Context())), 16)
	})
}

func TestANewerLedgerIsLeftAlone(t *testing.T) {
	eachStore(t, func(t *testing.T, url string) {
		s := create(t, url)
		require.NoError(t, store.Exec(s, `INSERT INTO nixie_schema (version) VALUES (1000)`))
		_, err := store.Create(t.Context(), url)
		assert.ErrorContains(t, err, "version 1000")
	})
}

func TestBytesThatAreNoTextStopNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, url string) {
		s := create(t, url)
		e := event("1", "b\xffb@example.org", 1)
		e.Text, e.Action, e.Source = "no\x00 \xc3", "\x00\xfe", "\x00"
		add(t, s, e)
		got := all(t, s.Events(t.Context(), "b\xffb@example.org"))
		require.Len(t, got, 1)
		assert.Equal(t, "no \ufffd", got[0].Text)
	})
}

// Two stores on one ledger stand for two programs.
func TestManyWorkersCountNothingTwice(t *testing.T) {
	eachStore(t, func(t *testing.T, url string) {
		stores := []*store.Store{create(t, url), create(t, url)}
		const workers, each = 8, 40
		added := make([]int, workers)
		var group sync.WaitGroup
		for worker := range workers {
			group.Go(func() {
				order := rand.Perm(each)
				for _, i := range order {
					n, err := stores[worker%2].Append(t.Context(), event(fmt.Sprint(i), fmt.Sprintf("user%d@example.org", i), i))
					assert.NoError(t, err)
					added[worker] += n
				}
			})
		}
		group.Wait()
		total := 0
		for _, n := range added {
			total += n
		}
		assert.Equal(t, each, total)
		assert.Len(t, all(t, stores[0].ByAddress(t.Context())), each)
	})
}

// A reader that asks again and again for what came after the last one sees
// each event, while others write.
func TestAReaderThatFollowsMissesNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, url string) {
		stores := []*store.Store{create(t, url), create(t, url)}
		const workers, each = 4, 60
		var group sync.WaitGroup
		for worker := range workers {
			group.Go(func() {
				for i := range each {
					_, err := stores[worker%2].Append(t.Context(), event(fmt.Sprint(worker, " ", i), "bob@example.org", i))
					assert.NoError(t, err)
				}
			})
		}
		done := make(chan struct{})
		go func() { group.Wait(); close(done) }()
		var seen []string
		var last int64
		for end := false; !end; {
			select {
			case <-done:
				end = true
			default:
			}
			for e, err := range stores[0].After(t.Context(), last) {
				require.NoError(t, err)
				require.Greater(t, e.Seq, last)
				seen, last = append(seen, e.ID), e.Seq
			}
		}
		slices.Sort(seen)
		assert.Len(t, slices.Compact(seen), workers*each)
	})
}

func TestMoreThanOneBatch(t *testing.T) {
	eachStore(t, func(t *testing.T, url string) {
		s := create(t, url)
		var events []ledger.Event
		for i := range 9000 {
			events = append(events, event(fmt.Sprint(i), fmt.Sprintf("user%d@example.org", i), i))
		}
		assert.Equal(t, 9000, add(t, s, events...))
		assert.Equal(t, 0, add(t, s, events...))
	})
}

func TestACallerThatGivesUpWaiting(t *testing.T) {
	eachStore(t, func(t *testing.T, url string) {
		s := create(t, url)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := s.Append(ctx, event("1", "bob@example.org", 1))
		assert.ErrorIs(t, err, context.Canceled)
		assert.LessOrEqual(t, add(t, s, event("1", "bob@example.org", 1)), 1)
		assert.Len(t, all(t, s.ByAddress(t.Context())), 1)
	})
}

func TestAFailedAppendLeavesNothingHalf(t *testing.T) {
	eachStore(t, func(t *testing.T, url string) {
		s := create(t, url)
		add(t, s, event("1", "bob@example.org", 1))
		require.NoError(t, store.Exec(s, `ALTER TABLE nixie_events RENAME TO elsewhere`)) // the database goes away
		_, err := s.Append(t.Context(), event("2", "bob@example.org", 2), event("3", "bob@example.org", 3))
		require.Error(t, err)
		for _, err := range s.ByAddress(t.Context()) {
			require.Error(t, err)
		}
		require.NoError(t, store.Exec(s, `ALTER TABLE elsewhere RENAME TO nixie_events`)) // and comes back
		assert.Equal(t, []string{"1"}, ids(all(t, s.ByAddress(t.Context()))))
		assert.Equal(t, 2, add(t, s, event("2", "bob@example.org", 2), event("3", "bob@example.org", 3)))
	})
}

func TestAFullDisk(t *testing.T) {
	s := create(t, sqliteURL(t))
	add(t, s, event("first", "bob@example.org", 1))
	require.NoError(t, store.Limit(s, 40))
	var err error
	recorded := []string{"first"}
	for i := 0; err == nil && i < 10000; i += 20 {
		var batch []ledger.Event
		for k := range 20 {
			batch = append(batch, event(fmt.Sprintf("%05d", i+k), "bob@example.org", 2+i+k))
		}
		if _, err = s.Append(t.Context(), batch...); err == nil {
			recorded = append(recorded, ids(batch)...)
		}
	}
	require.ErrorContains(t, err, "full")
	assert.Equal(t, recorded, ids(all(t, s.Events(t.Context(), "bob@example.org"))), "all that was promised is there, and nothing else")
}

// A copy of the files is what a machine finds that lost its power.
func TestACrashLosesNothingThatWasPromised(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ledger.db")
	s := create(t, "sqlite:"+file)
	for i := range 50 {
		add(t, s, event(fmt.Sprint(i), "bob@example.org", i))
	}
	after := filepath.Join(t.TempDir(), "ledger.db")
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(file + suffix)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(after+suffix, data, 0o600))
	}
	assert.Len(t, all(t, create(t, "sqlite:"+after).ByAddress(t.Context())), 50)
}

func TestAServerThatIsAway(t *testing.T) {
	_, err := store.Create(t.Context(), "postgres://nobody@127.0.0.1:1/none?connect_timeout=2")
	require.Error(t, err)
	assert.False(t, errors.Is(err, store.ErrNone))
}

func TestAServerThatDropsItsConnections(t *testing.T) {
	url := postgresURL(t)
	name := fmt.Sprintf("nixie_test_%d", rand.Uint64())
	s := create(t, url+"&application_name="+name)
	add(t, s, event("1", "bob@example.org", 1))
	other := create(t, url)
	require.NoError(t, store.Exec(other, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '`+name+`'`))
	_, err := s.Append(t.Context(), event("2", "bob@example.org", 2))
	if err != nil { // told, and right the next time
		add(t, s, event("2", "bob@example.org", 2))
	}
	assert.Equal(t, []string{"1", "2"}, ids(all(t, s.Events(t.Context(), "bob@example.org"))))
}

func TestOpenTellsWhatALedgerIs(t *testing.T) {
	for _, url := range []string{"", "ledger.db", "mysql://example.org/x"} {
		_, err := store.Open(t.Context(), url)
		assert.ErrorContains(t, err, "sqlite:PATH")
	}
	file := filepath.Join(t.TempDir(), "no-ledger")
	require.NoError(t, os.WriteFile(file, []byte("This is a letter, and a rather long one for one that nobody reads.\n"), 0o600))
	_, err := store.Create(t.Context(), "sqlite:"+file)
	assert.ErrorContains(t, err, "not a database")
}

func TestOthersMayNotReadTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x", "ledger.db")
	s := create(t, "sqlite:"+file)
	add(t, s, event("1", "bob@example.org", 1))
	for _, name := range []string{file, file + "-wal"} {
		info, err := os.Stat(name)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), name)
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, kind := range []struct {
		name string
		url  func(testing.TB) string
	}{{"SQLite", sqliteURL}, {"PostgreSQL", postgresURL}} {
		for _, size := range []int{1, 100, 1000} {
			b.Run(fmt.Sprintf("%s/%d", kind.name, size), func(b *testing.B) {
				s := create(b, kind.url(b))
				b.ReportAllocs()
				events := make([]ledger.Event, size)
				for b.Loop() {
					for i := range events {
						id := fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64())
						events[i] = event(id, "user"+id[:8]+"@example.org", i%60)
					}
					add(b, s, events...)
				}
				b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "events/s")
			})
		}
	}
}
