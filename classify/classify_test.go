package classify

import (
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
	rules, err := embedded()
	require.NoError(t, err)
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
