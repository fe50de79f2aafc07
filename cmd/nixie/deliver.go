package main

import (
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

	"nixie/cmd/nixie/internal/mailbox"
	"nixie/cmd/nixie/internal/source"
)

// deliverTime is how long a delivery may take. Mail servers wait longer.
const deliverTime = 5 * time.Minute

func newDeliver() *cobra.Command {
	var flags ledgerFlags
	var opts struct{ rest, rules, origin, mailbox string }
	cmd := &cobra.Command{
		Use:   "deliver",
		Short: "Record one message that a mail server hands over",
		Long: `Deliver reads one message from standard input and records in the ledger what it
reports. It is called by a mail server for each message to the bounce address.

Mail that is no report, and a report that little or nothing could be made of, is
put into the Maildir of --rest.

The exit status is 0 when all of it is on disk, and 75 (EX_TEMPFAIL) after any
trouble, wrong usage too: the server keeps the mail and tries again later. There
is no other, so that nobody gets a bounce for a bounce.`,
		Example: `  # Postfix, /etc/aliases:      bounces: "|/usr/local/bin/nixie deliver --ledger sqlite:/var/lib/nixie/ledger.db --rest /var/lib/nixie/rest"
  # Exim, a pipe transport:     command = /usr/local/bin/nixie deliver --ledger sqlite:/var/lib/nixie/ledger.db --rest /var/lib/nixie/rest
  # procmail:                   :0 w
                                | /usr/local/bin/nixie deliver`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return tempFailure{fmt.Errorf("deliver takes no arguments, found %q", args[0])}
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
			rest, err := restDir(opts.rest)
			if err != nil {
				return err
			}
			judge, err := newJudge(opts.rules, opts.origin)
			if err != nil {
				return err
			}
			return deliver(ctx, cmd.InOrStdin(), &flags, judge, opts.mailbox, rest)
		},
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return tempFailure{err} })
	f := cmd.Flags()
	f.StringVar(&flags.ledger, "ledger", "", "the `LEDGER`: sqlite:PATH or postgres://HOST/DATABASE (default: ledger.db in ~/.local/state/nixie)")
	f.StringVar(&opts.rest, "rest", "", "the `MAILDIR` for what could not be recorded (default: rest in ~/.local/state/nixie)")
	f.StringVar(&opts.rules, "rules", "", "`FILE` of your own rules, to try first")
	f.StringVar(&opts.origin, "origin", "", "`FILE` of your keys: what proves that a report is about your mail")
	f.StringVar(&opts.mailbox, "mailbox", "deliver", "`NAME` of the mailbox in the ledger")
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

// deliver records a message, or puts it into the Maildir rest, or both.
func deliver(ctx context.Context, in io.Reader, flags *ledgerFlags, judge judge, mailboxName, rest string) error {
	data, err := io.ReadAll(io.LimitReader(in, mailbox.MaxMessage))
	if err != nil {
		return fmt.Errorf("read the message: %w", err)
	}
	if len(data) == 0 {
		return errors.New("there is no message on standard input")
	}
	m := mail{Message: source.Message{Data: withoutFrom(data)}}
	// A message that we fail at would fail again, so it is not the server's to keep.
	failed := judge.read(&m, mailboxName)
	if len(m.events) > 0 {
		s, err := flags.create(ctx)
		if err != nil {
			return err
		}
		defer s.Close()
		if _, err := s.Append(ctx, m.events...); err != nil {
			return err
		}
	}
	if failed == nil && m.clear && len(data) < mailbox.MaxMessage {
		return nil
	}
	return source.Deliver(rest, io.MultiReader(bytes.NewReader(withoutFrom(data)), in))
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
