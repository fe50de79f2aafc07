package origin

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The vectors of README.md: a sender in another language must make the same.
var vectors = []struct {
	prefix, domain, recipient, campaign string
	expires                             string
	address                             string
}{
	{"", "example.org", "anna@example.net", "", "2026-12-31", "bounce-anna=example.net=auksxqc622badhj46@example.org"},
	{"", "example.org", "anna@example.net", "spring", "2026-12-31", "bounce-anna=example.net=spring=aukspsygfkph4nreq@example.org"},
	{"", "Example.ORG", "Anna@Example.NET", "Spring", "2026-12-31", "bounce-anna=example.net=spring=aukspsygfkph4nreq@example.org"},
	{"b+", "example.org", "anna+news@example.net", "", "2026-12-31", "b+anna_2bnews=example.net=auksrzyscz3eq6cii@example.org"},
	{"b", "example.org", `"a b"@example.net`, "a=b", "2027-01-01", "b-_22a_20b_22=example.net=a_3db=auktnysln6i7yglyi@example.org"},
	{"", "example.org", "o..k_@example.net", "", "2026-12-31", "bounce-o._2ek_5f=example.net=auksgklkjtcitvwec@example.org"},
	{"", "example.org", "anna@bücher.example", "", "2026-12-31", "bounce-anna=b_c3_bccher.example=auksgmne65vkzra5e@example.org"},
	{"", "example.org", "a.very.long.address.of.a.person@mail.department.example.net", "spring", "2026-12-31", "bounce-=kqx2h56bmudzirun=spring=aukswtg2zmuixfa4e@example.org"},
}

func mint(t testing.TB, prefix, domain, recipient, campaign, expires string) string {
	v := VERP{Prefix: prefix, Keys: []Key{verpKey}}
	on, err := time.Parse(time.DateOnly, expires)
	require.NoError(t, err)
	address, err := v.Mint(domain, recipient, campaign, on)
	require.NoError(t, err)
	return address
}

func TestVectorsInReadme(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	for _, v := range vectors {
		assert.True(t, strings.Contains(string(readme), "`"+v.recipient+"`"), v.recipient)
		assert.True(t, strings.Contains(string(readme), "`"+v.address+"`"), v.address)
	}
	assert.True(t, strings.Contains(string(readme), string(verpKey.Secret)))
}

func TestVERP(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for _, test := range vectors {
		t.Run(test.recipient, func(t *testing.T) {
			address := mint(t, test.prefix, test.domain, test.recipient, test.campaign, test.expires)
			assert.Equal(t, test.address, address)
			local, _, _ := strings.Cut(address, "@")
			assert.LessOrEqual(t, len(local), 64)
			assert.NotContains(t, local, "..")

			v := VERP{Prefix: test.prefix, Keys: []Key{{ID: "z", Secret: []byte("the key that is used now")}, verpKey}}
			for _, came := range []string{address, strings.ToUpper(address), "<" + address + ">", strings.Replace(address, "+", "-", 1), strings.Replace(address, "+", "=", 1)} {
				got, err := v.Verify(came, now)
				require.NoError(t, err, came)
				assert.True(t, got.Is(test.recipient), came)
				assert.False(t, got.Is("bob@example.com"))
				assert.Equal(t, lower(test.campaign), got.Campaign)
				assert.Equal(t, "example.org", got.Domain)
				assert.Equal(t, "a", got.Key)
				on, _ := time.Parse(time.DateOnly, test.expires)
				assert.Equal(t, on.Add(24*time.Hour), got.Expires)
				if got.Digest == "" {
					assert.Equal(t, lower(test.recipient), got.Recipient)
				}
			}
		})
	}
}

// No octet of an address can be changed, but for case and the separator.
func TestVERPTampered(t *testing.T) {
	v := VERP{Keys: []Key{verpKey}}
	address := mint(t, "", "example.org", anna, "spring", "2026-12-31")
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for i := range len(address) {
		for _, c := range []byte("ax7=-._@+") {
			changed := address[:i] + string(c) + address[i+1:]
			if changed == address || i == len("bounce") && !isAlphanumeric(c) && c != '@' {
				continue
			}
			_, err := v.Verify(changed, now)
			assert.Error(t, err, changed)
		}
		_, err := v.Verify(address[:i]+address[i+1:], now)
		assert.Error(t, err)
		_, err = v.Verify(address[:i]+"a"+address[i:], now)
		assert.Error(t, err)
	}
}

func TestVERPFaults(t *testing.T) {
	address := mint(t, "", "example.org", anna, "", "2026-12-31")
	on := func(s string) time.Time {
		d, err := time.Parse(time.DateTime, s)
		require.NoError(t, err)
		return d
	}
	early := on("2026-11-24 12:00:00")
	for _, test := range []struct {
		name    string
		keys    []Key
		address string
		now     time.Time
		err     string
	}{
		{"the last second", []Key{verpKey}, address, on("2026-12-31 23:59:59"), ""},
		{"expired", []Key{verpKey}, address, on("2027-01-01 00:00:00"), "expired on 2026-12-31"},
		{"another key of that name", []Key{{"a", []byte("not the secret of the example")}}, address, early, "not signed"},
		{"the key is gone", []Key{{"b", verpKey.Secret}}, address, early, "not signed"},
		{"the secret is too short", []Key{{"a", []byte("short")}}, address, early, "not signed"},
		{"no keys", nil, address, early, ErrNoToken.Error()},
		{"another domain", []Key{verpKey}, strings.Replace(address, "@example.org", "@example.com", 1), early, "not signed"},
		{"no token", []Key{verpKey}, "bounce-anna=example.net@example.org", early, ErrNoToken.Error()},
		{"plain", []Key{verpKey}, "news@example.org", early, ErrNoToken.Error()},
		{"empty", []Key{verpKey}, "", early, ErrNoToken.Error()},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := VERP{Keys: test.keys}
			_, err := v.Verify(test.address, test.now)
			if test.err == "" {
				assert.NoError(t, err)
			} else {
				assert.ErrorContains(t, err, test.err)
			}
		})
	}
}

func TestMintFaults(t *testing.T) {
	for _, test := range []struct {
		name                        string
		key                         Key
		domain, recipient, campaign string
		expires                     time.Time
	}{
		{"a short secret", Key{"a", []byte("short")}, "example.org", anna, "", today},
		{"an id of two", Key{"ab", verpKey.Secret}, "example.org", anna, "", today},
		{"an id in upper case", Key{"A", verpKey.Secret}, "example.org", anna, "", today},
		{"no domain", verpKey, "", anna, "", today},
		{"no recipient", verpKey, "example.org", "", "", today},
		{"no address", verpKey, "example.org", "anna", "", today},
		{"a long campaign", verpKey, "example.org", anna, strings.Repeat("x", 40), today},
		{"before 1970", verpKey, "example.org", anna, "", time.Unix(-1e6, 0)},
		{"too far", verpKey, "example.org", anna, "", time.Unix(1<<40, 0)},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := VERP{Keys: []Key{test.key}}
			_, err := v.Mint(test.domain, test.recipient, test.campaign, test.expires)
			assert.Error(t, err)
		})
	}
	var v VERP
	_, err := v.Mint("example.org", anna, "", today)
	assert.Error(t, err)
}

func TestBATV(t *testing.T) {
	address := batvKey.BATV("news@example.org", today)
	for _, test := range []struct {
		name    string
		address string
		now     time.Time
		err     string
	}{
		{"made today", address, today, ""},
		{"upper-case tag", "PRVS=" + strings.ToUpper(address[5:15]) + address[15:], today, ""},
		{"a week old", address, today.Add(7 * 24 * time.Hour), ""},
		{"eight days old", address, today.Add(8 * 24 * time.Hour), "expired"},
		{"of the future", address, today.Add(-2 * 24 * time.Hour), "expired"},
		{"another sender", strings.Replace(address, "news@", "info@", 1), today, "not signed"},
		{"another digit", strings.Replace(address, "prvs=1", "prvs=2", 1), today, "not signed"},
		{"another day", address[:8] + "0" + address[9:], today, "not signed"},
		{"no tag", "prvs=news@example.org", today, ErrNoToken.Error()},
		{"a tag of another scheme", "prvs=news/1234567890@example.org", today, ErrNoToken.Error()},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.address == address && test.name == "another day" {
				t.Skip("that very day")
			}
			sender, err := VerifyBATV([]BATVKey{batvKey}, test.address, test.now)
			if test.err != "" {
				assert.ErrorContains(t, err, test.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, "news@example.org", sender)
		})
	}
}

// The tag across the wrap of the day count after 999.
func TestBATVWraps(t *testing.T) {
	now := time.Unix(0, 0).Add(20998 * 24 * time.Hour)
	address := batvKey.BATV("news@example.org", now)
	assert.Contains(t, address, "prvs=1005")
	_, err := VerifyBATV([]BATVKey{batvKey}, address, now.Add(3*24*time.Hour))
	assert.NoError(t, err)
	_, err = VerifyBATV([]BATVKey{batvKey}, address, now.Add(9*24*time.Hour))
	assert.Error(t, err)
}

func TestDecode(t *testing.T) {
	for address, want := range map[string]Carried{
		"list-bounces+anna=example.net@lists.example.org":              {FormVERP, anna, "list-bounces@lists.example.org"},
		"list-bounces+anna+news=example.net@lists.example.org":         {FormVERP, "anna+news@example.net", "list-bounces@lists.example.org"},
		"list-return-17-anna=example.net@example.org":                  {FormVERP, anna, "list-return@example.org"},
		"list-return-17-anna-b=example.net@example.org":                {FormVERP, "anna-b@example.net", "list-return@example.org"},
		"\xb9-return-17-anna=example.net@example.org":                  {FormVERP, anna, "\xb9-return@example.org"},
		"bounces-anna=example.net@example.org":                         {FormVERP, anna, "bounces@example.org"},
		"list-bounces-anna=example.net@example.org":                    {FormVERP, anna, "list-bounces@example.org"},
		"bounce+anna==a==example.net==list@lists.example.org":          {FormVERP, anna, "list@lists.example.org"},
		"prvs=1660a3f2c1=news@example.org":                             {FormBATV, "news@example.org", ""},
		"prvs=news/1660a3f2c1@example.org":                             {FormBATV, "news@example.org", ""},
		"btv1==266d6f5a1b2==news@example.org":                          {FormBATV, "news@example.org", ""},
		"msprvs1=18345abcdef=news@example.org":                         {FormBATV, "news@example.org", ""},
		"SRS0=x7Ks=QT=example.org=news@forwarder.example.net":          {FormSRS, "news@example.org", ""},
		"srs0+x7ks=qt=example.org=news@forwarder.example.net":          {FormSRS, "news@example.org", ""},
		"SRS1=AbCd=one.example.net==x7Ks=QT=example.org=news@example.": {FormSRS, "news@example.org", ""},
		"<SRS0=x7Ks=QT=example.org=a=b@forwarder.example.net>":         {FormSRS, "a=b@example.org", ""},
	} {
		got, ok := Decode(address)
		assert.True(t, ok, address)
		assert.Equal(t, want, got, address)
	}
	for _, address := range []string{
		"", "@", "a@", "@b", "news@example.org", "news+tag@example.org", "a=b@example.org", "news+a=b@example.org",
		"prvs=@example.org", "prvs=x@example.org", "btv1==@example.org", "SRS0=a=b@example.org", "SRS1=x=y@example.org", "SRS0", "SRS0=@x.org",
		"bounce-=example.net@example.org", "rebounce-anna=example.net@example.org", "a=.b.@example.org", "x==a==@example.org",
	} {
		got, ok := Decode(address)
		assert.False(t, ok, "%s: %+v", address, got)
	}
}
