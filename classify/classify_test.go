package classify

import (
	"io/fs"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReply(t *testing.T) {
	for reply, want := range map[string]struct {
		reason   Reason
		fault    Fault
		decision Decision
		after    time.Duration
		bounce   string
	}{
		"550 5.1.1":      {BadMailbox, Address, GiveUp, 0, "hard"},
		"450 4.1.1":      {BadMailbox, Address, Retry, 0, "soft"},
		"552 5.2.2":      {MailboxFull, Address, Retry, 0, "soft"},
		"550":            {PermanentFailure, "", GiveUp, 0, "soft"},
		"556 5.1.10":     {DomainRefusesMail, Domain, GiveUp, 0, "hard"},
		"250 2.1.5":      {WasDelivered, "", Nothing, 0, "delivered"},
		"":               {"", "", "", 0, "none"},
		"see you on 5/1": {"", "", "", 0, "none"},
	} {
		t.Run(reply, func(t *testing.T) {
			v := Reply("", reply)
			assert.Equal(t, want.reason, v.Reason)
			assert.Equal(t, want.fault, v.Fault)
			assert.Equal(t, want.decision, v.Decision)
			assert.Equal(t, want.after, v.After)
			assert.Equal(t, want.bounce, v.BounceType())
		})
	}
}

func TestEmbeddedRules(t *testing.T) {
	var rules []Rule
	require.NoError(t, fs.WalkDir(ruleFiles, "rules", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		f, err := ruleFiles.Open(name)
		require.NoError(t, err)
		defer f.Close()
		more, err := ParseRules(name, f)
		rules = append(rules, more...)
		return err
	}))
	require.Equal(t, rules, slices.Concat(embedded()...))
	names := map[string]bool{}
	for _, r := range rules {
		assert.False(t, names[r.Name], "two rules named %s", r.Name)
		names[r.Name] = true
		assert.NotEmpty(t, append(r.Ref, r.Seen...), "%s has neither Ref nor Seen", r.Name)
	}
}

func TestSamples(t *testing.T) {
	c := standard()
	for r := range c.Rules() {
		if err := c.Check(r); err != nil {
			t.Error(err)
		}
		if len(r.Text) > 0 || r.Provider != "" {
			assert.NotEmpty(t, r.Samples, "%s:%d: rule %s has no sample", r.file, r.line, r.Name)
		}
	}
}

// No code for a dead address beats clear words that lay it at another's door:
// each sample is judged again behind such a code.
func TestMisusedCodes(t *testing.T) {
	code := regexp.MustCompile(`^([245]\d\d[ -]?)?([245]\.\d{1,3}\.\d{1,3} )?`)
	status := regexp.MustCompile(`\b[245]\.\d{1,3}\.\d{1,3}\b`)
	c := standard()
	for r := range c.Rules() {
		words := len(r.Text) > 0 && !r.Vague && len(r.Status)+len(r.Reply)+len(r.Command)+len(r.Action) == 0
		if f := r.Reason.Fault(); !words || f == "" || f == Address || f == Domain {
			continue
		}
		for _, sample := range r.Samples {
			answer := code.ReplaceAllString(sample, "")
			if status.MatchString(answer) {
				continue
			}
			for _, dead := range []string{"550 5.1.1 ", "553 5.1.2 ", "550 5.2.1 "} {
				facts := r.facts(dead + answer)
				v := c.judgeAnswer(facts)
				assert.NotEqual(t, "hard", v.BounceType(), "%s: %s: %+v", r.Name, dead+answer, v.Because)
			}
		}
	}
}
