package origin

import (
	"strings"
)

// Form is a form of envelope address that carries another address.
type Form string

// The forms that Decode knows.
const (
	FormVERP Form = "verp" // list-bounces+anna=example.net@lists.example.org, also as Sympa and ezmlm write it
	FormBATV Form = "batv" // prvs=1660a3f2c1=anna@example.org, also as Barracuda and Microsoft write it
	FormSRS  Form = "srs"  // SRS0=HHHH=TT=example.org=anna@forwarder.example.net, also SRS1
)

// Carried is an address that another one carries. It is what the address
// says, checked by nobody: anyone can make one up, so it proves nothing.
type Carried struct {
	Form    Form
	Address string // the recipient (verp) or the sender (batv, srs)
	By      string // the address that remains of verp: that of the list
}

// Decode reads the usual unsigned forms of addresses that carry another, and
// those that are signed with keys of others. It returns false for a plain
// address.
func Decode(address string) (Carried, bool) {
	address = strings.Trim(strings.TrimSpace(address), "<>")
	local, domain, ok := cutLast(address, '@')
	if !ok || local == "" || domain == "" {
		return Carried{}, false
	}
	if sender, ok := decodeBATV(address, local, domain); ok {
		return Carried{Form: FormBATV, Address: sender}, true
	}
	if sender, ok := decodeSRS(local); ok {
		return Carried{Form: FormSRS, Address: sender}, true
	}
	if list, recipient, ok := decodeVERP(local); ok {
		return Carried{Form: FormVERP, Address: recipient, By: list + "@" + domain}, true
	}
	return Carried{}, false
}

// decodeBATV reads prvs=TAG=sender, the older prvs=sender/TAG, Barracuda's
// btv1==TAG==sender and Microsoft's msprvs1=TAG=sender.
func decodeBATV(address, local, domain string) (string, bool) {
	if _, sender, ok := splitBATV(address); ok {
		return sender, true
	}
	scheme, rest, _ := strings.Cut(local, "=")
	switch lower(scheme) {
	case "prvs":
		if sender, tag, ok := strings.Cut(rest, "/"); ok && sender != "" && tag != "" {
			return sender + "@" + domain, true
		}
	case "btv1":
		if tag, sender, ok := strings.Cut(strings.TrimPrefix(rest, "="), "=="); ok && tag != "" && sender != "" {
			return sender + "@" + domain, true
		}
	case "msprvs1":
		if tag, sender, ok := strings.Cut(rest, "="); ok && tag != "" && sender != "" {
			return sender + "@" + domain, true
		}
	}
	return "", false
}

// decodeSRS reads the sender rewriting scheme: SRS0=hash=day=domain=local, and
// SRS1=hash=forwarder==hash=day=domain=local. The character behind SRS0 and
// SRS1 may be "+" or "-" too.
func decodeSRS(local string) (string, bool) {
	if len(local) < 5 || !strings.ContainsRune("=+-", rune(local[4])) {
		return "", false
	}
	rest := local[5:]
	switch lower(local[:4]) {
	case "srs0":
	case "srs1":
		f := strings.SplitN(rest, "=", 3)
		if len(f) < 3 || len(f[2]) < 2 {
			return "", false
		}
		rest = f[2][1:] // behind the separator of the inner address
	default:
		return "", false
	}
	f := strings.SplitN(rest, "=", 4) // hash, day, domain, local part
	if len(f) < 4 || f[0] == "" || len(f[1]) != 2 || f[2] == "" || f[3] == "" {
		return "", false
	}
	return f[3] + "@" + f[2], true
}

// decodeVERP reads a list's address with the recipient in it.
func decodeVERP(local string) (list, recipient string, ok bool) {
	// Sympa: bounce+anna==a==example.net==list
	if i := strings.Index(local, "==a=="); i > 0 {
		if host, list, ok := strings.Cut(local[i+5:], "=="); ok && host != "" {
			if _, user, ok := strings.Cut(local[:i], "+"); ok && user != "" {
				return list, user + "@" + host, true
			}
		}
	}
	user, host, ok := cutLast(local, '=')
	if !ok || !isHost(host) {
		return "", "", false
	}
	if list, user, ok := strings.Cut(user, "+"); ok && list != "" && user != "" {
		return list, user + "@" + host, true
	}
	// ezmlm: list-return-17-anna=example.net; others: bounces-anna=example.net
	low := lower(user)
	for _, word := range []string{"return-", "bounces-", "bounce-", "errors-"} {
		i := strings.Index(low, word)
		if i < 0 || i > 0 && low[i-1] != '-' {
			continue
		}
		list, rest := user[:i+len(word)-1], user[i+len(word):]
		if number, after, ok := strings.Cut(rest, "-"); ok && word == "return-" && strings.Trim(number, "0123456789") == "" {
			rest = after
		}
		if rest != "" {
			return list, rest + "@" + host, true
		}
	}
	return "", "", false
}

// isHost reports whether s looks like a host name with a dot in it.
func isHost(s string) bool {
	if !strings.Contains(s, ".") || strings.Contains(s, "..") || s[0] == '.' || s[len(s)-1] == '.' {
		return false
	}
	return strings.IndexFunc(lower(s), func(r rune) bool {
		return r != '.' && r != '-' && (r > 0x7f || !isAlphanumeric(byte(r)))
	}) < 0
}
