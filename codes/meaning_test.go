package codes_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nixie/codes"
)

// pageNumbers are the error numbers of mail clients that a much copied page
// of mail status codes lists, and moreNumbers those of the same headers that
// it leaves out.
const (
	pageNumbers = `
	80004001 80004005 800300FD 80040109 8004010F 80040115 80040119 8004011D 80040126 80040305 80040600
	80040607 8004060C 80040FB3 800420CB 80042108 80042109 8004210A 8004210B 80048002 80070005 80070057
	8007007E 80072F17 800C0131 800C0133 800CCC00 800CCC01 800CCC02 800CCC03 800CCC04 800CCC05 800CCC06
	800CCC09 800CCC0A 800CCC0B 800CCC0D 800CCC0E 800CCC0F 800CCC10 800CCC11 800CCC12 800CCC13 800CCC14
	800CCC15 800CCC16 800CCC17 800CCC18 800CCC19 800CCC1A 800CCC33 800CCC40 800CCC41 800CCC43 800CCC44
	800CCC45 800CCC60 800CCC61 800CCC62 800CCC63 800CCC64 800CCC65 800CCC66 800CCC67 800CCC68 800CCC69
	800CCC6A 800CCC6B 800CCC6C 800CCC6D 800CCC6E 800CCC6F 800CCC78 800CCC79 800CCC7A 800CCC7B 800CCC7D
	800CCC80 800CCC90 800CCC91 800CCC92 800CCC93 800CCC94 800CCC95 800CCC96 800CCC97 800CCCA0 800CCCA1
	800CCCA2 800CCCA3 800CCCA4 800CCCA5 800CCCA6 800CCCA7 800CCCA8 800CCCA9 800CCCAA 800CCCAB 800CCCAC
	800CCCAD 800CCCAE 800CCCC2 800CCCC3 800CCCC4 800CCCC5 800CCCC6 800CCCD1 800CCCD2 800CCCD3 800CCCD4
	800CCCD6 800CCCD7 800CCCD8 800CCCD9 800CCCDB 800CCCDC 800CCCDD 800CCCDE 800CCCDF 800CCCE0 81FC0005`
	moreNumbers = `
	800CCC07 800CCC08 800CCC0C 800CCC30 800CCC31 800CCC32 800CCC34 800CCC35 800CCC36 800CCC37 800CCC38
	800CCC39 800CCC3A 800CCC3B 800CCC3C 800CCC3D 800CCC3E 800CCC3F 800CCC42 800CCC7C 800CCC7E 800CCC7F
	800CCCD5 800CCCDA`
)

func TestClientErrors(t *testing.T) {
	require.Len(t, strings.Fields(pageNumbers), 121)
	require.Len(t, strings.Fields(moreNumbers), 24)
	advice := []codes.Advice{codes.Retry, codes.MendSettings, codes.MendMessage, codes.ReadReply, codes.NoAdvice}
	for _, digits := range strings.Fields(pageNumbers + moreNumbers) {
		for _, form := range []string{"0×" + digits, "0x" + digits, digits, "(0x" + digits + ")", "Error Number: 0x" + digits} {
			got, err := codes.Explain(form)
			require.NoError(t, err, form)
			require.Len(t, got, 1, form)
			m := got[0]
			assert.Equal(t, "0x"+digits, m.Code, form)
			assert.Contains(t, advice, m.Implies, form)
			assert.NotEmpty(t, m.Section, form)
			assert.NotEmpty(t, m.Title, form)
			assert.NotEmpty(t, m.Text, form)
			assert.NotEmpty(t, m.Reference, form)
			assert.NotEmpty(t, m.Standing, form)
			if m.Name != "" {
				byName, err := codes.Explain(m.Name)
				require.NoError(t, err, m.Name)
				assert.Equal(t, got, byName, m.Name)
			}
		}
	}
}

func TestClientErrorReplies(t *testing.T) {
	for _, test := range []struct {
		h    codes.HResult
		want codes.Reply
	}{
		{0x800CCC62, 500}, {0x800CCC63, 501}, {0x800CCC64, 502}, {0x800CCC65, 503}, {0x800CCC66, 504}, {0x800CCC67, 421},
		{0x800CCC68, 450}, {0x800CCC69, 550}, {0x800CCC6A, 451}, {0x800CCC6B, 551}, {0x800CCC6C, 452}, {0x800CCC6D, 552},
		{0x800CCC6E, 553}, {0x800CCC6F, 554}, {0x800CCC7C, 530}, {0x800CCC7F, 454}, {0x000CCC79, 235}, {0x800CCC79, 0}, {0, 0},
	} {
		got, ok := test.h.Reply()
		assert.Equal(t, test.want, got, test.h)
		assert.Equal(t, test.want != 0, ok, test.h)
	}
}

// registered are the details of each subject in the registry of statuses.
var registered = [...]int{1, 11, 5, 7, 8, 7, 11, 31}

func TestStatusMeaning(t *testing.T) {
	for subject, details := range registered {
		for detail := range details + 1 {
			for _, class := range []codes.Class{codes.Success, codes.Transient, codes.Permanent} {
				s := codes.Status{Class: class, Subject: uint16(subject), Detail: uint16(detail)}
				m, ok := s.Meaning()
				assert.Equal(t, detail < details, ok, s)
				assert.Equal(t, s.String(), m.Code)
				assert.NotEmpty(t, m.Title, s)
				assert.NotEmpty(t, m.Text, s)
				assert.NotEmpty(t, m.Class, s)
				assert.NotEmpty(t, m.Reference, s)
			}
		}
	}
}

func TestReplyMeaning(t *testing.T) {
	for r := codes.Reply(100); r < 600; r++ {
		m, ok := r.Meaning()
		assert.Equal(t, ok, m.Standing != "", r)
		assert.Equal(t, r.String(), m.Code)
		assert.NotEmpty(t, m.Title, r)
		assert.NotEmpty(t, m.Text, r)
		assert.NotEmpty(t, m.Class, r)
		assert.NotEmpty(t, m.Reference, r)
	}
	for _, r := range []codes.Reply{211, 214, 220, 221, 250, 251, 252, 354, 421, 450, 451, 452, 455,
		500, 501, 502, 503, 504, 550, 551, 552, 553, 554, 555} {
		m, _ := r.Meaning()
		assert.Equal(t, "standard", m.Standing, r)
		assert.Contains(t, m.Reference, "RFC 5321", r)
	}
}

func TestUnknown(t *testing.T) {
	for _, test := range []struct {
		name string
		got  func() (codes.Meaning, bool)
		want codes.Meaning
	}{
		{"no reply", codes.Reply(0).Meaning, codes.Meaning{}},
		{"no status", codes.Status{}.Meaning, codes.Meaning{}},
		{"no number", codes.HResult(0).Meaning, codes.Meaning{}},
		{"reply", codes.Reply(559).Meaning, codes.Meaning{Code: "559", Title: "Permanent failure",
			Text:      "About the mail system and what was asked of it.",
			Class:     "Permanent failure: the same will not work again.",
			Reference: "RFC 5321 section 4.2.1"}},
		{"status", codes.Status{Class: 4, Subject: 7, Detail: 999}.Meaning, codes.Meaning{Code: "4.7.999",
			Title:     "Transient failure: security or policy",
			Text:      "Not registered. Its subject is security or policy.",
			Class:     "Persistent transient failure: the message is well formed, and another try may work unless the sender has given up.",
			Reference: "RFC 3463 sections 2 and 3"}},
		{"subject", codes.Status{Class: 5, Subject: 9, Detail: 1}.Meaning, codes.Meaning{Code: "5.9.1",
			Title: "Permanent failure", Text: "Not registered, nor is its subject.",
			Class:     "Permanent failure: something must change before the message can be delivered.",
			Reference: "RFC 3463 sections 2 and 3"}},
		{"number", codes.HResult(0x8007274C).Meaning, codes.Meaning{Code: "0x8007274C", Title: "Unknown error number",
			Text: "Error 10060 of Windows.", Implies: codes.ReadReply, Reference: "winerror.h, Windows SDK"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, ok := test.got()
			assert.False(t, ok)
			assert.Equal(t, test.want, got)
		})
	}
}

// TestPage has every code of the page explained, line by line as it stands
// there, when the page is at hand.
func TestPage(t *testing.T) {
	page, err := os.ReadFile("../../shared/seed/mail-status-codes.txt")
	if err != nil {
		t.Skip("the page is not at hand")
	}
	number := regexp.MustCompile(`^0×[0-9A-F]{8}`)
	status := regexp.MustCompile(`X\.\d+\.\d+`)
	combination := regexp.MustCompile(`^(\d{3}) or (\d\.\d\.\d)`)
	counts := map[string]int{}
	for line := range strings.Lines(string(page)) {
		line = strings.TrimSpace(line)
		for _, form := range []string{number.FindString(line), status.FindString(line), combination.FindString(line)} {
			if form == "" {
				continue
			}
			whole, err := codes.Explain(line)
			require.NoError(t, err, line)
			alone, err := codes.Explain(form)
			require.NoError(t, err, form)
			assert.Equal(t, alone, whole, line)
			switch pair := combination.FindStringSubmatch(form); {
			case strings.HasPrefix(form, "0"):
				counts["numbers"]++
				assert.Equal(t, "0x"+strings.TrimPrefix(form, "0×"), alone[0].Code)
			case form[0] == 'X':
				counts["statuses"]++
				assert.Equal(t, form, alone[0].Code)
				assert.Equal(t, "registered", alone[0].Standing, form)
			default:
				counts["combinations"]++
				require.Len(t, alone, 2, form)
				assert.Equal(t, pair[1:], []string{alone[0].Code, alone[1].Code})
				assert.NotEmpty(t, alone[1].Others, form)
			}
		}
	}
	assert.Equal(t, map[string]int{"numbers": 121, "statuses": 62, "combinations": 15}, counts)
}
