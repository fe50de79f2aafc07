package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mbox returns n reports in an mbox, each about its own recipient.
func mbox(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `From MAILER-DAEMON Mon Jan  6 10:00:00 2025
From: Mail Delivery System <MAILER-DAEMON@mx.example.net>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; user%d@example.com
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--b
Content-Type: message/rfc822

Subject: Hello

%s
--b--

`, i, strings.Repeat("text\n", i%200))
	}
	return b.Bytes()
}

// The same input gives the same output, in the order of the input, whatever
// the number of workers.
func TestOrder(t *testing.T) {
	const n = 1000
	path := filepath.Join(t.TempDir(), "box")
	require.NoError(t, os.WriteFile(path, mbox(n), 0o644))
	var want string
	for i := range 3 {
		for _, jobs := range []string{"1", "8"} {
			var out, errs bytes.Buffer
			require.Zero(t, run([]string{"parse", "--jobs", jobs, path}, nil, &out, &errs), errs.String())
			if want == "" {
				want = out.String()
			}
			require.Equal(t, want, out.String(), "run %d, %s jobs", i, jobs)
		}
	}
	lines := strings.Split(strings.TrimSpace(want), "\n")
	require.Len(t, lines, n)
	for i, line := range lines {
		require.Contains(t, line, fmt.Sprintf(`{"source":"%s:%d"`, path, i+1))
		require.Contains(t, line, fmt.Sprintf(`"address":"user%d@example.com"`, i))
	}
}

// A reader that is never closed and a writer that fails end the work.
func TestBrokenOutput(t *testing.T) {
	var errs bytes.Buffer
	status := run([]string{"parse", "-"}, &endless{box: mbox(100)}, &failing{after: 3}, &errs)
	assert.Equal(t, exitFailed, status)
	assert.Equal(t, "nixie: write: broken\n", errs.String())
}

type endless struct {
	box  []byte
	rest []byte
}

func (e *endless) Read(p []byte) (int, error) {
	if len(e.rest) == 0 {
		e.rest = e.box
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

type failing struct{ after int }

func (f *failing) Write(p []byte) (int, error) {
	if f.after--; f.after < 0 {
		return 0, errors.New("broken")
	}
	return len(p), nil
}
