package policy_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nixie/classify"
	"nixie/classify/ledger"
	"nixie/cmd/nixie/internal/policy"
	"nixie/cmd/nixie/internal/strict"
)

func TestPolicyOfAFile(t *testing.T) {
	changed := ledger.Default()
	changed.Quiet, changed.Proof, changed.Guard.Addresses = 60*ledger.Day, ledger.ProofAlways, 50
	mailman, _ := ledger.Preset("mailman")
	mailman.Suspend = []ledger.Span{ledger.Day}
	ruled := ledger.Default()
	ruled.Rules = []ledger.Rule{{Name: "one", Reasons: []classify.Reason{"bad-mailbox"}, GiveUp: 1, Retry: 0.25, Threshold: 2, Over: 3 * ledger.Day, Then: "dropped"}}
	for text, want := range map[string]ledger.Policy{
		"":                   ledger.Default(),
		"preset = 'default'": ledger.Default(),
		"quiet = '60d'\nproof = 'always'\n[guard]\naddresses = 50": changed,
		"suspend = ['24h']\npreset = 'mailman'":                    mailman,
		"[[rule]]\nname = 'one'\nreasons = ['bad-mailbox']\ngive-up = 1\nretry = 0.25\nthreshold = 2\nover = '3d'\nthen = 'dropped'": ruled,
	} {
		got, err := parse(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
}

func parse(text string) (ledger.Policy, error) {
	doc, err := strict.Parse("f", text)
	if err != nil {
		return ledger.Policy{}, err
	}
	return policy.In(doc)
}

func TestATableOfALargerFile(t *testing.T) {
	doc, err := strict.Parse("f", "ledger = 'x'\n[policy]\npreset = 'mailman'\nproof = 'any'\n[policy.guard]\noff = true\n[[policy.rule]]\nname = 'x'\nretry = 1\nthreshold = 1\nthen = 'dropped'")
	require.NoError(t, err)
	got, err := policy.In(doc, "policy")
	require.NoError(t, err)
	want, _ := ledger.Preset("mailman")
	want.Proof, want.Guard.Off, want.Rules = ledger.ProofAny, true, []ledger.Rule{{Name: "x", Retry: 1, Threshold: 1, Then: "dropped"}}
	assert.Equal(t, want, got)
}

func TestMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"quite = '60d'":                        "f:1: unknown key quite",
		"[guard]\naddress = 5":                 "f:2: unknown key guard.address",
		"[[rule]]\nname = 'x'\nif = 1":         "f:3: unknown key rule[1].if",
		"[[rule]]\nif = 1\n[[rule]]\nif = 1":   "f: unknown key rule[1].if\nf: unknown key rule[2].if",
		"Quiet = '60d'":                        "f:1: unknown key Quiet",
		"quiet = 'x'":                          `f:1: "x" is no length of time`,
		"quiet = 60":                           `f:1: "60" is no`,
		"preset = 'x'":                         `f:1: no preset is called "x"; there are default, mailman, listmonk, civicrm`,
		"preset = 'x'\nquiet = 'y'":            "listmonk, civicrm\nf:2: \"y\" is no length of time",
		"preset = 1":                           "f:1: must be a text, is a whole number",
		"quiet = ":                             "f:1: ",
		"\n\nquiet = '1d'\nquiet = 1":          "f:4: ",
		"quiet = 'x'\n\nwindow = 'y'\n\nz = 1": "f:1: \"x\" is no length of time: write 90d, 2w or 36h\nf:3: \"y\" is no length of time: write 90d, 2w or 36h\nf:5: unknown key z",
		"lapse = 'gone'":                       "lapse",
		"[[rule]]\nname = 'x'":                 "then",
		"[guard]\nfactor = 0.5":                "guard.factor",
		"[[rule]]\nreasons = ['spam']":         "no name",
	} {
		_, err := parse(text)
		assert.ErrorContains(t, err, want, text)
	}
}

func TestLoad(t *testing.T) {
	p, err := policy.Load("")
	require.NoError(t, err)
	assert.Equal(t, ledger.Default(), p)
	p, err = policy.Load("listmonk")
	require.NoError(t, err)
	want, _ := ledger.Preset("listmonk")
	assert.Equal(t, want, p)
	_, err = policy.Load("nonsense")
	assert.ErrorContains(t, err, "nonsense")
	file := filepath.Join(t.TempDir(), "policy.toml")
	require.NoError(t, os.WriteFile(file, []byte("x = 1"), 0o600))
	_, err = policy.Load(file)
	assert.ErrorContains(t, err, "policy.toml:1: unknown key x")
}
