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
// [ledger.Guard]. A key that there is not is an error. The same may stand in
// the table [policy] of a larger file.
package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"nixie/classify/ledger"
	"nixie/cmd/nixie/internal/strict"
)

// Load returns the policy of a preset or of a file; "" is the default. The
// error names all that is wrong in the file.
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
	doc, err := strict.Parse(name, string(data))
	if err != nil {
		return ledger.Policy{}, err
	}
	return In(doc)
}

// In returns the policy in the table of that key of a document.
func In(doc *strict.Document, key ...string) (ledger.Policy, error) {
	at := func(name string) []string { return append(key[:len(key):len(key)], name) }
	var file struct {
		Preset string `toml:"preset"`
		ledger.Policy
	}
	file.Policy = ledger.Default()
	var wrong error
	if name, ok := doc.Text(at("preset")...); ok {
		if p, ok := ledger.Preset(name); ok {
			file.Policy = p
		} else {
			wrong = doc.Errorf(doc.Line(at("preset")...), "no preset is called %q; there are %s", name, presets())
		}
	}
	if doc.Has(at("rule")...) {
		file.Rules = nil
	}
	if err := errors.Join(wrong, doc.Decode(&file, key...)); err != nil {
		return ledger.Policy{}, err
	}
	if err := file.Check(); err != nil {
		return ledger.Policy{}, doc.Errorf(doc.Line(key...), "%s", strings.TrimPrefix(err.Error(), "ledger: "))
	}
	return file.Policy, nil
}

func presets() string {
	var names []string
	for name := range ledger.Presets() {
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}
