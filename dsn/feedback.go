package dsn

// feedback reads message/feedback-report, RFC 5965 and 6591. Who complained
// is in Original-Rcpt-To, which most providers leave out.
func (p *parser) feedback(part *part) {
	for _, f := range p.fields(part) {
		at := Place{part.number, f.Line}
		switch {
		case f.Is("Original-Envelope-Id"):
			p.EnvelopeID = f.Text()
		case f.Is("Reporting-MTA"):
			p.ReportingMTA = parseHost(f.Value)
		case f.Is("Arrival-Date"), f.Is("Received-Date"):
			if p.ArrivalDate.IsZero() {
				p.ArrivalDate = p.date(part.number, f)
			}
		case f.Is("Original-Rcpt-To"), f.Is("Removal-Recipient"):
			p.complainer(parseAddress(f.Value), at)
		}
	}
}

// fields adds the fields of a machine-readable part to those of the message,
// and returns them.
func (p *parser) fields(part *part) Fields {
	before := len(p.Fields)
	for _, group := range p.groups(part.number, p.text(part), 1) {
		p.Fields, p.FieldsPart = append(p.Fields, group...), part.number
	}
	return p.Fields[before:]
}

// complainer adds a recipient of whom only the address is known, once.
func (p *parser) complainer(address Typed, at Place) {
	if p.complainers[address.Value] {
		return
	}
	if p.complainers == nil {
		p.complainers = map[string]bool{}
	}
	p.complainers[address.Value] = true
	p.addRecipient(Recipient{Final: address, At: at})
}
