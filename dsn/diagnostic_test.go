package dsn

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"nixie/codes"
)

func TestParseDiagnosticCode(t *testing.T) {
	tests := []struct {
		name, value string
		want        Diagnostic
	}{
		{"plain", "smtp; 550 5.1.1 unknown", Diagnostic{Type: "smtp", Reply: 550, Status: codes.Status{Class: 5, Subject: 1, Detail: 1}, Text: "550 5.1.1 unknown"}},
		{"no space", "SMTP;550 unknown", Diagnostic{Type: "smtp", Reply: 550, Text: "550 unknown"}},
		{"no type", "550 5.1.1 unknown", Diagnostic{Reply: 550, Status: codes.Status{Class: 5, Subject: 1, Detail: 1}, Text: "550 5.1.1 unknown"}},
		{"type of one's own", "X-Postfix; unknown user", Diagnostic{Type: "x-postfix", Text: "unknown user"}},
		{"semicolon in the words", "unknown user; try again", Diagnostic{Text: "unknown user; try again"}},
		{"fold", "smtp; 550\r\n 5.1.1\r\n\tunknown", Diagnostic{Type: "smtp", Reply: 550, Status: codes.Status{Class: 5, Subject: 1, Detail: 1}, Text: "550 5.1.1 unknown"}},
		{"lines of a reply", "smtp; 550-5.7.26 This mail\r\n 550-5.7.26 has no\r\n 550 5.7.26 signature", Diagnostic{Type: "smtp", Reply: 550, Status: codes.Status{Class: 5, Subject: 7, Detail: 26}, Text: "550-5.7.26 This mail has no signature"}},
		{"lines of a reply without status", "smtp; 550-This mail 550-has no 550 signature", Diagnostic{Type: "smtp", Reply: 550, Text: "550-This mail has no signature"}},
		{"another number stays", "smtp; 550-5.1.1 in 5501 of 550x 4500", Diagnostic{Type: "smtp", Reply: 550, Status: codes.Status{Class: 5, Subject: 1, Detail: 1}, Text: "550-5.1.1 in 5501 of 550x 4500"}},
		{"generic status before a specific one", "smtp; 550 5.0.0 refused: 5.1.1 unknown", Diagnostic{Type: "smtp", Reply: 550, Status: codes.Status{Class: 5, Subject: 1, Detail: 1}, Text: "550 5.0.0 refused: 5.1.1 unknown"}},
		{"command", "smtp; host mx.example.org[192.0.2.1] said: 550 5.1.1 unknown (in reply to RCPT TO command)", Diagnostic{Type: "smtp", Reply: 550, Status: codes.Status{Class: 5, Subject: 1, Detail: 1}, Text: "host mx.example.org[192.0.2.1] said: 550 5.1.1 unknown (in reply to RCPT TO command)", Command: "RCPT TO"}},
		{"end of data", "smtp; 554 spam (in reply to end of DATA command)", Diagnostic{Type: "smtp", Reply: 554, Text: "554 spam (in reply to end of DATA command)", Command: "end of DATA"}},
		{"Exim's words", "smtp; SMTP error from remote mail server after pipelined MAIL FROM:<a@example.org>: 550 no", Diagnostic{Type: "smtp", Reply: 550, Text: "SMTP error from remote mail server after pipelined MAIL FROM:<a@example.org>: 550 no", Command: "MAIL FROM"}},
		{"a host for now, the next for good", "smtp; mx1.example.org: 451 4.3.0 later; mx2.example.org: 550 5.1.1 unknown", Diagnostic{Type: "smtp", Reply: 550, Status: codes.Status{Class: 5, Subject: 1, Detail: 1}, Text: "mx1.example.org: 451 4.3.0 later; mx2.example.org: 550 5.1.1 unknown"}},
		{"for now, and what may come", "smtp; 451 4.7.1 try later; next time 550 5.7.1 refused", Diagnostic{Type: "smtp", Reply: 451, Status: codes.Status{Class: 4, Subject: 7, Detail: 1}, Text: "451 4.7.1 try later; next time 550 5.7.1 refused"}},
		{"nothing", "smtp;", Diagnostic{Type: "smtp"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { assert.Equal(t, tt.want, parseDiagnosticCode(tt.value)) })
	}
}
