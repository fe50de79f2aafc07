//go:build !unix

package source

import "os"

// fileLock does nothing: there is no fcntl.
func fileLock(*os.File) (bool, error) { return true, nil }

func isRunning(int) bool { return true }

func isReadOnly(error) bool { return false }

// syncDir does nothing: a directory cannot be synced.
func syncDir(string) error { return nil }
