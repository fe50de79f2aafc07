package codes_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nixie/codes"
)

// found writes the codes in text as "550 5.1.1, 0x800CCC79".
func found(text string) string {
	var out []string
	for c := range codes.Find(text) {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%v %v%v", c.Reply, c.Status, c.HResult)))
	}
	return strings.Join(out, ", ")
}

func TestFind(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		// One code and nothing else.
		{"550", "550"},
		{" 421 ", "421"},
		{"5.1.1", "5.1.1"},
		{"4.7.650", "4.7.650"},
		{"550 5.1.1", "550 5.1.1"},
		{"550-5.1.1", "550 5.1.1"},
		{"550; 5.7.515", "550 5.7.515"},
		{"550;5.1.1", "550 5.1.1"},
		{"550:5.1.1", "550 5.1.1"},
		{"550/5.1.1", "550 5.1.1"},
		{"550 #5.1.1", "550 5.1.1"},
		{"550-#5.1.1", "550 5.1.1"},
		{"550 (5.1.1)", "550 5.1.1"},
		{"550 (#5.1.1)", "550 5.1.1"},
		{"550 [5.1.1]", "550 5.1.1"},
		{"#5.1.1", "5.1.1"},
		{"(#5.7.1)", "5.7.1"},
		{"5.1.1:", "5.1.1"},
		{"<550 5.1.1>", "550 5.1.1"},
		{"'550 5.1.1'", "550 5.1.1"},
		{"\"452 4.2.2\"", "452 4.2.2"},
		{"550\r\n 5.1.1", "550 5.1.1"},
		{"SMTP;550-5.1.1", "550 5.1.1"},
		{"#550 5.1.1", "550 5.1.1"},
		{"252 2.1.5", "252 2.1.5"},
		{"550\u00a05.1.1", "550 5.1.1"},
		{"failed with error\u00a0550", "550"},
		{"550 x (#5.1.1)", "550, 5.1.1"},
		{"550 x (#5.1.1) 4fQk2w", "550, 5.1.1"},
		{"552 4.2.2", "552 4.2.2"},
		{"421 5.7.32", "421 5.7.32"},

		// Whole answers.
		{"550 5.1.1 <bob@example.org>: Recipient address rejected: User unknown", "550 5.1.1"},
		{"550 No such user", "550"},
		{"550 no mailbox by that name is currently available", "550"},
		{"550-Mailbox unknown", "550"},
		{"550 Requested action not taken: mailbox unavailable", "550"},
		{"554 delivery error: dd This user doesn't have an account", "554"},
		{"552 Message size exceeds fixed limit", "552"},
		{"421 Too many concurrent SMTP connections", "421"},
		{"421 mx1.example.com Service not available", "421"},
		{"421 Server busy, try again later", "421"},
		{"450 Greylisted for 300 seconds", "450"},
		{"451 Temporary local problem - please try later", "451"},
		{"452 4.2.2 The recipient's inbox is out of storage space.", "452 4.2.2"},
		{"501 Syntax error, parameters in command unrecognized", "501"},
		{"503 Valid RCPT command must precede DATA", "503"},
		{"504 <localhost>: Helo command rejected: need fully-qualified hostname", "504"},
		{"521 example.org does not accept mail", "521"},
		{"530 Must issue a STARTTLS command first", "530"},
		{"535 5.7.8 Error: authentication failed", "535 5.7.8"},
		{"551 not our customer", "551"},
		{"553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", "553, 5.7.1"},
		{"550 sorry, no mailbox here by that name. (#5.1.1)", "550, 5.1.1"},
		{"554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using bl.example.net", "554 5.7.1"},
		{"556 5.1.10 Domain example.com does not accept mail", "556 5.1.10"},
		{"571 Message refused by policy", "571"},
		{"550 550 5.1.1 The email account does not exist", "550 5.1.1"},
		{"550 Usuario desconocido", "550"},
		{"550 Empfänger unbekannt", "550"},
		{"550 用户不存在", "550"},
		{"550 192.0.2.1 is listed", "550"},
		{"250 2.0.0 Ok: queued as 4D2F5C0A", "250 2.0.0"},
		{"250 OK", "250"},
		{"220 mx.example.org ESMTP", "220"},
		{"5.4.7 - Delivery expired (message too old)", "5.4.7"},
		{"4.4.1 No answer from host", "4.4.1"},
		{"5.7.54 SMTP; Unable to relay recipient in non-accepted domain", "5.7.54"},
		{"5.1.0 - Unknown address error 550-'5.1.1 <bob@example.org>... User unknown'", "5.1.0, 550 5.1.1"},
		{"5.3.0 - Other mail system problem 550-'Unknown user bob@example.org' (delivery attempts: 0)", "5.3.0, 550"},

		// With the type of the diagnostic, a command or a server before them.
		{"smtp; 550 5.1.1", "550 5.1.1"},
		{"smtp;550 5.7.1", "550 5.7.1"},
		{"smtp; 550 unknown user", "550"},
		{"SMTP; 554 Message refused", "554"},
		{"smtp; 5.4.7 - Delivery expired", "5.4.7"},
		{"smtp; MAIL+RCPT 550 This account has been deactivated", "550"},
		{"smtp; DATA closing 554 Message content rejected", "554"},
		{"#5.1.0 smtp;550 5.1.1 user unknown", "5.1.0, 550 5.1.1"},
		{"#5.1.0 smtp;550 unknown recipient", "5.1.0, 550"},
		{"#< #5.7.1 smtp;550 5.7.1 Access denied> #SMTP#", "5.7.1, 550 5.7.1"},
		{"mx.example.org #550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##", "550 5.1.1"},
		{"X-Postfix; host mx.example.org[192.0.2.1] said: 550 5.1.1 unknown", "550 5.1.1"},
		{"host mx.example.org[192.0.2.1] said: 550 nope (in reply to RCPT TO command)", "550"},
		{"host mx.example.org[192.0.2.1] said: 451-4.7.1 Please try again", "451 4.7.1"},
		{"host mx.example.org[192.0.2.1] said: 552\n    5.2.2 <bob@example.org>: Mailbox is full", "552 5.2.2"},
		{"host mx.example.org[192.0.2.1] refused to talk to me: 421 mx.example.org Too busy", "421"},
		{"host mx.example.org [192.0.2.1]: 550 no", "550"},
		{"<bob@example.org>: 550 nein", "550"},
		{"<bob@example.org>:550 User unknown", "550"},
		{"bob@example.org\n    SMTP error from remote mail server after RCPT TO:<bob@example.org>:\n    550 5.1.1 unknown", "550 5.1.1"},
		{"192.0.2.1 failed after I sent the message.\nRemote host said: 554 rejected", "554"},
		{"192.0.2.1 does not like recipient.\nRemote host said: 550 not known here\nGiving up on 192.0.2.1.", "550"},
		{"Remote Server returned '550 5.4.1 Recipient address rejected: Access denied'", "550 5.4.1"},
		{"Remote Server returned '554 5.1.0 < #5.1.0 smtp; 550 unknown>'", "554 5.1.0, 5.1.0, 550"},
		{"The error that the other server returned was: 550 550 5.1.1 gone", "550 5.1.1"},
		{"The response from the remote server was:\n550 5.7.1 This message has been blocked", "550 5.7.1"},
		{"The response was:\n\nDNS Error: 5.4.4 host not found", "5.4.4"},
		{"status=bounced (host mx.example.org said: 550 5.1.1 unknown)", "550 5.1.1"},
		{"dsn=5.1.1, status=bounced", "5.1.1"},
		{"to=<bob@example.org>, delay=2, dsn=4.4.1, stat=Deferred: Connection timed out", "4.4.1"},
		{"<<< 550 gibt es nicht", "550"},
		{">>> RCPT TO:<bob@example.org>\n<<< 550 5.1.1 bob... User unknown", "550 5.1.1"},
		{"   ----- Transcript of session follows -----\n550 bob... User unknown", "550"},
		{"<bob@example.org>... Deferred: 451 4.3.0 Try again later", "451 4.3.0"},
		{"(reason: 550 5.1.1 <bob@example.org>... User unknown)", "550 5.1.1"},
		{"(reason: 552 Mailbox is full)", "552"},
		{"Out: 503 5.5.1 Error: need MAIL command", "503 5.5.1"},
		{"S: 250 2.1.0 Sender ok\nC: RCPT TO:<bob@example.org>\nS: 550 5.1.1 No such user", "250 2.1.0, 550 5.1.1"},
		{"--- 550 Unknown recipient", "550"},
		{"-> 554 Transaction failed", "554"},
		{"[mx.example.org] 550 5.7.1 Relaying denied", "550 5.7.1"},

		// Named in a sentence.
		{"SMTP error 550", "550"},
		{"SMTP error: 550", "550"},
		{"SMTP error code 554", "554"},
		{"error code: 550", "550"},
		{"Error 421 occurred", "421"},
		{"Server error: '550 5.1.1 unknown'", "550 5.1.1"},
		{"The server responded with error 452.", "452"},
		{"the server said 550.", "550"},
		{"It was rejected with code 550", "550"},
		{"rejected with a 554 reply during DATA", "554"},
		{"we got a 550 error from them", "550"},
		{"a permanent 5.7.1 error", "5.7.1"},
		{"after a 421 response", "421"},
		{"this 451 reply means greylisting", "451"},
		{"reply code 450", "450"},
		{"ResponseCode 421, Host not reachable", "421"},
		{"Status: 5.1.1", "5.1.1"},
		{"Status: 4.4.7 (delay)", "4.4.7"},
		{"status code 5.7.26", "5.7.26"},
		{"enhanced status 4.2.2", "4.2.2"},
		{"with the status 5.2.1.", "5.2.1"},
		{"Diagnostic code: 550", "550"},
		{"Reason: 5.1.1", "5.1.1"},
		{"reason=550", "550"},
		{"code=554", "554"},
		{"Fehler 550", "550"},
		{"Fehlercode: 5.1.1", "5.1.1"},
		{"erreur 552", "552"},
		{"Código de error: 550", "550"},
		{"ошибка 550", "550"},
		{"错误代码：550", "550"},
		{"relaying denied (5.7.1)", "5.7.1"},
		{"Recipient unknown (550)", "550"},
		{"User is over quota [5.2.2]", "5.2.2"},
		{"mailbox full, 552 5.2.2 they say", "552 5.2.2"},
		{"Top errors: 4.2.2 mailbox full (90), 5.1.1 user unknown (71)", "4.2.2, 5.1.1"},
		{"More information about type 5.4.4 delivery errors is available", "5.4.4"},
		{"Delivery failed. 550 User unknown", "550"},
		{"Your mail came back: 550 Mailbox not found.", "550"},
		{"| 550 | Mailbox unavailable |", "550"},

		// Several lines and several codes.
		{"550-5.7.26 This mail is unauthenticated\n550-5.7.26 for DMARC\n550 5.7.26 see below", "550 5.7.26, 550 5.7.26, 550 5.7.26"},
		{"554-mx.example.org\n554-Your address is listed\n554 Goodbye", "554, 554, 554"},
		{"said: 554-first 554-second 554 third", "554, 554, 554"},
		{"554 4.4.7 Message expired: unable to deliver.<421 4.4.2 Connection timed out>", "554 4.4.7, 421 4.4.2"},
		{"first 550 5.1.1, then 452 4.2.2", "550 5.1.1, 452 4.2.2"},
		{"5.2.0 STOREDRV.Deliver: 432 4.3.2 thread limit exceeded", "5.2.0, 432 4.3.2"},
		{"4.4.316 Connection refused [Message=Socket error code 10061]", "4.4.316"},
		{"LED=450 4.4.317 Cannot connect to remote server", "450 4.4.317"},

		// Error numbers of mail clients.
		{"0x800CCC79", "0x800CCC79"},
		{"0×800CCC79", "0x800CCC79"},
		{"0X800ccc79", "0x800CCC79"},
		{"(0x800CCC0F)", "0x800CCC0F"},
		{"0x800CCC79.", "0x800CCC79"},
		{"800CCC79", "0x800CCC79"},
		{"800ccc79h", "0x800CCC79"},
		{"-2146644871", "0x800CCC79"},
		{"Error Number: 2148322425", "0x800CCC79"},
		{"Error Number: 0x800CCC79", "0x800CCC79"},
		{"Error Number: 80004005", "0x80004005"},
		{"reported error (0x80042112): nothing known", "0x80042112"},
		{"Task 'bob' - Sending reported error (0×8004210B) : 'timed out'", "0x8004210B"},
		{"Server Response: '550 5.1.1 unknown', Port: 25, Secure(SSL): No, Server Error: 550, Error Number: 0x800CCC79",
			"550 5.1.1, 550, 0x800CCC79"},
		{"Protocol: SMTP, Server Response: '451 greylisted', Port: 587, Server Error: 451, Error Number: 0x800CCC6A",
			"451, 451, 0x800CCC6A"},
		{"got 0x8004010F again", "0x8004010F"},
		{"the success value 0x000CCC79", "0x000CCC79"},
	} {
		t.Run(test.text, func(t *testing.T) {
			assert.Equal(t, test.want, found(test.text))
		})
	}
}

func TestFindWhere(t *testing.T) {
	const text = "host said: 550-5.1.1 <bob@example.org> (#5.1.2)"
	var got []string
	for c := range codes.Find(text) {
		got = append(got, text[c.Start:c.End])
	}
	assert.Equal(t, []string{"550-5.1.1", "5.1.2"}, got)
}

func TestFindStops(t *testing.T) {
	for c := range codes.Find("550 5.1.1 then 452 4.2.2") {
		assert.Equal(t, codes.Reply(550), c.Reply)
		break
	}
}

func TestFindDoesNotAllocate(t *testing.T) {
	const text = "said: 550 5.1.1 <bob@example.org>, error 0x800CCC79, SMTP error 421, version 5.1.1"
	found(text) // builds the tables
	assert.Zero(t, testing.AllocsPerRun(10, func() {
		for range codes.Find(text) {
		}
	}))
}

func FuzzFind(f *testing.F) {
	for _, text := range []string{"550 5.1.1 x", "#5.1.1", "0×800CCC79", "-2146644871", "said: 554-a\n554 b", "€550", "(550", "code=", "1.2.3.4"} {
		f.Add(text)
	}
	names, _ := filepath.Glob("../testdata/eml/*.facts") // what is read of each message
	require.NotEmpty(f, names)
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		var first []codes.Code
		end := 0
		for c := range codes.Find(text) {
			if c.Start < end || c.End <= c.Start || c.End > len(text) {
				t.Fatalf("%+v does not lie after %d in %d bytes", c, end, len(text))
			}
			if (c.HResult != 0) == (c.Reply != 0 || c.Status != codes.Status{}) {
				t.Fatalf("%+v is not one code", c)
			}
			end = c.End
			first = append(first, c)
		}
		i := 0
		for c := range codes.Find(text) {
			if i >= len(first) || first[i] != c {
				t.Fatal("a second look finds other codes")
			}
			i++
		}
	})
}

func BenchmarkFind(b *testing.B) {
	for _, bench := range []struct{ name, text string }{
		{"diagnostic", "host mx.example.org[192.0.2.1] said: 550-5.1.1 <bob@example.org> unknown (in reply to RCPT TO command)"},
		{"prose", strings.Repeat("We met 421 people on 12.05.2024 at 10:30, and none of them had version 5.1.1 of it.\n", 40)},
		{"digits", strings.Repeat("550 421 ", 500)},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(bench.text)))
			for b.Loop() {
				for range codes.Find(bench.text) {
				}
			}
		})
	}
}
