package origin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"nixie/dsn"
)

// maxAddresses is how many addresses of a report are looked at for a token.
const maxAddresses = 16

// placed is an address and where it stands.
type placed struct {
	address string
	at      dsn.Place
}

// tokens checks the addresses to which the report came.
func (c *Checker) tokens(_ context.Context, m *Message) []Check {
	if len(c.VERP.Keys) == 0 && len(c.BATV) == 0 {
		return []Check{{Proof: Token, Outcome: Absent, Detail: "no key for tokens"}}
	}
	var checks []Check
	for _, to := range envelope(m) {
		check, err := c.token(m.Report, to.address)
		if errors.Is(err, ErrNoToken) {
			continue
		}
		check.At = to.at
		if check.Outcome = Pass; err != nil {
			check.Outcome, check.Detail = Fail, strings.TrimPrefix(err.Error(), "origin: ")
		}
		checks = append(checks, check)
	}
	if len(checks) == 0 {
		return []Check{{Proof: Token, Outcome: Absent, Detail: "the report came to an address without a token"}}
	}
	return checks
}

// token checks one address. The error is ErrNoToken if it bears no token.
func (c *Checker) token(r *dsn.Report, address string) (Check, error) {
	check := Check{Proof: Token}
	address = unwrap(address)
	now := c.now()
	if a, err := c.VERP.Verify(address, now); !errors.Is(err, ErrNoToken) {
		check.Domain, check.Selector = a.Domain, a.Key
		if a.Recipient != "" {
			check.About = []string{a.Recipient}
		}
		switch {
		case err != nil:
			return check, err
		case now.IsZero():
			return check, errors.New("the token expires, and there is no clock")
		}
		for _, named := range recipients(r) {
			if !a.Is(named) {
				return check, fmt.Errorf("the token is of another recipient than %s", named)
			}
			check.About = []string{named}
		}
		check.Detail = "the report came to an address that we signed for this recipient"
		return check, nil
	}
	sender, err := VerifyBATV(c.BATV, address, now)
	if errors.Is(err, ErrNoToken) {
		return check, err
	}
	check.Domain, check.Selector = domainOf(sender), address[len("prvs="):][:1]
	if err == nil && now.IsZero() {
		err = errors.New("the tag expires, and there is no clock")
	}
	check.Detail = "the report came to a prvs address that we signed; it speaks of no recipient"
	return check, err
}

// unwrap takes off what a gateway put around our address.
func unwrap(address string) string {
	address = strings.Trim(strings.TrimSpace(address), "<>")
	if local, _, _ := cutLast(address, '@'); len(local) > 4 {
		if inner, ok := decodeSRS(local); ok {
			return inner
		}
	}
	return address
}

// envelope returns the addresses to which the report came, each once.
func envelope(m *Message) []placed {
	var all []placed
	add := func(address string, at dsn.Place) {
		address = strings.Trim(strings.TrimSpace(address), "<>")
		known := slices.ContainsFunc(all, func(p placed) bool { return p.address == address })
		if len(all) < maxAddresses && strings.Contains(address, "@") && !known {
			all = append(all, placed{address, at})
		}
	}
	if len(m.To) > 0 {
		for _, to := range m.To {
			add(to, dsn.Place{})
		}
		return all
	}
	for _, f := range m.Report.Header {
		at := dsn.Place{Line: f.Line}
		switch lower(f.Name) {
		case "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to", "x-rcpt-to":
			add(f.Text(), at)
		case "received":
			_, rest, _ := strings.Cut(f.Text(), " for ")
			address, _, _ := strings.Cut(rest, ";")
			if fields := strings.Fields(address); len(fields) > 0 {
				add(fields[0], at)
			}
		case "to":
			for _, a := range addresses(f.Value) {
				add(a, at)
			}
		}
	}
	return all
}
