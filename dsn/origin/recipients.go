package origin

import (
	"strings"

	"github.com/emersion/go-message/mail"
	"golang.org/x/net/idna"

	"nixie/dsn"
)

// recipients returns the addresses that the report names, each once.
func recipients(r *dsn.Report) []string {
	var all []string
	seen := make(map[string]bool)
	for i := range r.Recipients {
		if a := r.Recipients[i].Address(); a != "" && !seen[a] {
			seen[a] = true
			all = append(all, a)
		}
	}
	return all
}

// uncovered returns a recipient of the report that is none of about; "" if
// all are, or the report names nobody.
func uncovered(r *dsn.Report, about []string) string {
	covered := make(map[string]bool)
	for _, a := range about {
		covered[normalAddress(a)] = true
	}
	for _, named := range recipients(r) {
		if !covered[normalAddress(named)] {
			return named
		}
	}
	return ""
}

// sameAddress reports whether two addresses are one mailbox. The case of the
// local part is ignored, as everybody does.
func sameAddress(a, b string) bool {
	return a != "" && (a == b || normalAddress(a) == normalAddress(b))
}

func normalAddress(a string) string {
	a = strings.ToLower(strings.Trim(strings.TrimSpace(a), "<>"))
	if at := strings.LastIndexByte(a, '@'); at >= 0 {
		return a[:at+1] + normalDomain(a[at+1:])
	}
	return a
}

// normalDomain returns the domain in lower case, as A-labels, without a dot
// at its end.
func normalDomain(d string) string {
	d = strings.TrimSuffix(strings.ToLower(d), ".")
	if strings.Contains(d, "xn--") || !isASCII(d) {
		if a, err := idna.ToASCII(d); err == nil {
			return a
		}
	}
	return d
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}

// domainOf returns the domain of an address, "" if it has none.
func domainOf(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return ""
	}
	return normalDomain(strings.TrimSuffix(address[at+1:], ">"))
}

// addresses returns the addresses of an address list as our own software
// wrote it. A list that does not parse has none: a guess could take a display
// name for an address, and subscribers choose theirs.
func addresses(list string) []string {
	parsed, err := mail.ParseAddressList(strings.Trim(unfolded.Replace(list), " \t"))
	if err != nil {
		return nil
	}
	all := make([]string, len(parsed))
	for i, a := range parsed {
		all[i] = a.Address
	}
	return all
}

// unfolded takes the line ends out of a folded value, RFC 5322 section 2.2.3.
var unfolded = strings.NewReplacer("\r\n", "", "\n", "")
