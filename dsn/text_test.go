package dsn

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// label is what is known of a message in the shared sets.
type label struct {
	File, Kind, Synthetic string
	DupOf                 string `json:"dup_of"`
	Recipients            []struct {
		Address    string
		AddressAlt []string `json:"address_alt"`
		Literal    *bool    `json:"address_literal"`
	}
	path string
}

// sharedLabels returns the labels of the sets beside the project; it skips
// the test where there are none.
func sharedLabels(t *testing.T) []label {
	var all []label
	for _, set := range []string{"corpus", "mta"} {
		dir := filepath.Join("..", "..", "shared", set)
		f, err := os.Open(filepath.Join(dir, "labels.jsonl"))
		if err != nil {
			t.Skip("no shared messages here")
		}
		defer f.Close()
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 1<<24)
		for lines.Scan() {
			var l label
			require.NoError(t, json.Unmarshal(lines.Bytes(), &l))
			if l.path = filepath.Join(dir, "messages", l.File); l.DupOf == "" && !strings.HasPrefix(l.Synthetic, "built") {
				all = append(all, l)
			}
		}
		require.NoError(t, lines.Err())
	}
	return all
}

// proseOf reads the text parts of a message and nothing else of it.
func proseOf(msg []byte, without string) prose {
	var header Fields
	var texts []part
	attached := false
	for p := range partsOf(msg, &header, nil) {
		switch {
		case p.media == "message/rfc822", p.media == "text/rfc822-headers":
			attached = true
		case strings.HasPrefix(p.media, "text/") && !attached:
			texts = append(texts, p)
		}
	}
	for _, p := range texts {
		if found := readTextWithout(header, p.text(new([]byte), noDefect), Place{p.number, 1}, attached, without); found.Kind != "" {
			return found
		}
	}
	return prose{Original: -1}
}

// TestGeneralisation switches off, for each message, the dialect that it
// matches, and counts the messages whose recipients are all found: this is how
// mail of software that nobody tuned for is read. The bar only goes up.
func TestGeneralisation(t *testing.T) {
	const bar = 0.97
	found, of := 0, 0
	for _, l := range sharedLabels(t) {
		msg, err := os.ReadFile(l.path)
		if err != nil || l.Kind != "bounce" || len(l.Recipients) == 0 {
			continue
		}
		folded := strings.ToLower(string(msg))
		if strings.Contains(folded, "\nfinal-recipient:") || strings.Contains(folded, "\noriginal-recipient:") {
			continue
		}
		p := proseOf(msg, "")
		if p.Dialect != "general" {
			p = proseOf(msg, p.Dialect)
		}
		good, named := len(p.Recipients) == len(l.Recipients), true
		for _, want := range l.Recipients {
			named = named && want.Address != "" && (want.Literal == nil || *want.Literal)
			hit := false
			for _, address := range append(want.AddressAlt, want.Address) {
				for i := range p.Recipients {
					hit = hit || strings.EqualFold(address, p.Recipients[i].Final.Value) || strings.EqualFold(address, p.Recipients[i].Original.Value)
				}
			}
			good = good && hit
		}
		if !named {
			continue
		}
		of++
		if good {
			found++
		} else {
			t.Logf("missed: %s", l.File)
		}
	}
	rate := float64(found) / float64(of)
	t.Logf("generalisation: %.1f %% of %d messages", 100*rate, of)
	assert.GreaterOrEqual(t, rate, bar)
}

func TestNoFalseReports(t *testing.T) {
	for _, l := range sharedLabels(t) {
		msg, err := os.ReadFile(l.path)
		if err != nil || l.Kind != "not-a-bounce" && l.Kind != "vacation" {
			continue
		}
		assert.NotEqual(t, DeliveryStatus, proseOf(msg, "").Kind, l.File)
	}
}

func FuzzReadText(f *testing.F) {
	for _, name := range []string{"Hi. This is the qmail-send program at a.example.\n\n<bob@example.org>:\n550 no\n\n--- Below this line is a copy of the message.\n\nFrom: a\n"} {
		f.Add("From: MAILER-DAEMON@example.org\nSubject: failure notice\n", name)
	}
	f.Add("Return-Path: <>\n", ">>> RCPT TO:<bob@example.org>\n<<< 550-5.1.1 a\n<<< 550 b\n550 <bob@example.org>... User unknown\n")
	f.Add("X-Failed-Recipients: bob@example.org\n", "bob\n  (generated from al@example.org)\n\u3000邮件无法发送到您指定的地址中\n\"@b\n@\n")
	f.Add("X-Failed-Recipients: al@example.org, bob@example.org\nSubject: Mail delivery failed\n", "Return-Path: <al@example.com>\nReceived: from a\nFrom: al@example.com\nMessage-ID: <1@example.com>\n\nHi\n")
	f.Add("From: x@aol.com\n", `{"notificationType":"Bounce","bounce":{"bouncedRecipients":[{"emailAddress":"bob@example.org"}]}}`)
	corpus(f, func(_ []byte, r *Report) {
		if r.Text != "" {
			f.Add(groupText(r.Header), r.Text)
		}
	})
	f.Fuzz(func(t *testing.T, head, text string) {
		if !utf8.ValidString(text) {
			return
		}
		var header Fields
		for group := range Groups(head) {
			header = append(header, group...)
		}
		for _, without := range []string{"", "*"} {
			found := readTextWithout(header, text, Place{"1", 1}, false, without)
			assert.Equal(t, found, readTextWithout(header, text, Place{"1", 1}, false, without))
			assert.LessOrEqual(t, found.Original, len(text))
			for i := range found.Recipients {
				r := &found.Recipients[i]
				lines := 1 + strings.Count(text, "\n")
				assert.LessOrEqual(t, r.At.Line, lines)
				assert.LessOrEqual(t, r.Diagnostic.At.Line, lines)
			}
		}
	})
}

func TestIndexBlankLine(t *testing.T) {
	for s, want := range map[string][2]int{
		"": {-1, -1}, "a": {-1, -1}, "a\nb\n": {-1, -1}, "a\n\nb": {1, 3}, "a\n \t\nb": {1, 5}, "a\n b\n\n": {4, 6}, "\n\n": {0, 2}, "a\n ": {-1, -1},
	} {
		end, next := indexBlankLine(s)
		assert.Equal(t, want, [2]int{end, next}, "%q", s)
	}
}
