package source

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// server is what the URL of a mailbox on a server says.
type server struct {
	user, host, port string
	folder           string // "" for POP3
}

// ports are those of the kinds of servers.
var ports = map[string]string{"imap": "143", "imaps": "993", "pop3": "110", "pop3s": "995"}

// parseServer reads the URL of a mailbox on a server. No error quotes it, as
// there may be a password in it.
func parseServer(kind, rawURL string) (s server, err error) {
	_, rest, _ := strings.Cut(rawURL, ":")
	before, _, found := strings.Cut(rest, "@")
	u, err := url.Parse(rawURL)
	withPassword := found && strings.Contains(before, ":")
	if err == nil {
		_, set := u.User.Password()
		withPassword = withPassword || set
	}
	form := kind + "://USER@HOST/FOLDER"
	if strings.HasPrefix(kind, "pop3") {
		form = kind + "://USER@HOST"
	}
	switch {
	case withPassword:
		return server{}, errors.New("a password does not belong into a URL, where others can see it: set NIXIE_PASSWORD, or give --password-file or --password-command (a colon in a user's name is written %3A)")
	case err != nil, u.Host == "", u.Opaque != "":
		return server{}, fmt.Errorf("this is no source: %s", form)
	case u.User.Username() == "":
		return server{}, fmt.Errorf("no user in the URL: %s", form)
	case strings.ContainsAny(rawURL, "?#"):
		return server{}, errors.New("in a URL, ? is written %3F and # is written %23")
	}
	s = server{user: u.User.Username(), host: strings.ToLower(u.Hostname()), port: u.Port(), folder: strings.TrimPrefix(u.Path, "/")}
	if s.port == "" {
		s.port = ports[kind]
	}
	if n, err := strconv.ParseUint(s.port, 10, 16); err != nil || n == 0 {
		return server{}, fmt.Errorf("%q is no port", s.port)
	}
	if strings.ContainsFunc(s.user+s.folder, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return server{}, errors.New("a control character in the URL")
	}
	switch isIMAP := strings.HasPrefix(kind, "imap"); {
	case !isIMAP && s.folder != "":
		return server{}, errors.New("POP3 knows no folders: " + form)
	case isIMAP && (s.folder == "" || strings.EqualFold(s.folder, inbox)):
		s.folder = inbox
	}
	return s, nil
}

// inbox is the one folder that every user of IMAP has, RFC 9051 section 5.1.
const inbox = "INBOX"

// name returns the URL in the one form in which it stands in the ledger.
func (s *server) name(kind string) string {
	u := url.URL{Scheme: kind, User: url.User(s.user), Host: s.host, Path: "/" + s.folder}
	if strings.Contains(s.host, ":") {
		u.Host = "[" + s.host + "]"
	}
	if s.port != ports[kind] {
		u.Host = s.address()
	}
	return strings.TrimSuffix(u.String(), "/")
}

func (s *server) address() string { return net.JoinHostPort(s.host, s.port) }

func (s *server) portNumber() int {
	n, _ := strconv.Atoi(s.port)
	return n
}

// isLocal reports whether the server runs on this machine, so that nobody can
// listen in.
func (s *server) isLocal() bool {
	ip := net.ParseIP(s.host)
	return s.host == "localhost" || ip != nil && ip.IsLoopback()
}
