package interchange_test

import (
	"fmt"

	"nixie/classify"
	"nixie/classify/interchange"
)

func Example() {
	verdict := classify.Reply("", "552 5.2.2 Mailbox full")
	for system := range interchange.Systems() {
		word, _ := system.To(verdict.Reason)
		fmt.Println(system, word)
	}
	// Output:
	// sisimai mailboxfull
	// ses Transient/MailboxFull
	// sendgrid Mailbox Unavailable
	// postmark SoftBounce
	// sparkpost 22
	// powermta quota-issues
	// kumomta QuotaIssues
	// listmonk soft
	// status 4.2.2
}
