package dsn

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// read parses one of the messages that stand beside the project's tests.
func read(t *testing.T, name string) *Report {
	t.Helper()
	msg, err := os.ReadFile(filepath.Join("..", "testdata", "eml", name+".eml"))
	require.NoError(t, err)
	return Parse(msg)
}

func TestParseNothing(t *testing.T) {
	for _, msg := range []string{"", "\n", "\r", "From ", "x", ":", "\x00", "Content-Type: multipart/report; boundary=a\n\n--a"} {
		assert.Equal(t, Kind(""), Parse([]byte(msg)).Kind, "%q", msg)
	}
}
