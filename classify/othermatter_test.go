package classify

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOfOtherMatter(t *testing.T) {
	for _, test := range []struct {
		name, answer string
		want         bool
	}{
		{"no words", "550 5.1.1", false},
		{"an address and a host", "550 5.1.1 <bob@example.org> mx.example.org", false},
		{"words of no matter", "550 5.1.1 Delivery failed permanently", false},
		{"of a mailbox", "550 5.1.1 Bob has left for Zanzibar", false},
		{"in another language", "550 5.1.1 Uporabnik ne obstaja", false},
		{"in the first person", "550 5.1.1 Kennen wir nicht", false},
		{"an address in one word", "550 5.1.1 Emailadresse nicht mehr gültig", false},
		{"in another script", "550 5.1.1 Потребителят липсва", false},
		{"of something else", "550 5.1.1 Zip bomb", true},
		{"what is asked of the sender", "550 5.1.1 Zip bomb, please remove", true},
		{"behind what Postfix says of all", "550 5.1.1 <bob@example.org>: Recipient address rejected: Zip bomb", true},
		{"before a colon", "550 5.1.1 Zip bomb: rejected: 42", true},
		{"behind what is of no matter", "550 5.1.1 Bob has left: rejected", false},
		{"the local part", "550 5.1.1 no zip here", false},
		{"an identifier", "550 5.1.1 1a2b3c4d", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := facts{addresses: [2]string{"", "zip.zap@example.org"}}
			f.texts[theAnswer] = test.answer
			assert.Equal(t, test.want, f.ofOtherMatter(Address))
		})
	}
	f := facts{}
	f.texts[theAnswer] = "550 5.1.2 MX is parked"
	assert.False(t, f.ofOtherMatter(Domain))
	assert.True(t, f.ofOtherMatter(Address))
}
