package dsn

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEightBytesAtOnce holds that what looks at eight bytes at once finds what
// a look at each finds.
func TestEightBytesAtOnce(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const alphabet = "\r\r\n\n--aaaZ:!~  \t\x00\x0b\x0c\x1f\x7f\x80\xa0\xff"
	for range 100_000 {
		b := make([]byte, random.IntN(40))
		for i := range b {
			if b[i] = 'x'; random.IntN(3) == 0 {
				b[i] = alphabet[random.IntN(len(alphabet))]
			}
		}
		s := string(b)
		require.Equal(t, strings.Count(s, "\r") != strings.Count(s, "\r\n"), hasBareCR(b), "%q", s)
		at := strings.Index(s, "\n-")
		if at >= 0 {
			at++
		}
		require.Equal(t, at, indexLineOf(b, '-'), "%q", s)
		end := 0
		for end < len(s) && s[end] > ' ' && s[end] < 0x7f && s[end] != ':' {
			end++
		}
		require.Equal(t, end, nameEnd(s), "%q", s)
		s = strings.TrimSpace(s)
		loose := -1
		for i := range len(s) {
			if isASCIISpace(s[i]) && (s[i] != ' ' || isASCIISpace(s[i+1])) {
				loose = i
				break
			}
		}
		require.Equal(t, loose, looseSpace(s), "%q", s)
	}
}

func TestCommandIn(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", ""},
		{"to DATA", "DATA"},
		{"in reply to RCPT TO command", "RCPT TO"},
		{"550 no (in response to our MAIL FROM)", "MAIL FROM"},
		{"lost connection after end of data -- message may be sent twice", "end of DATA"},
		{"lost after pipelined RCPT TO", "RCPT TO"},
		{"no such data to the auth server", ""},
		{"DATA", ""},
		{"the DATABASE is down, every AUTHOR knows", ""},
		{"every message for EHLO", "EHLO"},
	}
	for _, tt := range tests {
		require.Equal(t, tt.want, commandIn(tt.text), "%q", tt.text)
	}
}
