package origin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-msgauth/dkim"
	"golang.org/x/net/publicsuffix"

	"nixie/dsn"
)

// maxReportSignatures is how many signatures of the report itself are checked.
// Each may cost a look-up in a domain that a stranger chose.
const maxReportSignatures = 3

// authenticated checks whether the report comes from whom it says: by its own
// signatures, and by what our own servers noted of it.
func (c *Checker) authenticated(ctx context.Context, m *Message) []Check {
	trusted := c.believed(m.Report)
	if c.LookupTXT == nil && len(c.Records) == 0 && len(trusted) == 0 {
		return []Check{{Proof: Authenticated, Outcome: Absent, Detail: "no look-up for the report's own signature, and no Authentication-Results of ours"}}
	}
	from, err := systemFrom(m.Report)
	if err != nil {
		return []Check{{Proof: Authenticated, Outcome: Fail, Detail: err.Error()}}
	}
	checks := c.reportSignatures(ctx, m, from)
	for _, f := range trusted {
		checks = append(checks, noted(m.Report, f, from)...)
	}
	if len(checks) == 0 {
		return []Check{{Proof: Authenticated, Outcome: Absent, Detail: "the report bears no signature, and our servers noted nothing of it"}}
	}
	return checks
}

// systemFrom returns the author of the report. It must be a mail system, for
// providers sign what their users write as well; or the only recipient named,
// who answers for himself.
func systemFrom(r *dsn.Report) (string, error) {
	var from []string
	fields := 0
	for f := range r.Header.All("From") {
		fields++
		from = addresses(f.Value)
	}
	if fields != 1 || len(from) != 1 {
		return "", errors.New("the From field does not name one author")
	}
	if isSystem(from[0]) {
		return from[0], nil
	}
	if named := recipients(r); len(named) == 1 && sameAddress(named[0], from[0]) {
		return from[0], nil
	}
	return "", errors.New("the From field is not that of a mail system")
}

// isSystem reports whether an address is one that no provider gives to a user:
// RFC 2142, and what servers send reports from.
func isSystem(address string) bool {
	local, _, _ := cutLast(lower(address), '@')
	switch local {
	case "mailer-daemon", "postmaster", "mail-daemon", "mdaemon", "mailerdaemon", "mail-delivery-subsystem", "abuse":
		return true
	}
	return false
}

// reportSignatures checks the report's own DKIM signatures.
func (c *Checker) reportSignatures(ctx context.Context, m *Message, from string) []Check {
	raw := messageStart(m.Raw)
	var sigs []signature
	header := splitHeader(raw)
	for _, f := range header {
		if f.name == "dkim-signature" && len(sigs) < maxReportSignatures {
			s, _ := parseSignature(f)
			sigs = append(sigs, s)
		}
	}
	if len(sigs) == 0 {
		return nil
	}
	if err := modest(header); err != nil {
		return []Check{{Proof: Authenticated, Outcome: Fail, Detail: err.Error()}}
	}
	all, err := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{
		MaxVerifications: maxReportSignatures,
		LookupTXT: func(name string) ([]string, error) {
			_, domain, _ := strings.Cut(normalDomain(name), "._domainkey.")
			if aligned, err := alignment(m.Report, from, domain); aligned == "" {
				return nil, err
			}
			return c.lookupForVerify(ctx, name)
		},
	})
	if err != nil && !errors.Is(err, dkim.ErrTooManySignatures) {
		return []Check{{Proof: Authenticated, Outcome: Fail, Detail: err.Error()}}
	}
	var checks []Check
	for i, v := range all {
		if i >= len(sigs) || normalDomain(v.Domain) != sigs[i].domain {
			continue
		}
		check := Check{Proof: Authenticated, Outcome: Fail, Domain: sigs[i].domain, Selector: sigs[i].selector}
		for _, key := range v.HeaderKeys {
			check.Fields = append(check.Fields, lower(key))
		}
		var err error
		switch check.Aligned, err = alignment(m.Report, from, check.Domain); {
		case err != nil:
			check.Detail = err.Error()
		case v.Err != nil:
			check.Detail = strings.TrimPrefix(v.Err.Error(), "dkim: ")
			if dkim.IsTempFail(v.Err) {
				check.Outcome = TempError
			}
		default:
			check.Outcome = Pass
			check.Detail = fmt.Sprintf("the report is signed by %s, %s", check.Domain, alignedWith(check.Aligned))
			check.About = recipients(m.Report)
		}
		checks = append(checks, check)
	}
	return checks
}

func alignedWith(aligned string) string {
	if aligned == "recipient" {
		return "the recipient's domain"
	}
	return "the domain of its Reporting-MTA"
}

// alignment says with what an authenticated domain is aligned: "recipient"
// with that of every recipient named, else "reporting-mta"; or why with
// neither. The author must be of that domain too.
func alignment(r *dsn.Report, from, domain string) (string, error) {
	if domain == "" || !sameOrganization(domainOf(from), domain) {
		return "", fmt.Errorf("%s is not the domain of From", domain)
	}
	named := recipients(r)
	stranger := func(a string) bool { return !sameOrganization(domainOf(a), domain) }
	switch {
	case len(named) > 0 && !slices.ContainsFunc(named, stranger):
		return "recipient", nil
	case sameOrganization(normalDomain(r.ReportingMTA.Value), domain):
		return "reporting-mta", nil
	}
	return "", fmt.Errorf("%s is neither the domain of every recipient nor that of the Reporting-MTA", domain)
}

// sameOrganization reports whether two domains belong to one registered
// domain, as in relaxed alignment, RFC 7489 section 3.1.
func sameOrganization(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	return a == b || organization(a) != "" && organization(a) == organization(b)
}

// organization returns the registered domain that d is in, "" if it is in none.
func organization(d string) string {
	o, err := publicsuffix.EffectiveTLDPlusOne(d)
	if err != nil {
		return ""
	}
	return o
}
