// Package mailbox finds the messages in files, directories, Maildirs and
// mboxes, compressed with gzip or not.
//
// A file is an mbox if its first line is a From_ line, unless its name ends in
// .eml or it lies in a Maildir: such a file is one message. An mbox is read in
// the mboxrd form, of which mboxo differs only in lines that were quoted twice.
package mailbox

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strconv"
)

// MaxMessage is the size in bytes to which a message is read. What follows in
// a longer one is passed over, and ErrTooBig tells.
const MaxMessage = 64 << 20

// ErrTooBig follows a message of which only the first MaxMessage bytes were read.
var ErrTooBig = fmt.Errorf("only the first %d MiB of the message were read", MaxMessage>>20)

// Message is one message as it lies in its mailbox.
type Message struct {
	Source string // the path, or "path:3" for the third message of an mbox
	Data   []byte // valid until the next message is asked for
}

// Reader reads messages one after the other; it keeps its buffers from one
// file to the next. The zero Reader is ready. It must not be used concurrently.
type Reader struct {
	in    io.Reader
	gz    gzip.Reader
	buf   []byte // buf[start:] was read and not yet given out
	start int
	limit int // MaxMessage, less in tests
	eof   error
}

// File yields the messages of a file. An error comes last, or after the
// message that it is about.
func (r *Reader) File(f File) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		file, err := os.Open(f.Path)
		if err != nil {
			yield(Message{Source: f.Path}, cause(err))
			return
		}
		defer file.Close()
		r.read(f.Path, file, f.single, yield)
	}
}

// Stream yields the messages of in, which goes by that name.
func (r *Reader) Stream(name string, in io.Reader) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) { r.read(name, in, false, yield) }
}

func (r *Reader) read(name string, in io.Reader, single bool, yield func(Message, error) bool) {
	r.in, r.buf, r.start, r.eof = in, r.buf[:0], 0, nil
	if r.limit == 0 {
		r.limit = MaxMessage
	}
	r.fill(len(gzipMagic))
	if bytes.HasPrefix(r.buf, gzipMagic) {
		if err := r.gz.Reset(io.MultiReader(bytes.NewReader(bytes.Clone(r.buf)), in)); err != nil {
			yield(Message{Source: name}, err)
			return
		}
		r.in, r.buf, r.eof = &r.gz, r.buf[:0], nil
	}
	r.fill(maxFromLine + 1)
	ok := true
	if !single && fromLine(r.buf) > 0 {
		ok = r.mbox(name, yield)
	} else {
		ok = r.message(name, yield)
	}
	if ok && r.eof != io.EOF {
		yield(Message{Source: name}, cause(r.eof))
	}
}

var gzipMagic = []byte{0x1f, 0x8b, 0x08}

// message yields all that is left as one message. An empty file holds none.
func (r *Reader) message(name string, yield func(Message, error) bool) bool {
	r.fill(r.limit + 1)
	if len(r.buf) == 0 {
		return true
	}
	if len(r.buf) <= r.limit {
		return yield(Message{name, r.buf}, nil)
	}
	r.eof = io.EOF // the rest is not wanted
	return yield(Message{name, r.buf[:r.limit]}, nil) && yield(Message{Source: name}, ErrTooBig)
}

// mbox yields the messages between From_ lines.
func (r *Reader) mbox(name string, yield func(Message, error) bool) bool {
	for n := 1; r.start < len(r.buf); n++ {
		r.start += fromLine(r.buf[r.start:])
		end, next := r.boundary()
		size := min(end-r.start, r.limit)
		source := name + ":" + strconv.Itoa(n)
		if !yield(Message{source, unquote(r.buf[r.start : r.start+size])}, nil) {
			return false
		}
		if size < end-r.start && !yield(Message{Source: source}, ErrTooBig) {
			return false
		}
		r.start = next
	}
	return true
}

// boundary finds the next From_ line. It returns where the message before it
// ends and where the line starts: both the end of the buffer when there is none.
// The end lies past the limit when part of the message was passed over.
func (r *Reader) boundary() (end, next int) {
	const keep = maxFromLine + 8 // the line and the blank one before it may still be cut off
	scan := r.start
	cut := false
	for {
		i := bytes.Index(r.buf[scan:], []byte("\nFrom "))
		switch {
		case i >= 0:
			scan += i
			if len(r.buf)-scan < keep && r.eof == nil {
				r.more(&scan)
				continue
			}
			if end := blankBefore(r.buf[r.start : scan+1]); end >= 0 && fromLine(r.buf[scan+1:]) > 0 {
				end += r.start
				if cut {
					end = r.start + r.limit + 1
				}
				return end, scan + 1
			}
			scan++
		case r.eof != nil:
			if cut {
				return r.start + r.limit + 1, len(r.buf)
			}
			return len(r.buf), len(r.buf)
		default:
			scan = max(scan, len(r.buf)-len("\nFrom "))
			if size := len(r.buf) - r.start; size > r.limit+2*keep {
				// Only the last bytes can belong to the boundary: let the next ones follow them.
				tail := r.start + r.limit + 1
				r.buf = append(r.buf[:tail], r.buf[len(r.buf)-keep:]...)
				scan, cut = tail, true
			}
			r.more(&scan)
		}
	}
}

// more reads on, and moves scan with the bytes that it points to.
func (r *Reader) more(scan *int) {
	if r.start > 0 && len(r.buf)+minRead > cap(r.buf) {
		n := copy(r.buf, r.buf[r.start:])
		*scan -= r.start
		r.buf, r.start = r.buf[:n], 0
	}
	r.fill(len(r.buf) - r.start + 1)
}

// minRead is the room that a read has at least.
const minRead = 64 << 10

// fill reads until at least n bytes are there, or the end or an error.
func (r *Reader) fill(n int) {
	for len(r.buf)-r.start < n && r.eof == nil {
		if cap(r.buf)-len(r.buf) < minRead {
			r.buf = append(make([]byte, 0, max(2*cap(r.buf), 4*minRead)), r.buf...)
		}
		var got int
		got, r.eof = r.in.Read(r.buf[len(r.buf):cap(r.buf)])
		r.buf = r.buf[:len(r.buf)+got]
	}
}

// cause is the error without the operation and the path, which the caller names.
func cause(err error) error {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return e.Err
	}
	return err
}
