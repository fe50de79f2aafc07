package dsn

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSeveral(t *testing.T) {
	cases := []proseCase{
		{"the answer names one", `
Return-Path: <>
From: Mail System <MAILER-DAEMON@mail.example.net>
Subject: Undelivered mail

Your message could not be delivered to the following recipients:

  bob@example.org
  carol@example.org
  dave@example.com

The server mx.example.org answered:

  550 5.1.1 <carol@example.org>: Recipient address rejected: User unknown
`, []string{"bob@example.org failed", "carol@example.org failed 550 5.1.1", "dave@example.com failed"}},
		{"the answer names nobody", `
Return-Path: <>
From: Mail System <MAILER-DAEMON@mail.example.net>
Subject: Undelivered mail

Your message could not be delivered to the following recipients:

  bob@example.org
  carol@example.org

The server mx.example.org answered:

  550 5.7.1 message refused by policy
`, []string{"bob@example.org failed 550 5.7.1", "carol@example.org failed 550 5.7.1"}},
		{"answers name two of three", `
Return-Path: <>
From: Mail System <MAILER-DAEMON@mail.example.net>
Subject: Undelivered mail

Your message could not be delivered to the following recipients:

  bob@example.org, carol@example.org, dave@example.com

Answers of the server:

  550 5.1.1 <carol@example.org>: Recipient address rejected: User unknown
  552 5.2.2 <bob@example.org>: over quota
`, []string{"bob@example.org failed 552 5.2.2", "carol@example.org failed 550 5.1.1", "dave@example.com failed"}},
		{"the answer names one of a sentence", `
Return-Path: <>
From: Mail System <MAILER-DAEMON@mail.example.net>
Subject: Undelivered mail

Your message to bob@example.org and carol@example.org could not be delivered.
The server said: 550 5.1.1 <carol@example.org>... User unknown
`, []string{"bob@example.org failed", "carol@example.org failed 550 5.1.1"}},
		{"semicolons", `
Return-Path: <>
From: Mail System <MAILER-DAEMON@mail.example.net>
Subject: Undelivered mail

Your message could not be delivered to: a@example.org; b@example.org
`, []string{"a@example.org failed", "b@example.org failed"}},
		{"names, semicolons", `
Return-Path: <>
From: System Administrator <postmaster@mail.example.net>
Subject: Undeliverable: hello

Your message could not be delivered to: 'Ann Smith' (a@example.org); 'Bob' (b@example.org)
`, []string{"a@example.org failed", "b@example.org failed"}},
		{"commas in a sentence", `
Return-Path: <>
From: Mail System <MAILER-DAEMON@mail.example.net>
Subject: Undelivered mail

We could not deliver your message to a@example.org, b@example.org, and c@example.org because the domain does not exist.
`, []string{"a@example.org failed", "b@example.org failed", "c@example.org failed"}},
		{"commas over two lines", `
Return-Path: <>
From: Mail System <MAILER-DAEMON@mail.example.net>
Subject: Undelivered mail

Could not be delivered to: <a@example.org>, <b@example.org>,
   <c@example.org>

Host not found.
`, []string{"a@example.org failed", "b@example.org failed", "c@example.org failed"}},
		{"local parts, the answers in the transcript", `
Return-Path: <>
From: Mail Delivery Subsystem <MAILER-DAEMON@mail.example.net>
Subject: Returned mail: User unknown

The original message was received at Mon, 4 Mar 1996 12:00:00 GMT
from localhost

   ----- The following addresses had permanent fatal errors -----
jdoe  (unrecoverable error)
rroe  (unrecoverable error)

   ----- Transcript of session follows -----
550 5.1.1 jdoe... User unknown
550 5.1.1 rroe... User unknown

   ----- Original message follows -----
From: alice@example.net
To: jdoe, rroe
Subject: x

y
`, []string{"jdoe@mail.example.net failed 550 5.1.1", "rroe@mail.example.net failed 550 5.1.1"}},
		{"who forwarded it is no recipient", `
Return-Path: <>
From: Mail System <MAILER-DAEMON@mail.example.net>
To: y@example.com
Subject: Undelivered mail

Message to x@example.org, forwarded by y@example.com, was not delivered.
`, []string{"x@example.org failed"}},
		{"forwarded by, before a colon", `
Return-Path: <>
From: postmaster@mail.example.net
Subject: Mail not delivered

Message to <x@example.org>, forwarded by <y@example.com>, could not be delivered:

Mailbox full.

Message headers follow:

Received: from a by b
From: alice@example.com
To: y@example.com
`, []string{"x@example.org failed"}},
		{"who forwarded it goes first", `
Return-Path: <>
From: postmaster@mail.example.net
Subject: Mail not delivered

A message that was forwarded by y@example.com could not be delivered to x@example.org because the mailbox is full.
`, []string{"x@example.org failed"}},
		{"forwarded by, in Dutch", `
Return-Path: <>
From: postmaster@mail.example.net
Subject: Onbestelbaar bericht

Uw bericht aan x@example.org, doorgestuurd door y@example.com, kon niet worden afgeleverd.
`, []string{"x@example.org failed"}},
		{"the others got it, in a sentence of its own", `
Return-Path: <>
From: Mail Delivery <mailer-daemon@mail.example.net>
To: news@example.com
Subject: Partial delivery

Your message of January 14 was delivered to bob@example.org and dave@example.com.

It was not delivered to carol@example.org: user unknown.
`, []string{"bob@example.org delivered", "dave@example.com delivered", "carol@example.org failed"}},
		{"bare headings", `
Return-Path: <>
From: Mail System <MAILER-DAEMON@mail.example.net>
To: news@example.com
Subject: Delivery report

DELIVERED
  a@example.org
FAILED
  b@example.org - 550 no such user
STILL TRYING
  c@example.org - 451 try later
`, []string{"a@example.org delivered", "b@example.org failed 550", "c@example.org delayed 451"}},
		{"delivered and not, in German", `
Return-Path: <>
From: Mailserver <mailserver@mail.example.de>
To: news@example.com
Subject: Zustellbericht

Zugestellt: a@example.org
Nicht zugestellt: b@example.org (550 5.1.1 Benutzer unbekannt)
`, []string{"a@example.org delivered", "b@example.org failed 550 5.1.1"}},
		{"the reason is the heading", `
Return-Path: <>
From: Mail System <MAILER-DAEMON@mail.example.net>
To: news@example.com
Subject: Undelivered mail

Your message was not delivered to these people:

No such user:
  a@example.org
  b@example.org

Mailbox full:
  c@example.net
`, []string{"a@example.org failed", "b@example.org failed", "c@example.net failed"}},
		{"an answer and a cause as headings", `
Return-Path: <>
From: Mail System <MAILER-DAEMON@mail.example.net>
To: news@example.com
Subject: Returned mail

Domain nosuch.example does not exist:
    a@nosuch.example
    b@nosuch.example

Host mx.example.org said "550 5.1.1 unknown user":
    c@example.org
`, []string{"a@nosuch.example failed", "b@nosuch.example failed", "c@example.org failed 550 5.1.1"}},
		{"causes in parentheses", `
From: postmaster@mail.example.net
To: news@example.com
Subject: Failed addresses in your message

2 of 14 recipients were not reached:

bob@example.org (domain has no mail server)
carol@example.org (account closed)

The other 12 recipients have received your message.
`, []string{"bob@example.org failed", "carol@example.org failed"}},
		{"the last answer", `
Return-Path: <>
From: Mail System <mailer-daemon@mail.example.net>
To: news@example.com
Subject: Undelivered mail

We gave up on a@example.org, b@example.org and c@example.org.

Last answer: 550 b@example.org unknown
`, []string{"a@example.org failed", "b@example.org failed 550", "c@example.org failed"}},
		{"answers of groups", `
Return-Path: <>
From: Mail System <mailer-daemon@mail.example.net>
To: news@example.com
Subject: Undelivered mail

a@example.org, b@example.org:
  550 5.1.1 user unknown

c@example.net:
  554 5.7.1 spam
`, []string{"a@example.org failed 550 5.1.1", "b@example.org failed 550 5.1.1", "c@example.net failed 554 5.7.1"}},
		{"a cause in words below another's code", `
Return-Path: <>
From: mailer-daemon@posti.example.fi
To: news@example.com
Subject: Viesti palautettu

Viestiä ei saatu perille:

  a@example.fi
     550 tuntematon käyttäjä
  b@example.fi
     verkkotunnusta ei ole olemassa
`, []string{"a@example.fi failed 550", "b@example.fi failed"}},
		{"Arabic", `
Return-Path: <>
From: mailer-daemon@mail.example.net
To: news@example.com
Subject: =?UTF-8?B?2YHYtNmEINin2YTYqtiz2YTZitmF?=

لم تصل رسالتك إلى العناوين التالية:

a@example.org: 550 المستخدم غير موجود
b@example.org: 552 صندوق البريد ممتلئ
`, []string{"a@example.org failed 550", "b@example.org failed 552"}},
		{"a cause or a wait behind each", `
Return-Path: <>
From: Mail Queue <mailer-daemon@q.example.net>
To: news@example.com
Subject: Report on your message 4711

a@example.org: refused by mx.example.org (550 5.1.1 no such user)
b@example.net: given up, the host does not exist
c@example.com: still in the queue, mx.example.com does not answer
`, []string{"a@example.org failed 550 5.1.1", "b@example.net failed", "c@example.com delayed"}},
		{"a word before each, in Spanish", `
Return-Path: <>
From: mailer-daemon@correo.example.es
To: news@example.com
Subject: Informe de entrega

Rechazado: a@example.es (550 usuario desconocido)
Entregado: b@example.es
Pendiente: c@example.es
`, []string{"a@example.es failed 550", "b@example.es delivered", "c@example.es delayed"}},
		{"full-width parentheses", `
Return-Path: <>
From: mailer-daemon@mail.example.jp
To: news@example.com
Subject: =?UTF-8?B?6YWN5L+h57WQ5p6c?=

a@example.jp：失敗（550 宛先不明）
b@example.jp：遅延（451 混雑中）
`, []string{"a@example.jp failed 550", "b@example.jp delayed 451"}},
		{"full-width commas", `
Return-Path: <>
From: mailer-daemon@mail.example.cn
To: news@example.com
Subject: =?UTF-8?B?6YCA5L+h?=

以下收件人投递失败：
a@example.cn，550 用户不存在
b@example.cn，552 邮箱已满
`, []string{"a@example.cn failed 550", "b@example.cn failed 552"}},
		{"Zoho", `
From: mailer-daemon@mail.example.net
Subject: Undelivered Mail Returned to Sender

This message was created automatically by mail delivery software.
 A message that you sent could not be delivered to one or more of its recipients. This is a permanent error.

bob@example.org, ERROR CODE :550 - 5.4.1 Recipient address rejected: Access denied.

carol@example.com, ERROR_CODE :5.0.0, Invalid Domain
`, []string{"bob@example.org failed 550 5.4.1", "carol@example.com failed 5.0.0"}},
		{"footnotes", `
Return-Path: <>
From: Mail System <postmaster@mail.example.net>
Subject: Undeliverable message

Your message could not be delivered to these recipients:

    bob@example.org [1]
    <carol@example.org> [2]
    dave@example.com [1]

Reasons:

    [1] 550 5.1.1 no such user
    [2] 552 5.2.2 mailbox
        over quota
`, []string{"bob@example.org failed 550 5.1.1", "carol@example.org failed 552 5.2.2", "dave@example.com failed 550 5.1.1"}},
		{"numbers before the addresses and the answers", `
Return-Path: <>
From: Mail System <postmaster@mail.example.net>
Subject: Undeliverable message

Delivery failed for:

1. bob@example.org
2. carol@example.org

What the servers said:

1. 550 5.1.1 no such user
2. 552 5.2.2 mailbox over quota
`, []string{"bob@example.org failed 550 5.1.1", "carol@example.org failed 552 5.2.2"}},
		{"numbers before the addresses, and before advice", `
Return-Path: <>
From: Mail System <postmaster@mail.example.net>
Subject: Undeliverable message

Delivery failed for:

1. bob@example.org
2. carol@example.org

550 5.7.1 message refused

1. Find out whether the mailbox is full.
2. Find out whether the user is unknown.
`, []string{"bob@example.org failed 550 5.7.1", "carol@example.org failed 550 5.7.1"}},
		{"CommuniGate with angle brackets", `
From: MAILER-DAEMON@mail.example.net
Subject: Undeliverable mail: News

Failed to deliver to '<bob@example.org>'
SMTP module(domain example.org) reports:
 host mx.example.org says:
 550 5.7.1 message looks like spam to us

Failed to deliver to 'carol'
LOCAL module(account carol) reports:
 account is full (quota exceeded)
`, []string{"bob@example.org failed 550 5.7.1", "carol@mail.example.net failed"}},
		{"a host for now, the next for good", `
From: Mail Delivery System <Mailer-Daemon@mail.example.net>
Subject: Mail delivery failed: returning message to sender

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  bob@example.org
    host mx1.example.org [192.0.2.1]
    SMTP error from remote mail server after RCPT TO:<bob@example.org>:
    451 4.3.0 <bob@example.org>: Temporary lookup failure
    host mx2.example.org [192.0.2.2]
    SMTP error from remote mail server after RCPT TO:<bob@example.org>:
    550 5.1.1 <bob@example.org>: User unknown
`, []string{"bob@example.org failed 550 5.1.1"}},
		{"a session for now, the next for good", `
From: Mail Delivery Subsystem <MAILER-DAEMON@mail.example.net>
Subject: Returned mail: see transcript for details

   ----- The following addresses had permanent fatal errors -----
<bob@example.org>

   ----- Transcript of session follows -----
... while talking to mx1.example.org.:
>>> RCPT To:<bob@example.org>
<<< 451 4.3.0 Temporary lookup failure
... while talking to mx2.example.org.:
>>> RCPT To:<bob@example.org>
<<< 550 5.1.1 User unknown
`, []string{"bob@example.org failed 550 5.1.1"}},
		{"an answer that quotes another host's", `
From: Mail Delivery System <MAILER-DAEMON@mail.example.net>
Subject: Undelivered Mail Returned to Sender

<bob@example.org>: host mx1.example.org[192.0.2.1] said: 450 4.1.1
    <bob@example.org>: Recipient address rejected: unverified address: host
    mx2.example.org[192.0.2.2] said: 550 5.1.1 User unknown (in reply to RCPT
    TO command) (in reply to RCPT TO command)
`, []string{"bob@example.org failed 450 4.1.1"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			found := readCase(c.message)
			assert.Equal(t, DeliveryStatus, found.Kind)
			assert.Equal(t, c.want, summary(found))
		})
	}
}
