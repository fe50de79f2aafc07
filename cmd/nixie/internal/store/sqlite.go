package store

import (
	"context"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite"

	"nixie/classify/ledger"
)

type sqlite struct{}

// openSQLite opens a file, which only its owner may read if it is made here.
func openSQLite(path string, create bool) (*sql.DB, error) {
	flags := os.O_RDWR
	if create {
		flags |= os.O_CREATE
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, err
		}
	}
	f, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	// In WAL mode only FULL has each commit on disk when it returns.
	settings := url.Values{
		"_pragma": {"busy_timeout(60000)", "journal_mode(WAL)", "synchronous(FULL)", "cache_size(-32768)"},
		"_txlock": {"immediate"},
	}
	name := (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()
	return sql.Open("sqlite", "file:"+name+"?"+settings.Encode())
}

func (sqlite) query(q string) string { return strings.ReplaceAll(q, "$", "?") }

func (sqlite) each(array string) string { return "json_each(" + array + ")" }

func (sqlite) schema() []string {
	return []string{`
		CREATE TABLE nixie_events (
			seq       INTEGER PRIMARY KEY,
			id        TEXT NOT NULL UNIQUE,
			address   TEXT NOT NULL,
			time      INTEGER NOT NULL,
			recorded  INTEGER NOT NULL,
			act       TEXT NOT NULL,
			incident  TEXT NOT NULL,
			reason    TEXT NOT NULL,
			fault     TEXT NOT NULL,
			decision  TEXT NOT NULL,
			action    TEXT NOT NULL,
			transient BOOLEAN NOT NULL,
			status    TEXT NOT NULL,
			reply     INTEGER NOT NULL,
			text      TEXT NOT NULL,
			provider  TEXT NOT NULL,
			proved    BOOLEAN NOT NULL,
			source    TEXT NOT NULL,
			message   TEXT NOT NULL,
			strike    TEXT NOT NULL
		);` + indexes, marks,
	}
}

// indexes serve both databases.
const indexes = `
	CREATE INDEX nixie_events_address ON nixie_events (address, time);
	CREATE INDEX nixie_events_strikes ON nixie_events (time) WHERE strike <> '';
	CREATE INDEX nixie_events_proved ON nixie_events (source, time) WHERE proved;
	CREATE TABLE nixie_notes (name TEXT PRIMARY KEY, value TEXT NOT NULL);`

const marks = `CREATE TABLE nixie_marks (name TEXT, value TEXT, PRIMARY KEY (name, value))`

// lock does nothing: a transaction begins with the lock.
func (sqlite) lock(context.Context, *sql.Tx) error { return nil }

func (sqlite) insert(ctx context.Context, tx *sql.Tx, events []ledger.Event) (map[string]bool, error) {
	st, err := tx.PrepareContext(ctx, `INSERT INTO nixie_events (`+columns+`, strike)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`)
	if err != nil {
		return nil, err
	}
	defer st.Close()
	added := make(map[string]bool)
	for i := range events {
		result, err := st.ExecContext(ctx, values(&events[i])...)
		if err != nil {
			return nil, err
		}
		if n, err := result.RowsAffected(); err != nil {
			return nil, err
		} else if n > 0 {
			added[events[i].ID] = true
		}
	}
	return added, nil
}
