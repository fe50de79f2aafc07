// Package config reads nixie.toml, the file in which stands once what would be
// said with flags in every run, and the variables of the environment that
// override it.
//
// A key is called like the flag that it stands for. A value is overridden by
// the variable that is called NIXIE_ and the key, in capitals and with _ for .
// and -: NIXIE_LEDGER for ledger, NIXIE_SOURCE_NEWS_PASSWORD_FILE for
// password-file in [source.news].
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"nixie/classify/ledger"
	"nixie/cmd/nixie/internal/policy"
	"nixie/cmd/nixie/internal/strict"
)

// kind says what a value is.
type kind int

const (
	plain  kind = iota
	path        // of a file or directory
	place       // sqlite:PATH, unix:PATH and the like, or an URL
	named       // the name of a preset, or a path
	secret      // shown to nobody
)

// known is a key that there is; * is a name of the user's own.
type known struct {
	key string
	kind
}

var keys = []known{
	{"ledger", place},
	{"policy", named},
	{"rules", path},
	{"origin", path},
	{"rest", path},
	{"log", plain},
	{"ingest.metrics", plain},
	{"lmtp.listen", place},
	{"lmtp.socket-mode", plain},
	{"lmtp.metrics", plain},
	{"source.*.url", place},
	{"source.*.after", plain},
	{"source.*.password", secret},
	{"source.*.password-file", path},
	{"source.*.password-command", plain},
	{"source.*.token", secret},
	{"source.*.token-file", path},
	{"source.*.token-command", plain},
	{"push.*.kind", plain},
	{"push.*.url", plain},
	{"push.*.send", plain},
	{"push.*.secret", secret},
	{"push.*.secret-file", path},
	{"push.*.secret-command", plain},
}

// Tables are the keys below which each table has a name of the user's own.
var Tables = []string{"source", "push"}

// Value is what is said of a key.
type Value struct {
	Key   string // "source.news.url"
	Text  string
	Where string // "nixie.toml:3", or the variable of the environment
	kind
}

// Shown returns the text without what is secret in it.
func (v Value) Shown() string {
	if v.kind == secret {
		return "…"
	}
	return Redacted(v.Text)
}

func (v Value) fromEnvironment() bool { return v.Where == variable(v.Key) }

// Last returns the last part of the key.
func (v Value) Last() string { return v.Key[strings.LastIndexByte(v.Key, '.')+1:] }

// secret reports whether the text holds one.
func (v Value) secret() bool { return v.Shown() != v.Text }

// Config is what a file and the environment say. The zero Config says nothing.
type Config struct {
	Path   string              // of the file; "" if there is none
	Policy *ledger.Policy      // that stands in the file; nil if none does
	Named  map[string][]string // by "source": the names that the file has of them, in its order

	values map[string]Value
}

// Find returns the file to read: that of NIXIE_CONFIG, else nixie.toml in the
// user's configuration directory, else in /etc/nixie; "" if there is none.
func Find() string {
	if name := os.Getenv("NIXIE_CONFIG"); name != "" {
		return name
	}
	var names []string
	if dir, err := os.UserConfigDir(); err == nil {
		names = append(names, filepath.Join(dir, "nixie", "nixie.toml"))
	}
	if runtime.GOOS != "windows" {
		names = append(names, "/etc/nixie/nixie.toml")
	}
	for _, name := range names {
		if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
			return name
		}
	}
	return ""
}

// Read reads a file, "" being none, and the environment. The error names all
// that is wrong, each with the line of the file; what is right is returned
// beside it.
func Read(name string) (*Config, error) {
	c := &Config{Path: name, Named: make(map[string][]string), values: make(map[string]Value)}
	var err error
	if name != "" {
		err = c.read()
	}
	c.override()
	return c, err
}

// Value returns what is said of a key, the environment's before the file's.
func (c *Config) Value(key ...string) (Value, bool) {
	v, ok := c.values[strings.Join(key, ".")]
	return v, ok
}

// IsKey reports whether there is such a key.
func IsKey(key ...string) bool {
	_, ok := kindOf(key)
	return ok
}

// OneOf returns what is said of keys in a table of which one is to be given:
// by the environment, else by the file.
func (c *Config) OneOf(table, name string, keys ...string) (values []Value) {
	for _, key := range keys {
		if v, ok := c.Value(table, name, key); ok {
			values = append(values, v)
		}
	}
	if slices.ContainsFunc(values, Value.fromEnvironment) {
		values = slices.DeleteFunc(values, func(v Value) bool { return !v.fromEnvironment() })
	}
	return values
}

// Values returns all that is said.
func (c *Config) Values() (values []Value) {
	for _, v := range c.possible() {
		if v, ok := c.values[v.Key]; ok {
			values = append(values, v)
		}
	}
	return values
}

func (c *Config) read() error {
	data, err := os.ReadFile(c.Path)
	if err != nil {
		return err
	}
	doc, err := strict.Parse(c.Path, string(data))
	if err != nil {
		return err
	}
	var wrong []error
	for _, table := range Tables {
		for _, name := range doc.Tables(table) {
			c.Named[table] = append(c.Named[table], name)
			if line := doc.Line(table, name); !names.MatchString(name) {
				wrong = append(wrong, doc.Errorf(line, "the name %q is not of letters, digits, - and _", name))
			} else if !doc.Has(table, name, "url") {
				wrong = append(wrong, doc.Errorf(line, "%s.%s has no url", table, name))
			}
		}
	}
	for _, v := range doc.Values() {
		key := strings.Join(v.Key, ".")
		kind, known := kindOf(v.Key)
		text, isText := v.Any.(string)
		_, empty := v.Any.(map[string]any)
		switch {
		case v.Key[0] == "policy" && (len(v.Key) > 1 || !isText), empty && len(v.Key) == 2 && slices.Contains(Tables, v.Key[0]):
			continue // read on its own, or told of above
		case len(v.Key) == 1 && slices.Contains(Tables, key):
			wrong = append(wrong, doc.Errorf(v.Line, "%s needs a name: [%s.NAME]", key, key))
		case !known:
			wrong = append(wrong, doc.Errorf(v.Line, "unknown key %s", key))
		case !isText:
			wrong = append(wrong, doc.Errorf(v.Line, "%s must be a text, in quotes", key))
		default:
			where := fmt.Sprintf("%s:%d", c.Path, v.Line)
			c.values[key] = Value{key, c.located(kind, text), where, kind}
		}
	}
	if _, named := doc.Text("policy"); !named && doc.Has("policy") {
		p, err := policy.In(doc, "policy")
		wrong = append(wrong, err)
		c.Policy = &p
	}
	return errors.Join(append(wrong, c.exposed())...)
}

// kindOf returns what the value of a key is; false if there is no such key.
func kindOf(key []string) (kind, bool) {
	key = slices.Clone(key)
	if len(key) == 3 {
		key[1] = "*"
	}
	i := slices.IndexFunc(keys, func(k known) bool { return k.key == strings.Join(key, ".") })
	if i < 0 {
		return plain, false
	}
	return keys[i].kind, true
}

// located returns a value with the paths in it relative to where the file is,
// not to where the program was started.
func (c *Config) located(kind kind, text string) string {
	scheme, rest := "", text
	switch kind {
	case plain, secret:
		return text
	case named:
		if _, ok := ledger.Preset(text); ok {
			return text
		}
	case place:
		scheme, rest, _ = strings.Cut(text, ":")
		if !slices.Contains([]string{"sqlite", "maildir", "mbox", "unix"}, scheme) {
			return text
		}
		scheme += ":"
	}
	if rest == "" || filepath.IsAbs(rest) {
		return text
	}
	if below, ok := strings.CutPrefix(rest, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return scheme + filepath.Join(home, below)
		}
	}
	return scheme + filepath.Join(filepath.Dir(c.Path), rest)
}

// exposed returns an error if others than the owner of the file and its group
// may read a secret in it.
func (c *Config) exposed() error {
	info, err := os.Stat(c.Path)
	if err != nil || runtime.GOOS == "windows" || info.Mode()&0o004 == 0 {
		return err
	}
	for _, v := range c.Values() {
		if v.secret() {
			return fmt.Errorf("%s: %s is secret, and everybody can read the file: chmod o-r %s", v.Where, v.Key, c.Path)
		}
	}
	return nil
}

// override puts what the environment says in the place of what the file says.
func (c *Config) override() {
	for _, v := range c.possible() {
		v.Where = variable(v.Key)
		if v.Text = os.Getenv(v.Where); v.Text != "" {
			c.values[v.Key] = v
			if v.Key == "policy" {
				c.Policy = nil
			}
		}
	}
}

// possible returns all keys that there may be, with the names of the file.
func (c *Config) possible() (values []Value) {
	for _, k := range keys {
		table, rest, many := strings.Cut(k.key, ".*.")
		if !many {
			values = append(values, Value{Key: k.key, kind: k.kind})
			continue
		}
		for _, name := range c.Named[table] {
			values = append(values, Value{Key: table + "." + name + "." + rest, kind: k.kind})
		}
	}
	return values
}

// variable returns the name of the variable that overrides a key.
func variable(key string) string {
	return "NIXIE_" + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(key))
}

// Strangers returns the variables that are called NIXIE_ but override nothing.
func (c *Config) Strangers(environment []string) (names []string) {
	known := []string{"NIXIE_CONFIG", "NIXIE_PASSWORD", "NIXIE_TOKEN", "NIXIE_SECRET"}
	for _, v := range c.possible() {
		known = append(known, variable(v.Key))
	}
	for _, v := range environment {
		name, value, _ := strings.Cut(v, "=")
		if value != "" && strings.HasPrefix(name, "NIXIE_") && !slices.Contains(known, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Redacted returns a URL without the password in it.
func Redacted(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return password.ReplaceAllString(text, "${1}xxxxx@")
	}
	if q := u.Query(); q.Has("password") {
		q.Set("password", "xxxxx")
		u.RawQuery = q.Encode()
		return u.Redacted()
	}
	if _, has := u.User.Password(); has {
		return u.Redacted()
	}
	return text
}

// password finds the password in what is no URL, since there is something in
// it that ought to be escaped.
var password = regexp.MustCompile(`(://[^:/@]*:).*@`)

var names = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
