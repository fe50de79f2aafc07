package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"nixie/cmd/nixie/internal/render"
	"nixie/dsn/origin"
)

func newVERP() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verp",
		Short: "Make and check signed envelope addresses",
		Long: `Verp makes the address to send mail from, one for each recipient, so that a
bounce tells by the address it comes to for whom the message was. It is signed:
nobody else can make one, and a report that comes to it is surely about mail of
yours to that recipient.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newVERPMint(), newVERPCheck())
	return cmd
}

func newVERPMint() *cobra.Command {
	var key, domain, recipient, campaign string
	var days int
	cmd := &cobra.Command{
		Use:   "mint --key FILE --domain DOMAIN --recipient ADDRESS",
		Short: "Make the envelope address for a recipient",
		Long: `Mint prints the envelope address for mail to a recipient. It signs with the first
key of the file:

  [[verp]]
  id = "a"
  secret = "at least 16 octets that nobody guesses"

A new key goes on top; the old one stays until its addresses have expired.`,
		Example: `  nixie verp mint --key keys.toml --domain example.org --recipient anna@example.net`,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readOrigin(key)
			if err != nil {
				return asFailure(err)
			}
			if days < 1 {
				return fmt.Errorf("--days must be at least 1")
			}
			address, err := c.VERP.Mint(domain, recipient, campaign, c.Now().AddDate(0, 0, days))
			if err != nil {
				return asFailure(plain(err))
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), address)
			return asFailure(err)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&key, "key", "", "the `FILE` of keys")
	flags.StringVar(&domain, "domain", "", "the `DOMAIN` that bounces come to")
	flags.StringVar(&recipient, "recipient", "", "the `ADDRESS` that the mail goes to")
	flags.StringVar(&campaign, "campaign", "", "a short `NAME` that comes back with a bounce")
	flags.IntVar(&days, "days", 30, "how long the address is valid")
	standsFor(cmd, "key", "origin")
	for _, name := range []string{"key", "domain", "recipient"} {
		cobra.CheckErr(cmd.MarkFlagRequired(name))
	}
	return cmd
}

func newVERPCheck() *cobra.Command {
	var key, recipient string
	cmd := &cobra.Command{
		Use:   "check --key FILE ADDRESS",
		Short: "Say what an envelope address stands for",
		Long: `Check prints what an envelope address stands for. The exit status is 1 if it was
not signed with a key of the file or has expired. An address of the usual
unsigned forms is read too, but proves nothing.`,
		Example: `  nixie verp check --key keys.toml bounce-anna=example.net=…@example.org`,
		Args:    cobra.MatchAll(atLeastOne("ADDRESS"), cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := readOrigin(key)
			if err != nil {
				return asFailure(err)
			}
			return checkVERP(cmd.OutOrStdout(), c, args[0], recipient)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&key, "key", "", "the `FILE` of keys")
	flags.StringVar(&recipient, "recipient", "", "demand that it was made for this `ADDRESS`")
	standsFor(cmd, "key", "origin")
	cobra.CheckErr(cmd.MarkFlagRequired("key"))
	return cmd
}

// checkVERP prints what an address stands for; errFailed or another error if
// it is not ours.
func checkVERP(out io.Writer, c *origin.Checker, address, recipient string) error {
	now := c.Now()
	if a, err := c.VERP.Verify(address, now); !errors.Is(err, origin.ErrNoToken) {
		if err == nil && recipient != "" && !a.Is(recipient) {
			err = fmt.Errorf("the address was not made for %s", recipient)
		}
		if err == nil {
			printPairs(out,
				"recipient", a.Recipient, "digest", a.Digest, "campaign", a.Campaign, "domain", a.Domain,
				"key", a.Key, "expires", a.Expires.Add(-time.Second).Format(time.DateOnly))
		}
		return asFailure(plain(err))
	}
	if sender, err := origin.VerifyBATV(c.BATV, address, now); !errors.Is(err, origin.ErrNoToken) {
		if err == nil && recipient != "" {
			err = errors.New("a prvs address is made for no recipient")
		}
		if err == nil {
			printPairs(out, "sender", sender, "form", "prvs, signed")
		}
		return asFailure(plain(err))
	}
	carried, ok := origin.Decode(address)
	if !ok {
		return asFailure(errors.New("the address is of no form that carries another"))
	}
	word := "sender"
	if carried.Form == origin.FormVERP {
		word = "recipient"
	}
	printPairs(out, word, carried.Address, "list", carried.By, "form", string(carried.Form)+", unsigned: anyone can write it")
	return errFailed
}

// printPairs prints names and values that are not empty, a pair on a line.
func printPairs(out io.Writer, pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			fmt.Fprintf(out, "%-10s %s\n", pairs[i], render.Clean(pairs[i+1]))
		}
	}
}

// plain returns an error without the name of its package.
func plain(err error) error {
	if err == nil {
		return nil
	}
	return errors.New(strings.TrimPrefix(err.Error(), "origin: "))
}
