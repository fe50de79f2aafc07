package store

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"nixie/classify/ledger"
)

type postgres struct{}

func openPostgres(url string) (*sql.DB, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(8)
	return db, nil
}

func (postgres) query(q string) string { return q }

func (postgres) each(array string) string { return "json_array_elements_text(" + array + ") AS value" }

// schema compares bytes, as SQLite does.
func (postgres) schema() []string {
	return []string{`
		CREATE TABLE nixie_events (
			seq       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
			id        TEXT COLLATE "C" NOT NULL UNIQUE,
			address   TEXT COLLATE "C" NOT NULL,
			time      BIGINT NOT NULL,
			recorded  BIGINT NOT NULL,
			act       TEXT NOT NULL,
			incident  TEXT NOT NULL,
			reason    TEXT NOT NULL,
			fault     TEXT NOT NULL,
			decision  TEXT NOT NULL,
			action    TEXT NOT NULL,
			transient BOOLEAN NOT NULL,
			status    TEXT NOT NULL,
			reply     BIGINT NOT NULL,
			text      TEXT NOT NULL,
			provider  TEXT NOT NULL,
			proved    BOOLEAN NOT NULL,
			source    TEXT COLLATE "C" NOT NULL,
			message   TEXT NOT NULL,
			strike    TEXT NOT NULL
		);` + indexes, marks,
	}
}

// lock keeps others from writing at the same time: their numbers would be
// given out in one order and become visible in another, and a reader that goes
// by the last number it saw would miss some. Any key serves that others do not use.
func (postgres) lock(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(7957710)`)
	return err
}

func (postgres) insert(ctx context.Context, tx *sql.Tx, events []ledger.Event) (map[string]bool, error) {
	const width = 19
	var list [width]any
	texts := [width][]string{}
	numbers := [width][]int64{}
	flags := [width][]bool{}
	for i := range events {
		for k, v := range values(&events[i]) {
			switch v := v.(type) {
			case string:
				texts[k] = append(texts[k], v)
				list[k] = texts[k]
			case int64:
				numbers[k] = append(numbers[k], v)
				list[k] = numbers[k]
			case bool:
				flags[k] = append(flags[k], v)
				list[k] = flags[k]
			}
		}
	}
	rows, err := tx.QueryContext(ctx, `INSERT INTO nixie_events (`+columns+`, strike)
		SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
			$11::boolean[], $12::text[], $13::bigint[], $14::text[], $15::text[], $16::boolean[], $17::text[], $18::text[], $19::text[])
		ON CONFLICT (id) DO NOTHING RETURNING id`, list[:]...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	added := make(map[string]bool)
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		added[id] = true
	}
	return added, rows.Err()
}
