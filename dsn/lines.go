package dsn

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"strings"
)

// The searches below look at eight bytes at once, and at the eight that begin
// one further on.

// atLeast has the high bit of each byte of n that is c or more; the other bits
// say nothing. C is ASCII.
func atLeast(n, c uint64) uint64 { return n&(0x7f*eachByte) + (0x80-c)*eachByte | n }

// nonZero has the high bit of each byte of n that is not zero; the other bits
// say nothing.
func nonZero(n uint64) uint64 { return n&(0x7f*eachByte) + 0x7f*eachByte | n }

// eight returns the first eight bytes of s, the first one lowest. What is never a
// string is read faster by encoding/binary.
func eight[T string | []byte](s T) uint64 {
	return uint64(s[7])<<56 | uint64(s[6])<<48 | uint64(s[5])<<40 | uint64(s[4])<<32 |
		uint64(s[3])<<24 | uint64(s[2])<<16 | uint64(s[1])<<8 | uint64(s[0])
}

// hasBareCR reports whether a CR stands in b without an LF behind it.
func hasBareCR(b []byte) bool {
	i := bytes.IndexByte(b, '\r')
	if i < 0 {
		return false
	}
	b = b[i:]
	for ; len(b) > 8; b = b[8:] {
		notCR := nonZero(binary.LittleEndian.Uint64(b) ^ '\r'*eachByte)
		notLF := nonZero(binary.LittleEndian.Uint64(b[1:]) ^ '\n'*eachByte)
		if notLF&^notCR&highBits != 0 {
			return true
		}
	}
	for i, c := range b {
		if c == '\r' && (i+1 == len(b) || b[i+1] != '\n') {
			return true
		}
	}
	return false
}

// startsLine has the high bit of each of the first eight bytes of b that is an
// LF with the byte of cs behind it; only the lowest bit is sure.
func startsLine(b []byte, cs uint64) uint64 {
	n := (binary.LittleEndian.Uint64(b) ^ '\n'*eachByte) | (binary.LittleEndian.Uint64(b[1:]) ^ cs)
	return (n - eachByte) &^ n & highBits
}

// indexLineOf returns where the first line of b that begins with c and has a
// line before it begins, -1 if there is none.
func indexLineOf(b []byte, c byte) int {
	rest, cs := b, uint64(c)*eachByte
	for len(rest) > 16 && startsLine(rest, cs)|startsLine(rest[8:], cs) == 0 {
		rest = rest[16:]
	}
	for ; len(rest) > 8; rest = rest[8:] {
		if found := startsLine(rest, cs); found != 0 {
			return len(b) - len(rest) + bits.TrailingZeros64(found)/8 + 1
		}
	}
	for i := 1; i < len(rest); i++ {
		if rest[i-1] == '\n' && rest[i] == c {
			return len(b) - len(rest) + i
		}
	}
	return -1
}

// lineFeeds returns msg with LF for every line end: LF, CR LF, any number of
// CRs before an LF, and each CR that stands alone.
func lineFeeds(msg []byte) []byte {
	out := make([]byte, 0, len(msg))
	for len(msg) > 0 {
		i := bytes.IndexByte(msg, '\r')
		if i < 0 {
			break
		}
		out = append(out, msg[:i]...)
		crs := 1
		for i+crs < len(msg) && msg[i+crs] == '\r' {
			crs++
		}
		if msg = msg[i+crs:]; len(msg) > 0 && msg[0] == '\n' {
			continue
		}
		for range crs {
			out = append(out, '\n')
		}
	}
	return append(out, msg...)
}

// unixLines appends b to dst with LF for CR LF and for each CR that stands
// alone; dst may be the start of b.
func unixLines(dst, b []byte) []byte {
	for {
		i := bytes.IndexByte(b, '\r')
		if i < 0 {
			return append(dst, b...)
		}
		dst = append(dst, b[:i]...)
		if b = b[i+1:]; len(b) == 0 || b[0] != '\n' {
			dst = append(dst, '\n')
		}
	}
}

// lineEnd returns where the line that begins at pos ends and where the next begins.
func lineEnd[T string | []byte](text T, pos int) (end, after int) {
	i := -1
	switch rest := any(text[pos:]).(type) {
	case string:
		i = strings.IndexByte(rest, '\n')
	case []byte:
		i = bytes.IndexByte(rest, '\n')
	}
	if i < 0 {
		return len(text), len(text)
	}
	end = pos + i
	if end > pos && text[end-1] == '\r' {
		return end - 1, end + 1
	}
	return end, end + 1
}
