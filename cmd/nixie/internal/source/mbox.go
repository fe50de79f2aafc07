package source

import (
	"context"
	"errors"
	"os"
)

// openMbox opens an mbox, and locks it as mail software does that delivers to
// it: nothing is added or taken away until it is closed.
func openMbox(ctx context.Context, path string) (Source, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("this is no mbox")
	}
	var unlock func()
	if err == nil {
		unlock, err = lock(ctx, file)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return &mbox{stream{path, file}, file, unlock}, nil
}

// mbox is a locked mbox. An ID is the path with the number of the message.
type mbox struct {
	stream
	file   *os.File
	unlock func()
}

func (m *mbox) Close() error {
	m.unlock()
	return m.file.Close()
}
