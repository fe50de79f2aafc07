package codes_test

import (
	"fmt"

	"nixie/codes"
)

func ExampleFind() {
	text := "host mx.example.org[192.0.2.1] said: 550-5.1.1 <bob@example.org> unknown (see version 5.1.2)"
	for c := range codes.Find(text) {
		fmt.Println(c.Reply, c.Status, text[c.Start:c.End])
	}
	// Output: 550 5.1.1 550-5.1.1
}

func ExampleExplain() {
	for _, form := range []string{"550 5.2.2", "0×800CCC79", "4.2.1"} {
		meanings, err := codes.Explain(form)
		if err != nil {
			fmt.Println(err)
		}
		for _, m := range meanings {
			fmt.Printf("%s: %s (%s)\n", m.Code, m.Title, m.Reference)
			for _, o := range m.Others {
				fmt.Printf("  %s: %s\n", o.Reference, o.Title)
			}
		}
	}
	// Output:
	// 550: Mailbox unavailable (RFC 5321 section 4.2.2)
	// 5.2.2: Mailbox full (RFC 3463 section 3.3)
	//   Exchange Online: The sender is over the limit for submitting mail
	// 0x800CCC79: The server refused one or more recipients (imnxport.h, Windows SDK)
	// 4.2.1: Mailbox disabled, not accepting messages (RFC 3463 section 3.3)
	//   lists of codes on the web: 421 written with dots: service not available, closing the connection
	//   Gmail: The mailbox receives mail too fast
}

func ExampleStatus_Meaning() {
	s, _ := codes.ParseStatus("5.7.999")
	m, ok := s.Meaning()
	fmt.Println(ok, m.Title)
	// Output: false Permanent failure: security or policy
}
