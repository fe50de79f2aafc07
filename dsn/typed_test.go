package dsn

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestParseAddress(t *testing.T) {
	tests := []struct {
		name, value string
		want        Typed
	}{
		{"plain", "rfc822; a@example.org", Typed{"rfc822", "a@example.org"}},
		{"upper case, no space", "RFC822;a@example.org", Typed{"rfc822", "a@example.org"}},
		{"no type", "a@example.org", Typed{"", "a@example.org"}},
		{"angle brackets", "rfc822; <a@example.org>", Typed{"rfc822", "a@example.org"}},
		{"display name", "rfc822; Anna <a@example.org>", Typed{"rfc822", "a@example.org"}},
		{"comment", "rfc822; a@example.org (Anna (Berg))", Typed{"rfc822", "a@example.org"}},
		{"comment behind the type", "rfc822 (mail); a@example.org", Typed{"rfc822", "a@example.org"}},
		{"quoted local part", `rfc822; "a; (b) c"@example.org`, Typed{"rfc822", `"a; (b) c"@example.org`}},
		{"fold", "rfc822;\r\n a@\r\n example.org", Typed{"rfc822", "a@example.org"}},
		{"source route", "rfc822; @b.example,@c.example:a@example.org", Typed{"rfc822", "a@example.org"}},
		{"mailto", "rfc822; mailto:a@example.org", Typed{"rfc822", "a@example.org"}},
		{"xtext", "rfc822; a+2Bnews+3Dx@example.org", Typed{"rfc822", "a+news=x@example.org"}},
		{"xtext of the @", "rfc822; a+40example.org", Typed{"rfc822", "a@example.org"}},
		{"subaddress that looks like xtext", "rfc822; a+2024@example.org", Typed{"rfc822", "a+2024@example.org"}},
		{"utf-8", `utf-8; ren\x{E9}@b\x{FC}cher.example`, Typed{"utf-8", "rené@bücher.example"}},
		{"utf-8, bad escapes", `utf-8; \x{}\x{110000}\x{41@example.org`, Typed{"utf-8", `\x{}\x{110000}\x{41@example.org`}},
		{"utf-8 as it is", "utf-8; rené@example.org", Typed{"utf-8", "rené@example.org"}},
		{"X.400", "x400; /G=Anna/S=Berg/O=Works/C=XX/", Typed{"x400", "/G=Anna/S=Berg/O=Works/C=XX/"}},
		{"user only", "rfc822; root", Typed{"rfc822", "root"}},
		{"nothing", "rfc822;", Typed{"rfc822", ""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { assert.Equal(t, tt.want, parseAddress(tt.value)) })
	}
}

func TestParseHost(t *testing.T) {
	tests := []struct {
		name, value string
		want        Typed
	}{
		{"plain", "dns; mx.example.org", Typed{"dns", "mx.example.org"}},
		{"comment", "dns; mx.example.org (192.0.2.1)", Typed{"dns", "mx.example.org"}},
		{"no type", "mx.example.org", Typed{"", "mx.example.org"}},
		{"IPv6", "dns; [IPv6:2001:db8::1]", Typed{"dns", "[IPv6:2001:db8::1]"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { assert.Equal(t, tt.want, parseHost(tt.value)) })
	}
}

func TestDecodeOctal(t *testing.T) {
	assert.Equal(t, "grüße@example.org", decodeOctal(`gr\303\274\303\237e@example.org`))
	assert.Equal(t, `a\303@example.org`, decodeOctal(`a\303@example.org`), "not UTF-8")
	assert.Equal(t, `a\101\9`, decodeOctal(`a\101\9`))
}
