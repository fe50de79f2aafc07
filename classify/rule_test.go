package classify

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nixie/dsn"
)

func TestParseRules(t *testing.T) {
	rules, err := ParseRules("dir/mine.txt", strings.NewReader(`# my own rules

Rule: teapot
Text: i am a teapot, short * stout
Unless: coffee
Status: 5.1.1, x.7.x
Reply: 4xx
Command: RCPT TO
Action: failed
Reason: wrong-vessel
Fault: content
Decision: retry
After: 90m
Vague: yes
Hint: yes
Transient: yes
Ref: RFC 2324
Seen: one pot
Sample: 550 I am a teapot, which
  is short and stout
Counter: 550 coffee

Provider: pots
Host: Example.org example.net
Token: (pot), pan lid

Rule: broken
Reply: 550
Reason: system-error
`))
	require.NoError(t, err)
	assert.Equal(t, []Rule{{
		Name: "mine/teapot", Text: []string{"i am a teapot", "short * stout"}, Unless: []string{"coffee"},
		Status: []string{"5.1.1", "x.7.x"}, Reply: []string{"4xx"}, Command: []string{"RCPT TO"}, Action: []dsn.Action{dsn.Failed},
		Reason: "wrong-vessel", Fault: Content, Decision: Retry, After: 90 * time.Minute, Vague: true, Hint: true, Transient: true,
		Ref: []string{"RFC 2324"}, Seen: []string{"one pot"},
		Samples: []string{"550 I am a teapot, which is short and stout"}, Counters: []string{"550 coffee"},
		file: "dir/mine.txt", line: 3, sampleLines: []int{19}, counterLines: []int{21},
	}, {
		Name: "pots/broken", Provider: "pots", Hosts: []string{"example.org", "example.net"}, Tokens: []string{"(pot)", "pan lid"},
		Reply: []string{"550"}, Reason: SystemError,
		file: "dir/mine.txt", line: 27,
	}}, rules)
}

func TestParseRulesErrors(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"no rule", "Text: a\nReason: spam", `f.txt:1: a group must begin with Rule, Provider or List, not "Text"`},
		{"no field", "Rule: a\nText: b\nand c\nReason: spam", `f.txt:3: rule f/a: and c: unknown field`},
		{"unknown field", "Rule: a\nText: b\nReasom: spam\nReason: spam", `f.txt:3: rule f/a: Reasom: unknown field`},
		{"no name", "Rule:\nText: b\nReason: spam", `f.txt:1: rule f/: Rule has no name`},
		{"same name", "Rule: a\nText: b\nReason: spam\n\nRule: a\nText: c\nReason: spam", `f.txt:5: rule f/a: a rule of that name stands above`},
		{"no value", "Rule: a\nText:\nReason: spam", `f.txt:2: rule f/a: Text: no value`},
		{"no condition", "\nRule: a\nReason: spam", `f.txt:2: rule f/a: no condition: Text, Status, Reply, Command or Action`},
		{"no reason", "Rule: a\nText: b", `f.txt:1: rule f/a: no Reason`},
		{"phrase", "Rule: a\nText: fine, 550\nReason: spam", `f.txt:2: rule f/a: Text: phrase has no word`},
		{"status", "Rule: a\nStatus: 5.1\nReason: spam", `f.txt:2: rule f/a: Status: "5.1" is no status such as 5.1.1, x.7.1 or 4.x.x`},
		{"status class", "Rule: a\nStatus: 3.1.1\nReason: spam", `f.txt:2: rule f/a: Status: "3.1.1" is no status such as 5.1.1, x.7.1 or 4.x.x`},
		{"reply", "Rule: a\nReply: x50\nReason: spam", `f.txt:2: rule f/a: Reply: "x50" is no reply code such as 550 or 4xx`},
		{"action", "Rule: a\nAction: bounced\nReason: spam", `f.txt:2: rule f/a: Action: "bounced" is no action of RFC 3464 section 2.3.3`},
		{"wait", "Rule: a\nText: b\nReason: spam\nAfter: soon", `f.txt:4: rule f/a: After: "soon" is no duration such as 1h`},
		{"vague", "Rule: a\nText: b\nReason: spam\nVague: perhaps", `f.txt:4: rule f/a: Vague: is yes or no`},
		{"own reason", "Rule: a\nText: b\nReason: moon", `f.txt:1: rule f/a: reason "moon" is none of ours: it needs a Decision, and a Fault where somebody is at fault`},
		{"own decision", "Rule: a\nText: b\nReason: moon\nDecision: wait", `f.txt:1: rule f/a: Decision "wait" is none of retry, give-up, nothing`},
		{"own fault", "Rule: a\nText: b\nReason: moon\nDecision: retry\nFault: mine", `f.txt:1: rule f/a: Fault "mine" is none of address, domain, sender, content, transport`},
		{"our reason", "Rule: a\nText: b\nReason: spam\nDecision: retry", `f.txt:1: rule f/a: reason spam has its own Fault and Decision`},
		{"provider without host", "Provider: a\nToken: b", `f.txt:1: provider a has no Host`},
		{"host", "Provider: a\nHost: example.org nowhere", `f.txt:2: Host: "nowhere" is no host name`},
		{"no list", "Rule: a\nText: no {b}\nReason: spam", `f.txt:2: rule f/a: Text: {b} is no list that stands above`},
		{"own list", "List: a\nText: b {a}", `f.txt:2: Text: {a} is no list that stands above`},
		{"list twice", "List: a\nText: b\n\nList: a\nText: c", `f.txt:4: List needs a name of its own`},
		{"list of a hole", "List: ip\nText: b", `f.txt:1: List needs a name of its own`},
		{"list of nothing", "List: a\n\nRule: b\nText: c\nUnless: {a}\nReason: spam", `f.txt:1: List has no Text`},
		{"field of a list", "List: a\nReply: 550", `f.txt:2: unknown field "Reply" of a list`},
		{"phrase of a list", "List: a\nText: b @c", `f.txt:2: Text: phrase has an address; {addr} stands for any`},
		{"many phrases", "List: a\nText: " + strings.Repeat("b,", 300) + "b\n\nRule: c\nText: {a} {a}\nReason: spam", `f.txt:5: rule f/c: Text: too many phrases`},
		{"two mistakes", "Rule: a\nText: b\nReason: moon\n\nRule: c\nReason: spam",
			"f.txt:1: rule f/a: reason \"moon\" is none of ours: it needs a Decision, and a Fault where somebody is at fault\n" +
				"f.txt:5: rule f/c: no condition: Text, Status, Reply, Command or Action"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := ParseRules("f.txt", strings.NewReader(test.text))
			assert.EqualError(t, err, test.want)
			var mistake *RuleError
			assert.ErrorAs(t, err, &mistake)
		})
	}
}

func TestParseRulesLists(t *testing.T) {
	rules, err := ParseRules("f.txt", strings.NewReader("List: who\nText: user, mail box\n\nList: what\nText: {who} gone, is * lost\n\n"+
		"Rule: a\nText: no {who}, {who} {what} {addr}, else\nUnless: {who}\nReason: spam\n"))
	require.NoError(t, err)
	require.Len(t, rules, 1)
	assert.Equal(t, []string{"no user", "no mail box",
		"user user gone {addr}", "user mail box gone {addr}", "user is * lost {addr}",
		"mail box user gone {addr}", "mail box mail box gone {addr}", "mail box is * lost {addr}", "else"}, rules[0].Text)
	assert.Equal(t, []string{"user", "mail box"}, rules[0].Unless)
}

func TestCheckNamesTheLine(t *testing.T) {
	rules, err := ParseRules("f.txt", strings.NewReader("Rule: a\nText: teapot\nReason: spam\nSample: 550 teapot\nSample: 550 coffee\nCounter: 550 pot\nCounter: 550 teapot"))
	require.NoError(t, err)
	c, err := New(rules...)
	require.NoError(t, err)
	assert.EqualError(t, c.Check(rules[0]), "f.txt:5: rule f/a: sample \"550 coffee\" gives \"permanent-failure\" by reply/550, not spam\n"+
		"f.txt:7: rule f/a: counter-sample \"550 teapot\" holds, by \"teapot\"")
}

func TestParseRulesKeepsTheGood(t *testing.T) {
	rules, err := ParseRules("f.txt", strings.NewReader("Rule: a\nText: b\n\nRule: c\nText: d\nReason: spam"))
	require.Error(t, err)
	require.Len(t, rules, 1)
	assert.Equal(t, "f/c", rules[0].Name)
}

func TestNewChecksRules(t *testing.T) {
	_, err := New(Rule{Name: "mine", Text: []string{"550"}, Reason: Spam})
	assert.EqualError(t, err, "rule mine: phrase has no word")
	var mistake *RuleError
	assert.True(t, errors.As(err, &mistake))
}

func FuzzParseRules(f *testing.F) {
	f.Add("Rule: a\nText: b * c, d\nUnless: e\nStatus: x.7.1\nReply: 5xx\nReason: spam\nSample: 550 b c")
	f.Add("List: l\nText: a, b * c\n\nRule: a\nText: {l} {l}\nReason: spam")
	f.Add("Provider: p\nHost: example.org\nToken: t\n\nRule: a\nCommand: end of DATA\nReason: own\nDecision: retry\nAfter: 1h")
	require.NoError(f, fs.WalkDir(ruleFiles, "rules/providers", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			text, _ := ruleFiles.ReadFile(name)
			provider, _, _ := strings.Cut(string(text), "\nRule:")
			rule := provider + "\nRule:" + strings.SplitN(string(text)+"\nRule:", "\nRule:", 3)[1]
			f.Add(rule)
		}
		return err
	}))
	f.Fuzz(func(t *testing.T, text string) {
		rules, err := ParseRules("f.txt", strings.NewReader(text))
		if err == nil && len(rules) == 0 {
			return
		}
		c, err := newClassifier(rules)
		require.NoError(t, err, "what ParseRules returns is good")
		c.Reply("mx.example.org", text)
		for _, r := range rules {
			_ = c.Check(r)
		}
	})
}
