// Package storetest gives tests a place for a ledger in PostgreSQL.
package storetest

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net/url"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Schema makes a schema in the database at a URL, and returns the URL of a
// ledger in it. It is dropped when the test ends.
func Schema(t testing.TB, database string) string {
	db, err := sql.Open("pgx", database)
	require.NoError(t, err)
	schema := fmt.Sprintf("nixie_test_%d", rand.Uint64())
	_, err = db.Exec(`CREATE SCHEMA ` + schema)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := db.Exec(`DROP SCHEMA ` + schema + ` CASCADE`)
		assert.NoError(t, err)
		db.Close()
	})
	u, err := url.Parse(database)
	require.NoError(t, err)
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}
