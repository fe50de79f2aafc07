// Package policy reads the policy of a ledger from a TOML file:
//
//	preset = "default"     # or mailman, listmonk, civicrm: what is not said below
//	quiet  = "60d"
//	proof  = "always"
//
//	[[rule]]               # any rule replaces those of the preset
//	name      = "dead"
//	reasons   = ["bad-mailbox", "bad-domain"]
//	give-up   = 1
//	threshold = 2
//	over      = "3d"
//	then      = "dropped"
//
//	[guard]
//	addresses = 50
//
// All keys are the fields of [ledger.Policy], [ledger.Rule] and
// [ledger.Guard]. A key that there is not is an error.
package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/BurntSushi/toml"

	"nixie/classify/ledger"
)

// Load returns the policy of a preset or of a file; "" is the default.
func Load(name string) (ledger.Policy, error) {
	if name == "" {
		return ledger.Default(), nil
	}
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		if p, ok := ledger.Preset(name); ok {
			return p, nil
		}
		return ledger.Policy{}, fmt.Errorf("policy: no file and no preset is called %q; the presets are %s", name, presets())
	}
	if err != nil {
		return ledger.Policy{}, fmt.Errorf("policy: %w", err)
	}
	p, err := Parse(string(data))
	if err != nil {
		return ledger.Policy{}, fmt.Errorf("policy: %s: %w", name, err)
	}
	return p, nil
}

// Parse reads the text of a policy file.
func Parse(text string) (ledger.Policy, error) {
	var first struct {
		Preset string `toml:"preset"`
	}
	given, err := toml.Decode(text, &first)
	if err != nil {
		return ledger.Policy{}, plain(err)
	}
	var file struct {
		Preset string `toml:"preset"`
		ledger.Policy
	}
	file.Policy = ledger.Default()
	if given.IsDefined("preset") {
		var ok bool
		if file.Policy, ok = ledger.Preset(first.Preset); !ok {
			return ledger.Policy{}, fmt.Errorf("no preset is called %q; there are %s", first.Preset, presets())
		}
	}
	if given.IsDefined("rule") {
		file.Rules = nil
	}
	if given.IsDefined("suspend") {
		file.Suspend = nil
	}
	meta, err := toml.Decode(text, &file)
	if err != nil {
		return ledger.Policy{}, plain(err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return ledger.Policy{}, fmt.Errorf("unknown key %s", unknown[0])
	}
	return file.Policy, plain(file.Policy.Check())
}

// plain is an error in the words of the file: a TOML error with its line, and
// no word of the package that found it.
func plain(err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[toml.ParseError](err); ok {
		return fmt.Errorf("line %d: %s", e.Position.Line, strings.TrimPrefix(e.Message, "ledger: "))
	}
	return errors.New(strings.TrimPrefix(err.Error(), "ledger: "))
}

func presets() string {
	var names []string
	for name := range ledger.Presets() {
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}
