package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
)

// Marked returns what was marked under a name. Marks are for what a reader has
// dealt with where it comes in no order.
func (s *Store) Marked(ctx context.Context, name string) (map[string]bool, error) {
	marked := make(map[string]bool)
	err := s.read(ctx, func(rows *sql.Rows) error {
		var value string
		err := rows.Scan(&value)
		marked[value] = true
		return err
	}, `SELECT value FROM nixie_marks WHERE name = $1`, text(name))
	return marked, err
}

// Mark marks values under a name. What is marked already stays so.
func (s *Store) Mark(ctx context.Context, name string, values ...string) error {
	return s.eachMark(ctx, `INSERT INTO nixie_marks (name, value) SELECT $1, value FROM `+s.dialect.each("$2")+` WHERE true ON CONFLICT DO NOTHING`, name, values)
}

// Unmark takes marks away.
func (s *Store) Unmark(ctx context.Context, name string, values ...string) error {
	return s.eachMark(ctx, `DELETE FROM nixie_marks WHERE name = $1 AND value IN (SELECT value FROM `+s.dialect.each("$2")+`)`, name, values)
}

func (s *Store) eachMark(ctx context.Context, statement, name string, values []string) error {
	if len(values) == 0 {
		return nil
	}
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = text(v)
	}
	list, err := json.Marshal(texts)
	if err == nil {
		err = s.transact(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, s.dialect.query(statement), text(name), string(list))
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("store: write: %w", err)
	}
	return nil
}
