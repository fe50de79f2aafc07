package main

import (
	"os"
	"path/filepath"
	"strings"

	"nixie/classify"
	"nixie/cmd/nixie/internal/render"
)

// newClassifier returns a classifier with the rules of a file before the
// built-in ones; "" is no file. The error is one of usage: a file that is not
// there, or a mistake in a rule with its file and line.
func newClassifier(file string) (*classify.Classifier, error) {
	rules, err := readRules(file)
	if err != nil {
		return nil, err
	}
	c, err := classify.New(rules...)
	return c, asFailure(err)
}

// readRules reads a file of rules; "" holds none.
func readRules(file string) ([]classify.Rule, error) {
	if file == "" {
		return nil, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, asFailure(err)
	}
	defer f.Close()
	rules, err := classify.ParseRules(filepath.ToSlash(file), f)
	return rules, asFailure(err)
}

// references returns where the rules of a classifier are documented.
func references(c *classify.Classifier) render.References {
	return func(name string) string {
		rule, _ := c.Rule(name)
		if len(rule.Ref) == 0 && len(rule.Seen) > 0 {
			return "seen: " + strings.Join(rule.Seen, "; ")
		}
		return strings.Join(rule.Ref, "; ")
	}
}
