package source

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-sasl"

	places "nixie/cmd/nixie/internal/secret"
)

// Credentials say where the secret is to be had that opens a mailbox on a
// server: a password, or an access token of OAuth2. One at most is set.
type Credentials struct{ Password, Token places.Place }

// secret is what a server is shown.
type secret struct {
	value string
	token bool // not a password
}

// secret reads the secret anew, as tokens expire. No error quotes it.
func (c Credentials) secret(ctx context.Context) (secret, error) {
	none := places.Place{}
	what, place, token := "password", c.Password, c.Token != none
	if token {
		what, place = "token", c.Token
	}
	if token && c.Password != none {
		return secret{}, errors.New("a password and a token are given: which is meant?")
	}
	value, err := place.Read(ctx)
	switch {
	case err == places.ErrNone:
		return secret{}, errors.New("no password: set NIXIE_PASSWORD, or give --password-file or --password-command, or the same with token for OAuth2")
	case err != nil:
		return secret{}, fmt.Errorf("get the %s: %w", what, err)
	}
	return secret{value, token}, nil
}

// mechanism returns how to authenticate by SASL at a server that offers what
// offers says, nil if it offers nothing that serves.
func (s secret) mechanism(at *server, offers func(mechanism string) bool) sasl.Client {
	switch {
	case !s.token && offers(sasl.Plain):
		return sasl.NewPlainClient("", at.user, s.value)
	case s.token && offers(sasl.OAuthBearer):
		return sasl.NewOAuthBearerClient(&sasl.OAuthBearerOptions{Username: at.user, Token: s.value, Host: at.host, Port: at.portNumber()})
	case s.token && offers("XOAUTH2"):
		return xoauth2{at.user, s.value}
	}
	return nil
}

// xoauth2 is what was before OAUTHBEARER, and all that Microsoft knows
// (https://developers.google.com/workspace/gmail/imap/xoauth2-protocol).
type xoauth2 struct{ user, token string }

func (x xoauth2) Start() (mechanism string, ir []byte, err error) {
	return "XOAUTH2", fmt.Appendf(nil, "user=%s\x01auth=Bearer %s\x01\x01", x.user, x.token), nil
}

// Next answers the error that a server sends instead of NO, which then follows.
func (x xoauth2) Next([]byte) ([]byte, error) { return []byte{}, nil }

// refused says what to do about an error with which a server refuses a login.
func (s *server) refused(err error, with secret) error {
	err = fmt.Errorf("the server refuses the login of %s: %w", s.user, err)
	if with.token {
		return fmt.Errorf("%w (the token may have expired or be meant for something else: it must be an access token, with the scope for IMAP or POP3; give a command that prints a fresh one with --token-command)", err)
	}
	const pass = "then give a command that prints an access token with --token-command, or a file that holds a fresh one with --token-file, or set NIXIE_TOKEN"
	switch providers[parent(s.host)] {
	case microsoft:
		return fmt.Errorf("%w (Microsoft takes no passwords here, only OAuth2: register an application in Microsoft Entra with the permissions IMAP.AccessAsUser.All or POP.AccessAsUser.All, "+
			"see https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth; %s)", err, pass)
	case google:
		return fmt.Errorf("%w (Google does not take the password of the account, only OAuth2 or an app password: for OAuth2 make a client in the Google Cloud console and get a token with the scope https://mail.google.com/, "+
			"see https://developers.google.com/workspace/gmail/imap/xoauth2-protocol; %s; an app password, see https://support.google.com/accounts/answer/185833, is given like any password)", err, pass)
	}
	return err
}

// The providers that take no passwords, by the domain of their servers.
const (
	microsoft = "microsoft"
	google    = "google"
)

var providers = map[string]string{
	"office365.com": microsoft, "office.com": microsoft, "outlook.com": microsoft, "hotmail.com": microsoft, "live.com": microsoft,
	"gmail.com": google, "googlemail.com": google, "google.com": google,
}

// parent returns the domain of a host: its last two labels.
func parent(host string) string {
	labels := strings.Split(host, ".")
	return strings.Join(labels[max(0, len(labels)-2):], ".")
}
