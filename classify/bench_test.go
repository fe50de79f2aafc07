package classify

import "testing"

var benchmarkReplies = map[string]string{
	"typical": "550 5.1.1 <bob@example.org>: Recipient address rejected: User unknown in virtual mailbox table",
	"long": "550-5.7.26 Your email has been blocked because the sender is unauthenticated. The sender must authenticate with at least one of SPF or DKIM. " +
		"Authentication results: DKIM = did not pass SPF [example.org] with ip: [192.0.2.1] = did not pass. For instructions on setting up authentication, " +
		"go to https://support.google.com/mail/answer/81126#authentication d2e1a72fcca58-72a8b8e2a5fsi1234567b3a.1 - gsmtp",
	"transient": "451 4.7.1 <bob@example.org>: Recipient address rejected: Greylisted, please try again in 5 minutes",
}

func BenchmarkReply(b *testing.B) {
	for name, reply := range benchmarkReplies {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(reply)))
			for b.Loop() {
				Reply("mx.example.org", reply)
			}
		})
	}
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		c, _ := New()
		c.phrases()
	}
}
