package classify

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWords(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"case and punctuation", "User UNKNOWN; (in table)!", "user unknown in table"},
		{"apostrophes", "doesn't, doesn’t, 'quoted' users'", "doesnt doesnt quoted users"},
		{"details of the session", "unknown; from=<> helo=<mx> user=x spf=pass dkim=fail", "unknown _ _ mx user x _ pass dkim fail"},
		{"elision", "l'adresse n’existe pas dell'utente", "l adresse n existe pas dell utente"},
		{"underscore and hyphen part words", "user_unknown over-quota", "user unknown over quota"},
		{"address", "<spam@example.org>... User=virus@example.net unknown", "@ @ unknown"},
		{"address and dots", "spam@example.org...User unknown", "@ user unknown"},
		{"address in quotes", "'spam@example.org' refused", "@ refused"},
		{"host", "blocked using Zen.Spamhaus.org.", "blocked using [Zen.Spamhaus.org]"},
		{"host in capitals", "talking to MX.EXAMPLE.ORG:", "talking to [MX.EXAMPLE.ORG]"},
		{"host with a path", "see support.example.org/mail/?p=NoSuchUser for more", "see [support.example.org] for more"},
		{"URL", "(https://www.example.org/user/unknown?x=(1) ) why", "[www.example.org] why"},
		{"URL with a port", "http://localhost:8080/spam", "[localhost]"},
		{"no space after a full stop", "User unknown.Please check", "user unknown please check"},
		{"identifier", "550 5.1.1 RESOLVER.ADR.RecipNotFound; not found", "resolver adr recipnotfound not found"},
		{"codes are no words", "550-5.1.1 The user 550-5.1.1 does not 550 5.1.1 exist (#4.4.1)", "the user does not exist"},
		{"other numbers are", "wait 300 seconds, error 17, 192.0.2.1 10.5.1.1", "wait 300 seconds error 17 # #"},
		{"IPv6 from its middle on", "[::ffff:192.0.2.1] ::dead:beef. Error::bad:add", "# # error bad add"},
		{"no IPv6 behind two colons", "error ::X: no", "error x no"},
		{"IPv6", "your IP 2001:db8::1. [IPv6:2001:DB8:0:0:0:0:0:1]:25 2001:db8::192.0.2.1: bad 12:34:56 add: a", "your ip # ipv6 # 25 # bad 12 34 56 add a"},
		{"dots alone", "well... no. e.g. this", "well no e g this"},
		{"accents", "BOÎTE aux lettres pleine à 100%", "boite aux lettres pleine a 100"},
		{"accents apart", "boi\u0302te PLEI\u0300NE", "boite pleine"},
		{"Cyrillic", "Пользователь НЕ найден", "пользователь не наиден"},
		{"Han", "邮箱不存在user@example.org", "邮 箱 不 存 在 @"},
		{"Kana", "ユーザーunknown", "ユ ー ザ ー unknown"},
		{"Thai", "ไม่พบ", "ไ ม ่ พ บ"},
		{"bytes that are no text", "user\xff\xfeunknown\x00", "user unknown"},
		{"a word longer than any", strings.Repeat("x", 1000) + " user", "_ user"},
		{"nothing", " .,;- ", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for s := (scanner{text: test.text}); s.next(); {
				switch {
				case s.host != (hostRange{}):
					got = append(got, "["+test.text[s.host.start:s.host.end]+"]")
				case s.size == 0:
					got = append(got, "_")
				default:
					got = append(got, string(s.word()))
				}
			}
			assert.Equal(t, test.want, strings.Join(got, " "))
		})
	}
}
