package dsn

import "strings"

// whom says who bounced where the report does not: it comes back to an
// address made for one recipient, or brings the original back, which was sent
// to one. It says too who a recipient was before forwarding.
func (p *parser) whom() {
	if p.Kind != DeliveryStatus || len(p.Recipients) != 1 || p.Recipients[0].Original.Value != "" {
		return
	}
	r := &p.Recipients[0]
	nameless := r.Final.Value == ""
	address, at := verpRecipient(p.Header)
	switch {
	case address != "" && !endsWithAddress(address, r.Final.Value):
		r.Original = Typed{Value: address}
	case nameless && p.Original != nil && !isDaemon(p.Original.Header.Decoded("From")):
		address, at = p.Original.addressee()
		r.Final = Typed{Value: address}
	}
	if nameless && address == "" {
		address, at = p.subjectRecipient()
		r.Final = Typed{Value: address}
	}
	if nameless && address != "" {
		r.At = at
	}
}

// subjectRecipient returns the one address that the Subject of a report names,
// as in "Undeliverable: bob@example.org unknown user", and its place; that of who
// sends or gets the report is none.
func (p *parser) subjectRecipient() (string, Place) {
	f, ok := p.Header.Find("Subject")
	if !ok || strings.IndexByte(f.Value, '@') < 0 {
		return "", Place{}
	}
	subject := p.Header.Decoded("Subject")
	m, ok := nextAddress(subject, 0)
	if !ok {
		return "", Place{}
	}
	if _, more := nextAddress(subject, m.end); more {
		return "", Place{}
	}
	address := unquoteLocal(subject[m.start:m.end])
	for _, name := range []string{"From", "To", "Cc", "Sender", "Reply-To"} {
		if indexFold(p.Header.Get(name)+" ", address) >= 0 {
			return "", Place{}
		}
	}
	return address, Place{Line: f.Line}
}

// endsWithAddress reports whether what was decoded is address, with a key
// before it that was not known for one or without.
func endsWithAddress(decoded, address string) bool {
	before := len(decoded) - len(address)
	return address != "" && before >= 0 && strings.EqualFold(decoded[before:], address) && (before == 0 || strings.IndexByte("-.+_=", decoded[before-1]) >= 0)
}

// verpRecipient returns the recipient that is encoded in the address to which
// a report was sent, and where that stands in its header; "" when none is.
func verpRecipient(header Fields) (string, Place) {
	for _, f := range header {
		if f.Is("Delivered-To") || f.Is("X-Original-To") || f.Is("Envelope-To") || f.Is("To") {
			if address := decodeVERP(bareAddress(f.Text())); address != "" {
				return address, Place{Line: f.Line}
			}
		}
	}
	return "", Place{}
}

// decodeVERP returns the recipient in an envelope address such as
// "list-bounces+bob=example.org@example.com", or with numbers and a key before
// it: "bounces+4711-a1b2-bob=example.org@…", "bounce-4711-bob=example.org@…".
// See https://cr.yp.to/proto/verp.txt.
func decodeVERP(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return ""
	}
	local := address[:at]
	equal := strings.LastIndexByte(local, '=')
	if equal <= 0 || !isHostName(local[equal+1:]) || strings.IndexByte(local[equal+1:], '.') <= 0 || local[0] == '"' {
		return ""
	}
	user, domain := local[:equal], local[equal+1:]
	before, after, plus := strings.Cut(user, "+")
	if plus {
		user = after
	} else if before != "" {
		// Without a plus a known word and numbers go first, as in "bounce-4711-bob".
		word, rest, dash := strings.Cut(user, "-")
		if !dash || !isBounceWord(word) {
			return ""
		}
		user = rest
	}
	for {
		word, rest, dash := strings.Cut(user, "-")
		if !dash || !isKey(word) {
			break
		}
		user = rest
	}
	if user == "" || strings.ContainsAny(user, "=@ ") {
		return ""
	}
	return user + "@" + domain
}

// isBounceWord reports whether envelope addresses made for one recipient
// begin with word.
func isBounceWord(word string) bool {
	switch strings.ToLower(word) {
	case "bounce", "bounces", "return", "returns", "bnc", "b", "verp", "msprvs1", "errors", "err", "prvs":
		return true
	}
	return false
}

// isKey reports whether word is a number or a key rather than part of a name:
// "4711", "a1b2", "9d1a2c.4f2e".
func isKey(word string) bool {
	digits := 0
	for i := range len(word) {
		switch c := word[i]; {
		case '0' <= c && c <= '9':
			digits++
		case c == '.' || c == '_':
		case c < 'a' || c > 'f':
			return false
		}
	}
	return digits > 0
}

// addressee returns the one address that the original was sent to: its To, or
// where that is a list or several, whom its last hop took it for.
func (o *Original) addressee() (string, Place) {
	if f, ok := o.Header.Find("To"); ok && strings.Count(f.Value, "@") == 1 {
		a := bareAddress(f.Text())
		if strings.Contains(a, "@") && !strings.Contains(strings.ToLower(o.Header.Get("List-Post")), strings.ToLower(a)) {
			return a, Place{o.At.Part, o.At.Line + f.Line - 1}
		}
	}
	if f, ok := o.Header.Find("Received"); ok {
		if i := indexFold(f.Value, " for <"); i >= 0 {
			if m, ok := nextAddress(f.Value, i); ok && m.bracketed && m.start == i+len(" for <") {
				return f.Value[m.start:m.end], Place{o.At.Part, o.At.Line + f.Line - 1}
			}
		}
	}
	return "", Place{}
}
