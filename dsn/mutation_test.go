package dsn

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A message that is cut or damaged may cost this many times what the whole one
// costs, and more where both cost next to nothing.
const (
	mutationFactor = 20
	mutationBytes  = 256 << 10 // allocated
	mutationTime   = 250 * time.Millisecond
)

// TestMutations parses each message cut at every 64th byte and with some bytes
// changed. None may panic or take much longer than the message as it was.
func TestMutations(t *testing.T) {
	eachMessage(t, func(t *testing.T, msg []byte) {
		bytes, took := cost(msg)
		mostBytes, most := max(mutationFactor*bytes, mutationBytes), max(mutationFactor*took, mutationTime)
		try := func(name string, mutant []byte) {
			defer func() {
				if p := recover(); p != nil {
					t.Errorf("%s: %v\n%s\n%q", name, p, debug.Stack(), mutant)
				}
			}()
			bytes, took := costWithin(mutant, mostBytes, most)
			if bytes > mostBytes || took > most {
				t.Errorf("%s: %d bytes allocated in %v, at most %d in %v", name, bytes, took, mostBytes, most)
			}
		}
		for n := 0; n < len(msg); n += 64 {
			try(fmt.Sprintf("cut at %d", n), msg[:n:n])
		}
		random := rand.New(rand.NewPCG(seed(msg), 0))
		for i := range 32 {
			try(fmt.Sprintf("mutant %d", i), mutate(random, msg))
		}
	})
}

// TestSplices parses messages that are put together of pieces of others, such
// as a header that names recipients above a text that names none.
func TestSplices(t *testing.T) {
	var fields, lines, texts [][]byte
	eachMessage(t, func(t *testing.T, msg []byte) {
		header, body, _ := bytes.Cut(bytes.ReplaceAll(msg, []byte("\r\n"), []byte("\n")), []byte("\n\n"))
		fields = append(fields, bytes.SplitAfter(append(header, '\n'), []byte("\n"))...)
		lines = append(lines, bytes.SplitAfter(body, []byte("\n"))...)
		texts = append(texts, bytes.SplitAfter(body, []byte("\n\n"))...)
	})
	random := rand.New(rand.NewPCG(1, 2))
	some := func(pieces [][]byte, most int) (joined []byte) {
		for range random.IntN(most) {
			joined = append(joined, pieces[random.IntN(len(pieces))]...)
		}
		return joined
	}
	n := 50_000
	if testing.Short() {
		n = 5_000
	}
	for range n {
		msg := append(some(fields, 12), '\n')
		msg = append(append(msg, some(texts, 6)...), some(lines, 6)...)
		func() {
			defer func() {
				if p := recover(); p != nil {
					t.Errorf("%v\n%s", p, debug.Stack())
				}
			}()
			checkParse(t, msg)
		}()
		if t.Failed() {
			t.Fatalf("%q", msg)
		}
	}
}

// TestCutAfterStatus cuts each message behind its delivery-status part, where
// no cut may lose a recipient or what is said of one.
func TestCutAfterStatus(t *testing.T) {
	tried := 0
	eachMessage(t, func(t *testing.T, msg []byte) {
		end := statusEnd(msg)
		if end < 0 {
			return
		}
		tried++
		want := said(Parse(msg))
		for n := end; n < len(msg); n += 64 {
			require.Equal(t, want, said(Parse(msg[:n:n])), "cut at %d of %d", n, len(msg))
		}
	})
	assert.Greater(t, tried, 50)
}

// eachMessage runs a test on each message of testdata/eml.
func eachMessage(t *testing.T, test func(t *testing.T, msg []byte)) {
	for name, msg := range messages(t) {
		t.Run(name, func(t *testing.T) { test(t, msg) })
	}
}

// cost parses a message and returns what that took.
func cost(msg []byte) (allocated uint64, took time.Duration) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	Parse(msg)
	took = time.Since(start)
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc, took
}

// seed is the same for the same message, so that a failure comes again.
func seed(msg []byte) uint64 {
	h := fnv.New64a()
	h.Write(msg)
	return h.Sum64()
}

// mutate returns msg with one to sixteen changes: a bit flipped, a byte that
// means something to a parser in place of another, or a piece left out, said
// twice or moved.
func mutate(random *rand.Rand, msg []byte) []byte {
	const meaningful = "\r\n\t :;,.-=?\"\\()<>[]{}@%+*_/\x00\x1b\x80\xc3\xff059"
	msg = bytes.Clone(msg)
	for range 1 + random.IntN(16) {
		if len(msg) == 0 {
			break
		}
		at := random.IntN(len(msg))
		end := min(at+1+random.IntN(80), len(msg))
		switch random.IntN(6) {
		case 0, 1:
			msg[at] ^= 1 << random.IntN(8)
		case 2, 3:
			msg[at] = meaningful[random.IntN(len(meaningful))]
		case 4:
			msg = append(msg[:at:at], msg[end:]...)
		case 5:
			to := random.IntN(len(msg))
			msg = append(msg[:to:to], append(bytes.Clone(msg[at:end]), msg[to:]...)...)
		}
	}
	return msg
}

// statusEnd returns where the last delivery-status part of a message ends, -1
// if it has none.
func statusEnd(msg []byte) int {
	end := -1
	if hasBareCR(msg) {
		return end
	}
	var header Fields
	for part := range partsOf(msg, &header, nil) {
		if part.media == "message/delivery-status" || part.media == "message/global-delivery-status" {
			end = cap(msg) - cap(part.body) + len(part.body)
		}
	}
	return end
}

// said is what a report says of its recipients in their own fields.
func said(r *Report) (all []string) {
	for i := range r.Recipients {
		x := &r.Recipients[i]
		all = append(all, fmt.Sprintf("%s %s %s %s", x.Final.Value, x.Action, x.Status, x.Diagnostic.Text))
	}
	return all
}

// costWithin is cost of the first of several attempts that stays within the
// limits: the first to need a table pays for it, and others use the machine too.
func costWithin(msg []byte, mostAllocated uint64, most time.Duration) (allocated uint64, took time.Duration) {
	for range 8 {
		allocated, took = cost(msg)
		if allocated <= mostAllocated && took <= most {
			break
		}
	}
	return allocated, took
}
