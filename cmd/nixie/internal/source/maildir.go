package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"nixie/cmd/nixie/internal/mailbox"
)

// maildir is a Maildir (https://cr.yp.to/proto/maildir.html), whose folders
// are those of Maildir++. An ID is the path of the message below it.
type maildir struct {
	path   string
	after  After
	target string // the Maildir to move messages to
	reader mailbox.Reader
	sleep  func(context.Context, time.Duration) error

	mu     sync.Mutex
	passed map[string]bool // unique names of what stays as it is and is not read again; nil if nobody waits
}

func openMaildir(path string, after After, o Options) (*maildir, error) {
	for _, sub := range []string{"cur", "new"} {
		info, err := os.Stat(filepath.Join(path, sub))
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			return nil, errors.New("this is no Maildir")
		}
	}
	m := &maildir{path: path, after: after, sleep: o.sleep}
	if o.Watch {
		m.passed = make(map[string]bool)
	}
	if after.What == move && !o.DryRun {
		m.target = folder(path, after.Folder)
		if err := makeMaildir(m.target); err != nil {
			return nil, err
		}
		if m.target != filepath.Join(path, after.Folder) {
			// Maildir++ marks its folders so.
			f, err := os.OpenFile(filepath.Join(m.target, "maildirfolder"), os.O_CREATE|os.O_WRONLY, 0o600)
			if err != nil {
				return nil, err
			}
			if err := f.Close(); err != nil {
				return nil, err
			}
		}
	}
	return m, nil
}

// makeMaildir makes what is missing of a Maildir.
func makeMaildir(path string) error {
	for _, sub := range []string{"tmp", "new", "cur"} {
		if err := os.MkdirAll(filepath.Join(path, sub), 0o700); err != nil {
			return err
		}
	}
	return nil
}

// folder returns where the folder of a Maildir lies: beside or below it as in
// Maildir++ (".Archive.2026"), or as a directory of its own if that is there.
func folder(path, name string) string {
	if plain := filepath.Join(path, name); isDir(filepath.Join(plain, "cur")) {
		return plain
	}
	if base := filepath.Base(path); strings.HasPrefix(base, ".") && isDir(filepath.Join(filepath.Dir(path), "cur")) {
		path = filepath.Dir(path)
	}
	return filepath.Join(path, "."+strings.ReplaceAll(name, "/", "."))
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// checkFolder returns what is wrong with the name of a folder.
func checkFolder(name string) error {
	for part := range strings.FieldsFuncSeq(name+"/", func(r rune) bool { return r == '/' || r == filepath.Separator }) {
		if strings.HasPrefix(part, ".") || part == "cur" || part == "new" || part == "tmp" {
			return fmt.Errorf("%q cannot be the name of a folder", name)
		}
	}
	if strings.HasPrefix(name, "/") || strings.HasSuffix(name, "/") || strings.Contains(name, "//") {
		return fmt.Errorf("%q cannot be the name of a folder", name)
	}
	return nil
}

func (m *maildir) Messages(ctx context.Context) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		var missed map[string]bool
		for pass := range 2 {
			ids, err := m.list()
			if err != nil {
				yield(Message{}, err)
				return
			}
			again := missed
			missed = make(map[string]bool)
			for _, id := range ids {
				if ctx.Err() != nil {
					return
				}
				if pass > 0 && !again[unique(id)] {
					continue
				}
				data, err := m.read(ctx, id)
				if errors.Is(err, fs.ErrNotExist) {
					missed[unique(id)] = true // deleted, or renamed since it was listed
					continue
				}
				if ctx.Err() == nil && !yield(Message{id, data}, err) {
					return
				}
			}
			if len(missed) == 0 {
				return
			}
		}
	}
}

// list returns the IDs of the messages by their names, which start with the
// time of arrival.
func (m *maildir) list() ([]string, error) {
	var ids []string
	for _, sub := range []string{"cur", "new"} { // a message that is moved on meanwhile is found in a second pass
		dir, err := os.Open(filepath.Join(m.path, sub))
		if err != nil {
			return nil, err
		}
		for err == nil {
			var entries []os.DirEntry
			entries, err = dir.ReadDir(1000) // there may be very many
			for _, e := range entries {
				if m.wants(sub, e) {
					ids = append(ids, sub+"/"+e.Name())
				}
			}
		}
		dir.Close()
		if err != io.EOF {
			return nil, err
		}
	}
	ids = m.notPassed(ids)
	slices.SortFunc(ids, func(a, b string) int { return cmp.Compare(a[len("cur/"):], b[len("cur/"):]) })
	return ids, nil
}

// wants reports whether an entry of cur or new is a message to read.
func (m *maildir) wants(sub string, e os.DirEntry) bool {
	name := e.Name()
	if strings.HasPrefix(name, ".") || !e.Type().IsRegular() {
		return false
	}
	return m.after.What != seen || sub != "cur" || !strings.ContainsRune(flags(name), 'S')
}

// read returns the bytes of a message, unpacked if it is compressed.
func (m *maildir) read(ctx context.Context, id string) (data []byte, err error) {
	for file, err := range mailbox.Files(filepath.Join(m.path, id)) {
		if err != nil {
			return nil, err
		}
		for message, err := range whole(ctx, m.reader.File(file)) {
			if err != nil {
				return nil, err
			}
			data = message.Data
		}
	}
	return data, nil
}

// notPassed returns what is not passed over, and forgets what is no more.
func (m *maildir) notPassed(ids []string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.passed == nil {
		return ids
	}
	still := make(map[string]bool)
	ids = slices.DeleteFunc(ids, func(id string) bool {
		name := unique(id)
		if m.passed[name] {
			still[name] = true
		}
		return m.passed[name]
	})
	m.passed = still
	return ids
}

func (m *maildir) Done(_ context.Context, recorded, left []string) error {
	var errs []error
	if m.after.What == keep {
		recorded, left = nil, slices.Concat(recorded, left)
	}
	for _, id := range recorded {
		if err := m.done(id); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", id, err))
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.passed != nil {
		for _, id := range left {
			m.passed[unique(id)] = true
		}
	}
	return errors.Join(errs...)
}

// done does with a message what is wanted.
func (m *maildir) done(id string) error {
	from := filepath.Join(m.path, id)
	var err error
	switch m.after.What {
	case seen:
		err = rename(from, filepath.Join(m.path, "cur", withFlag(filepath.Base(id), 'S')))
	case move:
		err = rename(from, filepath.Join(m.target, "cur", withFlag(filepath.Base(id), 'S')))
	case remove:
		err = os.Remove(from)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (m *maildir) Wait(ctx context.Context) error { return m.sleep(ctx, pollTime) }

func (m *maildir) Close() error { return nil }

// rename moves a file, but never over another one.
func rename(from, to string) error {
	if from == to {
		return nil
	}
	if _, err := os.Lstat(from); err != nil {
		return err
	}
	if _, err := os.Lstat(to); err == nil {
		return fmt.Errorf("%s is there already", to)
	}
	return os.Rename(from, to)
}

// The name of a message is unique but for what follows ":2,", its flags in
// alphabetical order.
const infoMark = ":2,"

func flags(name string) string {
	_, flags, _ := strings.Cut(name, infoMark)
	return flags
}

// unique returns the part of an ID that stays when a message is renamed.
func unique(id string) string {
	name, _, _ := strings.Cut(id[len("cur/"):], ":")
	return name
}

// withFlag returns the name of a message with a flag added.
func withFlag(name string, flag rune) string {
	name, have, found := strings.Cut(name, infoMark)
	if !found {
		name, _, _ = strings.Cut(name, ":") // ":1," was an experiment
	}
	if strings.ContainsRune(have, flag) {
		return name + infoMark + have
	}
	all := []rune(have + string(flag))
	slices.Sort(all)
	return name + infoMark + string(all)
}
