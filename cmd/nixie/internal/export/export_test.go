package export_test

import (
	"errors"
	"strings"
	"testing"
	"time"

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
		"postmark":  "{\"Suppressions\":[\n{\"EmailAddress\":\"anna@example.org\"},\n{\"EmailAddress\":\"o'b\\u0026co@example.net\"},\n{\"EmailAddress\":\"=1+1@example.org\"}]}\n",
		"sendgrid":  "email\nanna@example.org\no'b&co@example.net\n=1+1@example.org\n",
		"mailchimp": "Email Address\nanna@example.org\no'b&co@example.net\n=1+1@example.org\n",
		"brevo":     "EMAIL\nanna@example.org\no'b&co@example.net\n=1+1@example.org\n",
		"klaviyo":   "Email\nanna@example.org\no'b&co@example.net\n=1+1@example.org\n",
		"hubspot":   "Email\nanna@example.org\no'b&co@example.net\n=1+1@example.org\n",
		"mailman":   "anna@example.org\no'b&co@example.net\n=1+1@example.org\n",
	} {
		var b strings.Builder
		w, _, err := export.New(name, &b)
		require.NoError(t, err)
		for _, row := range rows {
			require.NoError(t, w.Write(row))
		}
		require.NoError(t, w.Close())
		assert.Equal(t, want, b.String(), name)
	}
	_, _, err := export.New("excel", nil)
	assert.ErrorContains(t, err, "mailman")
}

func TestNobodySmugglesALineIntoAList(t *testing.T) {
	for _, name := range export.Formats() {
		var b strings.Builder
		w, list, err := export.New(name, &b)
		require.NoError(t, err)
		if !list {
			continue
		}
		for _, address := range []string{"a@example.org\nboss@example.com", "a\rb@example.org", "\"a b\"@example.org", "a\u2028b@example.org", "\u202eb@example.org", "\ufffd@example.org"} {
			require.NoError(t, w.Write(export.Row{State: ledger.State{Address: address}}))
		}
		require.NoError(t, w.Close())
		assert.NotContains(t, b.String(), "@", name)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestAWriteThatFails(t *testing.T) {
	for _, name := range export.Formats() {
		w, _, err := export.New(name, broken{})
		require.NoError(t, err)
		failed := w.Write(rows[0])
		assert.ErrorContains(t, errors.Join(failed, w.Close()), "no space left", name)
	}
}
