package source

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// finalError is one that the next attempt would meet again.
type finalError struct{ error }

func (e finalError) Unwrap() error { return e.error }

// How long a connection may take to come about, and a server to send something.
const (
	dialTime  = 30 * time.Second
	stallTime = 2 * time.Minute
)

// imapConn is a connection to an IMAP server.
type imapConn struct {
	*imapclient.Client
	patient *patientConn
	news    chan struct{} // receives when the folder has other messages than before
}

// dialIMAP connects and logs in. An error that is no finalError may pass.
func dialIMAP(ctx context.Context, p *Place, o *Options) (*imapConn, error) {
	secret, err := o.Credentials.secret(ctx)
	if err != nil {
		return nil, finalError{err}
	}
	conn, err := (&net.Dialer{Timeout: dialTime}).DialContext(ctx, "tcp", p.address())
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	c := &imapConn{patient: &patientConn{Conn: conn}, news: make(chan struct{}, 1)}
	c.patient.expect(true)
	defer c.patient.expect(false)
	err = c.start(p, o)
	if err == nil {
		err = c.login(&p.server, secret)
	}
	if err != nil {
		conn.Close()
		return nil, p.tlsError(c.cause(err))
	}
	return c, nil
}

// start makes the connection one of IMAP, with TLS unless it stays on this machine.
func (c *imapConn) start(p *Place, o *Options) error {
	tlsConfig := o.tlsConfig.Clone()
	if tlsConfig == nil {
		tlsConfig = new(tls.Config)
	}
	tlsConfig.ServerName = p.host
	options := &imapclient.Options{TLSConfig: tlsConfig, UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		Mailbox: func(data *imapclient.UnilateralDataMailbox) {
			if data.NumMessages != nil {
				select {
				case c.news <- struct{}{}:
				default:
				}
			}
		},
	}}
	switch {
	case p.kind == "imaps":
		secure := tls.Client(c.patient, tlsConfig)
		if err := secure.Handshake(); err != nil {
			return err
		}
		c.Client = imapclient.New(secure, options)
	case p.isLocal():
		c.Client = imapclient.New(c.patient, options)
	default:
		var err error
		c.Client, err = imapclient.NewStartTLS(c.patient, options)
		if refusal(err) != nil {
			return finalError{fmt.Errorf("the server refuses STARTTLS, and without TLS others could read along (imaps:// is TLS from the start): %w", err)}
		}
		return err
	}
	return c.WaitGreeting()
}

// tlsError says what to do about an error of TLS.
func (s *server) tlsError(err error) error {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return finalError{fmt.Errorf("the certificate of %s cannot be trusted (if an authority of your own has signed it, name its certificate in SSL_CERT_FILE): %w", s.host, err)}
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return finalError{fmt.Errorf("what listens on port %s of %s does not speak TLS: %w", s.port, s.host, err)}
	}
	return err
}

// login authenticates in the best way that the server offers.
func (c *imapConn) login(at *server, with secret) error {
	caps := c.Caps()
	if caps == nil {
		return io.ErrUnexpectedEOF
	}
	var err error
	mechanism := with.mechanism(at, func(name string) bool { return caps.Has(imap.AuthCap(name)) })
	switch {
	case mechanism != nil:
		err = c.Authenticate(mechanism)
	case with.token:
		return finalError{errors.New("the server offers neither OAUTHBEARER nor XOAUTH2 to log in with a token")}
	case caps.Has(imap.CapLoginDisabled):
		err = &imap.Error{Type: imap.StatusResponseTypeNo, Code: imap.ResponseCodePrivacyRequired, Text: "LOGINDISABLED"}
	default:
		err = c.Login(at.user, with.value).Wait()
	}
	if err == nil {
		return nil
	}
	if no := refusal(err); no != nil {
		if no.Code == imap.ResponseCodeUnavailable || no.Code == imap.ResponseCodeLimit || no.Code == imap.ResponseCodeInUse {
			return err
		}
		return finalError{at.refused(err, with)}
	}
	select {
	case <-c.Closed():
		return err
	default: // SASL has failed at this end: the server has sent an error instead of a challenge
		return finalError{at.refused(err, with)}
	}
}

// open selects the folder.
func (c *imapConn) open(folder string, readOnly bool) (*imap.SelectData, error) {
	data, err := c.Select(folder, &imap.SelectOptions{ReadOnly: readOnly}).Wait()
	if refusal(err) == nil {
		return data, err
	}
	if have, listErr := c.List("", "*", nil).Collect(); listErr == nil && len(have) > 0 {
		names := make([]string, len(have))
		for i, l := range have {
			names[i] = l.Mailbox
		}
		if slices.Contains(names, folder) {
			return nil, finalError{fmt.Errorf("the server does not open the folder %q: %w", folder, err)}
		}
		slices.Sort(names)
		if len(names) > maxNames {
			names = append(names[:maxNames], "…")
		}
		err = fmt.Errorf("%w (there are: %s)", err, strings.Join(names, ", "))
	}
	return nil, finalError{fmt.Errorf("there is no folder %q: %w", folder, err)}
}

// maxNames is how many folders are named where one is not found.
const maxNames = 30

// run sends commands. The server must answer in time, but may be silent afterwards.
func (c *imapConn) run(commands func(*imapConn) error) error {
	c.patient.expect(true)
	defer c.patient.expect(false)
	return c.cause(commands(c))
}

// cause says in plain words why a connection broke.
func (c *imapConn) cause(err error) error {
	switch {
	case err == nil || refusal(err) != nil:
		return err
	case c.patient.stalled.Load():
		return fmt.Errorf("the server has been silent for %s", stallTime)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return errors.New("the server has closed the connection")
	}
	return err
}

// logout says good-bye and closes the connection.
func (c *imapConn) logout() {
	_ = c.run(func(c *imapConn) error { return c.Logout().Wait() }) // nothing depends on it
	c.Client.Close()
}

// refusal returns the answer of the server if it is why a command failed, and
// the connection goes on.
func refusal(err error) *imap.Error {
	if no, ok := errors.AsType[*imap.Error](err); ok && no.Type != imap.StatusResponseTypeBye {
		return no
	}
	return nil
}

// patientConn is a connection that breaks when an answer is expected and
// nothing comes for stallTime. Other deadlines for reading do not hold.
type patientConn struct {
	net.Conn
	expected, stalled atomic.Bool
}

// expect sets whether an answer is expected.
func (c *patientConn) expect(answer bool) {
	c.expected.Store(answer)
	c.setDeadline()
}

func (c *patientConn) setDeadline() {
	var deadline time.Time
	if c.expected.Load() {
		deadline = time.Now().Add(stallTime)
	}
	_ = c.Conn.SetReadDeadline(deadline) // if it fails, so does reading
}

func (c *patientConn) Read(p []byte) (int, error) {
	c.setDeadline()
	n, err := c.Conn.Read(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.stalled.Store(true)
	}
	return n, err
}

func (c *patientConn) SetReadDeadline(time.Time) error { return nil }
func (c *patientConn) SetDeadline(t time.Time) error   { return c.Conn.SetWriteDeadline(t) }
