package classify

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestReasons(t *testing.T) {
	seen := map[Reason]bool{}
	used := map[Reason]bool{}
	for r := range Rules() {
		used[r.Reason] = true
		assert.True(t, r.Reason.known(), "%s: reason %q", r.Name, r.Reason)
	}
	for r := range Reasons() {
		assert.False(t, seen[r], "%s stands twice", r)
		seen[r] = true
		assert.True(t, validFault(r.Fault()), r)
		assert.True(t, validDecision(r.Decision()), r)
		assert.True(t, strings.HasSuffix(r.Means(), ".") && strings.Count(r.Means(), ". ") == 0, "%s: one sentence", r)
		if r.Dead() {
			assert.Contains(t, []Fault{Address, Domain}, r.Fault(), r)
			assert.Equal(t, GiveUp, r.Decision(), r)
		}
		if r != Complaint && r != AutoReply { // those that the kind of the report gives
			assert.True(t, used[r], "no rule gives %s", r)
		}
	}
	assert.Empty(t, Reason("moon").Means())
	assert.Empty(t, Reason("").Decision())
}
