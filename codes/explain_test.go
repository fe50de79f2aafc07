package codes_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nixie/codes"
)

// explained writes meanings as "550, 5.1.1".
func explained(ms []codes.Meaning) string {
	var out []string
	for _, m := range ms {
		out = append(out, m.Code)
	}
	return strings.Join(out, ", ")
}

func TestExplain(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"550", "550"},
		{" 550 ", "550"},
		{"550.", "550"},
		{"421", "421"},
		{"422", "422"},
		{"432", "432"},
		{"453", "453"},
		{"521", "521"},
		{"523", "523"},
		{"541", "541"},
		{"559", "559"},
		{"449", "449"},
		{"5.1.1", "5.1.1"},
		{"(#5.1.1)", "5.1.1"},
		{"5.1.1:", "5.1.1"},
		{"X.7.14", "X.7.14"},
		{"x.2.0", "X.2.0"},
		{"*.4.7", "X.4.7"},
		{"X.0.0", "X.0.0"},
		{"• X.0.0   Other undefined Status", "X.0.0"},
		{"X.7.9  Authentication mechanism is too weak", "X.7.9"},
		{"5.7.999", "5.7.999"},
		{"Bad destination system address", "X.1.2"},
		{"mailbox full", "X.2.2"},

		// A status without its dots.
		{"213", "2.1.3"},
		{"441", "4.4.1"},
		{"447", "4.4.7"},
		{"511", "5.1.1"},
		{"512", "5.1.2"},
		{"213 or 2.1.3", "2.1.3"},

		// Two codes that a list takes for one.
		{"421 or 4.2.1", "421, 4.2.1"},
		{"553 or 5.5.3 Requested action not taken: mailbox name not allowed", "553, 5.5.3"},
		{"500 / 5.0.0", "500, 5.0.0"},

		// Answers.
		{"550 5.1.1", "550, 5.1.1"},
		{"550-5.1.1 x", "550, 5.1.1"},
		{"smtp; 550 5.1.1", "550, 5.1.1"},
		{"550 #5.1.1", "550, 5.1.1"},
		{"550 x (#5.1.1)", "550, 5.1.1"},
		{"SMTP;550-5.1.1", "550, 5.1.1"},
		{"550; 5.7.515", "550, 5.7.515"},
		{"550-5.7.26 one\n550-5.7.26 two\n550 5.7.26 three", "550, 5.7.26"},
		{"Server Response: '550 unknown', Error Number: 0x800CCC79", "550, 0x800CCC79"},

		// Numbers of mail clients and their names.
		{"0×800CCC79", "0x800CCC79"},
		{"0х800ccc79", "0x800CCC79"},
		{"800ccc79h", "0x800CCC79"},
		{"[0x800CCC79],", "0x800CCC79"},
		{"-2146644871", "0x800CCC79"},
		{"2148322425", "0x800CCC79"},
		{"0x000CCC79", "0x000CCC79"},
		{"0x80041234", "0x80041234"},
		{"SMTP_REJECTED_RECIPIENTS", "0x800CCC79"},
		{"ixp_e_smtp_rejected_recipients", "0x800CCC79"},
		{"MTP_504_COMMAND_PARAM_NOTIMPL", "0x800CCC66"},
		{"IXP_E_SMTP_504_COMMAND_PARAM_NOTIMPL", "0x800CCC66"},
		{"MAPI_E_NOT_FOUND", "0x8004010F"},
		{"0×800CCC04 - CONN", "0x800CCC04"},
		{"0×8004011D Task “Microsoft Exchange Server” reported error (0×8004011D): “The server is not available.", "0x8004011D"},

		// No codes.
		{"", ""},
		{"5726", ""},
		{"4.16.55.1", ""},
		{"554.30", ""},
		{"192.0.2.1", ""},
		{"2.1", ""},
		{"3.1.1", ""},
		{"X.1", ""},
		{"X", ""},
		{"0x", ""},
		{"600", ""},
		{"20260101", ""},
		{"hello", ""},
		{"version 5.1.1", ""},
	} {
		t.Run(test.text, func(t *testing.T) {
			got, err := codes.Explain(test.text)
			assert.Equal(t, test.want == "", err != nil, err)
			assert.Equal(t, test.want, explained(got))
		})
	}
}

// TestExplainOthers has the slips of a much copied page of codes: the
// registry's meaning is the answer, and the page's is named.
func TestExplainOthers(t *testing.T) {
	for _, test := range []struct{ code, title, other string }{
		{"X.2.0", "Other or undefined mailbox status", "Bad destination system address"},
		{"X.4.3", "Directory server failure", "Routing server failure"},
		{"X.4.5", "Mail system congestion", "Network congestion"},
		{"X.6.0", "Other or undefined media error", "Bad content"},
		{"X.6.2", "Conversion required and prohibited", "Bad domain or alias"},
		{"X.7.0", "Other or undefined security status", "Authentication failure, or breach of the site's policy"},
		{"X.7.8", "Authentication credentials invalid", "Trust relationship required"},
		{"5.7.8", "Authentication credentials invalid", "Trust relationship required"},
		{"X.7.15", "Priority Level is too low", "Authentication credentials invalid"},
		{"X.7.16", "Message is too big for the specified priority", "Future release per-user message quota exceeded"},
		{"5.7.17", "Mailbox owner has changed", "Future release system message quota exceeded"},
		{"550 5.1.10", "Recipient address has null MX", "Recipient not found, when the reply is 550"},

		{"421", "Service not available, closing the connection", "4.2.1 without its dots: mailbox disabled"},
		{"422", "A password transition is needed", "4.2.2 without its dots: mailbox full"},
		{"453", "You have no mail", "Refused by policy, as for too many recipients"},
		{"523", "Encryption needed", "5.2.3 without its dots: message too long"},
		{"551", "User not local", "The server tried to forward the message and failed"},
		{"441", "No answer from host", "441, the status without its dots"},

		{"4.2.1", "Mailbox disabled, not accepting messages", "421 written with dots: service not available, closing the connection"},
		{"4.5.0", "Other or undefined protocol status", "450 written with dots: mailbox unavailable"},
		{"4.5.1", "Invalid command", "451 written with dots: local error in processing"},
		{"4.5.2", "Syntax error", "452 written with dots: system storage insufficient"},
		{"4.5.3", "Too many recipients", "453 written with dots: refused by policy, as for too many recipients"},
		{"5.0.0", "Other undefined Status", "500 written with dots: syntax error, command not recognised"},
		{"5.0.1", "Permanent failure", "501 written with dots: syntax error in parameters"},
		{"5.0.2", "Permanent failure", "502 written with dots: command not implemented"},
		{"5.0.3", "Permanent failure", "503 written with dots: bad sequence of commands"},
		{"5.0.4", "Permanent failure", "504 written with dots: parameter not implemented"},
		{"5.5.0", "Other or undefined protocol status", "550 written with dots: mailbox unavailable"},
		{"5.5.1", "Invalid command", "551 written with dots: user not local"},
		{"5.5.2", "Syntax error", "552 written with dots: storage allocation exceeded"},
		{"5.5.3", "Too many recipients", "553 written with dots: mailbox name not allowed"},
		{"5.5.4", "Invalid command arguments", "554 written with dots: transaction failed"},

		{"0×800CCC66", "Reply 504: parameter not implemented", "Command not implemented"},
		{"0×800CCC12", "Reading from the socket failed", "Sending to the socket failed"},
		{"0×800CCC13", "Writing to the socket failed", "Reading from the socket failed"},
		{"0×800CCC67", "Reply 421: service not available", "Command not available"},
		{"0×800CCC78", "The server refused the sender's address", "The address in the Reply-To field is wrong"},
		{"0×800CCC90", "The server's answer is not valid", "The client's response is invalid"},
		{"0×800CCCD2", "The server answered NO", "The message is tagged"},
		{"0×800CCCD3", "The server answered BAD", "The response to the request is invalid"},
		{"0×800CCCD7", "An error in the receiver", "A recovery error"},
		{"0×800CCCDB", "The UID of a message changed", "The user's id changed"},
		{"0×800CCCDC", "The UIDs of messages are not in order", "The user id command failed"},
		{"0×800CCCA1", "The NEWGROUPS command failed", "No access to a newsgroup"},
		{"0×800CCCAA", "The NEXT command failed", "The article could not be posted"},
		{"0×800CCCAD", "The XHDR command failed", "MIME headers cannot be shown"},
		{"0×80040607", "The message has no recipients", "Authentication is not enabled for the SMTP server"},
		{"0×80040600", "The message store is damaged", "A virus scanner got in the way of the log-in"},
		{"0×8004010F", "Not found", "The offline address book cannot be downloaded"},
		{"0×80040305", "Too big", "Too many items are open at once"},
	} {
		t.Run(test.code, func(t *testing.T) {
			got, err := codes.Explain(test.code)
			require.NoError(t, err)
			m := got[len(got)-1]
			assert.Equal(t, test.title, m.Title)
			var others []string
			for _, o := range m.Others {
				assert.NotEmpty(t, o.Text)
				assert.NotEmpty(t, o.Reference)
				others = append(others, o.Title)
			}
			assert.Contains(t, others, test.other)
		})
	}
}

// TestExplainShared has the forms that people were seen to type, when the
// list of them is at hand.
func TestExplainShared(t *testing.T) {
	data, err := os.ReadFile("../../shared/codes/inputs.json")
	if err != nil {
		t.Skip("the list is not at hand")
	}
	var inputs []struct{ Input, Canonical string }
	require.NoError(t, json.Unmarshal(data, &inputs))
	for _, in := range inputs {
		got, err := codes.Explain(in.Input)
		assert.Equal(t, in.Canonical == "", err != nil, in.Input)
		assert.Equal(t, strings.ReplaceAll(in.Canonical, "; ", ", "), explained(got), in.Input)
	}
}

// TestExplainDoesNotShare has a caller who adds to a Meaning leave the next
// one as it was.
func TestExplainDoesNotShare(t *testing.T) {
	first, _ := codes.Explain("441")
	_ = append(first[0].Others, codes.Reading{Title: "mine"})
	second, _ := codes.Explain("441")
	assert.Equal(t, first, second)
}
