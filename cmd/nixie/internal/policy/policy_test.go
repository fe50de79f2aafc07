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
)

func TestParse(t *testing.T) {
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
		got, err := policy.Parse(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
}

func TestMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"quite = '60d'":                 "unknown key quite",
		"[guard]\naddress = 5":          "unknown key guard.address",
		"[[rule]]\nname = 'x'\nif = 1":  "unknown key rule.if",
		"Quiet = 'x'":                   `"x" is no length of time`,
		"quiet = 60":                    `line 1: "60" is no`,
		"preset = 'x'":                  `no preset is called "x"; there are default, mailman, listmonk, civicrm`,
		"quiet = ":                      "line 1: ",
		"\n\nquiet = '1d'\nquiet = 1":   "line 4: ",
		"lapse = 'gone'":                "lapse",
		"[[rule]]\nname = 'x'":          "then",
		"[guard]\nfactor = 0.5":         "guard.factor",
		"[[rule]]\nreasons = ['spam']":  "no name",
		"proof = 'seen'\n[guard]\nx= 1": "unknown key guard.x",
	} {
		_, err := policy.Parse(text)
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
	assert.ErrorContains(t, err, "policy.toml: unknown key x")
}
