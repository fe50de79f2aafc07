package store

import (
	"context"
	"database/sql"
	"fmt"
)

// Marked returns what was marked under a name. Marks are for what a reader has
// dealt with where it comes in no order.
func (s *Store) Marked(ctx context.Context, name string) (map[string]bool, error) {
	rows, err := s.db.QueryContext(ctx, s.dialect.query(`SELECT value FROM nixie_marks WHERE name = $1`), text(name))
	if err != nil {
		return nil, fmt.Errorf("store: read: %w", err)
	}
	defer rows.Close()
	marked := make(map[string]bool)
	for rows.Next() {
		var value string
		if err := rows.Scan(&value); err != nil {
			return nil, fmt.Errorf("store: read: %w", err)
		}
		marked[value] = true
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: read: %w", err)
	}
	return marked, nil
}

// Mark marks values under a name. What is marked already stays so.
func (s *Store) Mark(ctx context.Context, name string, values ...string) error {
	return s.eachMark(ctx, `INSERT INTO nixie_marks (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING`, name, values)
}

// Unmark takes marks away.
func (s *Store) Unmark(ctx context.Context, name string, values ...string) error {
	return s.eachMark(ctx, `DELETE FROM nixie_marks WHERE name = $1 AND value = $2`, name, values)
}

func (s *Store) eachMark(ctx context.Context, statement, name string, values []string) error {
	if len(values) == 0 {
		return nil
	}
	err := s.transact(ctx, func(tx *sql.Tx) error {
		st, err := tx.PrepareContext(ctx, s.dialect.query(statement))
		if err != nil {
			return err
		}
		defer st.Close()
		for _, value := range values {
			if _, err := st.ExecContext(ctx, text(name), text(value)); err != nil {
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
