package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"nixie/classify/ledger"
	"nixie/cmd/nixie/internal/config"
	"nixie/cmd/nixie/internal/policy"
	"nixie/cmd/nixie/internal/source"
	"nixie/cmd/nixie/internal/store"
)

// settings are what the config file and the environment say for the flags that
// are not given.
type settings struct {
	file string // of --config
	*config.Config
}

// keyAnnotation says for which key of the config file a flag stands.
const keyAnnotation = "nixie_key"

// standsFor makes a flag stand for a key that is not called like it; "" for none.
func standsFor(cmd *cobra.Command, flag, key string) {
	cobra.CheckErr(cmd.Flags().SetAnnotation(flag, keyAnnotation, []string{key}))
}

func keyOf(f *pflag.Flag) string {
	if key, ok := f.Annotations[keyAnnotation]; ok {
		return key[0]
	}
	return f.Name
}

// apply sets the flags of a command that are not given.
func (s *settings) apply(cmd *cobra.Command) (err error) {
	defer func() {
		if err = asFailure(err); err != nil && cmd.Name() == "deliver" {
			err = tempFailure{err}
		}
	}()
	var flags []*pflag.Flag
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if config.IsKey(keyOf(f)) || config.IsKey(cmd.Name(), keyOf(f)) {
			flags = append(flags, f)
		}
	})
	if len(flags) == 0 {
		return nil
	}
	for _, f := range flags {
		if f.Changed && f.Value.String() == "" {
			return fmt.Errorf("--%s: no value", f.Name) // of an unset variable in a script, say
		}
	}
	if s.Config, err = config.Read(s.path()); err != nil {
		// What is for a service need not be for everybody who only reads mail.
		asked := s.file != "" || os.Getenv("NIXIE_CONFIG") != ""
		if !errors.Is(err, fs.ErrPermission) || asked || cmd.Flags().Lookup("ledger") != nil {
			return err
		}
	}
	for _, f := range flags {
		v, ok := s.Value(cmd.Name(), keyOf(f))
		if !ok {
			v, ok = s.Value(keyOf(f))
		}
		if f.Changed {
			continue
		}
		if p, is := f.Value.(*policyFlag); is && !ok {
			p.inFile = s.Policy
		}
		if ok {
			if err := f.Value.Set(v.Text); err != nil {
				return wrongValue(v, err)
			}
			f.Changed = true
		}
	}
	return nil
}

func (s *settings) path() string {
	if s.file != "" {
		return s.file
	}
	return config.Find()
}

// mailboxAt is a source that is not yet open, and what opens it.
type mailboxAt struct {
	source.Place
	source.Credentials // none: those that serve for all
}

// sources returns the sources of the file. What after says, if it is not "",
// is for all of them.
func (s *settings) sources(after string) ([]mailboxAt, error) {
	var boxes []mailboxAt
	var wrong []error
	for _, name := range s.Named["source"] {
		if _, ok := s.Value("source", name, "url"); !ok {
			continue // the reader of the file has told
		}
		box, err := s.source(name, after)
		if err != nil {
			wrong = append(wrong, err)
		}
		boxes = append(boxes, box)
	}
	return boxes, errors.Join(wrong...)
}

func (s *settings) source(name, after string) (box mailboxAt, err error) {
	url, _ := s.Value("source", name, "url")
	what, ok := s.Value("source", name, "after")
	if after != "" || !ok {
		what = config.Value{Text: after, Where: url.Where, Key: url.Key}
	}
	then, err := source.ParseAfter(what.Text)
	if err != nil {
		return box, wrongValue(what, err)
	}
	if box.Place, err = source.Parse(url.Text, then); err != nil {
		return box, wrongValue(url, err)
	}
	c := &box.Credentials
	return box, s.secrets(url, "source", name, map[string]*string{
		"password": &c.Password.Text, "password-file": &c.Password.File, "password-command": &c.Password.Command,
		"token": &c.Token.Text, "token-file": &c.Token.File, "token-command": &c.Token.Command,
	})
}

// secrets sets the field of that key of a table with which a secret is given.
func (s *settings) secrets(url config.Value, table, name string, fields map[string]*string) error {
	given := s.OneOf(table, name, slices.Sorted(maps.Keys(fields))...)
	if len(given) > 1 {
		return wrongValue(url, errors.New("more than one secret is given: which is meant?"))
	}
	for _, v := range given {
		*fields[v.Last()] = v.Text
		if strings.HasSuffix(v.Key, "-file") {
			if _, err := os.Stat(v.Text); err != nil {
				return wrongValue(v, err)
			}
		}
	}
	return nil
}

func newConfig(settings *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "See what the config file and the environment say",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "check",
		Short: "Check the config file and print the settings that are in effect",
		Long: `Check reads the config file and all files that it names, and tells every mistake
with its file and line. It prints the settings that are in effect, and where each
comes from, without passwords. It connects to nothing.

The file is that of --config, else of NIXIE_CONFIG, else nixie.toml in your
configuration directory, else /etc/nixie/nixie.toml. A flag goes before the
environment, the environment before the file:

  ledger = "sqlite:/var/lib/nixie/ledger.db"   NIXIE_LEDGER, --ledger
  policy = "mailman"                           a preset or a file …
  rules = "my-rules.txt"
  origin = "keys.toml"
  rest = "/var/lib/nixie/rest"
  log = "json"

  [source.news]                                for nixie ingest without a SOURCE
  url = "imaps://news@mail.example.org/INBOX"  NIXIE_SOURCE_NEWS_URL
  after = "move:Done"
  password-file = "news.password"              or password-command, token-file, token-command;
                                               password or token is the secret itself

  [ingest]                                     for nixie ingest
  metrics = "9464"                             NIXIE_INGEST_METRICS, --metrics

  [lmtp]                                       for nixie lmtp
  listen = "unix:/run/nixie/lmtp"
  socket-mode = "0666"
  metrics = "9465"

  [push.lists]                                 for nixie push
  kind = "listmonk"                            or webhook
  url = "https://nixie@lists.example.org"
  secret-file = "listmonk.token"               or secret-command, or secret itself
  send = "standings"                           or events, to a webhook

  [policy]                                     … or the policy itself
  preset = "listmonk"
  quiet = "60d"

A key of the file is called like its flag, and the variable that overrides it
like the key. A policy is overridden as a whole. Paths in the file are relative
to where it is. A file that everybody can read must hold no password.

The exit status is 0, and 1 if there is a mistake.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			settings.Config, err = config.Read(settings.path())
			err = errors.Join(err, settings.check())
			for _, name := range settings.Strangers(os.Environ()) {
				fmt.Fprintf(cmd.ErrOrStderr(), "nixie: the variable %s overrides nothing\n", name)
			}
			return asFailure(errors.Join(err, settings.print(cmd.OutOrStdout(), err == nil)))
		},
	})
	return cmd
}

// wrongValue is an error about a value, with where it stands.
func wrongValue(v config.Value, err error) error {
	return fmt.Errorf("%s: %s: %w", v.Where, v.Key, err)
}

// check returns all that is wrong with the values.
func (s *settings) check() error {
	checks := map[string]func(string) error{
		"ledger": store.Check,
		"policy": func(name string) error { _, err := policy.Load(name); return err },
		"rules":  func(name string) error { _, err := newClassifier(name); return err },
		"origin": func(name string) error { _, err := readOrigin(name); return err },
		"log":    func(format string) error { _, err := newLog(format, io.Discard); return err },

		"ingest.metrics": checkPort,
		"lmtp.metrics":   checkPort,
		"lmtp.listen": func(address string) error {
			if strings.HasPrefix(address, "unix:") {
				return nil
			}
			return checkPort(address)
		},
	}
	var wrong []error
	for _, v := range s.Values() {
		if check, ok := checks[v.Key]; ok {
			if err := check(v.Text); err != nil {
				wrong = append(wrong, wrongValue(v, err))
			}
		}
	}
	_, err := s.sources("")
	wrong = append(wrong, err)
	for _, name := range s.Named["push"] {
		if _, ok := s.Value("push", name, "url"); ok {
			_, err := s.target(name)
			wrong = append(wrong, err)
		}
	}
	return errors.Join(wrong...)
}

// print writes the settings in the form of a config file, the policy only if
// nothing is wrong.
func (s *settings) print(out io.Writer, sound bool) error {
	w := &printer{out: out}
	w.line("# %s", cmp.Or(s.Path, "no config file"))
	for _, key := range []string{"ledger", "rules", "origin", "rest", "log"} {
		if v, ok := s.Value(key); ok {
			w.value(key, v)
		} else if text := defaultOf(key); text != "" {
			w.value(key, config.Value{Text: text, Where: "default"})
		}
	}
	tables := []string{"ingest", "lmtp"}
	for _, table := range config.Tables {
		for _, name := range s.Named[table] {
			tables = append(tables, table+"."+name)
		}
	}
	for _, table := range tables {
		head := "\n[" + table + "]\n"
		for _, v := range s.Values() {
			if key, ok := strings.CutPrefix(v.Key, table+"."); ok {
				w.print(head)
				head = ""
				w.value(key, v)
			}
		}
	}
	if w.err != nil || !sound {
		return w.err
	}
	name, named := s.Value("policy")
	p, err := ledger.Default(), error(nil)
	switch {
	case named:
		w.line("\n# policy: %s, %s", name.Text, name.Where)
		p, err = policy.Load(name.Text)
	case s.Policy != nil:
		w.line("")
		p = *s.Policy
	default:
		w.line("\n# policy: default")
	}
	if err = cmp.Or(err, w.err); err != nil {
		return err
	}
	p.Complaint, p.Lapse = cmp.Or(p.Complaint, ledger.Dropped), cmp.Or(p.Lapse, ledger.Active)
	p.Proof, p.Guard.After = cmp.Or(p.Proof, ledger.ProofSeen), cmp.Or(p.Guard.After, ledger.Discard)
	e := toml.NewEncoder(out)
	e.Indent = ""
	return e.Encode(struct {
		Policy ledger.Policy `toml:"policy"`
	}{p})
}

// printer writes until that fails.
type printer struct {
	out io.Writer
	err error
}

func (w *printer) line(format string, args ...any) { w.print(fmt.Sprintf(format+"\n", args...)) }

func (w *printer) print(text string) {
	if w.err == nil {
		_, w.err = io.WriteString(w.out, text)
	}
}

func (w *printer) value(key string, v config.Value) {
	text, err := json.Marshal(v.Shown()) // a text of TOML is written like one of JSON
	w.err = cmp.Or(w.err, err)
	w.line("%s = %s # %s", key, text, v.Where)
}

// defaultOf returns what a key is if nothing is said; "" if that is nothing.
func defaultOf(key string) string {
	switch key {
	case "ledger":
		url, _ := (&ledgerFlags{}).url()
		return url
	case "rest":
		dir, _ := restDir("")
		return dir
	case "log":
		return "text"
	}
	return ""
}
