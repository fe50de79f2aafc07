package dsn

import (
	"bytes"
	"fmt"
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
		var b strings.Builder
		for i := range n / 22 {
			fmt.Fprintf(&b, "%06d@example.org, ", i)
		}
		return prosaic("Could not be delivered to: " + b.String() + "\n\n550 5.1.1 <000007@example.org> unknown\n")
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
	{"many header fields", func(n int) string { return strings.Repeat("X-A: b\n", n/7) + "\nbody" }},
	{"many status fields in the header of a part", func(n int) string {
		return "Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n" + strings.Repeat("Final-Recipient: rfc822; a@example.org\n", n/39)
	}},
	{"many lines that are no field", func(n int) string { return "A: b\n" + strings.Repeat("no field\n", n/9) + "\nbody" }},
	{"many empty groups", func(n int) string { return report(strings.Repeat("X-A: b\n\n", n/8), "") }},
	{"deep comments", func(n int) string {
		return report("Final-Recipient: rfc822; "+strings.Repeat("(", n/2)+"a@example.org"+strings.Repeat(")", n/2)+"\nAction: failed\n", "")
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
	{"bare CR", func(n int) string { return "Subject: x\r\r" + strings.Repeat("a\r", n/2) }},
	{"failed recipients", func(n int) string {
		return "X-Failed-Recipients: " + strings.Repeat("a@example.org, ", n/15) + "\n\nbody"
	}},
	{"references", func(n int) string {
		return "From: MAILER-DAEMON@example.org\nTo: " + strings.Repeat("a@example.org, ", n/15) + "\n\nbody"
	}},
}

// report is a multipart/report with those recipient fields.
func report(recipients, original string) string {
	return "From: MAILER-DAEMON@example.org\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nSorry.\n" +
		"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n" + recipients +
		"\n--b\nContent-Type: message/rfc822\n\nSubject: x\n\n" + original + "\n--b--\n"
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
		large, late := cost([]byte(g.make(1 << 18)))
		assert.LessOrEqual(t, large, 10*small+1<<18, g.name)
		assert.LessOrEqual(t, late, 8*soon+time.Second, g.name) // others use the machine too
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
