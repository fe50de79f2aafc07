package store

import (
	"context"
	"database/sql"
	"fmt"
)

// Exec runs a statement behind the store's back.
func Exec(s *Store, statement string) error {
	return s.transact(context.Background(), func(tx *sql.Tx) error {
		_, err := tx.Exec(statement)
		return err
	})
}

// Limit lets an SQLite file grow by so many pages at most.
func Limit(s *Store, pages int) error {
	s.db.SetMaxOpenConns(1) // the limit is one of the connection
	var have int
	if err := s.db.QueryRow(`PRAGMA page_count`).Scan(&have); err != nil {
		return err
	}
	_, err := s.db.Exec(fmt.Sprintf(`PRAGMA max_page_count = %d`, have+pages))
	return err
}
