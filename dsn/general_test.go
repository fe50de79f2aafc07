package dsn

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// proseCase is a message that no dialect record knows: a few header fields, an
// empty line, the text. What is wanted of it is one line a recipient:
// "bob@example.org failed 550 5.1.1".
type proseCase struct {
	name    string
	message string
	want    []string
}

func readCase(message string) prose {
	message = strings.TrimLeft(message, "\n")
	head, text, _ := strings.Cut(message, "\n\n")
	var header Fields
	for group := range Groups(head) {
		header = append(header, group...)
	}
	return readText(header, text, Place{"1", 1}, false)
}

func summary(found prose) []string {
	var lines []string
	for i := range found.Recipients {
		r := &found.Recipients[i]
		words := []string{r.Address(), string(r.Action)}
		if r.Diagnostic.Reply != 0 {
			words = append(words, r.Diagnostic.Reply.String())
		}
		if s := r.Diagnostic.Status.String(); s != "" {
			words = append(words, s)
		}
		lines = append(lines, strings.TrimSpace(strings.Join(words, " ")))
	}
	return lines
}

func TestGeneral(t *testing.T) {
	cases := []proseCase{
		{"mmdf", `
From: Mail Delivery Agent <MAILER-DAEMON@relay.example.com>
Subject: Failed mail (msg.aa02416)

    Your message could not be delivered to
'bob@host.example.org (host: host.example.org) (queue: smtp)' for the following
reason:  ' 550 <bob@host.example.org>... User unknown'

    Your message follows:

Received: from news.example.com
From: news@example.com
To: bob@host.example.org
`, []string{"bob@host.example.org failed 550"}},
		{"label and reason", `
From: Postmaster <postmaster@example.net>
Subject: Undeliverable mail

The following message could not be delivered.

Recipient: bob@example.org
Reason: 550 5.1.1 Unknown user

Please contact postmaster@example.net for help.
`, []string{"bob@example.org failed 550 5.1.1"}},
		{"comma list", `
Return-Path: <>
From: Mail System <mailer-daemon@example.net>
Subject: Returned mail

Delivery to these addresses failed: bob@example.org, carol@example.com
Error: 554 5.4.4 host not found
`, []string{"bob@example.org failed 554 5.4.4", "carol@example.com failed 554 5.4.4"}},
		{"bullets with reasons", `
Return-Path: <>
From: mailer-daemon@example.net
Subject: Delivery failure

We could not send your message to some people:

 * bob@example.org: 550 5.1.1 no such user
 * carol@example.com: 552 5.2.2 mailbox full

Your mail server
`, []string{"bob@example.org failed 550 5.1.1", "carol@example.com failed 552 5.2.2"}},
		{"an answer that ends in the address", `
From: Mail Delivery System <mailer-daemon@example.net>
Subject: Mail delivery failed

A message that you sent could not be delivered. The following address failed:

bob@example.org
SMTP error after RCPT TO:<bob@example.org>:
host mx1.example.org [192.0.2.1]: 550 5.1.1 Hi [198.51.100.7], no such address:
<bob@example.org>.
`, []string{"bob@example.org failed 550 5.1.1"}},
		{"in a sentence", `
Return-Path: <>
From: MAILER-DAEMON@example.net
Subject: Your mail

Sorry! The mail that you sent to bob@example.org on Monday came back, because
that server said: 550 5.7.1 Message refused.
`, []string{"bob@example.org failed 550 5.7.1"}},
		{"no code at all", `
Return-Path: <>
From: MAILER-DAEMON@example.net
Subject: Undeliverable

<bob@example.org>
    The mailbox is full.
`, []string{"bob@example.org failed"}},
		{"to label only", `
Return-Path: <>
From: postmaster@example.net
Subject: Non-delivery report

Your message was not delivered.

To: bob@example.org
Subject: Hello
Reason: mailbox not found
`, []string{"bob@example.org failed"}},
		{"sender is named too", `
Return-Path: <>
From: postmaster@example.net
To: alice@example.com
Subject: Mail delivery failed

Dear alice@example.com,

your message from alice@example.com to bob@example.org could not be delivered:
550 5.1.1 <bob@example.org> unknown.

If you have questions, write to support@example.net.
`, []string{"bob@example.org failed 550 5.1.1"}},
		{"reason before", `
Return-Path: <>
From: postmaster@example.net
Subject: Undelivered

The remote server answered

552 5.2.2 Over quota

so that your mail was not delivered to the following recipients:

    bob@example.org
    carol@example.org
`, []string{"bob@example.org failed 552 5.2.2", "carol@example.org failed 552 5.2.2"}},
		{"table", `
Return-Path: <>
From: mail-daemon@example.net
Subject: Message delivery failed

Status of your message:

bob@example.org      550 5.1.1 User unknown
carol@example.org    451 4.7.1 Greylisted, gave up after 5 days
`, []string{"bob@example.org failed 550 5.1.1", "carol@example.org failed 451 4.7.1"}},
		{"details after the list", `
Return-Path: <>
From: mail-daemon@example.net
Subject: Message delivery failed

Not delivered to:
- bob@example.org
- carol@example.org

Details:

bob@example.org:
  550 5.1.1 User unknown

carol@example.org:
  552 5.2.2 Mailbox full
`, []string{"bob@example.org failed 550 5.1.1", "carol@example.org failed 552 5.2.2"}},
		{"transcript", `
Return-Path: <>
From: MAILER-DAEMON@example.net
Subject: Mail failure

Session with mx.example.org [192.0.2.7]:
>>> MAIL FROM:<alice@example.com>
<<< 250 ok
>>> RCPT TO:<bob@example.org>
<<< 550-5.1.1 No such user,
<<< 550 5.1.1 ask your administrator
>>> QUIT
<<< 221 bye
`, []string{"bob@example.org failed 550 5.1.1"}},
		{"forwarded address", `
Return-Path: <>
From: MAILER-DAEMON@example.net
Subject: Delivery failed

Delivery to the following recipient failed:

  robert@example.com
    (originally addressed to bob@example.org)
    550 5.1.1 unknown
`, []string{"bob@example.org failed 550 5.1.1"}},
		{"delay", `
Return-Path: <>
From: MAILER-DAEMON@example.net
Subject: Delayed mail

Your message has not yet been delivered to

  bob@example.org

  451 4.3.0 try again later

We will keep trying for 4 more days. You do not need to resend it.
`, []string{"bob@example.org delayed 451 4.3.0"}},
		{"delivered", `
Return-Path: <>
From: MAILER-DAEMON@example.net
Subject: Delivery receipt

Your message was successfully delivered to

  bob@example.org
`, []string{"bob@example.org delivered"}},
		{"virus", `
Return-Path: <>
From: "Content filter" <postmaster@example.net>
Subject: VIRUS (Eicar) IN MAIL FROM YOU

Our content checker found a virus in your email to the following recipient:
-> bob@example.org

Delivery of the email was stopped!
`, []string{"bob@example.org failed"}},
		{"original in the text without announcement", `
Return-Path: <>
From: MAILER-DAEMON@example.net
Subject: failure

bob@example.org
550 5.1.1 unknown

Received: from a.example.com by b.example.com
From: alice@example.com
To: carol@example.com
Subject: 550 5.2.2 dave@example.org
`, []string{"bob@example.org failed 550 5.1.1"}},
		{"wrapped in the middle", `
Return-Path: <>
From: MAILER-DAEMON@example.net
Subject: Undelivered mail

The following recipient could not be
reached:
   "bob@example.org"   reason: host mx.example.org
   said 550 5.4.1 Recipient address rejected: Access
   denied
`, []string{"bob@example.org failed 550 5.4.1"}},
		{"words below a heading that are no local parts", `
Return-Path: <>
From: MAILER-DAEMON@example.net
Subject: Undelivered mail

Your message could not be delivered for one of these reasons:

  quota
  policy
`, []string{"failed"}},
		{"all but one", `
Return-Path: <>
From: MAILER-DAEMON@example.net
Subject: Undelivered mail

Your message was delivered to all recipients except bob@example.org.
`, []string{"bob@example.org failed"}},
		{"quoted local part", `
Return-Path: <>
From: MAILER-DAEMON@example.net
Subject: Undelivered mail

<"bob smith"@example.org>: 550 5.1.1 unknown
`, []string{"\"bob smith\"@example.org failed 550 5.1.1"}},
		{"international address", `
Return-Path: <>
From: MAILER-DAEMON@example.net
Subject: Undelivered mail

<jürgen@bücher.example>: 550 5.1.1 unknown
`, []string{"jürgen@bücher.example failed 550 5.1.1"}},
		{"reply in the older form", `
Return-Path: <>
From: MAILER-DAEMON@example.net
Subject: Mail failed

Could not deliver mail to bob@example.org.
mx.example.org [192.0.2.1] said: "550 No such user here"
`, []string{"bob@example.org failed 550"}},
		{"a signature with an address", `
Return-Path: <>
From: Mail Delivery System <mailer-daemon@example.net>
Subject: E-Mail unzustellbar

Ihre E-Mail an den Empfänger bob@example.org konnte leider nicht zugestellt werden.
Meldung des Zielservers:

   550-5.1.1 The email account that you tried to reach does not exist.
   550 5.1.1 Please try again.

Mit freundlichen Grüßen
Ihr Mailteam
mail@example.net
`, []string{"bob@example.org failed 550 5.1.1"}},
		{"numbered", `
Return-Path: <>
From: MAILER-DAEMON@example.net
Subject: Delivery problem

Recipients:
1. bob@example.org - failed (550 no such user)
2. carol@example.org - failed (552 quota exceeded)
`, []string{"bob@example.org failed 550", "carol@example.org failed 552"}},
		{"the header of the original as the only list", `
Return-Path: <>
From: MAILER-DAEMON@example.net
Subject: Message could not be delivered

From: alice@example.com
To: bob@example.org
Subject: hello
Error: mailbox unavailable
`, []string{"bob@example.org failed"}},
		{"a session with times", `
From: MDaemon@example.net
Subject: Permanent Delivery Failure

Failed address: bob@example.org

--- Session Transcript ---
 Tue 2026-03-03 10:00:07: <-- 220 mx1.example.org ESMTP
 Tue 2026-03-03 10:00:08: --> MAIL From:<alice@example.com> SIZE=5507
 Tue 2026-03-03 10:00:08: <-- 250 2.1.0 OK
 Tue 2026-03-03 10:00:08: --> RCPT To:<bob@example.org>
 Tue 2026-03-03 10:00:08: <-- 550 5.1.1 <bob@example.org>: no such mailbox
 Tue 2026-03-03 10:00:08: --> QUIT
--- End Transcript ---
`, []string{"bob@example.org failed 550 5.1.1"}},
		{"words that no list has", `
Return-Path: <>
From: Mail Robot <robot@example.net>
Subject: We could not pass on your letter

Dear sender,

the letter you addressed to bob@example.org found no taker. The computer at the
other end (mx1.example.org, 192.0.2.25) told us: "550 5.1.1 there is nobody of
that name". We will not try again.

Write to help@example.net should you have questions.
`, []string{"bob@example.org failed 550 5.1.1"}},
		{"ticket numbers and sizes are no codes", `
Return-Path: <>
From: MAILER-DAEMON@example.net
Subject: Mail failed, ticket 550123

Message 4512 of 552 bytes for bob@example.org could not be delivered after
450 minutes: 554 5.4.7 expired
`, []string{"bob@example.org failed 554 5.4.7"}},
		{"name=value pairs", `
From: Mail Delivery <mailer-daemon@mta.example.net>
To: news@example.com
Return-Path: <>
Subject: Bounce: January news

recipient=bob@example.org; event=bounce; mx=mx.example.org; reply=550 5.7.606 Access denied, banned sending IP [192.0.2.4]
`, []string{"bob@example.org failed 550 5.7.606"}},
		{"the reason was", `
From: List Robot <bounces@lists.example.net>
To: owner@lists.example.net
Subject: Delivery failure for subscriber bob@example.org
Auto-Submitted: auto-generated

A post to friends@lists.example.net could not be delivered to the subscriber bob@example.org.

The reason was: Not delivering to previously bounced address
`, []string{"bob@example.org failed"}},
		{"a wait told beside the answer", `
Return-Path: <>
From: MTA <mta@mail.example.net>
To: news@example.com
Subject: Delay

Your message for bob@example.org is sitting in our queue since 10:00. The other side
says "451 4.3.0 come back later". We shall go on for another four days before we give up.
`, []string{"bob@example.org delayed 451 4.3.0"}},
		{"UUCP", `
From: uucp@gate.example.net
To: news@example.com
Subject: Mail failed.  Letter returned to sender

Mail failure.  The letter below was not delivered to bob@uucp.example.org
because: unknown system "uucp"
`, []string{"bob@uucp.example.org failed"}},
		{"a delay of yesterday", `
Return-Path: <>
From: Mail System <mailer-daemon@mail.example.net>
To: news@example.com
Subject: Undelivered mail

We warned you on Monday that your message to bob@example.org was delayed. It has now
been in the queue for five days and we are returning it.

Last error: 451 4.4.1 connection timed out
`, []string{"bob@example.org failed 451 4.4.1"}},
		{"the halves of an address below each other", `
Return-Path: <>
From: Mail Gateway <mailer-daemon@mail.example.net>
Subject: Delivery failed

The mail gateway could not deliver your message.

User:     bob
Domain:   example.org
Error:    550 5.1.1 User unknown
`, []string{"bob@example.org failed 550 5.1.1"}},
		{"the halves in the other order, in German", `
Return-Path: <>
From: Mailgateway <mailer-daemon@mail.example.net>
Subject: Zustellung fehlgeschlagen

Die Nachricht konnte nicht zugestellt werden.

Domäne: example.org
Postfach: bob
Grund: 550 5.1.1 unbekannt
`, []string{"bob@example.org failed 550 5.1.1"}},
		{"the halves in cells", "\nFrom: Mail Gateway <mailer-daemon@mail.example.net>\nSubject: Delivery failed\n\nDelivery failed.\n\n" +
			"User\tbob\nDomain\texample.org\nReply\t550 5.1.1 User unknown\n", []string{"bob@example.org failed 550 5.1.1"}},
		{"the names of the administrators in cells", "\nFrom: Mail Gateway <mailer-daemon@mail.example.net>\nTo: news@example.com\nSubject: Undeliverable: News\n\n" +
			"Your message could not be delivered to bob@example.org.\n\nSender\tNews <news@example.com>\nAdmin\tCarol <carol@example.org>\n\n550 5.1.1 User unknown\n", []string{"bob@example.org failed 550 5.1.1"}},
		{"the name of the recipient in a cell", "\nFrom: Mail Gateway <mailer-daemon@mail.example.net>\nTo: news@example.com\nSubject: Undeliverable: News\n\n" +
			"Delivery failed.\n\nRecipient\tBob <bob@example.org>\nAdmin\tCarol <carol@example.org>\nReply\t550 5.1.1 User unknown\n", []string{"bob@example.org failed 550 5.1.1"}},
		{"the Message-ID before the addresses", `
Return-Path: <>
From: mailer-daemon@mail.example.net
To: news@example.com
Subject: Failure of <20260114.4711@mail.example.net>

Message <20260114.4711@mail.example.net> from <news@example.com> to <bob@example.org>: 550 rejected
`, []string{"bob@example.org failed 550"}},
		{"a postmaster's automatic answer", `
Return-Path: <>
From: postmaster@example.org
Subject: Address changed
Auto-Submitted: auto-replied

Your message to bob@example.org could not be delivered. This address is no longer
in use. Please write to carol@example.org instead.
`, []string{"bob@example.org failed"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			found := readCase(c.message)
			assert.Equal(t, DeliveryStatus, found.Kind)
			assert.Equal(t, c.want, summary(found))
		})
	}
}
