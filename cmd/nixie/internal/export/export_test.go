package export_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nixie/classify"
	"nixie/classify/ledger"
	"nixie/cmd/nixie/internal/export"
)

var rows = []export.Row{
	{
		State: ledger.State{
			Address: "anna@example.org", Standing: ledger.Dropped, Reason: classify.BadMailbox, Fault: classify.Address, Count: 2,
			FirstSeen: time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC), LastSeen: time.Date(2026, 11, 9, 8, 30, 0, 0, time.UTC),
			Because: ledger.Because{Rule: "dead twice", Events: []string{"a1", "b2"}},
		},
		Last: ledger.Event{Reply: 550, Text: "550 5.1.1 \"anna\",\r\n unknown", Source: "maildir:bounces"},
	},
	{
		State: ledger.State{
			Address: "o'b&co@example.net", Standing: ledger.Suspended, Reason: classify.Complaint, Count: 1,
			FirstSeen: time.Date(2026, 11, 9, 8, 0, 0, 0, time.UTC), LastSeen: time.Date(2026, 11, 9, 8, 0, 0, 0, time.UTC),
			Until: time.Date(2026, 12, 9, 8, 0, 0, 0, time.UTC), Because: ledger.Because{Rule: "complaint", Events: []string{"c3"}},
		},
	},
	{State: ledger.State{Address: "=1+1@example.org", Standing: ledger.Active}},
}

func TestFormats(t *testing.T) {
	for name, want := range map[string]string{
		"json": `{"address":"anna@example.org","standing":"dropped","reason":"bad-mailbox","fault":"address","count":2,"first_seen":"2026-11-01T08:00:00Z","last_seen":"2026-11-09T08:30:00Z","because":{"rule":"dead twice","events":["a1","b2"]}}
{"address":"o'b&co@example.net","standing":"suspended","reason":"complaint","count":1,"first_seen":"2026-11-09T08:00:00Z","last_seen":"2026-11-09T08:00:00Z","until":"2026-12-09T08:00:00Z","because":{"rule":"complaint","events":["c3"]}}
{"address":"=1+1@example.org","standing":"active","count":0}
`,
		"csv": `email,reason,status,first_seen,last_seen,count,source,expires_at
anna@example.org,bad-mailbox,dropped,2026-11-01T08:00:00Z,2026-11-09T08:30:00Z,2,maildir:bounces,
o'b&co@example.net,complaint,suspended,2026-11-09T08:00:00Z,2026-11-09T08:00:00Z,1,,2026-12-09T08:00:00Z
'=1+1@example.org,,active,,,0,,
`,
		"ses": "anna@example.org,BOUNCE\no'b&co@example.net,COMPLAINT\n=1+1@example.org,BOUNCE\n",
		"mailgun": `address,code,error,created_at
anna@example.org,550,"550 5.1.1 ""anna"", unknown","Mon, 09 Nov 2026 08:30:00 +0000"
o'b&co@example.net,,complaint,"Mon, 09 Nov 2026 08:00:00 +0000"
=1+1@example.org,,,
`,
		"sparkpost": "recipient,type,description\nanna@example.org,non_transactional,bad-mailbox\no'b&co@example.net,non_transactional,complaint\n=1+1@example.org,non_transactional,\n",
		"postmark":  "{\"Suppressions\":[{\"EmailAddress\":\"anna@example.org\"},{\"EmailAddress\":\"o'b\\u0026co@example.net\"},{\"EmailAddress\":\"=1+1@example.org\"}]}\n",
		"sendgrid":  "email\nanna@example.org\no'b&co@example.net\n=1+1@example.org\n",
		"mailchimp": "Email Address\nanna@example.org\no'b&co@example.net\n=1+1@example.org\n",
		"brevo":     "EMAIL\nanna@example.org\no'b&co@example.net\n=1+1@example.org\n",
		"klaviyo":   "Email\nanna@example.org\no'b&co@example.net\n=1+1@example.org\n",
		"hubspot":   "Email\nanna@example.org\no'b&co@example.net\n=1+1@example.org\n",
		"mailman":   "anna@example.org\no'b&co@example.net\n=1+1@example.org\n",
	} {
		var b strings.Builder
		w, err := export.New(name, &b)
		require.NoError(t, err)
		for _, row := range rows {
			require.NoError(t, w.Write(row))
		}
		require.NoError(t, w.Close())
		assert.Equal(t, want, b.String(), name)
	}
	_, err := export.New("excel", nil)
	assert.ErrorContains(t, err, "mailman")
}

func TestNobodySmugglesALineIntoAList(t *testing.T) {
	for _, name := range export.Formats() {
		var b strings.Builder
		w, err := export.New(name, &b)
		require.NoError(t, err)
		if !w.List {
			continue
		}
		for _, address := range []string{"a@example.org\nboss@example.com", "a\rb@example.org", "\"a b\"@example.org", "a\u2028b@example.org", "\u202eb@example.org", "\ufffd@example.org"} {
			require.NoError(t, w.Write(export.Row{State: ledger.State{Address: address}}))
		}
		require.NoError(t, w.Close())
		assert.NotContains(t, b.String(), "@", name)
		assert.Equal(t, []string{"6 addresses are left out: there is a space in them or something that is not seen"}, w.Warnings())
	}
}

func TestNothingUnseenInAList(t *testing.T) {
	const unseen = "=a\x1b[31m\u202e\u0085\x7f</script>\U000e0041"
	for _, name := range export.Formats() {
		var b strings.Builder
		w, err := export.New(name, &b)
		require.NoError(t, err)
		row := rows[0]
		row.Last.Text, row.Last.Source, row.Because.Rule = unseen, unseen, unseen
		require.NoError(t, w.Write(row))
		require.NoError(t, w.Close())
		assert.Contains(t, b.String(), row.Address, name)
		assert.False(t, strings.ContainsFunc(b.String(), func(r rune) bool { return r != '\n' && !unicode.IsGraphic(r) }), "%s: %q", name, b.String())
		assert.NotContains(t, b.String(), ",=", name)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestAWriteThatFails(t *testing.T) {
	for _, name := range export.Formats() {
		w, err := export.New(name, broken{})
		require.NoError(t, err)
		failed := w.Write(rows[0])
		assert.ErrorContains(t, errors.Join(failed, w.Close()), "no space left", name)
	}
}

func TestNoFormulaInASpreadsheet(t *testing.T) {
	for address, want := range map[string]string{
		"=1+1@example.org": "'=1+1@example.org", "+1@example.org": "'+1@example.org", "-1@example.org": "'-1@example.org", "@sum@example.org": "'@sum@example.org",
		" =1@example.org": "' =1@example.org", "\t=1@example.org": `'\t=1@example.org`, "\"=1,2\"@example.org": `"'""=1,2""@example.org"`,
		"＝1@example.org": "'＝1@example.org", "1=2@example.org": "1=2@example.org",
	} {
		var b strings.Builder
		w, err := export.New("csv", &b)
		require.NoError(t, err)
		require.NoError(t, w.Write(export.Row{State: ledger.State{Address: address, Standing: ledger.Active}}))
		require.NoError(t, w.Close())
		_, row, _ := strings.Cut(b.String(), "\n")
		assert.Equal(t, want+",,active,,,0,,\n", row)
	}
}

func TestWhatIsTooMuchForOneFile(t *testing.T) {
	write := func(format string, n int, text string) (*export.Output, string) {
		var b strings.Builder
		w, err := export.New(format, &b)
		require.NoError(t, err)
		for i := range n {
			require.NoError(t, w.Write(export.Row{State: ledger.State{Address: fmt.Sprint(i, "@example.org")}, Last: ledger.Event{Text: text}}))
		}
		require.NoError(t, w.Close())
		return w, b.String()
	}
	w, _ := write("ses", 100_000, "")
	assert.Empty(t, w.Warnings())
	w, _ = write("ses", 100_001, "")
	assert.Equal(t, []string{"ses takes 100000 addresses in a file, these are 100001: split -l 100000"}, w.Warnings())
	w, _ = write("mailgun", 65_000, strings.Repeat("x", 400))
	assert.Equal(t, []string{"mailgun takes 25 MB in a file, these are 28: split it, each part with the first line"}, w.Warnings())
	w, _ = write("mailgun", 10_000, strings.Repeat("x", 400))
	assert.Empty(t, w.Warnings())

	_, text := write("postmark", 120, "")
	var sizes []int
	for line := range strings.Lines(text) {
		var body struct {
			Suppressions []struct{ EmailAddress string }
		}
		require.NoError(t, json.Unmarshal([]byte(line), &body))
		sizes = append(sizes, len(body.Suppressions))
	}
	assert.Equal(t, []int{50, 50, 20}, sizes)
	_, text = write("postmark", 0, "")
	assert.Empty(t, text)
}
