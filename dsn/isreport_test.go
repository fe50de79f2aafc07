package dsn

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNoReport(t *testing.T) {
	cases := []proseCase{
		{"a warning of the own quota, with the code to come", `
Return-Path: <>
From: Postmaster <postmaster@example.com>
To: news@example.com
Subject: Your mailbox is almost full

Your mailbox news@example.com has used 95 % of its quota. When it is full, mail
to you will be rejected with 552 5.2.2 mailbox full.
`, nil},
		{"a person mentions a bounce", `
From: Carol <carol@example.org>
Subject: problem with mail

Hi, I wrote to bob@example.net but it bounced: 550 5.1.1 user unknown.
Could you ask him for his new address?
`, nil},
		{"a person with a subject like a report", `
Return-Path: <carol@example.org>
From: Carol <carol@example.org>
Subject: Undeliverable mail

My mail to bob@example.net was not delivered, the server said 550 5.1.1
user unknown. Do you have another address?
`, nil},
		{"a postmaster answers, behind a tag of the gateway", `
Return-Path: <postmaster@example.net>
From: Postmaster <postmaster@example.net>
Subject: [EXT] Re: failure notice

The log says 552 5.2.2 mailbox full for <anna@example.net>. I raised her quota,
please send your message again.
`, nil},
		{"an answer to a bounce", `
From: Carol <carol@example.org>
Subject: Re: Mail delivery failed: returning message to sender
In-Reply-To: <1@example.net>

I fixed it. The address was wrong:

  bob@example.net
    550 5.1.1 user unknown
`, nil},
		{"an answer in Outlook's form", `
From: Carol <carol@example.org>
Subject: RE: Undeliverable: report

Please use my other address.

-----Original Message-----
From: Mail Delivery System <MAILER-DAEMON@example.net>
Subject: Undeliverable: report

The following address failed:

  bob@example.net
    550 5.1.1 user unknown
`, nil},
		{"a forwarded bounce", `
From: Carol <carol@example.org>
Subject: Fwd: Undelivered Mail Returned to Sender

Can you look at this?

---------- Forwarded message ---------
From: Mail Delivery System <MAILER-DAEMON@example.net>

This is the mail system at host mx.example.net.

<bob@example.net>: host mx.example.net[192.0.2.1] said: 550 5.1.1 unknown
`, nil},
		{"a forwarded bounce without a mark", `
From: Carol <carol@example.org>
Subject: FW: Undelivered Mail Returned to Sender

This is the mail system at host mx.example.net.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients.

<bob@example.net>: host mx.example.net[192.0.2.1] said: 550 5.1.1 unknown
`, nil},
		{"a newsletter about deliverability", `
From: Mail Tips <news@example.com>
Subject: Delivery failure? Seven reasons why mail bounces
List-Unsubscribe: <https://example.com/u>

Ever seen this?

  bob@example.net
  550 5.1.1 User unknown

It means that the message could not be delivered. Read more on our site.
`, nil},
		{"a newsletter without list fields", `
Return-Path: <bounce@example.com>
From: Mail Tips <news@example.com>
Subject: Undeliverable mail and what to do about it

A mail could not be delivered, and now? When the answer for bob@example.net is
550 5.1.1 user unknown, take the address from your list.
`, nil},
		{"a forum tells what somebody wrote", `
From: Forum <forum@example.com>
Subject: New message: mail delivery failed for me
Auto-Submitted: auto-generated

bob wrote: your message to carol@example.net was not delivered, she told me.
`, nil},
		{"a parcel", `
From: Parcel <noreply@example.com>
Subject: Delivery failed: we could not deliver your parcel 550511
Auto-Submitted: auto-generated

Your parcel was not delivered. The recipient was not found.
Questions? Write to service@example.com
`, nil},
		{"a parcel, with one's own address", `
From: Parcel <noreply@example.com>
To: bob@example.net
Subject: Delivery failed

Your parcel could not be delivered. Your account:

  bob@example.net
`, nil},
		{"an order that nobody took", `
From: Shop <news@example.com>
Subject: We couldn't deliver your order

We were unable to deliver your order to:

bob@example.net
1 Main Street
`, nil},
		{"an issue tracker", `
From: Tracker <issues@example.com>
Subject: [MAIL-12] Mail delivery failed for bob@example.net
Auto-Submitted: auto-generated

Carol wrote:

  bob@example.net: 550 5.1.1 user unknown, could not be delivered
`, nil},
		{"a ticket with a subject of its own", `
From: Service <service@example.com>
Subject: Delivery problem
Auto-Submitted: auto-replied

We have received your message and will look into why mail to bob@example.net
could not be delivered.
`, nil},
		{"a parcel", `
From: Shop <service@example.com>
Subject: Delivery failed
Auto-Submitted: auto-generated

Your parcel could not be delivered. We sent your message of the courier to bob@example.net.
`, nil},
		{"a letter of somebody called postmaster", `
From: Postmaster News <postmaster-news@example.com>
Subject: Delivery errors

Your domain had delivery errors: 550 5.7.26 for bob@example.net.
`, nil},
		{"a maintenance notice", `
From: Postmaster <postmaster@example.net>
Subject: Delivery delayed on Sunday: maintenance

On Sunday our servers will answer 421 4.3.2. Mail to bob@example.net and
carol@example.net will not be lost, please retry.
`, nil},
		{"a letter on mail, with a report as its example", `
From: The Postmaster Letter <letter@example.com>
Subject: Undeliverable? What 550 5.1.1 tells you
List-Id: <letter.example.com>
List-Unsubscribe: <https://example.com/u>

This week: your message could not be delivered. Why?

    <bob@example.org>: host mx1.example.org said: 550 5.1.1 User unknown
`, nil},
		{"an order that is late", `
From: Shop <orders@example.com>
To: bob@example.net
Subject: Delivery delayed

Your order is delayed. We will keep trying to deliver it to

  bob@example.net, 1 Main Street

Questions? Please contact help@example.com
`, nil},
		{"a failed payment", `
Return-Path: <bounce-551@example.com>
From: Billing <no-reply@example.com>
Subject: Payment failed

The payment of 550.00 for bob@example.net was rejected by your bank: account
not found. Update your card.
`, nil},
		{"a calendar answer", `
From: Bob <bob@example.net>
Subject: Declined: Mail delivery problems
In-Reply-To: <1@example.com>

Bob <bob@example.net> has declined. The meeting room was rejected.
`, nil},
		{"a report on DMARC", `
From: noreply-dmarc-support@example.org
Subject: Report domain: example.net Submitter: example.org
Auto-Submitted: auto-generated

This is an aggregate report. bob@example.net 550 5.7.1 rejected: 12
`, nil},
		{"a ticket about a bounce", `
From: Help Desk <helpdesk@example.com>
Subject: [#4711] Mail delivery failed to bob@example.net
Auto-Submitted: auto-replied
In-Reply-To: <7@example.org>

Thank you for your message. We will answer soon. You wrote:

My mail to bob@example.net could not be delivered: 550 5.1.1 user unknown
`, nil},
		{"a digest for the postmaster", `
From: root@mx.example.com
Subject: Postfix log summaries for Nov 23
Auto-Submitted: auto-generated

message bounce detail (by relay)
   mx.example.net[192.0.2.1]
      9   550 5.1.1 <bob@example.net>: Recipient address rejected: User unknown
      1   452 4.2.2 <carol@example.net>: mailbox full
`, nil},
		{"cron", `
From: root@mx.example.com (Cron Daemon)
Subject: Cron <root@mx> check-queue
Auto-Submitted: auto-generated

bob@example.net: 550 5.1.1 user unknown
`, nil},
		{"a digest of a list", `
From: list-request@example.org
Subject: Users Digest, Vol 7, Issue 3
List-Id: Users <users.example.org>
List-Post: <mailto:users@example.org>

Message: 1
From: MAILER-DAEMON@example.net
Subject: Undelivered Mail Returned to Sender

<bob@example.net>: 550 5.1.1 unknown user
`, nil},
		{"a probe", `
Return-Path: <users-bounces+bob=example.net@example.org>
From: users-bounces@example.org
Subject: Users mailing list probe message

This is a probe message. You can ignore this message.

The Users mailing list has received a number of bounces from you,
indicating that there may be a problem delivering messages to
bob@example.net. A bounce sample is attached below.
`, nil},
		{"a bounce action notice", `
From: mailman-bounces@example.org
Subject: Bounce action notification

This is a Mailman mailing list bounce action notice:

    List:       users
    Member:     bob@example.net
    Action:     Subscription disabled.
    Reason:     Excessive or fatal bounces.
`, nil},
		{"a confirmation of a subscription", `
From: users-confirm@example.org
Subject: confirm 1234567890

We have received a request for subscription of your email address,
"bob@example.net", to the users mailing list. Reply to confirm your subscription.
`, nil},
		{"a quarantine digest", `
From: postmaster@example.com
Subject: Quarantine summary

The following messages were held for you:

  carol@example.net   Cheap pills
  dave@example.net    You have won
`, nil},
		{"a support ticket", `
From: Support <support@example.com>
Subject: [Ticket 5501] Re: mail to bob@example.net rejected
Auto-Submitted: auto-generated

Thank you for contacting us. We received your request:

> My mail to bob@example.net is rejected with 550 5.7.1.
`, nil},
		{"a postmaster who is a person", `
Return-Path: <postmaster@example.net>
From: Postmaster <postmaster@example.net>
Subject: Re: failure notice

I looked at the log: 552 5.2.2 mailbox full for <bob@example.net>. I raised the
quota, please send it again.
`, nil},
		{"a server notes an error to its postmaster", `
From: Mail Delivery System <MAILER-DAEMON@mx.example.com>
Subject: Postfix SMTP server: errors from unknown[192.0.2.1]

Transcript of session follows.

 Out: 220 mx.example.com ESMTP Postfix
 In:  RCPT TO:<bob@example.com>
 Out: 503 5.5.1 Error: need MAIL command
`, nil},
		{"an invoice", `
From: billing@example.com
Subject: Invoice 550 511

Amount 552.20, due 5.1.2026. Write to billing@example.com
`, nil},
		{"an account notice", `
From: no-reply@example.com
Subject: Your address bob@example.net was rejected

We could not send you the security code: the address bob@example.net is not
valid. Please sign in and correct it.
`, nil},
		{"a null sender without any failure", `
Return-Path: <>
From: bob@example.net
Subject: hi

test
bob@example.net
`, nil},
		{"a postmaster writes of a breakdown", `
From: Postmaster <postmaster@example.org>
To: alice@example.org
Subject: Problems with mail yesterday

Dear all, yesterday mail to example.net could not be delivered for two hours. Messages to
bob@example.net were deferred with 451. All is well again.
`, nil},
		{"an advertisement says how to get no more of them", `
From: Shop <noreply@example.com>
Subject: 수신거부 안내

(광고) 이번 주 550 가지 할인 상품

수신거부: <unsubscribe@example.com>
코드 550 할인
`, nil},
		{"a robot counts what bounced", `
From: Postfix report <root@mail.example.com>
To: postmaster@mail.example.com
Subject: Daily mail report for 14 January

sent 1203, bounced 2, deferred 5
bounced:
  bob@example.org (550 5.1.1)
`, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			found := readCase(c.message)
			assert.NotEqual(t, DeliveryStatus, found.Kind)
			assert.NotContains(t, strings.Join(summary(found), "\n"), string(Failed))
		})
	}
}

func TestAnswers(t *testing.T) {
	cases := []proseCase{
		{"English", "From: bob@example.org\nSubject: Out of Office: your mail\n\nI am on holiday until 7 December.\n", nil},
		{"German", "From: bob@example.org\nSubject: Automatische Antwort: Angebot\n\nIch bin bis 7. Dezember im Urlaub.\n", nil},
		{"French", "From: bob@example.org\nSubject: Absence du bureau\n\nJe suis absent.\n", nil},
		{"Spanish", "Return-Path: <>\nFrom: bob@example.org\nSubject: Respuesta automática: hola\n\nEstoy de vacaciones.\n", nil},
		{"Portuguese", "From: bob@example.org\nSubject: Resposta automática: oi\n\nEstou de férias.\n", nil},
		{"Italian", "From: bob@example.org\nSubject: Risposta automatica: ciao\n\nSono in ferie.\n", nil},
		{"Dutch", "From: bob@example.org\nSubject: Automatisch antwoord: vraag\n\nIk ben met vakantie.\n", nil},
		{"Polish", "From: bob@example.org\nSubject: Automatyczna odpowiedź: oferta\n\nJestem na urlopie.\n", nil},
		{"Russian", "From: bob@example.org\nSubject: Автоматический ответ: вопрос\n\nЯ в отпуске.\n", nil},
		{"Japanese", "Return-Path: <>\nFrom: bob@example.org\nSubject: 不在のお知らせ\n\nただいま休暇中です。\n", nil},
		{"Chinese", "From: bob@example.org\nSubject: 自动回复: 你好\n\n我正在休假。\n", nil},
		{"Korean", "From: bob@example.org\nSubject: 자동 회신: 문의\n\n휴가 중입니다.\n", nil},
		{"Turkish", "From: bob@example.org\nSubject: Otomatik Yanıt: soru\n\nİzindeyim.\n", nil},
		{"looks like a bounce", "From: bob@example.org\nAuto-Submitted: auto-replied\nSubject: Undeliverable until Monday\n\nI am away. If mail to bob@example.org comes back with 550 5.1.1, ignore that.\n", nil},
		{"gone", "Return-Path: <>\nFrom: bob@example.org\nAuto-Submitted: auto-replied\nSubject: address no longer in use\n\nI have left the company. Write to carol@example.org.\n", nil},
		{"challenge", "Return-Path: <>\nFrom: bob@example.org\nAuto-Submitted: auto-replied\nSubject: Please confirm you are human\n\nClick https://example.org/c to have your message delivered.\n", nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			found := readCase(c.message)
			assert.Equal(t, AutoReply, found.Kind)
			assert.Empty(t, found.Recipients)
		})
	}
}

// A part below that names nobody makes no report of a message that is none.
func TestPartBelow(t *testing.T) {
	report := Parse([]byte(`From: Mail System <postmaster@example.org>
Subject: Welcome to your new mailbox
Content-Type: multipart/mixed; boundary=b

--b

Your account anna@example.org was created. If a message that you send cannot be
delivered, you get a report.
--b

This message was scanned by Acme Guard. Report spam to your help desk.
--b--
`))
	assert.Empty(t, report.Kind)
	assert.Empty(t, report.Recipients)

	// Below an empty one or the banner of a gateway stands the report itself.
	for _, banner := range []string{"", "CAUTION: This message came from outside. Click no links unless you know the sender.\n"} {
		report = Parse([]byte("Return-Path: <>\nFrom: MAILER-DAEMON@example.org\nSubject: Spring news\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n" + banner +
			"\n--b\n\nYour message could not be delivered.\n\n550 5.2.2 Mailbox full\n--b--\n"))
		require.Len(t, report.Recipients, 1, banner)
		assert.Equal(t, "550 5.2.2 Mailbox full", report.Recipients[0].Diagnostic.Text, banner)
	}
}

func TestCutTag(t *testing.T) {
	for subject, want := range map[string]string{
		"[EXT] Re: hello": "Re: hello", "{Spam?} hello": "hello", "***SPAM*** hello": "hello", "[a] b": "b",
		"[Delivery failure] hello": "[Delivery failure] hello", "[EXT": "[EXT", "[MAIL-12] b": "[MAIL-12] b", "*": "*", "": "", "hello [EXT]": "hello [EXT]",
	} {
		assert.Equal(t, want, cutTag(subject), subject)
	}
}
