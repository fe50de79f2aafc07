//go:build unix

package source

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	places "nixie/cmd/nixie/internal/secret"
)

// dovecot returns the URL of a fresh mailbox at the server that an environment
// variable names, and its Maildir; see .ci/servers.
func dovecot(t *testing.T, variable string, messages ...string) (place, maildir string) {
	server := os.Getenv(variable)
	if server == "" {
		t.Skip(variable + " is not set: .ci/servers starts Dovecot and sets it")
	}
	user := fmt.Sprintf("%s-%d", strings.ToLower(strings.ReplaceAll(t.Name(), "/", "-")), os.Getpid())
	return mailboxOf(t, server, user, messages...)
}

func mailboxOf(t *testing.T, server, user string, messages ...string) (place, maildir string) {
	boxes := os.Getenv("NIXIE_TEST_MAILBOXES")
	maildir = filepath.Join(boxes, user, "Maildir")
	require.NoError(t, os.RemoveAll(maildir))
	for _, dir := range []string{"cur", "new", "tmp"} {
		require.NoError(t, os.MkdirAll(filepath.Join(maildir, dir), 0o700))
	}
	for i, m := range messages {
		require.NoError(t, os.WriteFile(filepath.Join(maildir, "new", fmt.Sprintf("%d.x", i)), []byte(m), 0o600))
	}
	info, err := os.Stat(boxes)
	require.NoError(t, err)
	owner := info.Sys().(*syscall.Stat_t)
	require.NoError(t, filepath.WalkDir(filepath.Dir(maildir), func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, int(owner.Uid), int(owner.Gid))
	}))
	return strings.Replace(server, "://", "://"+url.PathEscape(user)+"@", 1), maildir
}

// mailFiles returns the messages in a Maildir.
func mailFiles(t *testing.T, maildir string) []string {
	paths, err := filepath.Glob(filepath.Join(maildir, "[nc]*", "*"))
	require.NoError(t, err)
	return paths
}

// trusting trusts the certificate of the server.
func trusting(t *testing.T, o Options) Options {
	cert, err := os.ReadFile(os.Getenv("NIXIE_TEST_CERT"))
	require.NoError(t, err)
	o.tlsConfig = &tls.Config{RootCAs: x509.NewCertPool()}
	require.True(t, o.tlsConfig.RootCAs.AppendCertsFromPEM(cert))
	return o
}

func TestPOPAtDovecot(t *testing.T) {
	dots := "Subject: dots\n\n.\n..\nend\n.\n"
	long := "Subject: long\n\n" + strings.Repeat("0123456789", 100000) + "\n"
	small := func(n int) string { return fmt.Sprintf("Subject: %d\n\n%d\n", n, n) }
	mails := []string{dots, long}
	for i := range 100 {
		mails = append(mails, small(i))
	}
	for _, variable := range []string{"NIXIE_TEST_POP3", "NIXIE_TEST_POP3S"} {
		t.Run(variable, func(t *testing.T) {
			place, maildir := dovecot(t, variable, mails...)
			o := trusting(t, popOptions())
			for _, run := range []struct {
				after string
				read  int
			}{{"keep", 102}, {"keep", 0}, {"delete", 102}, {"delete", 0}} {
				s := openWith(t, place, run.after, o)
				var have []string
				for m, err := range s.Messages(t.Context()) {
					require.NoError(t, err)
					have = append(have, strings.ReplaceAll(string(m.Data), "\r\n", "\n"))
					require.NoError(t, s.Done(t.Context(), []string{m.ID}, nil))
				}
				require.NoError(t, s.Close())
				assert.ElementsMatch(t, mails[:run.read], have)
				if run.after == "keep" {
					assert.Len(t, mailFiles(t, maildir), 102)
				}
			}
			assert.Empty(t, mailFiles(t, maildir))
		})
	}
}

func TestPOPAtDovecotWithOAuth2(t *testing.T) {
	server := os.Getenv("NIXIE_TEST_POP3S")
	if server == "" {
		t.Skip("NIXIE_TEST_POP3S is not set: .ci/servers starts Dovecot and sets it")
	}
	place, _ := mailboxOf(t, server, os.Getenv("NIXIE_TEST_OAUTH_USER"), "Subject: x\n\n")
	o := trusting(t, popOptions())
	o.Credentials = Credentials{Token: places.Place{Text: os.Getenv("NIXIE_TEST_TOKEN")}}
	s := openWith(t, place, "keep", o)
	assert.Len(t, collect(t, s), 1)
	p, err := parse(place, "")
	require.NoError(t, err)
	o.Credentials.Token.Text += "x"
	_, err = p.Open(t.Context(), o)
	assert.ErrorContains(t, err, "the token may have expired")
	o.Credentials = Credentials{Password: places.Place{Text: "wrong"}}
	_, err = p.Open(t.Context(), o)
	assert.ErrorContains(t, err, "refuses the login of")
	o.tlsConfig = nil
	_, err = p.Open(t.Context(), o)
	assert.ErrorContains(t, err, "cannot be trusted")
}
