package source

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestParseServer(t *testing.T) {
	seenAfter := After{What: "seen"}
	tests := []struct {
		url, after string
		want       Place
		err        string
	}{
		{"imaps://bounces@Mail.Example.org", "", Place{
			Name: "imaps://bounces@mail.example.org/INBOX", kind: "imaps", after: seenAfter,
			server: server{"bounces", "mail.example.org", "993", "INBOX"},
		}, ""},
		{"imaps://bounces@example.org@mail.example.org:1993/inbox", "", Place{
			Name: "imaps://bounces%40example.org@mail.example.org:1993/INBOX", kind: "imaps", after: seenAfter,
			server: server{"bounces@example.org", "mail.example.org", "1993", "INBOX"},
		}, ""},
		{"imap://bounces%40example.org@[2001:db8::1]/Mail/R%C3%BCck%20l%C3%A4ufer", "move:Done", Place{
			Name: "imap://bounces%40example.org@[2001:db8::1]/Mail/R%C3%BCck%20l%C3%A4ufer", kind: "imap", after: After{"move", "Done"},
			server: server{"bounces@example.org", "2001:db8::1", "143", "Mail/Rück läufer"},
		}, ""},
		{"imaps://bounces@mail.example.org:993/INBOX", "delete", Place{
			Name: "imaps://bounces@mail.example.org/INBOX", kind: "imaps", after: After{What: "delete"},
			server: server{"bounces", "mail.example.org", "993", "INBOX"},
		}, ""},
		{"pop3s://bounces@mail.example.org/", "", Place{
			Name: "pop3s://bounces@mail.example.org", kind: "pop3s", after: After{What: "keep"},
			server: server{"bounces", "mail.example.org", "995", ""},
		}, ""},
		{"pop3://bounces@127.0.0.1:1110", "delete", Place{
			Name: "pop3://bounces@127.0.0.1:1110", kind: "pop3", after: After{What: "delete"},
			server: server{"bounces", "127.0.0.1", "1110", ""},
		}, ""},
		{"pop3s://bounces@mail.example.org", "seen", Place{}, "pop3s://bounces@mail.example.org: mail there can only be kept or deleted"},
		{"pop3s://bounces@mail.example.org/INBOX", "", Place{}, "POP3 knows no folders"},
		{"imaps://bounces@mail.example.org/", "move:INBOX", Place{}, "cannot be moved to where it is"},
		{"imaps://mail.example.org/INBOX", "", Place{}, "no user in the URL: imaps://USER@HOST/FOLDER"},
		{"imaps:bounces@mail.example.org", "", Place{}, "this is no source: imaps://USER@HOST/FOLDER"},
		{"imaps://bounces@/INBOX", "", Place{}, "this is no source"},
		{"imaps://bounces@mail.example.org:0/", "", Place{}, `"0" is no port`},
		{"imaps://bounces@mail.example.org:99999/", "", Place{}, `"99999" is no port`},
		{"imaps://bounces@mail.example.org/a?b", "", Place{}, "? is written %3F"},
		{"imaps://bounces@mail.example.org/a#b", "", Place{}, "# is written %23"},
		{"imaps://bounces@mail.example.org/a%0Ab", "", Place{}, "control character"},
	}
	for _, tt := range tests {
		t.Run(tt.url+" "+tt.after, func(t *testing.T) {
			have, err := parse(tt.url, tt.after)
			if tt.err == "" {
				assert.NoError(t, err)
			} else {
				assert.ErrorContains(t, err, tt.err)
			}
			assert.Equal(t, tt.want, have)
		})
	}
}

// Whatever a person types, a password is refused and not repeated.
func TestPasswordInURLIsRefused(t *testing.T) {
	for _, url := range []string{
		"imaps://bounces:secret@mail.example.org/INBOX",
		"imaps://bounces:sec/secret@mail.example.org/INBOX",
		"imaps://bounces@example.org:secret@mail.example.org/INBOX",
		"imaps://bounces:%secret@mail.example.org/INBOX",
		"imaps://:secret@mail.example.org/INBOX",
		"pop3s://bounces:secret@mail.example.org",
	} {
		t.Run(url, func(t *testing.T) {
			_, err := Parse(url, After{})
			assert.ErrorContains(t, err, "a password does not belong into a URL")
			assert.NotContains(t, err.Error(), "secret")
		})
	}
	_, err := Parse("imaps://bounces@example.org:sec/secret@mail.example.org/INBOX", After{})
	assert.ErrorContains(t, err, "is no source")
	assert.NotContains(t, err.Error(), "secret")
}

func TestOnlyThisMachineIsLocal(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "127.8.8.8": true, "::1": true,
		"192.0.2.1": false, "mail.example.org": false, "localhost.example.org": false,
	} {
		assert.Equal(t, want, (&server{host: host}).isLocal(), host)
	}
}
