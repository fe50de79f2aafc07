package mailbox

import (
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// File is a file that may hold messages.
type File struct {
	Path string
	Size int64 // in bytes as it lies there; -1 for a pipe or a device

	single bool // one message, whatever it starts with
}

// Files yields the file at path, or the mail in the directory there, sorted by
// name. It goes through folders below, reads of a Maildir what its "cur" and
// "new" hold, and passes over hidden files and those whose name ends as that
// of no mail does. An error stands for the one file or folder that its File
// names; the others follow. It is an error if all files were passed over for
// their names.
func Files(path string) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		info, err := os.Stat(path)
		switch {
		case err != nil:
			yield(File{Path: path}, cause(err))
		case info.IsDir():
			found, passed := false, 0
			ok := walk(path, &passed, func(f File, err error) bool {
				found = true
				return yield(f, err)
			})
			if ok && !found && passed > 0 {
				yield(File{Path: path}, errNoMail)
			}
		case !info.Mode().IsRegular():
			yield(File{path, -1, isMessage(path)}, nil)
		default:
			// A file of a Maildir is a message, however it starts.
			yield(File{path, info.Size(), isMessage(path) || inMaildir(filepath.Dir(path))}, nil)
		}
	}
}

var errNoMail = errors.New("no file in this directory has a name that mail has: name the files themselves")

// walk yields the mail in a directory, and counts the files that it passes over
// for their names.
func walk(dir string, passed *int, yield func(File, error) bool) bool {
	names, err := readNames(dir)
	if err != nil {
		return yield(File{Path: dir}, cause(err))
	}
	maildir := isMaildir(dir)
	messages := inMaildir(dir)
	for _, name := range names {
		path := filepath.Join(dir, name)
		info, err := os.Lstat(path)
		if err == nil && info.Mode()&fs.ModeSymlink != 0 {
			if info, err = os.Stat(path); err == nil && info.IsDir() {
				continue // it could lead round in a circle
			}
		}
		hidden := strings.HasPrefix(name, ".")
		ok := true
		switch {
		case err != nil:
			ok = yield(File{Path: path}, cause(err))
		case info.IsDir() && maildir && name == "tmp":
		case info.IsDir() && (!hidden || isMaildir(path)):
			ok = walk(path, passed, yield)
		case !info.Mode().IsRegular() || hidden || maildir:
		case messages || isMail(name):
			ok = yield(File{path, info.Size(), messages || isMessage(name)}, nil)
		default:
			*passed++
		}
		if !ok {
			return false
		}
	}
	return true
}

func readNames(dir string) ([]string, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	slices.Sort(names)
	return names, err
}

// isMaildir reports whether a directory is a Maildir.
func isMaildir(dir string) bool {
	return isDir(filepath.Join(dir, "cur")) && isDir(filepath.Join(dir, "new"))
}

// inMaildir reports whether a directory is the "cur" or "new" of a Maildir.
func inMaildir(dir string) bool {
	dir = filepath.Clean(dir)
	name := filepath.Base(dir)
	return (name == "cur" || name == "new") && isMaildir(filepath.Dir(dir))
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// isMessage reports whether a file holds one message by its name: that of an
// .eml, or one with the flags of a Maildir, "1700000000.M1P2.host:2,S", wherever
// it was copied.
func isMessage(name string) bool {
	return extension(name) == ".eml" || strings.Contains(filepath.Base(name), ":2,")
}

// isMail reports whether a file in a directory is taken for mail by its name.
func isMail(name string) bool {
	if isMessage(name) {
		return true
	}
	switch ext := extension(name); ext {
	case ".mbox", ".mbx", ".mail", ".msg", ".raw", ".txt":
		return true
	default:
		return strings.Trim(ext, ".0123456789") == ""
	}
}

// extension returns the extension of a file's name below that of gzip.
func extension(name string) string {
	return filepath.Ext(strings.TrimSuffix(strings.ToLower(name), ".gz"))
}
