// Package store keeps a ledger in SQLite or PostgreSQL.
//
// Whoever reads a mailbox works through each message, or each batch of them,
// in this order, so that a crash at any moment loses nothing and counts
// nothing twice:
//
//  1. parse and judge: events := ledger.EventsOf(report, verdicts, reading),
//     where reading.Source names the mailbox, always by the same name and
//     without a password;
//  2. Append(ctx, events...), which returns when they are on disk;
//  3. only then mark the messages as done in their mailbox, delete or move
//     them, or answer the server that delivers them;
//  4. SetNote, if the mailbox has a position to remember, such as UIDVALIDITY
//     and UID; it may be lost, and then messages are read again, which is no harm.
//
// After an error in step 2 the messages stay as they are: any of the events
// may be recorded or not, and appending them again is right either way. One
// call for many messages is faster than many calls, since each waits for the
// disk; calls that come at the same time share one commit. Messages that give
// no events need no Append.
package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"nixie/classify/ledger"
)

// ErrNone means that there is no ledger where one was looked for.
var ErrNone = errors.New("no ledger there")

// Store is a ledger in a database. It is safe for concurrent use; several
// programs may have it open at once.
type Store struct {
	db       *sql.DB
	dialect  dialect
	requests chan *request
	closing  chan struct{} // closed by Close
	closed   chan struct{} // closed when the last write is over
}

var _ ledger.Store = (*Store)(nil)

// dialect is what the databases do differently.
type dialect interface {
	// query returns a query, whose parameters are written $1, in its own form.
	query(string) string
	// each is a table with the column value, of the texts in a JSON array.
	each(array string) string
	// schema creates the tables, step by step since the first version.
	schema() []string
	// lock keeps others from writing until the transaction ends.
	lock(context.Context, *sql.Tx) error
	// insert records events, whose IDs differ, and returns the IDs of the new ones.
	insert(context.Context, *sql.Tx, []ledger.Event) (map[string]bool, error)
}

// Check says what is wrong with the URL of a ledger, without opening it.
func Check(url string) error {
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		if path == "" {
			return errURL
		}
		return nil
	}
	if !isPostgres(url) {
		return errURL
	}
	_, err := pgx.ParseConfig(url)
	return err
}

var errURL = errors.New("a ledger is sqlite:PATH or postgres://HOST/DATABASE")

func isPostgres(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}

// Open opens the ledger at a URL, "sqlite:PATH" or "postgres://…". The error
// is ErrNone if there is none.
func Open(ctx context.Context, url string) (*Store, error) { return open(ctx, url, false) }

// Create is Open, but makes a ledger where there is none.
func Create(ctx context.Context, url string) (*Store, error) { return open(ctx, url, true) }

func open(ctx context.Context, url string, create bool) (*Store, error) {
	s := &Store{requests: make(chan *request), closing: make(chan struct{}), closed: make(chan struct{})}
	var err error
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		s.dialect = sqlite{}
		s.db, err = openSQLite(path, create)
	} else if isPostgres(url) {
		s.dialect = postgres{}
		s.db, err = openPostgres(url)
	} else {
		err = errURL
	}
	if err == nil {
		if err = s.migrate(ctx, create); err != nil {
			s.db.Close()
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = ErrNone
	}
	if err != nil {
		return nil, fmt.Errorf("store: open: %w", err)
	}
	go s.writeAll()
	return s, nil
}

// Close waits for what is being written and closes the database.
func (s *Store) Close() error {
	close(s.closing)
	<-s.closed
	return s.db.Close()
}

// migrate brings the tables up to what this program knows.
func (s *Store) migrate(ctx context.Context, create bool) error {
	steps := s.dialect.schema()
	have := s.version(ctx)
	if have == len(steps) {
		return nil
	}
	if have == 0 && !create {
		if err := s.db.PingContext(ctx); err != nil {
			return err
		}
		return ErrNone
	}
	if have > len(steps) {
		return fmt.Errorf("the ledger has version %d, this program knows up to %d: use a newer one", have, len(steps))
	}
	return s.transact(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS nixie_schema (version INTEGER PRIMARY KEY)`); err != nil {
			return err
		}
		// Another program may have done it while this one waited for the lock.
		if err := tx.QueryRowContext(ctx, versionQuery).Scan(&have); err != nil {
			return err
		}
		for version := have; version < len(steps); version++ {
			if _, err := tx.ExecContext(ctx, steps[version]); err != nil {
				return fmt.Errorf("make version %d: %w", version+1, err)
			}
			if _, err := tx.ExecContext(ctx, s.dialect.query(`INSERT INTO nixie_schema (version) VALUES ($1)`), version+1); err != nil {
				return err
			}
		}
		return nil
	})
}

const versionQuery = `SELECT COALESCE(MAX(version), 0) FROM nixie_schema`

// version returns the version of the tables, 0 if there are none.
func (s *Store) version(ctx context.Context) (version int) {
	if s.db.QueryRowContext(ctx, versionQuery).Scan(&version) != nil {
		return 0
	}
	return version
}

// transact runs do alone among all that write, and commits.
func (s *Store) transact(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	err = s.dialect.lock(ctx, tx)
	if err == nil {
		err = do(tx)
	}
	if err != nil {
		return cmp.Or(err, tx.Rollback())
	}
	return tx.Commit()
}

// Events implements [ledger.Store].
func (s *Store) Events(ctx context.Context, address string) iter.Seq2[ledger.Event, error] {
	return s.events(ctx, `WHERE address = $1 ORDER BY time, seq`, text(address))
}

// ByAddress implements [ledger.Store].
func (s *Store) ByAddress(ctx context.Context) iter.Seq2[ledger.Event, error] {
	return s.events(ctx, `ORDER BY address, time, seq`)
}

// Strikes implements [ledger.Store].
func (s *Store) Strikes(ctx context.Context) iter.Seq2[ledger.Event, error] {
	return s.events(ctx, `WHERE strike <> '' ORDER BY time, seq`)
}

// After implements [ledger.Store].
func (s *Store) After(ctx context.Context, seq int64) iter.Seq2[ledger.Event, error] {
	return s.events(ctx, `WHERE seq > $1 ORDER BY seq`, seq)
}

func (s *Store) events(ctx context.Context, which string, args ...any) iter.Seq2[ledger.Event, error] {
	return func(yield func(ledger.Event, error) bool) {
		errStop := errors.New("no more is wanted")
		err := s.read(ctx, func(rows *sql.Rows) error {
			e, err := scan(rows)
			if err == nil && !yield(e, nil) {
				return errStop
			}
			return err
		}, `SELECT seq, `+columns+` FROM nixie_events `+which, args...)
		if err != nil && !errors.Is(err, errStop) {
			yield(ledger.Event{}, err)
		}
	}
}

// read calls each for every row that a query gives.
func (s *Store) read(ctx context.Context, each func(*sql.Rows) error, query string, args ...any) error {
	rows, err := s.db.QueryContext(ctx, s.dialect.query(query), args...)
	if err != nil {
		return fmt.Errorf("store: read: %w", err)
	}
	defer rows.Close()
	for err == nil && rows.Next() {
		err = each(rows)
	}
	if err = cmp.Or(err, rows.Err()); err != nil {
		return fmt.Errorf("store: read: %w", err)
	}
	return nil
}

// Proving implements [ledger.Store].
func (s *Store) Proving(ctx context.Context) (map[string]time.Time, error) {
	proving := make(map[string]time.Time)
	err := s.read(ctx, func(rows *sql.Rows) error {
		var source string
		var first int64
		err := rows.Scan(&source, &first)
		proving[source] = timeOf(first)
		return err
	}, `SELECT source, MIN(time) FROM nixie_events WHERE proved GROUP BY source`)
	return proving, err
}

// Note returns what was noted under a name, "" if nothing was. Notes are for
// where a reader or a sender has got to.
func (s *Store) Note(ctx context.Context, name string) (value string, err error) {
	err = s.db.QueryRowContext(ctx, s.dialect.query(`SELECT value FROM nixie_notes WHERE name = $1`), text(name)).Scan(&value)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("store: read: %w", err)
	}
	return value, nil
}

// NotesBelow returns what was noted under names with that beginning, by the
// rest of the name.
func (s *Store) NotesBelow(ctx context.Context, prefix string) (map[string]string, error) {
	notes := make(map[string]string)
	err := s.read(ctx, func(rows *sql.Rows) error {
		var name, value string
		err := rows.Scan(&name, &value)
		notes[strings.TrimPrefix(name, prefix)] = value
		return err
	}, `SELECT name, value FROM nixie_notes WHERE substr(name, 1, $1) = $2`, utf8.RuneCountInString(prefix), text(prefix))
	return notes, err
}

// SetNote notes a value under a name, instead of an earlier one.
func (s *Store) SetNote(ctx context.Context, name, value string) error {
	return s.SetNotes(ctx, map[string]string{name: value})
}

// SetNotes notes several values by their names, all or none.
func (s *Store) SetNotes(ctx context.Context, notes map[string]string) error {
	err := s.transact(ctx, func(tx *sql.Tx) error {
		for _, name := range slices.Sorted(maps.Keys(notes)) {
			if _, err := tx.ExecContext(ctx, s.dialect.query(
				`INSERT INTO nixie_notes (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`), text(name), text(notes[name])); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store: write: %w", err)
	}
	return nil
}
