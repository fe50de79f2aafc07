package codes_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestFindNothing has numbers that look like codes and are none.
func TestFindNothing(t *testing.T) {
	for _, text := range []string{
		// No numbers, or not enough of one.
		"", " ", "no code here", "5", "55", "5.1", "2.1", "5.", ".1.1", "0x", "0x800C", "(state 14)", "(state 13).", "#", "5..1.1",
		"5.1.1234", "5.1234.1", "3.1.1", "1.1.1", "6.0.0", "9.9.9", "0.0.0", "5,1,1", "5-1-1", "354 Go ahead", "334 VXNlcm5hbWU6",
		"5726", "55511", "4.16.55.1", "554.30", "id-5.9.2", "[#4.16.1]x.", "600 Unknown user", "199 Warning", "999 Blocked",

		// Addresses of the network.
		"192.0.2.1", "4.2.1.3", "5.1.1.1 refused", "connect to 5.1.1.550", "[198.51.100.250]", "mx[203.0.113.5]:25", "2001:db8::550",
		"2001:db8:421::1", "10.0.4.2.1", "192.0.2.0/24", "5.1.1.0/24", "host 203.0.113.254:550", "example.org:421", "localhost:550",
		"[192.0.2.1]:443: closed", "00:16:3e:55:50:42", "http://192.0.2.1:550/", "AS 550", "1.2.3.4.5.1.1",

		// Versions and sections.
		"version 5.1.1", "Version: 4.2.1", "v5.1.1", "V4.4.1", "Postfix 2.11.0", "Exim 4.96.1", "Sendmail 5.6.7", "Linux 5.4.0",
		"Linux 5.4.0-42-generic", "Python 2.7.1", "OpenSSL/4.0.1", "nginx-4.2.0", "libfoo-5.1.1.tar.gz", "node_5.1.1", "release 4.4.4",
		"Thunderbird 5.0.0", "Outlook Express (5.0.3)", "upgrade from 4.1.0 to 4.2.0", "php (4.3.2)", "needs 5.4.1 or later",
		"MySQL 5.7.44", "build 5.0.2", "X-Mailer: Foo 5.2.2", "section 4.2.1", "RFC 5321 section 4.2.1", "see 4.2.1 and 4.2.3",
		"Section 4.1.1.1", "chapter 5.1.1", "§ 4.2.1", "§4.2.1", "clause 4.4.7 applies", "table 5.2.2", "4.2.1b", "5.1.1rc1", "4.2.1_3",
		"5.1.1+dfsg", "5.1.1~beta", "firmware 4.5.1", "kernel 5.5.1 boots", "2.0.0 brings many fixes to the server", "Changes:\n* 2.4.0: quota fixed",

		// Dates and times.
		"5.12.20", "am 5.12.2024", "2.1.24 war ein Dienstag", "on 4.2.21", "Datum: 4.5.99", "2024-05-50", "05/05/550", "4/5/550",
		"10:30:550", "5:50 pm", "4:21", "12.05.2024 at 5.50", "in 2550", "T05:50:00", "20240421", "550 days", "421 seconds", "552 ms",
		"after 450 minutes", "450 hours of work", "in 500 years", "the year 501",

		// Sizes, counts, prices.
		"421 messages", "we have 421 messages", "There are 550 users here", "550 people came", "250 people said no", "421 new messages",
		"552 e-mails in your inbox", "550 KB", "550KB", "552 MB of 554 MB used", "550 bytes", "size 550", "Size: 550", "size=550",
		"550%", "550 %", "550 percent", "$550", "€550", "550€", "550 €", "550 EUR", "£421", "USD 550", "550 dollars", "421,000", "1,550",
		"550.00", "550.50", "550,5", "550×400", "800x550", "550px", "550 x 400", "550°", "450 °F", "200-250", "between 450 and 550",
		"my 550-page book", "a 500-seat hall", "500+", "+550", "-550", "1/550", "550/2", "550^2", "n=550", "x = 450", "421 points",
		"about 550 of them", "Total: 550", "Count: 421", "sum 554 total 2", "returned 421 items", "received 550 mails", "sent 250 letters",
		"Totals\n   421   received\n   550   rejected (12%)", "553 of 554 tests passed", "100 200 250 421 450",

		// Tickets, orders, queues, names of things.
		"ticket 550", "Ticket #550", "issue #421", "#421", "(#550)", "bug 554", "order 450", "Order: 421", "Invoice 553", "Ref: 550",
		"id=550", "ID 550", "case 421", "room 550", "Room: 450", "page 421", "line 550", "file.c:550: unused", "on line 421: no such file",
		"port 550", "Port: 421", "ports 450 and 451", "flight 421", "Boeing 550", "A 550", "Mercedes 450 SL", "Fiat 500", "bus 421",
		"channel 5.1.1", "dolby 5.1", "item 5.1.1", "4D2F550", "550ABC", "ABC550", "a550", "550a", "q550x421", "queue id 4F550A421",
		"lintian!452", "size: 450 x 451",

		// Addresses, hosts, URLs, Message-IDs.
		"bob550@example.org", "550@example.org", "<550@example.org>", "bob@550.example.org", "<5.1.1@example.org>", "5.1.1@example.org",
		"bounce+550=bob@example.org", "550.example.org", "mail-550.example.org", "mx550.example.org", "mail550",
		"5.1.1.example.org", "https://example.org/550", "https://example.org/?code=550", "https://example.org/a/5.1.1/b",
		"https://example.org/?id=5.1.1&x=550", "https://example.org/#5.1.1", "www.example.org/421", "<20240421.550@example.org>",
		"Message-ID: <5.1.1.550.20240101@example.org>", "=?utf-8?q?=C3=BC550?=", "a=550;b=421", "C:\\550\\421", "/var/550/421",

		// Telephone numbers and street addresses.
		"(503) 555-0100", "call 503 555 0100", "+1 450 555 0100", "555-0100", "1-450-555-0100", "Tel: 450-555-0100", "Phone: 421 555 0100",
		"Fax 550 0100", "550 Madison Avenue", "Example Inc\n550 Market Street\nSpringfield", "421 Old Mill Road", "450 5th Ave",
		"We are at 554 Main St.",

		// Codes of other protocols.
		"HTTP 503", "HTTP/1.1 503 Service Unavailable", "HTTP error 500", "HTTP status code 502", "404 Not Found", "a 404 error", "error 404",
		"HTTP/2 200", "status 200", "500 Internal Server Error", "502 Bad Gateway", "errno 550 of ours", "exit code 255", "https error 503",
		"0x00000421", "0xC0000005", "0xDEADBEEF", "mask 0x80042112", "DEADBEEF", "number 80004005", "call 2148322425", "0x800CCC79A",
		"0x800CCC7", "a0x800CCC79", "12345678", "800CCC7Z", "{800CCC79-0000-0000-0000-000000000000}", "-2146644871.5", "id 800CCC790",
	} {
		t.Run(text, func(t *testing.T) {
			assert.Empty(t, found(text))
		})
	}
}
