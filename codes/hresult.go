package codes

import (
	"fmt"
	"strconv"
	"strings"
)

// HResult is an error number of a Windows mail client, as in 0x800CCC79; zero when none was given.
type HResult uint32

// ParseHResult reads an error number in the forms that people copy: eight hexadecimal
// digits after 0x, where the x may be a multiplication sign (0×800CCC79), or
// without it when the first is 8, with or without h after them; or a decimal of
// 32 bits, signed or not. Brackets around it and punctuation after it are read over.
func ParseHResult(s string) (HResult, error) {
	digits := strings.Trim(s, " \t\r\n()[]<>{}\"'.,;:")
	if h, n := scanHex(digits); n > 0 && n == len(digits) && (hexPrefix(digits) > 0 || digits[0] == '8') {
		return h, nil
	}
	if v, err := strconv.ParseInt(digits, 10, 64); err == nil && len(digits) >= 10 &&
		-1<<31 <= v && v < 1<<32 {
		return HResult(uint32(v)), nil
	}
	return 0, fmt.Errorf("codes: %q is no error number", s)
}

// scanHex reads the eight hexadecimal digits that s begins with, a prefix
// before and an h after them included, and their length; 0 if there are none.
func scanHex(s string) (HResult, int) {
	start := hexPrefix(s)
	end := start + 8
	if len(s) < end {
		return 0, 0
	}
	var v HResult
	for i := start; i < end; i++ {
		d := hexDigit(s[i])
		if d > 15 {
			return 0, 0
		}
		v = v<<4 | HResult(d)
	}
	if end < len(s) && s[end]|0x20 == 'h' {
		end++
	}
	return v, end
}

// hexPrefix is the length of the 0x that s begins with, also with a
// multiplication sign or a Cyrillic letter for the x.
func hexPrefix(s string) int {
	for _, p := range [...]string{"0x", "0X", "0×", "0х", "0Х"} {
		if strings.HasPrefix(s, p) {
			return len(p)
		}
	}
	return 0
}

// hexDigit is the value of a hexadecimal digit, more than 15 for another byte.
func hexDigit(c byte) byte {
	switch {
	case isDigit(c):
		return c - '0'
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 16
}

// String returns the number as "0x800CCC79", "" for the zero HResult.
func (h HResult) String() string {
	if h == 0 {
		return ""
	}
	return fmt.Sprintf("0x%08X", uint32(h))
}

// MarshalText returns what String does.
func (h HResult) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (h *HResult) UnmarshalText(text []byte) (err error) {
	*h = 0
	if len(text) > 0 {
		*h, err = ParseHResult(string(text))
	}
	return err
}

// listed reports whether some list has the number.
func (h HResult) listed() bool {
	_, ok := hresults().meanings[h]
	return ok
}
