package dsn

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzParse holds that Parse never fails, takes time by the size, is a function
// of the bytes alone and names no place outside the message.
func FuzzParse(f *testing.F) {
	for _, msg := range messages(f) {
		f.Add(msg)
	}
	broken, err := filepath.Glob("../testdata/mime/*")
	require.NoError(f, err)
	for _, name := range broken {
		msg, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(msg)
	}
	f.Fuzz(checkParse)
}

func checkParse(t *testing.T, msg []byte) {
	before, start := bytes.Clone(msg), time.Now()
	r := Parse(msg)
	assert.Less(t, time.Since(start), 2*time.Second+time.Duration(len(msg))*20*time.Microsecond) // others use the machine too
	assert.Equal(t, before, msg, "Parse changed its input")
	assert.Equal(t, facts(r), facts(Parse(msg)))
	lines := len(msg) + 1 // base64 may hold more lines than it has itself, but not more than bytes
	inside := func(p Place) {
		if p.Line < 1 || p.Line > lines {
			t.Errorf("line %d of %d", p.Line, lines)
		}
	}
	for i := range r.Recipients {
		inside(r.Recipients[i].At)
		if d := r.Recipients[i].Diagnostic; d != (Diagnostic{}) {
			inside(d.At)
		}
	}
	for _, d := range r.Defects {
		inside(d.At)
	}
}

func BenchmarkParse(b *testing.B) {
	var msgs [][]byte
	size := 0
	for _, msg := range messages(b) {
		msgs = append(msgs, msg)
		size += len(msg)
	}
	b.ReportAllocs()
	b.SetBytes(int64(size / len(msgs)))
	for i := 0; b.Loop(); i++ {
		Parse(msgs[i%len(msgs)])
	}
}
