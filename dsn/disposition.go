package dsn

// disposition reads message/disposition-notification, RFC 8098. What became
// of the message stands in the Disposition field.
func (p *parser) disposition(part *part) {
	fields := p.fields(part)
	r := Recipient{At: Place{part.number, 1}}
	for _, f := range fields {
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
	if p.isRejection(fields.Get("Disposition")) {
		p.Kind, r.Action = DeliveryStatus, Failed
	}
	p.addRecipient(r)
}

// isRejection reports whether a notification with that Disposition is how the
// recipient's filter refuses mail, RFC 5429 section 2.1.2: the message was
// deleted without anybody's doing, and the header says that it was rejected.
func (p *parser) isRejection(disposition string) bool {
	return hasPrefixFold(disposition, "automatic-action") && indexFold(disposition, "deleted") >= 0 &&
		(indexFold(p.Header.Get("Auto-Submitted"), "rejected") >= 0 || hasPrefixFold(p.Header.Get("Subject"), "Rejected:"))
}
