package dsn

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// growing makes hostile messages of about the given size: time and memory for
// each must grow no faster than the size.
var growing = []struct {
	name string
	make func(size int) string
}{
	{"large original", func(n int) string {
		return report("Final-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 unknown\n", strings.Repeat("All work and no play makes Jack a dull boy.\n", n/44))
	}},
	{"many recipients", func(n int) string {
		return report(strings.Repeat("Final-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 unknown\n\n", n/115), "")
	}},
	{"many recipients without an answer", func(n int) string {
		return report(strings.Repeat("Final-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.1.1\n\n", n/70), "")
	}},
	{"many recipients in prose", func(n int) string {
		return prosaic(strings.Repeat("<a@example.org>:\n550 5.1.1 User unknown\n\n", n/43))
	}},
	{"many recipients in a line", func(n int) string {
		return prosaic("Could not be delivered to: " + addressLine(n) + "\n\n550 5.1.1 <000007@example.org> unknown\n")
	}},
	{"many recipients in a line above paragraphs", func(n int) string {
		return prosaic("Could not be delivered to: " + addressLine(n/2) + strings.Repeat("\n\nx", n/6))
	}},
	{"many recipients in a line above blank ones", func(n int) string {
		return prosaic("Could not be delivered to: " + addressLine(n/2) + strings.Repeat("\n", n/2) + "a@example.org")
	}},
	{"many recipients in a line below others", func(n int) string {
		return prosaic("x\n " + strings.Repeat("x", n/2) + "\n  " + addressLine(n/2))
	}},
	{"many addresses", func(n int) string { return prosaic(strings.Repeat("a@example.org ", n/14)) }},
	{"long header line", func(n int) string { return "Subject: " + strings.Repeat("x", n) + "\n\nbody" }},
	{"spaces in From", func(n int) string { return "From: a" + strings.Repeat(" ", n) + "b\n\nbody" }},
	{"no-break spaces in From", func(n int) string { return "From: a" + strings.Repeat("\u00a0", n/2) + "b\n\nbody" }},
	{"long body line", func(n int) string { return prosaic(strings.Repeat("x", n)) }},
	{"long line of codes", func(n int) string { return prosaic(strings.Repeat("550 5.1.1 ", n/10)) }},
	{"long diagnostic", func(n int) string {
		return report("Final-Recipient: rfc822; a@example.org\nAction: failed\nDiagnostic-Code: smtp; "+strings.Repeat("user unknown ", n/13)+"\n", "")
	}},
	{"long reply", func(n int) string {
		return report("Final-Recipient: rfc822; a@example.org\nAction: failed\nDiagnostic-Code: smtp; "+strings.Repeat("550-5.1.1 no\n ", n/14)+"\n", "")
	}},
	{"nested multiparts", func(n int) string {
		var b strings.Builder
		for i := range n / 60 {
			fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
		}
		return b.String()
	}},
	{"nested multiparts, one boundary", func(n int) string {
		return strings.Repeat("Content-Type: multipart/mixed; boundary=b\n\n--b\n", n/47)
	}},
	{"nested messages", func(n int) string { return strings.Repeat("Content-Type: message/rfc822\n\n", n/30) }},
	{"many parts", func(n int) string {
		return "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\nx\n", n/7)
	}},
	{"many status parts", func(n int) string { return manyParts("delivery-status", "Arrival-Date: today\n", n) }},
	{"many complaints", func(n int) string { return manyParts("feedback-report", "Original-Rcpt-To: a@example.org\n", n) }},
	{"many receipts", func(n int) string {
		return manyParts("disposition-notification", "Final-Recipient: rfc822; a@example.org\n", n)
	}},
	{"reports in reports", func(n int) string {
		inner := "\nFinal-Recipient: rfc822; a@example.org\n"
		for i := 0; len(inner) < n; i++ {
			boundary := fmt.Sprintf("b%d", i)
			inner = "From: MAILER-DAEMON@example.org\nContent-Type: multipart/report; report-type=delivery-status; boundary=" + boundary +
				"\n\n--" + boundary + "\nContent-Type: message/rfc822\n\n" + inner
		}
		return inner
	}},
	{"many header fields", func(n int) string { return strings.Repeat("X-A: b\n", n/7) + "\nbody" }},
	{"many status fields in the header of a part", func(n int) string {
		return "Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n" + strings.Repeat("Final-Recipient: rfc822; a@example.org\n", n/39)
	}},
	{"many lines that are no field", func(n int) string { return "A: b\n" + strings.Repeat("no field\n", n/9) + "\nbody" }},
	{"many empty groups", func(n int) string { return report(strings.Repeat("X-A: b\n\n", n/8), "") }},
	{"many fields and none repeated", func(n int) string {
		return report("Final-Recipient: rfc822; a@example.org\n"+strings.Repeat("X-A: b\n", n/14)+"\n"+strings.Repeat("Action: failed\n", n/30), "")
	}},
	{"deep comments", func(n int) string {
		return report("Final-Recipient: rfc822; "+strings.Repeat("(", n/2)+"a@example.org"+strings.Repeat(")", n/2)+"\nAction: failed\n", "")
	}},
	{"xtext", func(n int) string { return report("Final-Recipient: rfc822; "+strings.Repeat("+40", n/3)+"\n", "") }},
	{"xtext for UTF-8", func(n int) string {
		return report("Final-Recipient: utf-8; "+strings.Repeat(`\x{`, n/3)+"\n", "")
	}},
	{"almost the boundary", func(n int) string {
		return "Content-Type: multipart/mixed; boundary=" + strings.Repeat("b", 60) + "\n\n" + strings.Repeat("--"+strings.Repeat("b", 59)+"\n", n/62)
	}},
	{"encoded words", func(n int) string {
		return "Subject: " + strings.Repeat("=?utf-8?q?=C3=A9?= ", n/19) + "\n\nbody"
	}},
	{"quoted-printable", func(n int) string {
		return "From: MAILER-DAEMON@example.org\nContent-Transfer-Encoding: quoted-printable\n\n" + strings.Repeat("=3D=\n", n/5)
	}},
	{"HTML tags", func(n int) string {
		return "From: MAILER-DAEMON@example.org\nContent-Type: text/html\n\n" + strings.Repeat("<p><b", n/5)
	}},
	{"blank lines", func(n int) string { return prosaic(strings.Repeat("\n", n)) }},
	{"no-break spaces", func(n int) string {
		return "From: MAILER-DAEMON@example.org\nX-Failed-Recipients: a@example.org\n\nx" + strings.Repeat("\u00a0", n/2) + "x\n"
	}},
	{"separators", func(n int) string { return prosaic(strings.Repeat("--- original message ---\n", n/25)) }},
	{"transcript", func(n int) string {
		return prosaic(strings.Repeat(">>> RCPT To:<a@example.org>\n<<< 550 5.1.1 unknown\n", n/50))
	}},
	{"transcript with one reply", func(n int) string {
		return prosaic(">>> RCPT To:<a@example.org>\n" + strings.Repeat("<<< 550-unknown\n", n/16))
	}},
	{"footnotes", func(n int) string {
		var b strings.Builder
		for i := range n / 44 {
			fmt.Fprintf(&b, "%06d@example.org [%d]\n", i, i%100)
		}
		return prosaic(b.String() + strings.Repeat("[1] 550 no\n", n/22))
	}},
	{"hosts", func(n int) string {
		return report("Final-Recipient: rfc822; a@example.org\nAction: failed\nDiagnostic-Code: smtp; 451 no;"+strings.Repeat(" host mx.example.org: 550 no;", n/28)+"\n", "")
	}},
	{"halves", func(n int) string { return prosaic(strings.Repeat("User: a\nDomain: example.org\n", n/28)) }},
	{"quotes and brackets", func(n int) string { return prosaic(strings.Repeat(`"<(@`, n/4)) }},
	{"colons below a recipient", func(n int) string {
		return prosaic("These addresses failed:\n\na@example.org\n    " + strings.Repeat(":", n) + "\n\nb@example.org\n    550 no\n")
	}},
	{"replies in quotes", func(n int) string { return prosaic(strings.Repeat("550-\"", n/5)) }},
	{"brackets before at signs", func(n int) string { return prosaic(strings.Repeat("[：@", n/5)) }},
	{"bare CR", func(n int) string { return "Subject: x\r\r" + strings.Repeat("a\r", n/2) }},
	{"failed recipients", func(n int) string {
		return "X-Failed-Recipients: " + strings.Repeat("a@example.org, ", n/15) + "\n\nbody"
	}},
	{"failed recipients and others", func(n int) string {
		var failed, others strings.Builder
		for i := range n / 40 {
			fmt.Fprintf(&failed, "a%d@example.org, ", i)
			fmt.Fprintf(&others, "b%d@example.org ", i)
		}
		return "From: MAILER-DAEMON@example.org\nX-Failed-Recipients: " + failed.String() + "\n\nCould not be delivered:\n\n" + others.String()
	}},
	{"addressees and others", func(n int) string {
		return "From: MAILER-DAEMON@example.org\nTo: " + strings.Repeat("a@example.org, ", n/30) + "\n\nCould not be delivered:\n\n" + strings.Repeat("b@example.org ", n/28)
	}},
}

// report is a multipart/report with those recipient fields.
func report(recipients, original string) string {
	return "From: MAILER-DAEMON@example.org\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nSorry.\n" +
		"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n" + recipients +
		"\n--b\nContent-Type: message/rfc822\n\nSubject: x\n\n" + original + "\n--b--\n"
}

// addressLine is a list of addresses.
func addressLine(size int) string {
	var b strings.Builder
	for i := range size / 22 {
		fmt.Fprintf(&b, "%06d@example.org, ", i)
	}
	return b.String()
}

// manyParts is a message of many parts of type message/SUBTYPE.
func manyParts(subtype, fields string, size int) string {
	part := "--b\nContent-Type: message/" + subtype + "\n\n" + fields
	return "Content-Type: multipart/report; boundary=b\n\n" + strings.Repeat(part, size/len(part))
}

// prosaic is a report in prose.
func prosaic(text string) string {
	return "Return-Path: <>\nFrom: MAILER-DAEMON@example.org\nSubject: Undelivered mail\n\nCould not be delivered:\n\n" + text
}

// TestGrowth compares what each message costs with what one costs that is four
// times as large.
func TestGrowth(t *testing.T) {
	for _, g := range growing {
		small, soon := cost([]byte(g.make(1 << 16)))
		mostLarge, latest := 10*small+1<<18, 8*soon+time.Second
		large, late := costWithin([]byte(g.make(1<<18)), mostLarge, latest)
		assert.LessOrEqual(t, large, mostLarge, g.name)
		assert.LessOrEqual(t, late, latest, g.name)
	}
}

// TestGrowthOfPieces does the same with a few pieces over and over in each place
// of a message.
func TestGrowthOfPieces(t *testing.T) {
	places := []string{
		"From: %s\nSubject: failure notice\n\na@example.org: 550 5.1.1 User unknown\n",
		"From: MAILER-DAEMON@example.net\nTo: %s\nSubject: failure notice\n\na@example.org: 550 5.1.1 User unknown\n",
		"From: MAILER-DAEMON@example.net\nSubject: %s\n\na@example.org: 550 5.1.1 User unknown\n",
		"From: MAILER-DAEMON@example.net\nContent-Type: multipart/report; %s\n\na@example.org: 550 5.1.1 User unknown\n",
		"From: MAILER-DAEMON@example.net\nSubject: failure notice\n\nNot delivered to a@example.org\n\n%s\n",
		"From: MAILER-DAEMON@example.net\nX-Failed-Recipients: a@example.org\n\n%s",
		"From: MAILER-DAEMON@example.net\nSubject: failure notice\nContent-Type: text/html\n\n<p>a@example.org: %s</p>\n",
		"From: a@example.org\nAuto-Submitted: auto-replied\nSubject: Out of office\n\nI am away %s\n",
		"From: MAILER-DAEMON@example.net\nSubject: failure notice\n\nThese addresses failed:\n\na@example.org\n    %s\n\nb@example.org\n    550 no\n",
		report("Final-Recipient: rfc822;a@example.org\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 %s\n", ""),
		report("Final-Recipient: rfc822;a@example.org\n%s\nAction: failed\n", ""),
		report("Final-Recipient: rfc822;%s\nAction: failed\nLast-Attempt-Date: %s\n", "To: %s\n"),
	}
	pieces := []string{
		" ", "\t", "\n", "\n\n", "\r", "\u00a0", "\u3000", "\u200b", "a", "A ", "é", "中", "İ", "\xff", "\x1b$B", "@", "a@b.c ", "<a@b.c>\n", "<", ">", "(", ")", "[", "]", "\"", "'", "\\",
		".", "...", ". ", ",", ";", ": ", ":", "：", "-", "\n--", "=", "=?", "?=", "=?utf-8?q?a?= ", "/", "http://a.b/", "1", "1.", "5.1.1 ", "550 ", "550-", "::1 ", "0x", "#", "*", "|", "&amp;",
		"<b>", "<a href=mailto:a@b.c>", "> ", ">>> RCPT TO:<a@b.c>\n", "<<< 550 no\n", "host a.b said: ", "a:\n", "Received: x\n", "Status: 5.1.1\n", "[1]\n", "User: a\n", "Domain: a.b\n",
		"(expanded from ", "original ", "your message ", "user unknown ", "delivery failed ", "command) ", "a=b ", "a... ",
	}
	n := 2_000
	if testing.Short() {
		n = 500
	}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		piece := pieces[i%len(pieces)]
		for range random.IntN(3) {
			piece += pieces[random.IntN(len(pieces))]
		}
		place := places[random.IntN(len(places))]
		of := func(size int) []byte {
			return []byte(strings.ReplaceAll(place, "%s", strings.Repeat(piece, size/len(piece))))
		}
		_, soon := cost(of(1 << 12))
		const mostLarge = 8 << 20
		latest := 16*soon + 100*time.Millisecond
		large, late := costWithin(of(1<<15), mostLarge, latest)
		assert.LessOrEqual(t, large, uint64(mostLarge), "%q of %q", place, piece)
		assert.LessOrEqual(t, late, latest, "%q of %q", place, piece)
	}
}

// BenchmarkGrowth shows time and memory at growing sizes: the MB/s of a form
// must not fall.
func BenchmarkGrowth(b *testing.B) {
	for _, g := range growing {
		most := 1 << 22
		switch g.name {
		case "large original":
			most = 1 << 26
		case "many recipients", "long header line", "long body line", "long diagnostic":
			most = 1 << 24
		}
		for size := 1 << 14; size <= most; size <<= 2 {
			msg := []byte(g.make(size))
			b.Run(fmt.Sprintf("%s/%dKiB", g.name, size>>10), func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(msg)))
				for b.Loop() {
					Parse(bytes.Clone(msg))
				}
			})
		}
	}
}
