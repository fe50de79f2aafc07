package render

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nixie/classify"
	"nixie/codes"
	"nixie/dsn"
	"nixie/dsn/origin"
)

func TestClean(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"plain", "550 5.1.1 User unknown", "550 5.1.1 User unknown"},
		{"escape sequence", "\x1b[31mred\x1b]0;title\a", `\x1b[31mred\x1b]0;title\x07`},
		{"C1 control", "\u009b31m", `\x9b31m`},
		{"line ends and tab", "a\r\n\tb", `a\r\n\tb`},
		{"bidirectional override", "\u202egnp.exe", `\u202egnp.exe`},
		{"isolate", "\u2066x\u2069", `\u2066x\u2069`},
		{"line separator", "a\u2028b", `a\u2028b`},
		{"tag character", "\U000e0041", `\U000e0041`},
		{"no UTF-8", "a\xff\xc3b", `a\xff\xc3b`},
		{"other scripts", "ошибка 配信不能 خطأ", "ошибка 配信不能 خطأ"},
		{"ideographic space", "宛先\u3000不明", "宛先\u3000不明"},
		{"replacement character", "a\ufffdb", "a\ufffdb"},
	} {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, Clean(test.in))
		})
	}
}

func TestAppendJSON(t *testing.T) {
	for _, in := range []string{
		"", "plain", `"quoted\`, "\x00\x1b[31m\u007f\u009b\r\n\t", "\u202e\u2028\ufeff", "\U000e0041\U0001f600", "ошибка 配信", "</script>&", "\ufffd",
	} {
		out := string(appendJSON([]byte{'"'}, in)) + `"`
		var back string
		require.NoError(t, json.Unmarshal([]byte(out), &back), out)
		assert.Equal(t, in, back)
		assert.True(t, isClean(out), out)
	}
	assert.Equal(t, `a\ufffdb`, string(appendJSON(nil, "a\xffb")))
}

func FuzzAppendJSON(f *testing.F) {
	f.Add("\x1b[31m\u202e\xff\"\\\U000e0041")
	f.Add("</script><!--\u2028\x7f\u0085\n<SCRIPT>&lt;")
	f.Fuzz(func(t *testing.T, in string) {
		out := string(appendJSON([]byte{'"'}, in)) + `"`
		var back string
		require.NoError(t, json.Unmarshal([]byte(out), &back), out)
		if utf8.ValidString(in) {
			assert.Equal(t, in, back)
		}
		assert.True(t, isClean(out), out)
		assert.True(t, isClean(Clean(in)), in)

		var b strings.Builder
		require.NoError(t, NewEncoder(&b).Encode([]string{in}))
		line := strings.TrimSuffix(b.String(), "\n")
		var list []string
		require.NoError(t, json.Unmarshal([]byte(line), &list), line)
		assert.Equal(t, []string{string([]rune(in))}, list)
		assert.True(t, isClean(line), line)
		assert.NotContains(t, line, "</")
	})
}

func TestCell(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"plain", "alice@example.org", "alice@example.org"},
		{"comma", "a,b", `"a,b"`},
		{"quote", `say "hi"`, `"say ""hi"""`},
		{"formula", "=1+1", "'=1+1"},
		{"formula with a quote", `=HYPERLINK("x")`, `"'=HYPERLINK(""x"")"`},
		{"plus", "+1@example.org", "'+1@example.org"},
		{"minus", "-1", "'-1"},
		{"standard input", "-", "-"},
		{"a message of it", "-:17", "-:17"},
		{"nearly that", "-:", "'-:"},
		{"nearly that, with more", "-:1+1", "'-:1+1"},
		{"at", "@SUM(1)", "'@SUM(1)"},
		{"tab", "\t=1", `'\t=1`},
		{"carriage return", "\r=1", `'\r=1`},
		{"after space", " =1", `' =1`},
		{"full width", "\uff1d1", "'\uff1d1"},
		{"after a semicolon", "a; =1;b;@c", "a;' =1;b;'@c"},
		{"after a quote", `"=1`, `"'""=1"`},
		{"line end", "a\nb", `a\nb`},
	} {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, string(appendCell(nil, test.in)))
		})
	}
}

// bounce is a result with every field set.
func bounce() *Result {
	header, _ := readHeader("Message-ID: <report@mx.example.net>\nDate: Mon, 6 Jan 2025 10:00:00 +0100\n")
	original, _ := readHeader("Message-ID: <news@example.org>\nFrom: News <news@example.org>\nTo: alice@example.com\n" +
		"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nList-ID: <list.example.org>\n")
	at := time.Date(2025, 1, 6, 9, 0, 0, 0, time.UTC)
	r := &dsn.Report{
		Kind: dsn.DeliveryStatus, Dialect: "rfc3464", Header: header, EnvelopeID: "QQ1",
		ReportingMTA: dsn.Typed{Type: "dns", Value: "mx.example.net"}, ArrivalDate: at,
		Original: &dsn.Original{Header: original, Whole: true},
		Recipients: []dsn.Recipient{{
			Original: dsn.Typed{Type: "rfc822", Value: "alice@example.com"}, Final: dsn.Typed{Type: "rfc822", Value: "alice@example.net"},
			Action: dsn.Failed, Status: codes.Status{Class: 5, Subject: 1, Detail: 1}, RemoteMTA: dsn.Typed{Type: "dns", Value: "mail.example.com"},
			Diagnostic:  dsn.Diagnostic{Type: "smtp", Reply: 550, Text: "550 5.1.1 User unknown", Command: "RCPT TO"},
			LastAttempt: at, RetryUntil: at.Add(time.Hour),
		}},
		Defects: []dsn.Defect{{Rule: "RFC 3464 section 2.2.2", Text: "no Reporting-MTA field", At: dsn.Place{Part: "2", Line: 1}}},
	}
	proof := &origin.Result{Check: origin.Check{Proof: origin.DKIM, Outcome: origin.Pass, Domain: "example.org", Selector: "s", Detail: "the original came back as we signed it"}}
	return &Result{Source: "box:3", Report: r, Origin: proof, Recipients: []Recipient{{&r.Recipients[0], classify.Verdict{
		Reason: classify.BadMailbox, Fault: classify.Address, Decision: classify.GiveUp, Reply: 550, After: time.Minute,
		Status:  codes.Status{Class: 5, Subject: 1, Detail: 1},
		Because: []classify.Evidence{{Basis: classify.ByText, Rule: "text/user-unknown", Quote: "User unknown", At: dsn.Place{Part: "2", Line: 7}}},
	}}}}
}

func readHeader(text string) (dsn.Fields, bool) {
	for group := range dsn.Groups(text) {
		return group, true
	}
	return nil, false
}

// The names and their order are a contract.
func TestJSON(t *testing.T) {
	r := bounce()
	have := string(JSON(nil, r))
	means := r.Recipients[0].means()
	want := `{"source":"box:3","kind":"delivery-status","dialect":"rfc3464","message_id":"report@mx.example.net","date":"2025-01-06T10:00:00+01:00",` +
		`"reporting_mta":"mx.example.net","envelope_id":"QQ1","arrival_date":"2025-01-06T09:00:00Z",` +
		`"original":{"message_id":"news@example.org","from":"News <news@example.org>","to":"alice@example.com","subject":"Grüße","list_id":"<list.example.org>","whole":true},` +
		`"origin":{"proof":"dkim","domain":"example.org","selector":"s","detail":"the original came back as we signed it"},` +
		`"recipients":[{"address":"alice@example.com","original_recipient":"alice@example.com","final_recipient":"alice@example.net","action":"failed",` +
		`"status":"5.1.1","reply":"550","diagnostic":"550 5.1.1 User unknown","remote_mta":"mail.example.com","command":"RCPT TO",` +
		`"last_attempt":"2025-01-06T09:00:00Z","retry_until":"2025-01-06T10:00:00Z",` +
		`"verdict":{"reason":"bad-mailbox","fault":"address","decision":"give-up","bounce_type":"hard","retry_after_s":60,"means":"` + means + `",` +
		`"because":[{"basis":"text","rule":"text/user-unknown","quote":"User unknown","part":"2","line":7}]}}],` +
		`"defects":[{"rule":"RFC 3464 section 2.2.2","text":"no Reporting-MTA field","part":"2","line":1}]}` + "\n"
	want = strings.ReplaceAll(want, `"means":"",`, "")
	assert.Equal(t, want, have)
	assert.True(t, json.Valid([]byte(have)))
}

func TestJSONLeavesOut(t *testing.T) {
	assert.Equal(t, `{"source":"x","kind":"none","recipients":[]}`+"\n", string(JSON(nil, &Result{Source: "x", Report: &dsn.Report{}})))
}

func TestCSV(t *testing.T) {
	r := bounce()
	r.Recipients[0].Diagnostic.Text = "=550 \"no\",\nnot here"
	c := CSV{Why: true}
	rows, err := csv.NewReader(strings.NewReader(c.Header() + string(c.Append(nil, r)))).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 2)
	have := make(map[string]string)
	for i, name := range rows[0] {
		have[name] = rows[1][i]
	}
	assert.Equal(t, map[string]string{
		"source": "box:3", "kind": "delivery-status", "address": "alice@example.com", "reason": "bad-mailbox", "fault": "address",
		"decision": "give-up", "bounce_type": "hard", "status": "5.1.1", "reply": "550", "action": "failed",
		"original_recipient": "alice@example.com", "final_recipient": "alice@example.net", "remote_mta": "mail.example.com",
		"reporting_mta": "mx.example.net", "original_message_id": "news@example.org", "retry_after_s": "60",
		"diagnostic": `'=550 "no",\nnot here`, "means": r.Recipients[0].means(), "because": "text/user-unknown: User unknown",
	}, have)
}

// What a code that no list has means is not made up.
func TestMeans(t *testing.T) {
	status := func(subject, detail uint16) codes.Status {
		return codes.Status{Class: 5, Subject: subject, Detail: detail}
	}
	for _, test := range []struct {
		name   string
		status codes.Status
		reply  codes.Reply
		want   string
	}{
		{"registered", status(1, 10), 0, "The domain of the recipient says in its DNS that it takes no mail at all."},
		{"not registered", status(7, 606), 0, "Permanent failure: something must change before the message can be delivered."},
		{"no such subject", status(9, 1), 550, "Permanent failure: something must change before the message can be delivered."},
		{"no such reply", codes.Status{}, 577, "Permanent failure: the same will not work again."},
		{"no code", codes.Status{}, 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := Recipient{&dsn.Recipient{Status: test.status}, classify.Verdict{Reply: test.reply}}
			assert.Equal(t, test.want, r.means())
		})
	}
}

func refs(rule string) string { return "RFC 3463" }

func table(columns int, style Style, why References, results ...*Result) string {
	var out strings.Builder
	t := NewTable(&out, columns, style, why, "alone.eml")
	for _, r := range results {
		t.Write(t.Append(nil, r))
	}
	return out.String()
}

func TestTable(t *testing.T) {
	long := bounce()
	long.Source = "/var/mail/archive/2025/01/bounces-of-the-newsletter.mbox:17"
	long.Recipients[0].Recipient = &dsn.Recipient{Final: dsn.Typed{Value: strings.Repeat("long", 12) + "@example.org"}, Action: dsn.Failed}
	none := &Result{Source: "lunch.eml", Report: &dsn.Report{}}
	assert.Equal(t, ""+
		"ADDRESS            REASON       FAULT    DECISION  CODE   SOURCE\n"+
		"alice@example.com  bad-mailbox  address  give-up   5.1.1  box:3\n"+
		"-                  no report                              lunch.eml\n",
		table(80, false, nil, bounce(), none))
	assert.Equal(t, ""+
		"  ADDRESS                                  REASON       FAULT    DECISION  CODE\n"+
		"/var/mail/archive/2025/01/bounces-of-the-newsletter.mbox:17\n"+
		"  longlonglonglonglonglonglonglonglonglo…  bad-mailbox  address  give-up   5.1.1\n",
		table(80, false, nil, long))
	wide := table(200, false, nil, long)
	assert.NotContains(t, wide, "…")
	assert.Equal(t, wide, table(0, false, nil, long), "no terminal, no limit")
	alone := bounce()
	alone.Source = "alone.eml"
	assert.Equal(t, ""+
		"ADDRESS            REASON       FAULT    DECISION  CODE\n"+
		"alice@example.com  bad-mailbox  address  give-up   5.1.1\n",
		table(80, false, nil, alone))
	assert.Contains(t, table(80, true, nil, bounce()), "\x1b[31mbad-mailbox\x1b[0m")
}

func TestWhy(t *testing.T) {
	r := bounce()
	r.Recipients[0].Diagnostic.Text = strings.Repeat("many words ", 9) + "User unknown" + strings.Repeat(" and more", 9)
	out := table(80, false, refs, r)
	assert.Contains(t, out, "    text      text/user-unknown  “User unknown”  part 2, line 7  [RFC 3463]\n")
	assert.Contains(t, out, "User unknown")
	for line := range strings.Lines(out) {
		assert.LessOrEqual(t, width(strings.TrimSuffix(line, "\n")), 80, line)
	}
	assert.Contains(t, table(80, true, refs, r), "\x1b[4mUser unknown\x1b[0m")
}

// Of a line without end people see what stands around the quoted words; JSON
// has it whole.
func TestLongLines(t *testing.T) {
	const long = 1 << 20
	r := bounce()
	q := &r.Recipients[0]
	q.Diagnostic.Text = strings.Repeat("é before ", long) + "User unknown" + strings.Repeat(" after é", long)
	q.Original.Value = strings.Repeat("é", long) + "@example.org"
	for _, style := range []Style{false, true} {
		for _, columns := range []int{0, 80} {
			out := table(columns, style, refs, r)
			assert.Less(t, len(out), 4000)
			assert.Contains(t, out, "User unknown")
			assert.Contains(t, out, "…é before")
			assert.Contains(t, out, " afte…\n")
			assert.True(t, utf8.ValidString(out))
		}
	}
	assert.Greater(t, len(JSON(nil, r)), 16*long)

	q.Because[0].Quote = strings.Repeat("User unknown ", long)
	q.Diagnostic.Text = q.Because[0].Quote
	assert.Less(t, len(table(0, false, refs, r)), 4000)
	var out strings.Builder
	require.NoError(t, Verdict(&out, 0, false, q.Verdict, refs))
	assert.Less(t, out.Len(), 4000)

	q.Reason = classify.PermanentFailure
	out.Reset()
	u := NewUnclassified(&out, "table", 0, false)
	u.Write(u.Append(nil, r))
	require.NoError(t, u.Flush())
	assert.Less(t, out.Len(), 4000)
}

func TestShorten(t *testing.T) {
	for _, test := range []struct{ in, end, start string }{
		{"12345", "12345", "12345"},
		{"123456", "12345…", "…23456"},
		{"éééé", "éé…", "…éé"},
		{"", "", ""},
		{"\x80\x80\x80\x80\x80\x80\x80", "…", "…"},
	} {
		assert.Equal(t, test.end, shorten(test.in, 5), "%q", test.in)
		assert.Equal(t, test.start, shortenFront(test.in, 5), "%q", test.in)
	}
}

func TestWrap(t *testing.T) {
	for _, test := range []struct {
		in      string
		columns int
		want    []string
	}{
		{"short", 10, []string{"short"}},
		{"one two three", 0, []string{"one two three"}},
		{"one two three", 8, []string{"one two ", "three"}},
		{"onetwothree", 4, []string{"onet", "woth", "ree"}},
		{"配信できません", 5, []string{"配信", "でき", "ませ", "ん"}},
		{"配信", 1, []string{"配信"}},
		{"", 5, []string{""}},
	} {
		assert.Equal(t, test.want, wrap(test.in, test.columns), test.in)
	}
}

func TestClip(t *testing.T) {
	assert.Equal(t, "long…", clip("long one", 5))
	assert.Equal(t, "long", clip("long", 4))
	assert.Equal(t, "配…", clip("配信不能", 4))
}

func TestNormalize(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"550 5.1.1 <bob@example.org>: mailbox closed", "550 5.1.1 <*>: mailbox closed"},
		{"host mx1.example.org[192.0.2.7] said: 554 go away", "host *[*] said: 554 go away"},
		{"554 refused (S3150), see https://example.org/?q=192.0.2.7&n=1.", "554 refused (S3150), see *."},
		{"451 try again in 300 seconds", "451 try again in * seconds"},
		{"550 ticket a1b2c3d4e5f6 2001:db8::1", "550 ticket * *"},
		{"550 not now. Later.", "550 not now. Later."},
		{"", ""},
	} {
		assert.Equal(t, test.want, normalize(test.in))
	}
}

func TestUnclassified(t *testing.T) {
	result := func(source string, reason classify.Reason, answer string) *Result {
		return &Result{Source: source, Report: &dsn.Report{Kind: dsn.DeliveryStatus}, Recipients: []Recipient{{
			&dsn.Recipient{Action: dsn.Failed, Diagnostic: dsn.Diagnostic{Text: answer}}, classify.Verdict{Reason: reason},
		}}}
	}
	var out strings.Builder
	u := NewUnclassified(&out, "csv", 0, false)
	for _, r := range []*Result{
		result("a", "", "550 odd\tthing 17"),
		result("b", classify.PermanentFailure, "550 what 12 is it"),
		result("c", classify.BadMailbox, "550 User unknown"),
		result("d", classify.TransientFailure, "550 what 13 is it"),
		result("e", "", ""), result("f", "", ""), result("g", "", ""),
	} {
		u.Write(u.Append(nil, r))
	}
	require.NoError(t, u.Flush())
	assert.Equal(t, "count,text,example\n2,550 what * is it,b\n1,550 odd thing *,a\n3,(no answer),e\n", out.String())
}

func TestSisimai(t *testing.T) {
	var have map[string]any
	require.NoError(t, json.Unmarshal(Sisimai(nil, bounce()), &have))
	assert.Equal(t, map[string]any{
		"action": "failed", "addresser": "news@example.org", "alias": "alice@example.net", "catch": nil, "command": "RCPT TO",
		"decodedby": "rfc3464", "deliverystatus": "5.1.1", "destination": "example.com", "diagnosticcode": "550 5.1.1 User unknown",
		"diagnostictype": "SMTP", "feedbackid": "", "feedbacktype": "", "hardbounce": true, "lhost": "mx.example.net",
		"listid": "<list.example.org>", "messageid": "news@example.org", "origin": "box:3", "reason": "userunknown",
		"recipient": "alice@example.com", "replycode": "550", "rhost": "mail.example.com", "senderdomain": "example.org",
		"subject": "Grüße", "timestamp": 1736154000.0, "timezoneoffset": "+0100",
		"token": sisimaiToken("news@example.org", "alice@example.com", 1736154000),
	}, have)
	assert.Equal(t, "undefined", sisimaiReason(""))
	assert.Equal(t, "my-own", sisimaiReason("my-own"))
}

func TestList(t *testing.T) {
	head, rows := []string{"A", "LAST"}, [][]string{{"one", "a few words"}, {"three", strings.Repeat("more words ", 8)}}
	list := func(columns int) string {
		var out strings.Builder
		require.NoError(t, List(&out, columns, false, head, rows))
		return out.String()
	}
	assert.Equal(t, ""+
		"A      LAST\n"+
		"one    a few words\n"+
		"three  more words more words more words more\n"+
		"       words more words more words more words\n"+
		"       more words\n", list(48))
	assert.Equal(t, ""+
		"A\n"+
		"    LAST\n"+
		"one\n"+
		"    a few words\n"+
		"three\n"+
		"    more words more words more\n"+
		"    words more words more words\n"+
		"    more words more words more\n"+
		"    words\n", list(34))

	head, rows = []string{"ADDRESS", "STANDING", "COUNT", "RULE"}, [][]string{{"anna@example.org", "suspended", "2", "dead"}, {"bob@example.org", "", "1", ""}, {"eve@example.org", "active", "", ""}}
	assert.Equal(t, ""+
		"ADDRESS           STANDING\n"+
		"    COUNT  RULE\n"+
		"anna@example.org  suspended\n"+
		"    2      dead\n"+
		"bob@example.org\n"+
		"    1\n"+
		"eve@example.org   active\n", list(30))
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		10 * time.Second: "10s", 5 * time.Minute: "5m", 10 * time.Hour: "10h", 90 * time.Minute: "1h30m", time.Hour + time.Second: "1h0m1s",
	} {
		assert.Equal(t, want, Duration(d))
	}
}
