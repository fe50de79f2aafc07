package source

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

var deliveries atomic.Int64

// Deliver puts a message into a Maildir, which is made if it is not there.
// The message is on disk when it returns.
func Deliver(path string, message io.Reader) error {
	if err := deliver(path, message); err != nil {
		return fmt.Errorf("source: deliver to %s: %w", path, err)
	}
	return nil
}

func deliver(path string, message io.Reader) error {
	if err := makeMaildir(path); err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	now := time.Now()
	name := fmt.Sprintf("%d.M%06dP%dQ%d.%s", now.Unix(), now.Nanosecond()/1000, os.Getpid(), deliveries.Add(1),
		strings.NewReplacer("/", `\057`, ":", `\072`).Replace(host))
	tmp := filepath.Join(path, "tmp", name)
	if err := writeSynced(tmp, message); err != nil {
		os.Remove(tmp)
		return err
	}
	if err := rename(tmp, filepath.Join(path, "new", name)); err != nil {
		return err
	}
	return syncDir(filepath.Join(path, "new"))
}

// writeSynced writes a file that must not be there yet, to the disk.
func writeSynced(path string, from io.Reader) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}
