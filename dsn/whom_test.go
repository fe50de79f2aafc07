package dsn

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDecodeVERP(t *testing.T) {
	cases := []struct{ address, want string }{
		{"list-bounces+bob=example.org@example.com", "bob@example.org"},
		{"list-bounces+bob.smith=mail.example.org@example.com", "bob.smith@mail.example.org"},
		{"bounces+bob+tag=example.org@example.com", "bob+tag@example.org"},
		{"bounces+4711-a1b2-bob=example.org@example.com", "bob@example.org"},
		{"bounce-4711-120-bob-smith=example.org@example.com", "bob-smith@example.org"},
		{"bob=example.org@example.com", ""},
		{"prvs=1234abcd=bob@example.com", ""},
		{"bounces+4711@example.com", ""},
		{"bob@example.org", ""},
		{"bounces+=example.org@example.com", ""},
		{"@", ""},
		{"", ""},
	}
	for _, c := range cases {
		assert.Equal(t, c.want, decodeVERP(c.address), c.address)
	}
}

func TestWhom(t *testing.T) {
	nameless := "Return-Path: <>\nFrom: MAILER-DAEMON@example.net\nSubject: Undelivered mail\n"
	cases := []struct{ name, message, address string }{
		{"envelope", nameless + "Delivered-To: bounces+bob=example.org@example.com\n\nYour message could not be delivered.\n", "bob@example.org"},
		{"forwarded", nameless + "To: bounces+bob=example.org@example.com\n\nNot delivered:\n\n<robert@example.net>: 550 5.1.1 unknown\n", "bob@example.org"},
		{"addressee", nameless + "\nYour message could not be delivered.\n\n--- Original message ---\n\nReceived: from a by b\nFrom: a@example.com\nTo: Bob <bob@example.org>\n", "bob@example.org"},
		{"two addressees", nameless + "\nYour message could not be delivered.\n\n--- Original message ---\n\nReceived: from a by b\nFrom: a@example.com\nTo: bob@example.org, carol@example.org\n", ""},
		{"subject", "Return-Path: <>\nFrom: MAILER-DAEMON@example.net\nTo: news@example.com\nSubject: Undeliverable: bob@example.org unknown user\n\nSee the postmaster.\n", "bob@example.org"},
		{"subject names the sender", "Return-Path: <>\nFrom: MAILER-DAEMON@example.net\nTo: news@example.com\nSubject: Undelivered mail from News@example.com\n\nSee the postmaster.\n", ""},
		{"envelope, from a postmaster", "Return-Path: <>\nFrom: postmaster@example.net\nTo: bounces+bob=example.org@example.com\nSubject: Returned mail: User unknown\n\nThe user you wrote to does not exist here.\n\n550 5.1.1 User unknown\n", "bob@example.org"},
		{"last hop", nameless + "\nYour message could not be delivered.\n\n--- Original message ---\n\nReceived: from a by b with ESMTP\n for <bob@example.org>; today\nTo: list@example.com\nList-Post: <mailto:list@example.com>\n", "bob@example.org"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := Parse([]byte(c.message))
			require.Len(t, r.Recipients, 1)
			assert.Equal(t, c.address, r.Recipients[0].Address())
		})
	}
}
