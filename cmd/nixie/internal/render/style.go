package render

// Style colours text, and leaves it alone if it is false.
type Style bool

// Bold, Dim, Red and Underline return s in that style. They use the colours of the
// terminal's own palette, so that light and dark backgrounds both serve.
func (c Style) Bold(s string) string      { return c.in("1", s) }
func (c Style) Dim(s string) string       { return c.in("2", s) }
func (c Style) Underline(s string) string { return c.in("4", s) }
func (c Style) Red(s string) string       { return c.in("31", s) }

func (c Style) in(code, s string) string {
	if !c || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}
