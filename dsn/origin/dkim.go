package origin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	"nixie/dsn"
)

// maxSignatures is how many signatures of a message are looked at.
const maxSignatures = 8

// signatures checks the returned original: each signature of our domains over
// the header, and over the body too where it came back.
func (c *Checker) signatures(ctx context.Context, m *Message) []Check {
	original := m.Report.Original
	if original == nil {
		return []Check{{Proof: DKIM, Outcome: Absent, Detail: "no original came back"}}
	}
	raw := messageStart(original.Raw)
	header := splitHeader(raw)
	err := modest(header)
	if err == nil {
		err = soleOriginal(m)
	}
	if err != nil {
		return []Check{{Proof: DKIM, Outcome: Fail, Detail: err.Error(), At: original.At}}
	}

	var checks []Check
	n := 0
	for _, f := range header {
		if f.name != "dkim-signature" {
			continue
		}
		if n++; n > maxSignatures {
			break
		}
		s, err := parseSignature(f)
		if !slices.ContainsFunc(c.Domains, func(d string) bool { return normalDomain(d) == s.domain }) {
			continue
		}
		check := Check{Proof: DKIMHeader, Domain: s.domain, Selector: s.selector, At: original.At}
		picked := s.pick(header)
		for i := range picked {
			check.Fields = append(check.Fields, picked[i].name)
		}
		if err == nil {
			err = c.verifyHeader(ctx, &s, picked)
		}
		if err != nil {
			check.Outcome, check.Detail = failed(err), err.Error()
			checks = append(checks, check)
			continue
		}
		checks = append(checks, c.graded(ctx, m, check, &s, picked, raw, n))
	}
	if len(checks) == 0 {
		detail := "the original bears no signature"
		if n > 0 {
			detail = "the original bears no signature of our domains"
		}
		return []Check{{Proof: DKIM, Outcome: Absent, Detail: detail, At: original.At}}
	}
	return checks
}

// verifyHeader checks one signature over the header, its age and its key.
func (c *Checker) verifyHeader(ctx context.Context, s *signature, picked []rawField) error {
	now := c.now()
	switch {
	case s.expires.IsZero():
	case now.IsZero():
		return errors.New("the signature expires, and there is no clock")
	case now.After(s.expires):
		return fmt.Errorf("the signature expired on %s", s.expires.UTC().Format(time.DateOnly))
	}
	record, err := c.lookup(ctx, s.selector+"._domainkey."+s.domain)
	if err != nil {
		return fmt.Errorf("the key: %w", err)
	}
	k, err := parseKey(record)
	if err != nil {
		return err
	}
	if err := s.verify(picked, k); err != nil {
		return err
	}
	if c.MaxAge <= 0 {
		return nil
	}
	switch signed := s.signedTime(picked); {
	case now.IsZero():
		return errors.New("the age counts, and there is no clock")
	case signed.IsZero():
		return errors.New("the signature does not tell its age")
	case now.Sub(signed) > c.MaxAge:
		return fmt.Errorf("the original is too old: signed on %s", signed.UTC().Format(time.DateOnly))
	}
	return nil
}

// signedTime returns when the message was signed or, if the signature does not
// say so, its signed Date.
func (s *signature) signedTime(picked []rawField) time.Time {
	if !s.time.IsZero() {
		return s.time
	}
	for _, f := range picked {
		if f.name == "date" {
			return dsn.Fields{{Name: "Date", Value: f.value()}}.Date("Date")
		}
	}
	return time.Time{}
}

// graded says what a signature proves that fits the header. It is the n-th of
// the message.
func (c *Checker) graded(ctx context.Context, m *Message, check Check, s *signature, picked []rawField, raw []byte, n int) Check {
	var signed []string
	for _, f := range picked {
		if f.name == "to" || f.name == "cc" {
			signed = append(signed, addresses(f.value())...)
		}
	}
	if !slices.ContainsFunc(signed, c.isList) {
		check.About = signed
		if len(signed) == 0 {
			check.Outcome, check.Detail = Fail, "the signature covers no To or Cc that names somebody"
			return check
		}
		if other := uncovered(m.Report, signed); other != "" {
			check.Outcome, check.Detail = Fail, fmt.Sprintf("the signed To and Cc do not name %s", other)
			return check
		}
	}
	check.Outcome = Pass
	switch err := c.verifyWhole(ctx, s, raw, n); {
	case err == nil:
		check.Proof, check.Detail = DKIM, "the original came back as we signed it"
	case s.partial:
		check.Detail = "the header came back as we signed it; the body was signed in part"
	case !m.Report.Original.Whole:
		check.Detail = "the header came back as we signed it; the body did not come back"
	default:
		check.Detail = "the header came back as we signed it; the body was cut or changed"
	}
	return check
}

func (c *Checker) isList(address string) bool {
	return slices.ContainsFunc(c.Lists, func(l string) bool { return sameAddress(l, address) })
}

// verifyWhole checks the n-th signature of the message, body included.
func (c *Checker) verifyWhole(ctx context.Context, s *signature, raw []byte, n int) error {
	all, err := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{
		MaxVerifications: maxSignatures,
		LookupTXT: func(name string) ([]string, error) {
			if !strings.HasSuffix(normalDomain(name), "._domainkey."+s.domain) {
				return nil, errors.New("not the signature to check")
			}
			return c.lookupForVerify(ctx, name)
		},
	})
	switch {
	case err != nil && !errors.Is(err, dkim.ErrTooManySignatures):
		return err
	case n > len(all):
		return errors.New("no such signature")
	case normalDomain(all[n-1].Domain) != s.domain:
		return errors.New("not the signature to check")
	}
	return all[n-1].Err
}

// lookupForVerify is lookup as go-msgauth wants it, which tells errors that
// may pass by a method.
func (c *Checker) lookupForVerify(ctx context.Context, name string) ([]string, error) {
	record, err := c.lookup(ctx, name)
	if err != nil {
		if failed(err) == TempError {
			err = passing{err}
		}
		return nil, err
	}
	return []string{record}, nil
}

// passing is an error that may pass, in the form of net.Error.
type passing struct{ error }

func (passing) Timeout() bool   { return true }
func (passing) Temporary() bool { return true }
