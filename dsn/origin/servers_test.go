package origin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The key of the messages in testdata, which opendkim signed.
const serversKey = "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvnJKl3ZSsw69xORSt1WvUuudHZ2cwsN/M/6nBY" +
	"nJySxnn8LUGVfzAe4hWAyQ46mIYCLZF4OvRJ3+LXxydEbFFsYnm4G0/qwGM0jXxivUFwZ+qsJzgKO58cJiF0wj3t+3B5Y75uQTyC" +
	"JDiG0j18qJwMSS1gmHhroZyR1UQOve2R9dTzXQ1XKex/pOgnuqnvfZCBpASNPKFNaJvPCpswWfOEQdwvQPTe73TVQwu66R0goDx4" +
	"F9rJ8/4PfHAN/D13jK5YDSYxUtw07v+HwERizwWtqt61urSb5LriTQEETUfDkK1PB3ftEd7VqpqkoyJbmMehmizvmK1rRK294p9f" +
	"5BrQIDAQAB"

// What comes back from servers, as they returned it: testdata/README.md.
func TestServers(t *testing.T) {
	want := map[string]Proof{
		"8bit-simple-default":       DKIM,
		"cased-relaxed-default":     DKIM,
		"folded-simple-default":     DKIM,
		"folded-simple-hdrs":        DKIMHeader,
		"converted-relaxed-default": DKIMHeader,
		"big-relaxed-default":       DKIMHeader,
	}
	c := Checker{Domains: []string{"ours.example.org"}, Records: map[string]string{"s._domainkey.ours.example.org": serversKey}}
	files, err := filepath.Glob("testdata/*.eml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".eml")
		t.Run(name, func(t *testing.T) {
			msg, err := os.ReadFile(file)
			require.NoError(t, err)
			_, what, _ := strings.Cut(name, "-")
			require.Contains(t, want, what)
			proof := want[what]
			if name == "opensmtpd-folded-simple-hdrs" {
				proof = DKIM // RET=HDRS notwithstanding
			}
			got := check(&c, string(msg))
			assert.Equal(t, proof, got.Proof, "%+v", got.Checks)
			require.Len(t, got.About, 1)

			report, original, _ := strings.Cut(string(msg), "DKIM-Signature:")
			forged := strings.ReplaceAll(report, got.About[0], "bob@example.com") + "DKIM-Signature:" + original
			require.NotEqual(t, string(msg), forged)
			assert.Equal(t, None, check(&c, forged).Proof)
		})
	}
}
