package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nixie/cmd/nixie/internal/config"
)

// read reads a file with that text, in a directory that it returns.
func read(t *testing.T, text string) (*config.Config, string) {
	t.Setenv("HOME", "/home/anna")
	name := filepath.Join(t.TempDir(), "nixie.toml")
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	c, err := config.Read(name)
	require.NoError(t, err)
	return c, filepath.Dir(name)
}

func TestPathsAreRelativeToTheFile(t *testing.T) {
	c, dir := read(t, `
ledger = "sqlite:l.db"
rules = "~/rules.txt"
origin = "/etc/keys.toml"
policy = "mailman"
[source.a]
url = "mbox:box"
password-file = "sub/password"
[source.b]
url = "imaps://a@example.org/INBOX"
[source.c]
url = "-"
`)
	for key, want := range map[[3]string]string{
		{"ledger"}: "sqlite:" + dir + "/l.db", {"rules"}: "/home/anna/rules.txt", {"origin"}: "/etc/keys.toml", {"policy"}: "mailman",
		{"source", "a", "url"}: "mbox:" + dir + "/box", {"source", "a", "password-file"}: dir + "/sub/password",
		{"source", "b", "url"}: "imaps://a@example.org/INBOX", {"source", "c", "url"}: "-",
	} {
		parts := key[:]
		if key[1] == "" {
			parts = key[:1]
		}
		v, ok := c.Value(parts...)
		assert.True(t, ok, key)
		assert.Equal(t, want, v.Text, key)
	}
	c, dir = read(t, `policy = "mine.toml"`)
	v, _ := c.Value("policy")
	assert.Equal(t, dir+"/mine.toml", v.Text)
}

func TestTheEnvironmentGoesBeforeTheFile(t *testing.T) {
	t.Setenv("NIXIE_LEDGER", "sqlite:here.db")
	t.Setenv("NIXIE_SOURCE_MY_NEWS_PASSWORD_FILE", "p")
	t.Setenv("NIXIE_SOURCE_OTHER_URL", "mbox:x")
	t.Setenv("NIXIE_LOG", "")
	t.Setenv("NIXIE_POLICY", "listmonk")
	c, dir := read(t, "ledger = \"sqlite:l.db\"\nlog = \"json\"\n[source.my-news]\nurl = \"mbox:x\"\n[policy]\nquiet = \"1d\"")
	var said []config.Value
	for _, v := range c.Values() {
		said = append(said, config.Value{Key: v.Key, Text: v.Text, Where: v.Where})
	}
	assert.Equal(t, []config.Value{
		{Key: "ledger", Text: "sqlite:here.db", Where: "NIXIE_LEDGER"},
		{Key: "policy", Text: "listmonk", Where: "NIXIE_POLICY"},
		{Key: "log", Text: "json", Where: dir + "/nixie.toml:2"},
		{Key: "source.my-news.url", Text: "mbox:" + dir + "/x", Where: dir + "/nixie.toml:4"},
		{Key: "source.my-news.password-file", Text: "p", Where: "NIXIE_SOURCE_MY_NEWS_PASSWORD_FILE"},
	}, said)
	assert.Nil(t, c.Policy)
	assert.Equal(t, []string{"NIXIE_SOURCE_OTHER_URL"}, c.Strangers([]string{"NIXIE_SOURCE_OTHER_URL=mbox:x", "NIXIE_LEDGER=x", "NIXIE_LOG=", "NIXIE_CONFIG=x", "HOME=/"}))
}

func TestNoSecretIsShown(t *testing.T) {
	for text, want := range map[string]string{
		"sqlite:/var/lib/nixie.db":                           "sqlite:/var/lib/nixie.db",
		"postgres://nixie@db.example.org/nixie":              "postgres://nixie@db.example.org/nixie",
		"postgres://nixie:hunter2@db.example.org/nixie":      "postgres://nixie:xxxxx@db.example.org/nixie",
		"postgres://nixie:hun%ter@2@db.example.org/nixie":    "postgres://nixie:xxxxx@db.example.org/nixie",
		"postgres://db.example.org/n?user=a&password=hunter": "postgres://db.example.org/n?password=xxxxx&user=a",
		"imaps://anna@db.example.org:993/x@y":                "imaps://anna@db.example.org:993/x@y",
	} {
		assert.Equal(t, want, config.Redacted(text))
	}
	c, _ := read(t, "[source.a]\nurl = \"imaps://a@example.org\"\npassword = \"hunter2\"\n")
	v, _ := c.Value("source", "a", "password")
	assert.Equal(t, "hunter2", v.Text)
	assert.Equal(t, "…", v.Shown())
}

func TestASecretInAFileForEverybodyIsRefused(t *testing.T) {
	name := filepath.Join(t.TempDir(), "nixie.toml")
	text := "[source.a]\nurl = \"imaps://a@example.org\"\npassword = \"hunter2\"\n"
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	for mode, want := range map[os.FileMode]string{
		0o600: "", 0o640: "", 0o644: name + ":3: source.a.password is secret, and everybody can read the file: chmod o-r " + name,
	} {
		require.NoError(t, os.Chmod(name, mode))
		_, err := config.Read(name)
		if want == "" {
			assert.NoError(t, err)
		} else {
			assert.EqualError(t, err, want)
		}
	}
}

func TestASecretOfTheEnvironmentIsTheOnlyOne(t *testing.T) {
	text := "[source.a]\nurl = \"imaps://a@example.org\"\npassword-file = \"/p\"\ntoken-command = \"t\"\n"
	c, _ := read(t, text)
	keys := func() (keys []string) {
		for _, v := range c.OneOf("source", "a", "password", "password-file", "token-command") {
			keys = append(keys, v.Last()+" "+v.Text)
		}
		return keys
	}
	assert.Equal(t, []string{"password-file /p", "token-command t"}, keys())
	t.Setenv("NIXIE_SOURCE_A_PASSWORD", "hunter2")
	c, _ = read(t, text)
	assert.Equal(t, []string{"password hunter2"}, keys())
}
