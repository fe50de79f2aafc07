package codes_test

import (
	"testing"

	"nixie/codes"
)

func BenchmarkFind(b *testing.B) {
	const text = "host mx.example.org[192.0.2.1] said: 550-5.1.1 <bob@example.org> unknown (in reply to RCPT TO command)"
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		for range codes.Find(text) {
		}
	}
}
