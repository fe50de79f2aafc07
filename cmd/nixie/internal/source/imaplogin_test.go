package source

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	places "nixie/cmd/nixie/internal/secret"
)

// A server that refuses a token sends an error as a challenge, and NO only
// when that was answered.
func TestIMAPTokenThatIsRefused(t *testing.T) {
	for _, mechanism := range []string{"XOAUTH2", "OAUTHBEARER"} {
		t.Run(mechanism, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			defer l.Close()
			got := make(chan string, 1)
			go func() {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				defer conn.Close()
				fmt.Fprintf(conn, "* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=%s] ready\r\n", mechanism)
				in := bufio.NewScanner(conn)
				in.Scan()
				tag, command, _ := strings.Cut(in.Text(), " ")
				got <- command
				fmt.Fprintf(conn, "+ %s\r\n", base64.StdEncoding.EncodeToString([]byte(`{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}`)))
				if in.Scan() {
					fmt.Fprintf(conn, "%s NO SASL authentication failed\r\n", tag)
				}
			}()
			place, err := parse("imap://bounces@"+l.Addr().String(), "")
			require.NoError(t, err)
			o := options()
			o.Credentials = Credentials{Token: places.Place{Text: "geheim"}}
			_, err = place.Open(t.Context(), o)
			require.ErrorContains(t, err, "the server refuses the login of bounces")
			assert.ErrorContains(t, err, "the token may have expired")
			assert.NotContains(t, err.Error(), "geheim")
			assert.Contains(t, <-got, "AUTHENTICATE "+mechanism+" ")
		})
	}
}

// certificate makes a certificate for a name, and the pool that trusts it.
func certificate(t *testing.T, name string) (tls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{name}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// Off this machine nothing is said without TLS.
func TestIMAPStartsTLS(t *testing.T) {
	cert, pool := certificate(t, "mail.example.org")
	tests := []struct {
		name, kind string
		trust      *x509.CertPool
		starttls   bool // else TLS from the start
		refuse     bool
		want       string
	}{
		{"imaps", "imaps", pool, false, false, ""},
		{"STARTTLS", "imap", pool, true, false, ""},
		{"imaps, not trusted", "imaps", x509.NewCertPool(), false, false, "the certificate of mail.example.org cannot be trusted"},
		{"STARTTLS, not trusted", "imap", x509.NewCertPool(), true, false, "the certificate of mail.example.org cannot be trusted"},
		{"no STARTTLS", "imap", pool, true, true, "the server refuses STARTTLS, and without TLS others could read along"},
		{"imaps where STARTTLS is", "imaps", pool, true, false, "does not speak TLS"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			memory := imapmemserver.New()
			options := &imapserver.Options{
				NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
					return memory.NewSession(), nil, nil
				},
				TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}}, Logger: log.New(io.Discard, "", 0),
			}
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			listener := l
			if !tt.starttls {
				listener = tls.NewListener(l, options.TLSConfig)
			}
			if tt.refuse {
				options.TLSConfig = nil
			}
			server := imapserver.New(options)
			go server.Serve(listener)
			defer server.Close()

			place, err := parse(tt.kind+"://bounces@mail.example.org", "")
			require.NoError(t, err)
			conn, err := net.Dial("tcp", l.Addr().String())
			require.NoError(t, err)
			defer conn.Close()
			c := &imapConn{patient: &patientConn{Conn: conn}}
			err = place.tlsError(c.start(&place, &Options{tlsConfig: &tls.Config{RootCAs: tt.trust}}))
			if tt.want != "" {
				require.ErrorContains(t, err, tt.want)
				assert.ErrorAs(t, err, new(finalError))
				return
			}
			require.NoError(t, err)
			assert.True(t, c.Caps().Has(imap.AuthCap("PLAIN")), "a login is only offered with TLS")
		})
	}
}

// silentConn is a connection on which nothing comes, and time is over at once.
type silentConn struct {
	net.Conn
	deadline time.Time
}

func (c *silentConn) SetReadDeadline(t time.Time) error { c.deadline = t; return nil }

func (c *silentConn) Read([]byte) (int, error) {
	if c.deadline.IsZero() {
		return 0, io.EOF
	}
	return 0, os.ErrDeadlineExceeded
}

func TestPatientConn(t *testing.T) {
	silent := &silentConn{}
	c := &imapConn{patient: &patientConn{Conn: silent}}
	_, err := c.patient.Read(nil)
	assert.ErrorIs(t, err, io.EOF, "nothing was asked")
	err = c.run(func(c *imapConn) error {
		require.NoError(t, c.patient.SetReadDeadline(time.Time{}), "a deadline of others")
		_, err := c.patient.Read(nil)
		return err
	})
	assert.EqualError(t, err, "the server has been silent for 2m0s")
	assert.Zero(t, silent.deadline)
}
