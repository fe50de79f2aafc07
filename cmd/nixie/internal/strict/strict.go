// Package strict reads TOML without letting a mistake pass: every key that
// there is not and every value of a wrong kind is named, with file and line.
package strict

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// Document is the text of a file that is TOML.
type Document struct {
	name  string
	meta  toml.MetaData
	root  toml.Primitive
	times map[string]int // how often a key is given: in lists of tables several times
}

// Parse reads the text of the file of that name. The error says where the text
// is no TOML.
func Parse(name, text string) (*Document, error) {
	d := &Document{name: name, times: make(map[string]int)}
	var err error
	if d.meta, err = toml.Decode(text, &d.root); err != nil {
		return nil, d.plain(0, "", err)
	}
	for _, key := range d.meta.Keys() {
		d.times[key.String()]++
	}
	return d, nil
}

// Value is a value of a document that is no table, unless it is an empty one.
type Value struct {
	Key  []string
	Any  any // what [toml.Decode] makes of it
	Line int
}

// Values returns the values in the order in which they stand. A list of tables
// is one value.
func (d *Document) Values() (values []Value) {
	for _, key := range d.meta.Keys() {
		p, ok := d.find(key)
		var v any
		if !ok || d.meta.PrimitiveDecode(p, &v) != nil {
			continue
		}
		if table, ok := v.(map[string]any); !ok || len(table) == 0 {
			values = append(values, Value{key, v, d.line(p)})
		}
	}
	return values
}

// Tables returns the names of the tables below a key, in the order in which
// they stand: of [source.a] and [source.b] below source.
func (d *Document) Tables(key string) (names []string) {
	for _, k := range d.meta.Keys() {
		if len(k) < 2 || k[0] != key || slices.Contains(names, k[1]) {
			continue
		}
		if p, ok := d.find(k[:2]); ok {
			if _, ok := d.table(p); ok {
				names = append(names, k[1])
			}
		}
	}
	return names
}

// Has reports whether there is such a key.
func (d *Document) Has(key ...string) bool { return d.meta.IsDefined(key...) }

// Text returns the text that stands at a key.
func (d *Document) Text(key ...string) (text string, ok bool) {
	p, ok := d.find(key)
	return text, ok && d.meta.PrimitiveDecode(p, &text) == nil
}

// Line returns the line on which a key stands, 0 if that is not known.
func (d *Document) Line(key ...string) int {
	p, ok := d.find(key)
	if !ok {
		return 0
	}
	return d.line(p)
}

// Errorf returns an error with the file, and the line if there is one.
func (d *Document) Errorf(line int, format string, args ...any) error {
	where := d.name
	if line > 0 {
		where += ":" + strconv.Itoa(line)
	}
	return fmt.Errorf("%s: %w", where, fmt.Errorf(format, args...))
}

// Decode sets the fields of the struct to which v points, by their toml tags,
// to what stands in the table of that key, and leaves the others as they are.
// The error names all that is wrong, a line for each.
func (d *Document) Decode(v any, key ...string) error {
	p, ok := d.find(key)
	if !ok {
		return nil
	}
	found := mistakes{Document: d}
	found.table(p, reflect.ValueOf(v).Elem(), "")
	slices.SortStableFunc(found.all, func(a, b mistake) int { return a.line - b.line })
	var all []error
	for _, m := range found.all {
		all = append(all, m.err)
	}
	return errors.Join(all...)
}

// find returns what stands at a key.
func (d *Document) find(key []string) (toml.Primitive, bool) {
	p := d.root
	for _, name := range key {
		table, _ := d.table(p)
		var ok bool
		if p, ok = table[name]; !ok {
			return p, false
		}
	}
	return p, true
}

// table returns what stands in a table, false if it is none.
func (d *Document) table(p toml.Primitive) (table map[string]toml.Primitive, ok bool) {
	var v any
	if d.meta.PrimitiveDecode(p, &v) == nil {
		_, ok = v.(map[string]any)
	}
	return table, ok && d.meta.PrimitiveDecode(p, &table) == nil
}

// line finds where a value stands: an error in decoding it would say so.
func (d *Document) line(p toml.Primitive) int {
	e, _ := errors.AsType[toml.ParseError](d.meta.PrimitiveDecode(p, fail{}))
	if d.times[e.LastKey] > 1 {
		return 0
	}
	return e.Position.Line
}

type fail struct{}

func (fail) UnmarshalTOML(any) error { return errors.New("asked to fail") }

// mistakes collects what is wrong in a table.
type mistakes struct {
	*Document
	all []mistake
}

type mistake struct {
	line int
	err  error
}

func (m *mistakes) add(p toml.Primitive, key string, err error) {
	line := m.line(p)
	if line > 0 {
		m.all = append(m.all, mistake{line, m.plain(line, "", err)})
	} else {
		m.all = append(m.all, mistake{0, m.plain(0, key, err)})
	}
}

func (m *mistakes) table(p toml.Primitive, to reflect.Value, key string) {
	table, ok := m.Document.table(p)
	if !ok {
		m.add(p, key, errors.New("must be a table"))
		return
	}
	fields := make(map[string][]int)
	for _, f := range reflect.VisibleFields(to.Type()) {
		if tag := f.Tag.Get("toml"); tag != "" {
			fields[tag] = f.Index
		}
	}
	for name, p := range table {
		full := strings.TrimPrefix(key+"."+name, ".")
		if index, ok := fields[name]; ok {
			m.value(p, to.FieldByIndex(index), full)
		} else {
			m.add(p, "", fmt.Errorf("unknown key %s", full))
		}
	}
}

func (m *mistakes) value(p toml.Primitive, to reflect.Value, key string) {
	_, text := to.Addr().Interface().(encoding.TextUnmarshaler)
	switch {
	case !text && to.Kind() == reflect.Struct:
		m.table(p, to, key)
	case !text && to.Kind() == reflect.Slice && to.Type().Elem().Kind() == reflect.Struct:
		var list []toml.Primitive
		if err := m.meta.PrimitiveDecode(p, &list); err != nil {
			m.add(p, key, err)
			return
		}
		to.Set(reflect.MakeSlice(to.Type(), len(list), len(list)))
		for i, p := range list {
			m.table(p, to.Index(i), fmt.Sprintf("%s[%d]", key, i+1))
		}
	default:
		if to.Kind() == reflect.Slice {
			to.SetZero() // or what is longer there would stay
		}
		if err := m.meta.PrimitiveDecode(p, to.Addr().Interface()); err != nil {
			m.add(p, key, err)
		}
	}
}

// plain is an error of the TOML package, or of a package that read a value, in
// the words of the file.
func (d *Document) plain(line int, key string, err error) error {
	text := err.Error()
	if e, ok := errors.AsType[toml.ParseError](err); ok {
		text = e.Message
		if line == 0 && d.times[e.LastKey] <= 1 {
			line = e.Position.Line
		}
	} else if wrong := wrongType.FindStringSubmatch(text); wrong != nil {
		text = fmt.Sprintf("must be %s, is %s", kinds.Replace(wrong[2]), kinds.Replace(wrong[1]))
	}
	text = strings.TrimPrefix(text, "ledger: ")
	if key != "" {
		text = key + ": " + text
	}
	return d.Errorf(line, "%s", text)
}

var wrongType = regexp.MustCompile(`TOML value has type (\S+); destination has type (\S+)$`)

// kinds are the words for what the TOML package calls otherwise.
var kinds = strings.NewReplacer("string", "a text", "integer", "a whole number", "int64", "a whole number", "float64", "a number", "float", "a number",
	"boolean", "true or false", "bool", "true or false", "slice", "a list", "table", "a table")
