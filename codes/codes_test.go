package codes_test

import (
	"testing"

	"nixie/codes"
)

func TestParseStatus(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       codes.Status
	}{
		{"plain", "5.1.1", codes.Status{Class: 5, Subject: 1, Detail: 1}},
		{"three digits", "4.7.650", codes.Status{Class: 4, Subject: 7, Detail: 650}},
		{"comment after the code", "5.1.1 (unknown user)", codes.Status{Class: 5, Subject: 1, Detail: 1}},
		{"class 3", "3.1.1", codes.Status{}},
		{"four numbers", "5.1.1.1", codes.Status{}},
		{"two numbers", "5.1", codes.Status{}},
		{"four digits", "5.1.1234", codes.Status{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got, _ := codes.ParseStatus(test.text); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}
