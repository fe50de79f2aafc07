package classify

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAside(t *testing.T) {
	for text, want := range map[string]bool{
		"User unknown (your IP: 192.0.2.1)":                                   true,
		"User unknown [your IP 192.0.2.1]":                                    true,
		"User unknown (your IP: 2001:db8::1)":                                 true,
		"User unknown; your IP is 192.0.2.1":                                  true,
		"User unknown. Your IP: 192.0.2.1. Good bye":                          true,
		"User unknown, mail from <news@example.net>, your IP: mx.example.net": true,
		"（your IP：192.0.2.1）用户不存在":                                            true,
		"User unknown (sender news@example.net, your IP: 192.0.2.1)":          true,
		"User unknown (your IP: 192.0.2.1":                                    true,
		"Refused (your IP 192.0.2.1 is bad)":                                  false,
		"Refused; your IP is bad":                                             false,
		"your IP: 192.0.2.1":                                                  false,
		"Refused for your IP 192.0.2.1":                                       false,
		"Refused (your IP":                                                    false,
		"(unknown user, refused by your IP 192.0.2.1)":                        false,
	} {
		start := strings.Index(strings.ToLower(text), "your ip")
		assert.Equal(t, want, within(little(nil, text, len(text)), int32(start)), text)
	}
}

func TestAdvice(t *testing.T) {
	for text, want := range map[string]bool{
		"User unknown. Repeated attempts will get your IP":               true,
		"User unknown; the sender should clean the list, or your IP":     true,
		"550-User unknown\n550-If you are sending bulk mail, your IP":    true,
		"Repeated attempts from your IP":                                 false,
		"User unknown. If you are sending spam, stop. We refuse your IP": false,
		"User unknown. If your IP":                                       false,
	} {
		assert.Equal(t, want, within(little(nil, text, len(text)), int32(strings.LastIndex(text, "IP"))), text)
	}
}
