package origin

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/emersion/go-msgauth/authres"

	"nixie/dsn"
)

// believed returns the Authentication-Results fields that our own servers
// wrote: of our authserv-ids, and above every Received field that is not ours.
// Fields are added at the top, so what stands below the Received of the host
// that took the report in may be the sender's own.
func (c *Checker) believed(r *dsn.Report) []dsn.Field {
	if len(c.AuthservIDs) == 0 {
		return nil
	}
	var all []dsn.Field
	for _, f := range r.Header {
		switch {
		case f.Is("Received") && !c.isInternal(f.Text()):
			return all
		case f.Is("Authentication-Results"):
			id, _, _ := strings.Cut(f.Text(), ";")
			words := strings.Fields(id)
			if len(words) > 0 && slices.ContainsFunc(c.AuthservIDs, func(own string) bool { return normalDomain(own) == normalDomain(words[0]) }) {
				all = append(all, f)
			}
		}
	}
	return all
}

// isInternal reports whether a Received field tells of a hop between two hosts
// of ours, RFC 5321 section 4.4: "by" one, and "from" nothing but addresses of
// ours. The name behind "from" is what the other side called itself.
func (c *Checker) isInternal(received string) bool {
	from, by, ok := strings.Cut(" "+received, " by ")
	host, _, _ := strings.Cut(by, " ")
	if !ok || !c.isOwnHost(host) {
		return false
	}
	if strings.TrimSpace(from) == "" {
		return true // made on that host
	}
	found := false
	for {
		_, rest, ok := strings.Cut(from, "[")
		if !ok {
			return found
		}
		text, rest, ok := strings.Cut(rest, "]")
		ip, err := netip.ParseAddr(strings.TrimPrefix(lower(text), "ipv6:"))
		if !ok || err != nil || !c.isOwnAddress(ip) {
			return false
		}
		found, from = true, rest
	}
}

func (c *Checker) isOwnAddress(ip netip.Addr) bool {
	ip = ip.Unmap()
	return ip.IsLoopback() || slices.ContainsFunc(c.Networks, func(p netip.Prefix) bool { return p.Contains(ip) })
}

func (c *Checker) isOwnHost(host string) bool {
	host = normalDomain(host)
	return host != "" && slices.ContainsFunc(c.Hosts, func(own string) bool {
		own = normalDomain(own)
		return host == own || strings.HasSuffix(host, "."+own)
	})
}

// noted judges one field of ours: SPF and DKIM that passed for a domain that
// is aligned.
func noted(r *dsn.Report, f dsn.Field, from string) []Check {
	check := Check{Proof: Authenticated, Outcome: Fail, At: dsn.Place{Line: f.Line}}
	value, err := plainResults(f.Text())
	if err != nil {
		check.Detail = err.Error()
		return []Check{check}
	}
	_, results, err := authres.Parse(value)
	if err != nil {
		check.Detail = "Authentication-Results does not parse"
		return []Check{check}
	}
	var checks []Check
	for _, result := range results {
		check := check
		method := ""
		var outcome authres.ResultValue
		switch result := result.(type) {
		case *authres.SPFResult:
			method, outcome = "SPF", result.Value
			check.Domain = normalDomain(result.Helo)
			if mailFrom := result.From; mailFrom != "" && mailFrom != "<>" {
				check.Domain = domainOf("@" + mailFrom[strings.LastIndexByte(mailFrom, '@')+1:])
				if strings.Contains(mailFrom, "@") && !isSystem(mailFrom) && !sameAddress(mailFrom, from) {
					check.Detail = "SPF holds for a user's address"
					checks = append(checks, check)
					continue
				}
			}
		case *authres.DKIMResult:
			method, outcome = "DKIM", result.Value
			check.Domain = normalDomain(result.Domain)
			if check.Domain == "" {
				check.Domain = domainOf(result.Identifier)
			}
		default:
			continue
		}
		switch {
		case outcome == authres.ResultTempError:
			check.Outcome, check.Detail = TempError, method+" could not be checked when the report came"
		case outcome != authres.ResultPass:
			check.Detail = fmt.Sprintf("%s did not pass: %s", method, outcome)
		default:
			if check.Aligned, err = alignment(r, from, check.Domain); err != nil {
				check.Detail = err.Error()
				break
			}
			check.Outcome, check.About = Pass, recipients(r)
			check.Detail = fmt.Sprintf("our server found that %s passed for %s, %s", method, check.Domain, alignedWith(check.Aligned))
		}
		checks = append(checks, check)
	}
	return checks
}

// plainResults returns the value of an Authentication-Results field without
// its comments, RFC 5322 section 3.2.2. It refuses quoted strings that hold
// what parts results or properties: our server may quote an address there that
// a stranger chose, and package authres does not know quotes.
func plainResults(s string) (string, error) {
	var b strings.Builder
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && (quoted || depth > 0):
			i++
			if quoted {
				return "", errors.New("Authentication-Results quotes a stranger's words")
			}
		case quoted:
			if c == '"' {
				quoted = false
			} else if strings.IndexByte("; \t=()", c) >= 0 {
				return "", errors.New("Authentication-Results quotes a stranger's words")
			} else {
				b.WriteByte(c)
			}
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth < 0 {
				return "", errors.New("Authentication-Results does not parse")
			}
			b.WriteByte(' ')
		case depth > 0:
		case c == '"':
			quoted = true
		default:
			b.WriteByte(c)
		}
	}
	if quoted || depth > 0 {
		return "", errors.New("Authentication-Results does not parse")
	}
	return b.String(), nil
}
