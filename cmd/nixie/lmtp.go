package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/spf13/cobra"
	"golang.org/x/net/netutil"

	"nixie/classify/ledger"
	"nixie/cmd/nixie/internal/mailbox"
	"nixie/cmd/nixie/internal/metrics"
)

func newLMTP() *cobra.Command {
	var flags ledgerFlags
	var opts struct {
		deliveryFlags
		listen, mode, metrics, log string
		public                     bool
	}
	cmd := &cobra.Command{
		Use:   "lmtp --listen ADDRESS",
		Short: "Record the messages that a mail server hands over by LMTP",
		Long: `Lmtp listens for a mail server that hands over messages by LMTP (RFC 2033), and
records in the ledger what they report. A message is answered for when all of it
is on disk; after any trouble the answer is 451, so that the server keeps the mail
and tries again. No mail is refused for good: nobody gets a bounce for a bounce.

Mail that is no report, and a report that little or nothing could be made of, is
put into the Maildir of --rest. The addresses that a message was sent to are put
before it as Delivered-To: they may tell whom a report is about.

A port alone is one of 127.0.0.1. Nobody need log in, so an address that other
machines reach is listened on only with --public. A socket that was left behind is
replaced, if nobody answers there. The largest message is of 1 GiB.

With --metrics Prometheus can ask at /metrics: messages by outcome, events by
reason and fault, the time that commits take, the time of the last success, and
the incidents that are held by --policy.

On SIGTERM or SIGINT messages that are on their way are taken in, then it ends.`,
		Example: `  nixie lmtp --listen 127.0.0.1:2424
  nixie lmtp --listen unix:/run/nixie/lmtp --ledger sqlite:/var/lib/nixie/ledger.db --rest /var/lib/nixie/rest

  # Postfix: transport_maps that lead there, and recipient_delimiter = + in main.cf
  bounces@example.org lmtp:inet:127.0.0.1:2424
  # Postfix, by a socket: with --socket-mode 0666, as it runs as another user, and
  # with lmtp out of the chroot: postconf -F lmtp/unix/chroot=n
  bounces@example.org lmtp:unix:/run/nixie/lmtp

  # Exim: a transport for the router that nixie deliver --help shows …
  nixie:
    driver = lmtp
    socket = /run/nixie/lmtp
    user = nixie
    rcpt_include_affixes
  # … or by TCP, with a router with driver = manualroute, self = send and
  # route_list = * 127.0.0.1 byname
  nixie:
    driver = smtp
    protocol = lmtp
    port = 2424
    allow_localhost
    rcpt_include_affixes

  # OpenSMTPD: as nixie deliver --help shows, with this action
  action "nixie" lmtp "/run/nixie/lmtp" rcpt-to virtual <bounces>`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if opts.listen == "" {
				return errors.New("no --listen: give unix:PATH or HOST:PORT")
			}
			mode, err := strconv.ParseUint(opts.mode, 8, 9)
			if err != nil {
				return fmt.Errorf("--socket-mode: %q is not like 0660", opts.mode)
			}
			log, err := newLog(opts.log, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			context.AfterFunc(ctx, stop) // a second signal ends the program at once

			d, err := opts.delivery()
			if err != nil {
				return err
			}
			s, err := flags.create(ctx)
			if err != nil {
				return asFailure(err)
			}
			defer s.Close()
			m, err := startMetrics(ctx, opts.metrics, s, &flags.policy, log)
			if err != nil {
				return err
			}
			d.append = func(ctx context.Context, events ...ledger.Event) (int, error) { return recordEvents(ctx, s, m, events) }
			l, err := listen(opts.listen, opts.public, fs.FileMode(mode))
			if err != nil {
				return asFailure(err)
			}
			log.Info("listening", "address", l.Addr().String())
			return asFailure(serveLMTP(ctx, l, d, m, log))
		},
	}
	flags.registerLedger(cmd)
	opts.register(cmd)
	f := cmd.Flags()
	f.StringVar(&opts.listen, "listen", "", "`ADDRESS` to listen on: unix:PATH or HOST:PORT")
	f.StringVar(&opts.mode, "socket-mode", "0660", "`MODE` of the unix socket: whoever may write to it may hand over mail")
	f.BoolVar(&opts.public, "public", false, "listen also where other machines reach it; anybody there can hand over mail")
	registerMetrics(cmd, &opts.metrics)
	f.StringVar(&opts.log, "log", "text", "format of the log on standard error: text or json")
	return cmd
}

// What a client may ask of the server.
const (
	lmtpConnections = 50              // at once, the others wait
	lmtpRecipients  = 100             // of a message
	lmtpMessage     = 1 << 30         // bytes
	lmtpSmall       = 1 << 20         // bytes, up to which a message may be read at any time
	lmtpLarge       = 1               // larger messages at once
	lmtpIdle        = 5 * time.Minute // for a command, or for a message; RFC 5321 section 4.5.3.2
	lmtpAnswer      = time.Minute     // to take a reply
)

// serveLMTP takes in mail until the context ends. Messages that are on their
// way then are taken in, and all else is closed.
func serveLMTP(ctx context.Context, l net.Listener, d delivery, m *metrics.Metrics, log *slog.Logger) error {
	backend := &lmtpBackend{delivery: d, metrics: m, log: log, large: make(chan struct{}, lmtpLarge)}
	server := smtp.NewServer(backend)
	server.LMTP = true
	server.Domain = hostname()
	server.EnableSMTPUTF8 = true
	server.MaxMessageBytes = lmtpMessage
	server.MaxLineLength = mailbox.MaxMessage // mail has longer lines than it should
	server.MaxRecipients = lmtpRecipients
	server.ReadTimeout = lmtpIdle
	server.WriteTimeout = lmtpAnswer
	server.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelError)
	ended := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		log.Info("ending")
		ended <- server.Shutdown(context.WithoutCancel(ctx))
	})
	err := server.Serve(&lmtpListener{netutil.LimitListener(l, lmtpConnections), ctx})
	if stop() {
		return fmt.Errorf("listen: %w", err)
	}
	return <-ended
}

func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return name
}

// lmtpListener wraps what it accepts as lmtpConn.
type lmtpListener struct {
	net.Listener
	ctx context.Context
}

func (l *lmtpListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	conn := &lmtpConn{Conn: c, ctx: l.ctx}
	conn.stop = context.AfterFunc(l.ctx, func() { _ = conn.SetReadDeadline(time.Now()) })
	return conn, nil
}

// lmtpConn is a connection that waits for nothing but the rest of a message
// once the context has ended.
type lmtpConn struct {
	net.Conn
	ctx  context.Context
	stop func() bool

	mutex sync.Mutex
	busy  bool // with a message
}

func (c *lmtpConn) SetReadDeadline(t time.Time) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.ctx.Err() != nil {
		if c.busy {
			return nil
		}
		t = time.Now()
	}
	return c.Conn.SetReadDeadline(t)
}

func (c *lmtpConn) setBusy(busy bool) {
	c.mutex.Lock()
	c.busy = busy
	c.mutex.Unlock()
}

func (c *lmtpConn) Close() error {
	c.stop()
	return c.Conn.Close()
}

type lmtpBackend struct {
	delivery delivery
	metrics  *metrics.Metrics
	log      *slog.Logger
	large    chan struct{} // holds one for each large message that is being read
}

func (b *lmtpBackend) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &lmtpSession{lmtpBackend: b, conn: c.Conn().(*lmtpConn)}, nil
}

// lmtpSession takes in one message after the other.
type lmtpSession struct {
	*lmtpBackend
	conn *lmtpConn
	from string
	to   []string
}

func (s *lmtpSession) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

func (s *lmtpSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

func (s *lmtpSession) Reset()        { s.from, s.to = "", nil }
func (s *lmtpSession) Logout() error { return nil }

// Data takes in a message. What it returns is told for each recipient: nil
// only when the message is on disk, and no other error than one after which
// the server tries again.
func (s *lmtpSession) Data(r io.Reader) error {
	s.conn.setBusy(true)
	defer s.conn.setBusy(false)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.conn.ctx), deliverTime)
	defer cancel()
	log := s.log.With("from", s.from, "to", s.to)
	in := &largeReader{in: r, turns: s.large}
	defer in.done()
	m, recorded, err := s.delivery.take(ctx, s.fields(), &unixLines{bufio.NewReader(in)})
	if err != nil {
		s.metrics.Message(string(deferred))
		log.Error("not recorded, the server keeps it", "error", err)
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "Not recorded, try again later"}
	}
	if m.err != nil {
		log.Error("cannot read", "error", m.err)
	}
	s.metrics.Message(string(m.outcome()))
	s.metrics.Success(time.Now())
	log.Info("taken", "outcome", m.outcome(), "events", len(m.events), "new_events", recorded)
	return nil
}

// fields returns what a server puts before a message when it delivers it: who
// sent it, and the addresses that it came to, which may say whom it is about.
func (s *lmtpSession) fields() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Return-Path: <%s>\n", inField(s.from))
	for _, to := range s.to {
		fmt.Fprintf(&b, "Delivered-To: %s\n", inField(to))
	}
	return b.String()
}

// inField returns s without what ends a line or is no text.
func inField(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
}

// largeReader reads a message. If it is no small one it waits for its turn,
// and has it until it is done, so that memory suffices.
type largeReader struct {
	in    io.Reader
	n     int // bytes that were read
	turns chan struct{}
	has   bool
}

func (l *largeReader) Read(p []byte) (n int, err error) {
	if l.n > lmtpSmall && !l.has {
		l.turns <- struct{}{}
		l.has = true
	}
	n, err = l.in.Read(p)
	l.n += n
	return n, err
}

func (l *largeReader) done() {
	if l.has {
		<-l.turns
	}
}

// unixLines reads what has lines that end in CR LF as lines that end in LF.
type unixLines struct{ in *bufio.Reader }

func (u *unixLines) Read(p []byte) (n int, err error) {
	for ; n < len(p); n++ {
		c, err := u.in.ReadByte()
		if err != nil {
			return n, err
		}
		if c == '\r' {
			if next, err := u.in.Peek(1); err == nil && next[0] == '\n' {
				c, _ = u.in.ReadByte()
			}
		}
		p[n] = c
	}
	return n, nil
}
