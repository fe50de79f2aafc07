//go:build unix

package source

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	places "nixie/cmd/nixie/internal/secret"
)

func TestIMAPAtDovecot(t *testing.T) {
	var mails []string
	for i := range 1500 {
		mails = append(mails, fmt.Sprintf("Subject: %d\n\n%d\n", i, i))
	}
	mails = append(mails, "Subject: long\n\n"+strings.Repeat("0123456789\n", 300000))
	for _, variable := range []string{"NIXIE_TEST_IMAP", "NIXIE_TEST_IMAPS"} {
		for _, after := range []string{"keep", "seen", "move:Done.2026", "delete"} {
			what, _, _ := strings.Cut(after, ":")
			t.Run(variable+" "+what, func(t *testing.T) {
				place, maildir := dovecot(t, variable, mails...)
				o := trusting(t, options())
				for _, read := range []int{1501, 0} {
					s := openWith(t, place, after, o)
					var have, ids []string
					for m, err := range s.Messages(t.Context()) {
						require.NoError(t, err)
						have = append(have, strings.ReplaceAll(string(m.Data), "\r\n", "\n"))
						if ids = append(ids, m.ID); len(ids) == 500 {
							require.NoError(t, s.Done(t.Context(), ids, nil))
							ids = nil
						}
					}
					require.NoError(t, s.Done(t.Context(), ids, nil))
					require.NoError(t, s.Close())
					assert.ElementsMatch(t, mails[:read], have)
				}
				left, moved := 0, 0
				switch after {
				case "keep", "seen":
					left = 1501
				case "move:Done.2026":
					moved = 1501
				}
				assert.Len(t, mailFiles(t, maildir), left)
				assert.Len(t, mailFiles(t, filepath.Join(maildir, ".Done.2026")), moved)
				for _, path := range mailFiles(t, maildir) {
					_, flags, _ := strings.Cut(filepath.Base(path), ":2,")
					require.Equal(t, after == "seen", flags == "S", path)
				}
			})
		}
	}
}

// Mail that comes later, by whatever way, is told in IDLE.
func TestIMAPWatchAtDovecot(t *testing.T) {
	place, maildir := dovecot(t, "NIXIE_TEST_IMAP", "Subject: 0\n\n")
	o := options()
	o.Watch, o.sleep = true, until
	n := 0
	have := watch(t, openWith(t, place, "delete", o), 4, func(have []string) {
		for ; n < 3; n++ {
			text := fmt.Sprintf("Subject: %d\n\n", n+1)
			path := filepath.Join(maildir, "new", fmt.Sprint(n+1, ".y"))
			require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		}
	})
	for i := range have {
		_, have[i], _ = strings.Cut(have[i], " ")
	}
	assert.ElementsMatch(t, []string{"0", "1", "2", "3"}, have)
}

func TestIMAPErrorsAtDovecot(t *testing.T) {
	place, _ := dovecot(t, "NIXIE_TEST_IMAPS", "Subject: x\n\n")
	tests := []struct {
		name, url string
		from      Credentials
		trust     bool
		want      string
	}{
		{"wrong password", place, Credentials{Password: places.Place{Text: "wrong"}}, true, "the server refuses the login of testimaperrorsatdovecot"},
		{"wrong token", place, Credentials{Token: places.Place{Text: "wrong"}}, true, "the token may have expired"},
		{"certificate of an authority that is not known", place, Credentials{Password: places.Place{Text: "secret"}}, false, "the certificate of localhost cannot be trusted (if an authority of your own has signed it"},
		{"no folder", place + "/Bounces", Credentials{Password: places.Place{Text: "secret"}}, true, `there is no folder "Bounces": imap: NO`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := parse(tt.url, "")
			require.NoError(t, err)
			o := options()
			if tt.trust {
				o = trusting(t, o)
			}
			o.Credentials = tt.from
			_, err = p.Open(t.Context(), o)
			require.ErrorContains(t, err, tt.want)
			assert.NotContains(t, err.Error(), "wrong")
		})
	}
}

func TestIMAPAtDovecotWithOAuth2(t *testing.T) {
	if os.Getenv("NIXIE_TEST_IMAPS") == "" {
		t.Skip("NIXIE_TEST_IMAPS is not set: .ci/servers starts Dovecot and sets it")
	}
	place, _ := mailboxOf(t, os.Getenv("NIXIE_TEST_IMAPS"), os.Getenv("NIXIE_TEST_OAUTH_USER"), "Subject: x\n\n")
	o := trusting(t, options())
	o.Credentials = Credentials{Token: places.Place{Command: "printenv NIXIE_TEST_TOKEN"}}
	assert.Len(t, subjects(t, openWith(t, place, "keep", o)), 1)
}
