package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
)

// listen listens on "unix:PATH" with that mode, or on "HOST:PORT". A port
// alone is one of loopback. Where other machines may come from it listens only
// if it may be public.
func listen(address string, public bool, mode fs.FileMode) (net.Listener, error) {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		return listenUnix(path, mode)
	}
	a, err := net.ResolveTCPAddr("tcp", onLoopback(address))
	if err != nil {
		return nil, fmt.Errorf("listen on %q: give unix:PATH or HOST:PORT: %w", address, err)
	}
	if !a.IP.IsLoopback() && !public {
		return nil, fmt.Errorf("listen on %s: other machines may reach it, and nobody need log in: say --public if that is meant", address)
	}
	return net.ListenTCP("tcp", a)
}

// checkPort returns what is wrong with "HOST:PORT" or a port alone. It looks up
// no host.
func checkPort(address string) error {
	_, port, err := net.SplitHostPort(onLoopback(address))
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	return err
}

// onLoopback returns an address that is only a port as one of loopback.
func onLoopback(address string) string {
	port := strings.TrimPrefix(address, ":")
	if strings.Contains(port, ":") {
		return address
	}
	return net.JoinHostPort("127.0.0.1", port)
}

// listenUnix listens on a unix socket. One that was left behind is removed, if
// nobody answers there.
func listenUnix(path string, mode fs.FileMode) (net.Listener, error) {
	if info, err := os.Lstat(path); err == nil {
		if info.Mode()&fs.ModeSocket == 0 {
			return nil, fmt.Errorf("listen on %s: that is a file, not a socket", path)
		}
		c, err := net.Dial("unix", path)
		if err == nil {
			c.Close()
			return nil, fmt.Errorf("listen on %s: another program listens there", path)
		}
		if !errors.Is(err, syscall.ECONNREFUSED) {
			return nil, err
		}
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, mode); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}
