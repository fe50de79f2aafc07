package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// How long a lock of somebody else is waited for, and how a dot-lock is known
// to be forgotten: mail software refreshes its own, and so do we.
const (
	lockWait    = 30 * time.Second
	lockPoll    = 100 * time.Millisecond
	lockStale   = 10 * time.Minute
	lockRefresh = time.Minute
)

// lock locks an mbox with a dot-lock, which is a file beside it, and with
// fcntl: programs that deliver mail heed one or both. Where the directory may
// not be written to, fcntl must do.
func lock(ctx context.Context, file *os.File) (unlock func(), err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, lockWait, errLocked)
	defer cancel()
	release, err := dotLock(ctx, file.Name()+".lock")
	if err != nil {
		return nil, err
	}
	err = wait(ctx, func() (bool, error) { return fileLock(file) })
	if err != nil {
		release()
		return nil, err
	}
	return release, nil
}

var errLocked = errors.New("somebody else has it locked")

// wait calls try until it has succeeded or failed or the context ends.
func wait(ctx context.Context, try func() (bool, error)) error {
	for {
		if ok, err := try(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(lockPoll):
		}
	}
}

// dotLock makes the file of a dot-lock and keeps it fresh until it is released.
func dotLock(ctx context.Context, path string) (release func(), err error) {
	made := false
	err = wait(ctx, func() (bool, error) {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		switch {
		case errors.Is(err, fs.ErrExist):
			if forgotten(path) {
				if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
					return false, err
				}
			}
			return false, nil
		case errors.Is(err, fs.ErrPermission), isReadOnly(err):
			return true, nil
		case err != nil:
			return false, err
		}
		made = true
		_, err = fmt.Fprintf(f, "%d\n", os.Getpid())
		if err = errors.Join(err, f.Close()); err != nil {
			os.Remove(path)
		}
		return true, err
	})
	if err != nil || !made {
		return func() {}, err
	}
	stop := make(chan struct{})
	go func() {
		for {
			select {
			case <-stop:
				return
			case now := <-time.After(lockRefresh):
				_ = os.Chtimes(path, now, now) // at worst the lock looks old
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(stop)
		_ = os.Remove(path) // at worst the next to come finds that we are gone
	}), nil
}

// forgotten reports whether a dot-lock is of a program that has ended, by the
// process number in it, or an old one if there is none.
func forgotten(path string) bool {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	if pid, err := strconv.Atoi(strings.TrimSpace(string(data))); err == nil && pid > 0 {
		return !isRunning(pid)
	}
	return time.Since(info.ModTime()) > lockStale
}
