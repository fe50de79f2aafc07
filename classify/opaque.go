package classify

import (
	"net/netip"
	"strings"
	"unicode/utf8"
)

// opaque looks at the run without spaces that begins at pos. An address, URL,
// host name or number with dots becomes one word; found without isWord is a
// status code, which is skipped. Otherwise the run is left to plain.
func (s *scanner) opaque() (found, isWord bool) {
	text, start := s.text, s.pos
	end, at, dot, slash := start, -1, false, -1
scan:
	for {
		for end < len(text) && chunkClass[text[end]] == inside { // most bytes
			end++
		}
		if end == len(text) {
			break
		}
		c := text[end]
		switch chunkClass[c] {
		case ends:
			break scan
		case special:
			switch c {
			case '@':
				at = end
			case '.':
				dot = true
			case '/':
				if slash < 0 {
					slash = end
				}
			case '-':
				if end == start+3 && isDigits(text[start:end]) { // the code of a line that goes on, as in 550-5.1.1
					break scan
				}
			}
			end++
		default:
			r, n := utf8.DecodeRuneInString(text[end:])
			if isSpaceless(r) || !isWordRune(r) && r != '’' {
				break scan
			}
			end += n
		}
	}
	s.chunk = end
	if strings.HasPrefix(text[end:], "://") {
		s.url(start, end)
		return true, true
	}
	if end := ipv6(text, start, end-start); end > 0 {
		s.set(start, end)
		s.size = copy(s.buf[:], ipWord)
		s.pos, s.chunk = s.end, s.end
		return true, true
	}
	if at > start && at < end-1 {
		if dots := strings.Index(text[at:end], ".."); dots > 0 { // "a@example.org...User unknown"
			end = at + dots
			s.chunk = end
		}
		s.set(start, end)
		s.size = copy(s.buf[:], addrWord)
		s.pos = end
		return true, true
	}
	if !dot {
		return false, false
	}
	name := end
	if slash >= 0 {
		name = slash
	}
	for name > start && !isAlnum(text[name-1]) && text[name-1] < utf8.RuneSelf {
		name--
	}
	switch {
	case isNumber(text[start:name]):
		s.set(start, name)
		s.size = copy(s.buf[:], text[start:name])
		if strings.Count(text[start:name], ".") == 3 {
			s.size = copy(s.buf[:], ipWord)
		}
		s.pos = name
		return true, !isStatusCode(text[start:name])
	case isHost(text[start:name]):
		s.set(start, end)
		s.host = hostRange{start, name}
		s.pos = end
		return true, true
	}
	return false, false
}

// url takes the URL whose scheme is text[start:end] as one word.
func (s *scanner) url(start, end int) {
	host := end + len("://")
	hostEnd := -1
	for end = host; end < len(s.text); end++ {
		c := s.text[end]
		if c <= ' ' || c == '<' || c == '>' || c == '"' {
			break
		}
		if hostEnd < 0 && (c == '/' || c == ':' || c == '?' || c == '#') {
			hostEnd = end
		}
	}
	if hostEnd < 0 {
		hostEnd = end
	}
	s.set(start, end)
	s.host = hostRange{host, hostEnd}
	s.pos, s.chunk = end, end
}

// ipv6 returns where the IP address of version 6 ends whose first group, that
// long, begins at start; 0 if there is none.
func ipv6(text string, start, group int) int {
	if group > 4 || start+group == len(text) || text[start+group] != ':' {
		return 0
	}
	from, end := start, start
	if strings.HasSuffix(text[:start], "::") && (start == 2 || !isAlnum(text[start-3])) { // "::ffff:192.0.2.1"
		from -= 2
	}
	for end < len(text) && end-start < len("2001:db8:1234:1234:1234:1234:192.168.100.100") && (isHex(text[end]) || text[end] == ':' || text[end] == '.') {
		end++
	}
	for end > start && (text[end-1] == ':' || text[end-1] == '.') && !strings.HasSuffix(text[from:end], "::") {
		end--
	}
	if _, err := netip.ParseAddr(text[from:end]); err != nil || end == start {
		return 0
	}
	return end
}

func isHex(c byte) bool { return isDigit(c) || 'a' <= lower(c) && lower(c) <= 'f' }

// What a byte means to the run without spaces that it stands in.
const (
	special = iota + 1 // needs a look: @ . / -
	inside
	ends
)

// chunkClass is the meaning of each byte; 0 for those of a longer character.
var chunkClass = func() (class [256]byte) {
	for c := range utf8.RuneSelf {
		class[c] = inside
		if c <= ' ' || c == 0x7f {
			class[c] = ends
		}
	}
	for _, c := range "<>()[]{},;:\"|`" {
		class[c] = ends
	}
	for _, c := range "@./-" {
		class[c] = special
	}
	return class
}()

// isHost reports whether s looks like a host name: labels of letters, digits
// and hyphens, at least two, the last of letters only. A name that ends in a
// word with a capital is taken for two sentences without a space between, or
// for an identifier such as RESOLVER.ADR.RecipNotFound.
func isHost(s string) bool {
	label, labels, letters, small, last := 0, 1, true, false, 0
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '.':
			if label == 0 {
				return false
			}
			label, letters, last = 0, true, i+1
			labels++
			continue
		case '0' <= c && c <= '9' || c == '-' || c == '_':
			letters = false
		case 'a' <= c && c <= 'z' || c >= utf8.RuneSelf:
			small = true
		case c < 'A' || c > 'Z':
			return false
		}
		label++
	}
	if labels < 2 || label < 2 || !letters && !strings.HasPrefix(s[last:], "xn--") {
		return false
	}
	if small {
		for _, c := range s[last:] {
			if 'A' <= c && c <= 'Z' {
				return false
			}
		}
	}
	return true
}

// isNumber reports whether s is digits and dots, as 192.0.2.1 and 5.1.1 are.
func isNumber(s string) bool {
	dots := 0
	for i := range len(s) {
		if s[i] == '.' {
			dots++
		} else if !isDigit(s[i]) {
			return false
		}
	}
	return dots > 0
}

// isStatusCode reports whether digits and dots are an enhanced status code.
func isStatusCode(number string) bool {
	if number[1] != '.' || number[0] != '2' && number[0] != '4' && number[0] != '5' {
		return false
	}
	subject, detail, _ := strings.Cut(number[2:], ".")
	return subject != "" && len(subject) <= 3 && len(detail) <= 3 && isDigits(detail)
}
