//go:build unix

package source

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// fileLock tries to lock a file with fcntl for reading.
func fileLock(file *os.File) (bool, error) {
	lock := syscall.Flock_t{Type: syscall.F_RDLCK, Whence: io.SeekStart}
	err := syscall.FcntlFlock(file.Fd(), syscall.F_SETLK, &lock)
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) {
		return false, nil
	}
	return err == nil, err
}

func isRunning(pid int) bool {
	return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}

func isReadOnly(err error) bool { return errors.Is(err, syscall.EROFS) }

// syncDir has the names in a directory on disk.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
