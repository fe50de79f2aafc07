package source

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	places "nixie/cmd/nixie/internal/secret"
)

func TestSecret(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(file, []byte(" pass word \r\nuser: bounces\n"), 0o600))
	empty := filepath.Join(t.TempDir(), "empty")
	require.NoError(t, os.WriteFile(empty, []byte("\n"), 0o600))
	tests := []struct {
		name string
		from Credentials
		want secret
		err  string
	}{
		{"password", Credentials{Password: places.Place{Text: "x"}}, secret{"x", false}, ""},
		{"token", Credentials{Token: places.Place{Text: "x"}}, secret{"x", true}, ""},
		{"first line of a file", Credentials{Password: places.Place{File: file}}, secret{" pass word ", false}, ""},
		{"token in a file", Credentials{Token: places.Place{File: file}}, secret{" pass word ", true}, ""},
		{"first line of a command", Credentials{Password: places.Place{Command: "echo one; echo two"}}, secret{"one", false}, ""},
		{"token of a command", Credentials{Token: places.Place{Command: "printf x"}}, secret{"x", true}, ""},
		{"none", Credentials{}, secret{}, "no password: set NIXIE_PASSWORD"},
		{"two", Credentials{Password: places.Place{Text: "x"}, Token: places.Place{File: "y"}}, secret{}, "which is meant?"},
		{"no file", Credentials{Password: places.Place{File: file + "x"}}, secret{}, "get the password: open "},
		{"empty file", Credentials{Token: places.Place{File: empty}}, secret{}, "get the token: the first line is empty"},
		{"failed command", Credentials{Token: places.Place{Command: "echo no key >&2; exit 3"}}, secret{}, "exit status 3: no key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			have, err := tt.from.secret(t.Context())
			if tt.err == "" {
				assert.NoError(t, err)
			} else {
				assert.ErrorContains(t, err, tt.err)
			}
			assert.Equal(t, tt.want, have)
		})
	}
}

func TestSecretIsReadAnew(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	from := Credentials{Token: places.Place{Command: "cat " + file}}
	for _, want := range []string{"first", "second"} {
		require.NoError(t, os.WriteFile(file, []byte(want), 0o600))
		have, err := from.secret(t.Context())
		require.NoError(t, err)
		assert.Equal(t, secret{want, true}, have)
	}
}

func TestMechanism(t *testing.T) {
	p := &server{user: "bounces@example.org", host: "mail.example.org", port: "993"}
	tests := []struct {
		name    string
		secret  secret
		offered []string
		want    string // the mechanism and its first response
	}{
		{"password", secret{"x", false}, []string{"PLAIN", "XOAUTH2"}, "PLAIN \x00bounces@example.org\x00x"},
		{"no mechanism for a password", secret{"x", false}, []string{"XOAUTH2"}, ""},
		{"token", secret{"x", true}, []string{"PLAIN", "XOAUTH2"}, "XOAUTH2 user=bounces@example.org\x01auth=Bearer x\x01\x01"},
		{"token, the standard", secret{"x", true}, []string{"OAUTHBEARER", "XOAUTH2"},
			"OAUTHBEARER n,a=bounces@example.org,\x01host=mail.example.org\x01port=993\x01auth=Bearer x\x01\x01"},
		{"no mechanism for a token", secret{"x", true}, []string{"PLAIN"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client := tt.secret.mechanism(p, func(name string) bool { return slices.Contains(tt.offered, name) })
			if tt.want == "" {
				assert.Nil(t, client)
				return
			}
			name, response, err := client.Start()
			require.NoError(t, err)
			assert.Equal(t, tt.want, name+" "+string(response))
		})
	}
}

func TestRefusedLoginSaysWhatToDo(t *testing.T) {
	answer := errors.New("NO AUTHENTICATE failed.")
	tests := []struct {
		name, host string
		token      bool
		want       []string
		not        string
	}{
		{"Microsoft", "outlook.office365.com", false, []string{"only OAuth2", "Entra", "--token-command", "NIXIE_TOKEN"}, "Google"},
		{"Google", "imap.gmail.com", false, []string{"only OAuth2 or an app password", "https://mail.google.com/", "--token-command"}, "Microsoft"},
		{"anybody", "mail.example.org", false, []string{"refuses the login of bounces"}, "OAuth2"},
		{"a token", "outlook.office365.com", true, []string{"expired", "--token-command"}, "Entra"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := (&server{user: "bounces", host: tt.host}).refused(answer, secret{"geheim", tt.token})
			require.ErrorIs(t, err, answer)
			for _, want := range tt.want {
				assert.ErrorContains(t, err, want)
			}
			assert.NotContains(t, err.Error(), tt.not)
			assert.NotContains(t, err.Error(), "geheim")
		})
	}
}
