package codes_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nixie/codes"
)

func TestParseReply(t *testing.T) {
	for _, test := range []struct {
		text string
		want codes.Reply
	}{
		{"550", 550}, {"211", 211}, {"599", 599}, {"100", 100}, {"571", 571},
		{"", 0}, {"55", 0}, {"5500", 0}, {"600", 0}, {"055", 0}, {"5x0", 0}, {" 550", 0}, {"550 ", 0}, {"-50", 0},
	} {
		got, err := codes.ParseReply(test.text)
		assert.Equal(t, test.want, got, test.text)
		assert.Equal(t, test.want == 0, err != nil, test.text)
		if err == nil {
			assert.Equal(t, test.text, got.String())
		}
	}
}

func TestParseStatus(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       codes.Status
	}{
		{"plain", "5.1.1", codes.Status{Class: 5, Subject: 1, Detail: 1}},
		{"three digits", "4.7.650", codes.Status{Class: 4, Subject: 7, Detail: 650}},
		{"unknown subject", "5.999.999", codes.Status{Class: 5, Subject: 999, Detail: 999}},
		{"leading zeros", "5.01.001", codes.Status{Class: 5, Subject: 1, Detail: 1}},
		{"space around", " 2.0.0\t", codes.Status{Class: 2}},
		{"comment after the code", "5.1.1 (unknown user)", codes.Status{Class: 5, Subject: 1, Detail: 1}},
		{"nothing", "", codes.Status{}},
		{"words after the code", "5.1.1 unknown user", codes.Status{}},
		{"class 3", "3.1.1", codes.Status{}},
		{"class X", "X.1.1", codes.Status{}},
		{"four numbers", "5.1.1.1", codes.Status{}},
		{"two numbers", "5.1", codes.Status{}},
		{"two numbers and a stop", "5.1.", codes.Status{}},
		{"no subject", "5..1", codes.Status{}},
		{"four digits", "5.1.1234", codes.Status{}},
		{"four digits before", "5.1234.1", codes.Status{}},
		{"spaces inside", "5. 1.1", codes.Status{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := codes.ParseStatus(test.text)
			assert.Equal(t, test.want, got)
			assert.Equal(t, test.want == codes.Status{}, err != nil)
		})
	}
}

func TestParseHResult(t *testing.T) {
	for _, test := range []struct {
		text string
		want codes.HResult
	}{
		{"0x800CCC79", 0x800CCC79}, {"0X800ccc79", 0x800CCC79}, {"0×800CCC79", 0x800CCC79}, {"0х800CCC79", 0x800CCC79},
		{"800CCC79", 0x800CCC79}, {"800ccc79h", 0x800CCC79}, {"0x800ccc79H", 0x800CCC79}, {"(0x800CCC79).", 0x800CCC79},
		{"-2146644871", 0x800CCC79}, {"2148322425", 0x800CCC79}, {"0x000CCC79", 0x000CCC79}, {"-2147483648", 0x80000000},
		{"", 0}, {"0x", 0}, {"0x800CCC7", 0}, {"0x800CCC799", 0}, {"0x800CCC7G", 0}, {"20260101", 0}, {"550", 0}, {"-1", 0},
		{"4294967296", 0}, {"-2147483649", 0}, {"99999999999999999999", 0},
	} {
		got, err := codes.ParseHResult(test.text)
		assert.Equal(t, test.want, got, test.text)
		assert.Equal(t, test.want == 0, err != nil, test.text)
	}
}

func TestText(t *testing.T) {
	type all struct {
		Reply   codes.Reply
		Status  codes.Status
		HResult codes.HResult
	}
	for _, test := range []struct {
		value all
		want  string
	}{
		{all{550, codes.Status{Class: 5, Subject: 7, Detail: 26}, 0x800CCC79}, `{"Reply":"550","Status":"5.7.26","HResult":"0x800CCC79"}`},
		{all{}, `{"Reply":"","Status":"","HResult":""}`},
	} {
		got, err := json.Marshal(test.value)
		require.NoError(t, err)
		assert.Equal(t, test.want, string(got))
		back := all{550, codes.Status{Class: 5}, 1}
		require.NoError(t, json.Unmarshal(got, &back))
		assert.Equal(t, test.value, back)
	}
	for _, bad := range []string{`{"Reply":"x"}`, `{"Status":"x"}`, `{"HResult":"x"}`} {
		assert.Error(t, json.Unmarshal([]byte(bad), new(all)), bad)
	}
}
