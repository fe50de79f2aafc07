package dsn

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestNoLimit has limits that are none, and such as nobody means.
func TestNoLimit(t *testing.T) {
	msg := report("Final-Recipient: rfc822; anna@example.org\nAction: failed\nStatus: 5.1.1\n", "")
	for _, n := range []int{math.MaxInt, -1} {
		r, err := Limits{Size: n, Depth: n, Parts: n, Texts: n, Recipients: n, Field: n, Defects: n}.Read(strings.NewReader(msg))
		require.NoError(t, err)
		assert.Equal(t, facts(Parse([]byte(msg))), facts(r), "%d", n)
	}
}

func TestLimits(t *testing.T) {
	const recipient = "Final-Recipient: rfc822; %s@example.org\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 unknown\n\n"
	two := report(fmt.Sprintf(recipient, "anna")+fmt.Sprintf(recipient, "bob"), "")
	for _, test := range []struct {
		name   string
		limits Limits
		msg    string
		rule   string
		kept   []string // the recipients
	}{
		{"size", Limits{Size: len(two) - 100}, two, "limit Size", []string{"anna@example.org", "bob@example.org"}},
		{"recipients", Limits{Recipients: 1}, two, "limit Recipients", []string{"anna@example.org"}},
		{"recipients in prose", Limits{Recipients: 1}, prosaic("<anna@example.org>:\n550 5.1.1 User unknown\n\n<bob@example.org>:\n550 5.1.1 User unknown\n"), "limit Recipients", []string{"anna@example.org"}},
		{"a field", Limits{Field: 30}, strings.Replace(two, "unknown", strings.Repeat("unknown ", 100), 1), "limit Field", []string{"anna@example.org", "bob@example.org"}},
		{"parts", Limits{Parts: 2}, two, "limit Parts", []string{"anna@example.org", "bob@example.org"}},
		{"depth", Limits{Depth: 1}, "From: MAILER-DAEMON@example.org\nContent-Type: multipart/mixed; boundary=a\n\n--a\n" + two + "\n--a--\n", "limit Depth", nil},
		{"texts", Limits{Texts: 1}, "From: MAILER-DAEMON@example.org\nContent-Type: multipart/mixed; boundary=a\n\n--a\n\nhello\n--a\n\n<anna@example.org>: 550 5.1.1 User unknown\n--a--\n", "limit Texts", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := test.limits.Parse([]byte(test.msg))
			var rules, kept []string
			for _, d := range r.Defects {
				rules = append(rules, d.Rule)
			}
			for i := range r.Recipients {
				kept = append(kept, r.Recipients[i].Address())
			}
			assert.Contains(t, rules, test.rule)
			if test.kept != nil {
				assert.Equal(t, test.kept, kept)
			}
			for _, d := range Parse([]byte(test.msg)).Defects {
				assert.NotContains(t, d.Rule, "limit ", "the default")
			}
		})
	}
}

func TestLimitOfDefects(t *testing.T) {
	r := Limits{Defects: 3}.Parse([]byte("A: b\n" + strings.Repeat("no field\n", 10) + "\nbody"))
	require.Len(t, r.Defects, 4)
	assert.Equal(t, "limit Defects", r.Defects[3].Rule)
}

func TestReadTakesNoMoreThanTheLimit(t *testing.T) {
	in := strings.NewReader(strings.Repeat("x", 1000))
	r, err := Limits{Size: 100}.Read(in)
	require.NoError(t, err)
	assert.Equal(t, 899, in.Len())
	assert.Equal(t, "limit Size", r.Defects[0].Rule)
}
