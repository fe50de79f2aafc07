//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// blocks returns what stands indented in the README.
func blocks(t *testing.T) (blocks []string) {
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	block := ""
	for line := range strings.Lines(string(text)) {
		if code, ok := strings.CutPrefix(line, "    "); ok || block != "" && strings.TrimSpace(line) == "" {
			block += code
		} else if block != "" {
			blocks = append(blocks, block)
			block = ""
		}
	}
	return append(blocks, block)
}

// blockWith returns the first that begins so.
func blockWith(t *testing.T, beginning string) string {
	for _, b := range blocks(t) {
		if strings.HasPrefix(b, beginning) {
			return b
		}
	}
	t.Fatalf("the README has no block that begins with %q", beginning)
	return ""
}

// A new user types what the README says, in the clone.
func TestTheFirstStepsOfTheREADME(t *testing.T) {
	cmd := exec.Command("sh", "-eu", "-c", blockWith(t, "mkdir -p ~/bounces"))
	cmd.Dir = "../.."
	cmd.Env = []string{"HOME=" + t.TempDir(), "PATH=" + filepath.Dir(command(t)) + ":" + os.Getenv("PATH"), "NIXIE_CONFIG=" + os.DevNull}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Contains(t, string(out), "\nmessages ")
	assert.Contains(t, string(out), `{"address":"a.berg@example.net","standing":"dropped","reason":"complaint"`)
	assert.Contains(t, string(out), `"history":[{"at":`)
}

func TestTheConfigFileOfTheREADME(t *testing.T) {
	dir := t.TempDir()
	source, rest := blockWith(t, "[source.bounces]"), blockWith(t, "ledger = ")
	for name, text := range map[string]string{
		"nixie.toml": rest + source, "password": "x", "listmonk.token": "x", "my-rules.txt": "", "keys.toml": blockWith(t, "domains = "),
		"sent.log": "",
	} {
		text = strings.ReplaceAll(text, "at least 16 octets", "a secret of the example")
		text = strings.ReplaceAll(text, "p=…", "k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=") // RFC 8463 appendix A.2
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	cmd := exec.Command(command(t), "config", "check", "--config", filepath.Join(dir, "nixie.toml"))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Contains(t, string(out), `after = "move:Done"`)
	assert.Contains(t, string(out), "\nlapse = \"dropped\"\n")
}
