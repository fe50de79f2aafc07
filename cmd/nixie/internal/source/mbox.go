package source

import (
	"context"
	"errors"
	"io/fs"
	"os"
)

// openMbox opens an mbox, and locks it as mail software does that delivers to
// it: nothing is added or taken away until it is closed or waited for.
func openMbox(ctx context.Context, path string, o Options) (Source, error) {
	m := &mbox{options: o}
	m.name = path
	return m, m.open(ctx)
}

// mbox is a locked mbox. An ID is the path with the number of the message.
type mbox struct {
	stream
	options Options
	file    *os.File
	unlock  func()
}

func (m *mbox) open(ctx context.Context) error {
	file, err := os.Open(m.name)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("this is no mbox")
	}
	if err == nil {
		m.unlock, err = lock(ctx, file)
	}
	if err != nil {
		file.Close()
		return err
	}
	m.file, m.in = file, file
	return nil
}

// Wait gives the mbox free until it has changed. Then all of it is read again.
func (m *mbox) Wait(ctx context.Context) error {
	before, err := m.file.Stat()
	if err != nil {
		return err
	}
	if err := m.Close(); err != nil {
		return err
	}
	for {
		if err := m.options.sleep(ctx, pollTime); err != nil {
			return err
		}
		now, err := os.Stat(m.name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // an empty one may be removed
		}
		if err != nil {
			return err
		}
		if os.SameFile(before, now) && now.Size() == before.Size() && now.ModTime().Equal(before.ModTime()) {
			continue
		}
		err = m.open(ctx)
		if errors.Is(err, errLocked) || errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return err
	}
}

func (m *mbox) Close() error {
	if m.file == nil {
		return nil
	}
	m.unlock()
	file := m.file
	m.file = nil
	return file.Close()
}
