package classify_test

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset"
	"github.com/stretchr/testify/require"

	"nixie/classify"
	"nixie/dsn"
)

// messages are those of testdata and, unless the tests are to be short, of the
// larger sets of labelled mail where they lie beside the project.
func messages(tb testing.TB) (msgs [][]byte, size int64) {
	tb.Helper()
	names, err := filepath.Glob("../testdata/eml/*.eml")
	require.NoError(tb, err)
	for _, set := range []string{"mta", "corpus"} {
		if testing.Short() {
			break
		}
		labels, _ := os.ReadFile(filepath.Join("../../shared", set, "labels.jsonl"))
		for line := range bytes.Lines(labels) {
			var l struct{ File string }
			require.NoError(tb, json.Unmarshal(line, &l))
			names = append(names, filepath.Join("../../shared", set, "messages", l.File))
		}
	}
	for _, name := range names {
		msg, err := os.ReadFile(name)
		require.NoError(tb, err)
		msgs = append(msgs, msg)
		size += int64(len(msg))
	}
	return msgs, size
}

// BenchmarkAll measures, over the same messages in one run, what nixie does
// and what other ways of only reading the message cost. One operation is one
// pass over all messages.
func BenchmarkAll(b *testing.B) {
	msgs, size := messages(b)
	reports := make([]*dsn.Report, len(msgs))
	for i, msg := range msgs {
		reports[i] = dsn.Parse(msg)
		judge(reports[i]) // builds the tables, if it is the first
	}
	for _, bench := range []struct {
		name string
		do   func(i int)
	}{
		{"parse+classify", func(i int) { judge(dsn.Parse(msgs[i])) }},
		{"parse", func(i int) { dsn.Parse(msgs[i]) }},
		{"classify", func(i int) { judge(reports[i]) }},
		{"go-message walk", func(i int) { walkMessage(msgs[i]) }},
		{"net/mail walk", func(i int) { walkMail(msgs[i]) }},
		{"bytes", func(i int) { bytes.Count(msgs[i], []byte("\n")) }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(size)
			for b.Loop() {
				for i := range msgs {
					bench.do(i)
				}
			}
			b.ReportMetric(float64(b.N)*float64(len(msgs))/b.Elapsed().Seconds(), "msgs/s")
		})
	}
}

func judge(r *dsn.Report) {
	for range classify.Report(r) {
	}
}

// TestAllocations holds how much the median message may allocate.
func TestAllocations(t *testing.T) {
	msgs, _ := messages(t)
	judge(dsn.Parse(msgs[0])) // builds the tables
	var allocs []float64
	for _, msg := range msgs {
		allocs = append(allocs, testing.AllocsPerRun(1, func() { judge(dsn.Parse(msg)) }))
	}
	slices.Sort(allocs)
	median := allocs[len(allocs)/2]
	t.Logf("median %v allocations a message, 90th percentile %v", median, allocs[len(allocs)*9/10])
	if median > 40 {
		t.Errorf("the median message takes %v allocations, more than 40", median)
	}
}

// walkMessage reads every part with go-message and decodes it.
func walkMessage(msg []byte) {
	e, _ := message.Read(bytes.NewReader(msg))
	if e == nil {
		return
	}
	_ = e.Walk(func(_ []int, e *message.Entity, err error) error {
		if err == nil && e.MultipartReader() == nil {
			_, _ = io.Copy(io.Discard, e.Body)
		}
		return nil
	})
}

// walkMail does the same with the standard library.
func walkMail(msg []byte) {
	m, err := mail.ReadMessage(bytes.NewReader(msg))
	if err != nil {
		return
	}
	walkEntity(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body)
}

func walkEntity(contentType, encoding string, body io.Reader) {
	if media, params, err := mime.ParseMediaType(contentType); err == nil && strings.HasPrefix(media, "multipart/") {
		r := multipart.NewReader(body, params["boundary"])
		for {
			p, err := r.NextRawPart()
			if err != nil {
				return
			}
			walkEntity(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p)
		}
	}
	if strings.EqualFold(encoding, "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	_, _ = io.Copy(io.Discard, body)
}
