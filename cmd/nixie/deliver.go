package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"nixie/classify/ledger"
	"nixie/cmd/nixie/internal/mailbox"
	"nixie/cmd/nixie/internal/source"
)

// deliverTime is how long a delivery may take. Mail servers wait longer.
const deliverTime = 5 * time.Minute

func newDeliver() *cobra.Command {
	var flags ledgerFlags
	var opts deliveryFlags
	cmd := &cobra.Command{
		Use:   "deliver",
		Short: "Record one message that a mail server hands over",
		Long: `Deliver reads one message from standard input and records in the ledger what it
reports. It is called by a mail server for each message to the bounce address.

Mail that is no report, and a report that little or nothing could be made of, is
put into the Maildir of --rest.

The exit status is 0 when all of it is on disk, and 75 (EX_TEMPFAIL) after any
trouble, wrong usage too: the server keeps the mail and tries again later. There
is no other, so that nobody gets a bounce for a bounce.

Only where memory is so limited that it cannot start (ulimit -v, vsz_limit of
Dovecot) it cannot say so: a script makes any status 75 then. The examples call
this one, /usr/local/bin/nixie-deliver:

  #!/bin/sh
  nixie deliver --ledger sqlite:/var/lib/nixie/ledger.db --rest /var/lib/nixie/rest || exit 75`,
		Example: `  # Postfix, a service of its own in master.cf …
  nixie unix - n n - - pipe
    flags=DRO user=nixie argv=/usr/local/bin/nixie-deliver
  # … to which transport_maps lead, "bounces@example.org nixie:", and in main.cf
  recipient_delimiter = +
  nixie_destination_recipient_limit = 1

  # Postfix, a line in /etc/aliases; who is default_privs must be able to write
  bounces: "|/usr/local/bin/nixie-deliver"

  # Exim, a router and its transport
  bounces:
    driver = accept
    domains = example.org
    local_parts = bounces
    local_part_suffix = +*
    local_part_suffix_optional
    transport = nixie
  nixie:
    driver = pipe
    command = /usr/local/bin/nixie-deliver
    user = nixie
    return_path_add
    envelope_to_add

  # OpenSMTPD
  table bounces { "@" = "nixie" }
  action "nixie" mda "/usr/local/bin/nixie-deliver" virtual <bounces>
  match from any for rcpt-to { "bounces@example.org" } action "nixie"

  # procmail; the second rule hands the failure on to the server
  :0 w
  | /usr/local/bin/nixie-deliver
  :0 e
  {
    EXITCODE=75
    HOST
  }

  # Sieve of Dovecot, with nixie-deliver in sieve_pipe_bin_dir and vsz_limit = 0 for
  # the service lmtp; a failure leaves the mail in the inbox
  require ["vnd.dovecot.pipe", "envelope", "subaddress"];
  if envelope :user "to" "bounces" { pipe "nixie-deliver"; }`,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := noArguments(cmd, args); err != nil {
				return tempFailure{err}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			defer func() {
				if err != nil {
					err = tempFailure{err}
				}
			}()
			go exitOnSignal()
			ctx, cancel := context.WithTimeout(cmd.Context(), deliverTime)
			defer cancel()
			d, err := opts.delivery()
			if err != nil {
				return err
			}
			d.append = func(ctx context.Context, events ...ledger.Event) (int, error) {
				s, err := flags.create(ctx)
				if err != nil {
					return 0, err
				}
				defer s.Close()
				return s.Append(ctx, events...)
			}
			in := bufio.NewReader(cmd.InOrStdin())
			if _, err := in.Peek(1); err == io.EOF {
				return errors.New("there is no message on standard input")
			}
			_, _, err = d.take(ctx, "", in)
			return err
		},
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return tempFailure{err} })
	flags.registerPlace(cmd)
	opts.register(cmd)
	return cmd
}

// restDir returns the Maildir for what could not be recorded: that which is
// asked for, else the one in the state directory.
func restDir(asked string) (string, error) {
	if asked != "" {
		return asked, nil
	}
	state, err := stateDir()
	return filepath.Join(state, "rest"), err
}

// exitOnSignal ends the program at once when it is told to: what is not on
// disk by then is the server's to deliver again.
func exitOnSignal() {
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	<-c
	os.Exit(exitTemp)
}

// deliveryFlags are those of the commands that a mail server hands mail to.
type deliveryFlags struct{ rest, rules, origin, mailbox string }

func (f *deliveryFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.rest, "rest", "", "the `MAILDIR` for what could not be recorded (default: rest in ~/.local/state/nixie)")
	flags.StringVar(&f.rules, "rules", "", "`FILE` of your own rules, to try first")
	flags.StringVar(&f.origin, "origin", "", "`FILE` of your keys: what proves that a report is about your mail")
	flags.StringVar(&f.mailbox, "mailbox", cmd.Name(), "`NAME` of the mailbox in the ledger")
}

// delivery returns what the flags ask for, without a ledger.
func (f *deliveryFlags) delivery() (d delivery, err error) {
	d.mailbox = f.mailbox
	if d.rest, err = restDir(f.rest); err != nil {
		return d, err
	}
	d.judge, err = newJudge(f.rules, f.origin)
	return d, err
}

// delivery takes in messages that a mail server hands over.
type delivery struct {
	judge   judge
	mailbox string                                              // its name in the ledger
	rest    string                                              // the Maildir for what could not be recorded
	append  func(context.Context, ...ledger.Event) (int, error) // to the ledger
}

// take records a message with the given fields before it, or puts it into the
// Maildir rest, or both. It returns what was made of it, and how many events
// were new.
func (d *delivery) take(ctx context.Context, fields string, in io.Reader) (m mail, recorded int, err error) {
	data, err := io.ReadAll(io.LimitReader(in, mailbox.MaxMessage))
	if err != nil {
		return m, 0, fmt.Errorf("read the message: %w", err)
	}
	whole := len(data) < mailbox.MaxMessage
	data = withoutFrom(data)
	if fields != "" {
		data = append([]byte(fields), data...)
	}
	m.Data = data
	// A message that we fail at would fail again, so it is not the server's to keep.
	m.err = d.judge.read(&m, d.mailbox)
	if len(m.events) > 0 {
		if recorded, err = d.append(ctx, m.events...); err != nil {
			return m, recorded, err
		}
	}
	if m.clear = m.clear && whole; !m.clear {
		err = source.Deliver(d.rest, io.MultiReader(bytes.NewReader(data), in))
	}
	return m, recorded, err
}

// withoutFrom returns a message without the From_ line that procmail and
// others put before it.
func withoutFrom(data []byte) []byte {
	if bytes.HasPrefix(data, []byte("From ")) {
		if i := bytes.IndexByte(data, '\n'); i >= 0 {
			return data[i+1:]
		}
	}
	return data
}
