package dsn

import (
	"html"
	"strings"
)

// htmlText returns the text of an HTML page: a line for each block, with a blank
// one after a paragraph, and the lines of a pre element as they are. What
// stands in angle brackets like a tag but holds an @ is text: an address that
// nobody has escaped.
func htmlText(page string) string {
	p := htmlReader{page: page}
	for p.page != "" {
		text, tag := p.next()
		if p.pre {
			p.verbatim(text)
		} else {
			p.text(text)
		}
		if tag == "" {
			continue
		}
		var buf [32]byte
		name := string(lowerName(&buf, tagName(tag)))
		p.pre = name == "pre" || p.pre && name != "/pre"
		switch name {
		case "style", "script", "head", "title":
			p.skip(name)
		case "br", "/p":
			p.gap = name == "/p" || !p.inLine
			p.endLine()
		case "p", "div", "tr", "li", "table", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "ul", "ol", "hr", "blockquote", "dt", "dd", "body",
			"/div", "/tr", "/li", "/table", "/h1", "/h2", "/h3", "/h4", "/h5", "/h6", "/pre", "/ul", "/ol", "/blockquote", "/dt", "/dd", "/body":
			p.endLine()
		case "td", "th":
			p.cell, p.gap = p.inLine, false
		case "wbr":
			p.joins = true
		case "a":
			p.mailto, p.anchor = mailto(tag), p.out.Len()
		case "/a":
			if p.mailto != "" && p.out.Len() > p.anchor && strings.IndexByte(p.out.String()[p.anchor:], '@') < 0 {
				p.text(" <" + p.mailto + "> ")
			}
			p.mailto = ""
		default:
			p.joins = p.joins || strings.HasSuffix(text, "@")
		}
	}
	return p.out.String()
}

// htmlReader is one run of htmlText. What is looked for in vain is not looked
// for again, so that no page takes more than its size.
type htmlReader struct {
	page   string // what is still to read
	out    strings.Builder
	inLine bool // something stands on the last line of out
	gap    bool // what follows is another paragraph
	pre    bool // the lines of the page are those of the text
	joins  bool // what follows may belong to the last word, as where an address is half bold
	cell   bool // what follows stands in the next cell of a table
	spaced bool // space stands after the last word

	mailto string // the address that the words link to
	anchor int    // where they begin in out

	unquoted  bool // a quote is never closed: they count no more
	untagged  bool // no tag ends any more
	endless   bool // no comment ends any more
	unskipped bool // an element that is not shown never ends
}

// next returns the text up to the next tag and the tag without its brackets;
// either may be empty.
func (p *htmlReader) next() (text, tag string) {
	for i := 0; !p.untagged; i++ {
		n := strings.IndexByte(p.page[i:], '<')
		if n < 0 {
			break
		}
		i += n
		rest := p.page[i+1:]
		if name := tagName(rest); name == "" || strings.Contains(name, "@") {
			continue
		}
		end := p.tagEnd(rest)
		if end < 0 {
			break
		}
		text, tag = p.page[:i], rest[:end]
		p.page = rest[end+1:]
		return text, tag
	}
	text, p.page = p.page, ""
	return text, ""
}

// tagName returns the name of the tag that s is the inside of: "p", "/p",
// "!--"; "" if a tag does not begin so.
func tagName(s string) string {
	s = s[:min(len(s), 300)]
	name := s[:tokenEnd(s, '>')]
	switch {
	case strings.HasPrefix(name, "!--"):
		return "!--"
	case name == "":
		return ""
	case name[0] == '!' || name[0] == '?' || name[0] == '/':
		return name
	case 'a' <= lower(name[0]) && lower(name[0]) <= 'z':
		return strings.TrimSuffix(name, "/")
	}
	return ""
}

// mailto returns the address that a link in a tag goes to, "" if it goes elsewhere.
func mailto(tag string) string {
	tag = tag[:min(len(tag), 500)]
	i := indexFold(tag, "mailto:")
	if i < 0 {
		return ""
	}
	address := tag[i+len("mailto:"):]
	if end := strings.IndexAny(address, "?\"' \t\r\n"); end >= 0 {
		address = address[:end]
	}
	if m, ok := nextAddress(address, 0); !ok || m.start != 0 || m.end != len(address) {
		return ""
	}
	return address
}

// tagEnd returns where the > of a tag stands, -1 if there is none. One inside
// a quoted value is not it.
func (p *htmlReader) tagEnd(s string) int {
	if strings.HasPrefix(s, "!--") && !p.endless {
		if i := strings.Index(s, "-->"); i >= 0 {
			return i + len("--")
		}
		p.endless = true
	}
	for i := 0; i < len(s) && !p.unquoted; i++ {
		if s[i] == '>' {
			return i
		}
		if s[i] != '=' || i+1 == len(s) || s[i+1] != '"' && s[i+1] != '\'' {
			continue
		}
		n := strings.IndexByte(s[i+2:], s[i+1])
		if n < 0 {
			break
		}
		i += 2 + n
	}
	p.unquoted = true
	end := strings.IndexByte(s, '>')
	p.untagged = end < 0
	return end
}

// skip goes to the end of an element that is not shown.
func (p *htmlReader) skip(name string) {
	if p.unskipped {
		return
	}
	i := indexFold(p.page, "</"+name)
	if p.unskipped = i < 0; !p.unskipped {
		p.page = p.page[i:]
	}
}

const htmlSpace = " \t\r\n"

// text adds the words of a text.
func (p *htmlReader) text(s string) {
	if s == "" {
		return
	}
	joins := !p.spaced && strings.IndexByte(htmlSpace, s[0]) < 0 && (p.joins || s[0] == '@')
	p.joins, p.spaced = false, strings.IndexByte(htmlSpace, s[len(s)-1]) >= 0
	// Some software escapes twice.
	for word := range strings.FieldsSeq(html.UnescapeString(html.UnescapeString(s))) {
		switch {
		case p.gap:
			p.endParagraph()
		case p.inLine && p.cell:
			p.out.WriteByte('\t')
		case p.inLine && !joins:
			p.out.WriteByte(' ')
		}
		p.out.WriteString(word)
		p.inLine, p.cell, joins = true, false, false
	}
}

// verbatim adds a text whose lines and spaces are those of the page.
func (p *htmlReader) verbatim(s string) {
	s = strings.ReplaceAll(html.UnescapeString(html.UnescapeString(s)), "\u00a0", " ")
	if s == "" {
		return
	}
	if p.gap {
		p.endParagraph()
	}
	p.out.WriteString(s)
	p.inLine = s[len(s)-1] != '\n'
}

// endParagraph puts a blank line before what follows.
func (p *htmlReader) endParagraph() {
	p.endLine()
	if p.out.Len() > 0 {
		p.out.WriteByte('\n')
	}
	p.gap = false
}

func (p *htmlReader) endLine() {
	if p.inLine {
		p.out.WriteByte('\n')
	}
	p.inLine = false
}
