package render

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"net/mail"
	"strconv"
	"strings"

	"nixie/classify"
	"nixie/classify/interchange"
	"nixie/dsn"
)

// Sisimai appends one object for each recipient on a line of its own, with the
// field names and reasons of Sisimai 5 (https://libsisimai.org), for those who
// come from there. What a message does not state is empty: no status is made
// up. It may be called concurrently.
func Sisimai(dst []byte, r *Result) []byte {
	var original dsn.Fields
	if r.Report.Original != nil {
		original = r.Report.Original.Header
	}
	addresser := bareAddress(original.Get("From"))
	feedback, feedbackType := original.Get("Feedback-ID"), r.Report.Fields.Get("Feedback-Type")
	list, id, subject := original.Decoded("List-ID"), messageID(original.Get("Message-ID")), original.Decoded("Subject")
	date := r.Report.Header.Date("Date")
	timestamp := int64(0)
	if !date.IsZero() {
		timestamp = date.Unix()
	}
	for i := range r.Recipients {
		q := &r.Recipients[i]
		recipient := q.Address()
		alias := ""
		if q.Final.Value != recipient {
			alias = q.Final.Value
		}
		o := object{append(dst, '{')}
		o.always("action", string(q.Action))
		o.always("addresser", addresser)
		o.always("alias", alias)
		o.key("catch")
		o.buf = append(o.buf, "null"...)
		o.always("command", q.Diagnostic.Command)
		o.always("decodedby", r.Report.Dialect)
		o.always("deliverystatus", q.status().String())
		o.always("destination", domain(recipient))
		o.always("diagnosticcode", q.Diagnostic.Text)
		o.always("diagnostictype", strings.ToUpper(q.Diagnostic.Type))
		o.always("feedbackid", feedback)
		o.always("feedbacktype", feedbackType)
		o.key("hardbounce")
		o.buf = strconv.AppendBool(o.buf, q.BounceType() == "hard")
		o.always("lhost", r.Report.ReportingMTA.Value)
		o.always("listid", list)
		o.always("messageid", id)
		o.always("origin", r.Source)
		o.always("reason", sisimaiReason(q.Reason))
		o.always("recipient", recipient)
		o.always("replycode", q.reply().String())
		o.always("rhost", q.RemoteMTA.Value)
		o.always("senderdomain", domain(addresser))
		o.always("subject", subject)
		o.key("timestamp")
		o.buf = strconv.AppendInt(o.buf, timestamp, 10)
		o.always("timezoneoffset", date.Format("-0700"))
		o.always("token", sisimaiToken(addresser, recipient, timestamp))
		dst = append(o.buf, '}', '\n')
	}
	return dst
}

// always appends a string, even if it is empty.
func (o *object) always(name, value string) {
	o.key(name)
	o.buf = append(appendJSON(append(o.buf, '"'), value), '"')
}

// sisimaiToken tells one bounce from another: a hash of sender, recipient and time.
func sisimaiToken(addresser, recipient string, timestamp int64) string {
	sum := sha1.Sum(fmt.Appendf(nil, "\x02%s\x1e%s\x1e%d\x03", strings.ToLower(addresser), strings.ToLower(recipient), timestamp))
	return hex.EncodeToString(sum[:])
}

// sisimaiReason is Sisimai's word for a reason; one's own reasons stay.
func sisimaiReason(reason classify.Reason) string {
	if reason == "" {
		return "undefined"
	}
	if word, ok := interchange.Sisimai.To(reason); ok {
		return word
	}
	return string(reason)
}

// bareAddress is the address in a From field.
func bareAddress(from string) string {
	if a, err := mail.ParseAddress(from); err == nil {
		return a.Address
	}
	if _, rest, ok := strings.Cut(from, "<"); ok {
		from, _, _ = strings.Cut(rest, ">")
	}
	return strings.TrimSpace(from)
}

func domain(address string) string {
	return address[strings.LastIndexByte(address, '@')+1:]
}
