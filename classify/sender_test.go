package classify

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"nixie/dsn"
)

func TestSaidOfSender(t *testing.T) {
	for _, test := range []struct {
		name, answer string
		reason       Reason
	}{
		{"the sender's address before the words", "550 5.1.1 <news@example.net>: no such user", BadSender},
		{"the author's", "550 5.1.1 Author@example.com unknown user", BadSender},
		{"with the answer to a question", "550 5.1.1 verification of news@example.net failed: 550 no such user", BadSender},
		{"and a bare code", "550 5.1.1 news@example.net", BadSender},
		{"of a full mailbox", "552 5.2.2 news@example.net: mailbox full", BadSender},
		{"of the recipient", "550 5.1.1 <bob@example.org>: no such user; from=<news@example.net>", BadMailbox},
		{"both, the recipient's nearer", "550 5.1.1 news@example.net to bob@example.org: no such user", BadMailbox},
		{"from", "550 5.1.1 message from <news@example.net>: no such user", BadMailbox},
		{"somebody else's", "550 5.1.1 <s@example.net>: no such user", BadMailbox},
		{"before the answer", "Sender news@example.net Response 550 5.1.1 no such user", BadMailbox},
		{"none", "550 5.1.1 no such user", BadMailbox},
	} {
		t.Run(test.name, func(t *testing.T) {
			report := dsn.Report{
				Kind:     dsn.DeliveryStatus,
				Header:   dsn.Fields{{Name: "To", Value: " <news@example.net>", Line: 1}},
				Original: &dsn.Original{Header: dsn.Fields{{Name: "From", Value: " An author <author@example.com>", Line: 1}}},
				Recipients: []dsn.Recipient{{
					Final: dsn.Typed{Value: "bob@example.org"}, Action: dsn.Failed, Diagnostic: dsn.ParseDiagnostic(test.answer),
				}},
			}
			for _, v := range Report(&report) {
				assert.Equal(t, test.reason, v.Reason, "%+v", v.Because)
				rule, _ := standard().Rule(v.Because[0].Rule)
				assert.Equal(t, v.Reason, rule.Reason, "its rule")
				assert.Contains(t, test.answer, v.Because[0].Quote)
			}
		})
	}
	own := dsn.Report{
		Kind: dsn.DeliveryStatus, Header: dsn.Fields{{Name: "To", Value: "bob@example.org", Line: 1}},
		Recipients: []dsn.Recipient{{Final: dsn.Typed{Value: "bob@example.org"}, Action: dsn.Failed, Diagnostic: dsn.ParseDiagnostic("550 5.1.1 <bob@example.org>: no such user")}},
	}
	for _, v := range Report(&own) {
		assert.Equal(t, BadMailbox, v.Reason, "who writes to oneself")
	}
}
