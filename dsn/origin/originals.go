package origin

import (
	"bytes"
	"errors"
	"strings"

	"github.com/emersion/go-message"
)

// maxDepth is how deep multiparts are looked into.
const maxDepth = 20

// soleOriginal returns an error if the message holds more than one original,
// or one that is a report itself: then it cannot be told which of them the
// report is about.
func soleOriginal(m *Message) error {
	originals, nested := 0, isReport(m.Report.Original.Header.Get("Content-Type"))
	e, err := message.Read(bytes.NewReader(messageStart(m.Raw)))
	if e != nil && (err == nil || message.IsUnknownCharset(err) || message.IsUnknownEncoding(err)) {
		walk(e, maxDepth, func(e *message.Entity) {
			originals++
			if inner, err := message.Read(e.Body); err == nil && isReport(inner.Header.Get("Content-Type")) {
				nested = true
			}
		})
	}
	switch {
	case originals > 1:
		return errors.New("more than one message came back")
	case nested:
		return errors.New("what came back is a report itself")
	}
	return nil
}

// walk calls found for each returned message that is a part of e.
func walk(e *message.Entity, depth int, found func(*message.Entity)) {
	media, _, _ := e.Header.ContentType()
	switch strings.ToLower(media) {
	case "message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers", "message/rfc822-headers", "text/rfc822":
		found(e)
		return
	}
	parts := e.MultipartReader()
	if parts == nil || depth == 0 {
		return
	}
	for {
		part, err := parts.NextPart()
		if part == nil || err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
			return
		}
		walk(part, depth-1, found)
	}
}

// isReport reports whether a Content-Type is that of a report, RFC 6522.
func isReport(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(media), "multipart/report")
}
