package dsn

// disposition reads message/disposition-notification, RFC 8098. What became
// of the message stands in the Disposition field.
func (p *parser) disposition(part *part) {
	for group := range p.fieldReader(part.number).groups(p.text(part)) {
		p.Fields = append(p.Fields, group...)
	}
	r := Recipient{At: Place{part.number, 1}}
	for _, f := range p.Fields {
		switch {
		case f.Is("Original-Recipient"):
			r.Original = parseAddress(f.Value)
		case f.Is("Final-Recipient"):
			r.Final = parseAddress(f.Value)
			r.At.Line = f.Line
		case f.Is("MDN-Gateway"):
			p.DSNGateway = parseHost(f.Value)
		case f.Is("Reporting-UA"):
			p.ReportingMTA = Typed{Value: f.Text()}
		}
	}
	if r.Address() == "" {
		p.defect("RFC 8098 section 3.2.4", "no Final-Recipient field", r.At)
		return
	}
	p.Recipients = append(p.Recipients, r)
}
