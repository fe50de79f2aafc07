//go:build unix

package main

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// service returns what an environment variable says about a server that the
// test needs; see .ci/servers.
func service(t testing.TB, variable string) string {
	value := os.Getenv(variable)
	if value == "" {
		t.Skip(variable + " is not set: .ci/servers starts the server and sets it")
	}
	return value
}

// fillMailbox fills a mailbox at Dovecot with so many messages. It returns its
// URL and the Maildir that it is.
func fillMailbox(t testing.TB, server string, messages int) (place, maildir string) {
	boxes := service(t, "NIXIE_TEST_MAILBOXES")
	user := fmt.Sprintf("user-%d", rand.Uint64())
	home := filepath.Join(boxes, user)
	t.Cleanup(func() { os.RemoveAll(home) })
	maildir = filepath.Join(home, "Maildir")
	fillMaildir(t, maildir, messages)
	info, err := os.Stat(boxes)
	require.NoError(t, err)
	owner := info.Sys().(*syscall.Stat_t)
	require.NoError(t, filepath.WalkDir(home, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, int(owner.Uid), int(owner.Gid))
	}))
	return strings.Replace(server, "://", "://"+user+"@", 1), maildir
}
