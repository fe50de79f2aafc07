package dsn

import (
	"cmp"
	"encoding/json"
	"strings"

	"nixie/codes"
)

// notification is what Amazon SES sends about a message through SNS, in the
// body of a mail: https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html.
type notification struct {
	NotificationType string `json:"notificationType"`
	EventType        string `json:"eventType"`
	Message          string // SNS wraps the notification in one more object
	Bounce           struct {
		BouncedRecipients []struct {
			EmailAddress, Action, Status, DiagnosticCode string
		} `json:"bouncedRecipients"`
		ReportingMTA string `json:"reportingMTA"`
	} `json:"bounce"`
	Delivery struct {
		Recipients   []string `json:"recipients"`
		SMTPResponse string   `json:"smtpResponse"`
		ReportingMTA string   `json:"reportingMTA"`
	} `json:"delivery"`
	Complaint struct {
		ComplainedRecipients []struct{ EmailAddress string } `json:"complainedRecipients"`
	} `json:"complaint"`
	DeliveryDelay struct {
		DelayedRecipients []struct {
			EmailAddress, Status, DiagnosticCode string
		} `json:"delayedRecipients"`
	} `json:"deliveryDelay"`
}

// readNotification reads a report in the form of JSON.
func readNotification(text string, at Place) (prose, bool) {
	trimmed := strings.TrimLeft(text, " \t\r\n")
	if !strings.HasPrefix(trimmed, "{") {
		return prose{}, false
	}
	at.Line += strings.Count(text[:len(text)-len(trimmed)], "\n")
	// Mail breaks long lines, and JSON has no line breaks in strings.
	trimmed = strings.ReplaceAll(trimmed, "\n", "")
	var n notification
	if json.NewDecoder(strings.NewReader(trimmed)).Decode(&n) != nil {
		return prose{}, false
	}
	if n.Message != "" && n.NotificationType == "" {
		if json.Unmarshal([]byte(n.Message), &n) != nil {
			return prose{}, false
		}
	}
	found := prose{Dialect: "amazon-sns", Kind: DeliveryStatus, Original: -1}
	add := func(address string, action Action, status, diagnostic string) {
		d := parseDiagnosticCode(diagnostic)
		d.At = at
		code, _ := codes.ParseStatus(status)
		found.Recipients = append(found.Recipients, Recipient{Final: Typed{Value: address}, Action: action, Status: code, Diagnostic: d, At: at})
	}
	switch n.NotificationType + n.EventType {
	case "Bounce":
		for _, b := range n.Bounce.BouncedRecipients {
			add(b.EmailAddress, cmp.Or(Action(strings.ToLower(b.Action)), Failed), b.Status, b.DiagnosticCode)
		}
		found.Reporting = parseHost(n.Bounce.ReportingMTA)
	case "Delivery":
		for _, address := range n.Delivery.Recipients {
			add(address, Delivered, "", n.Delivery.SMTPResponse)
		}
		found.Reporting = parseHost(n.Delivery.ReportingMTA)
	case "DeliveryDelay":
		for _, d := range n.DeliveryDelay.DelayedRecipients {
			add(d.EmailAddress, Delayed, d.Status, d.DiagnosticCode)
		}
	case "Complaint":
		found.Kind = FeedbackReport
		for _, c := range n.Complaint.ComplainedRecipients {
			found.Recipients = append(found.Recipients, Recipient{Final: Typed{Value: c.EmailAddress}, At: at})
		}
	default:
		return prose{}, false
	}
	return found, true
}
