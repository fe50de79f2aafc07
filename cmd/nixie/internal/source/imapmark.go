package source

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
)

func (f *imapFolder) Done(ctx context.Context, recorded, left []string) error {
	var err error
	if len(recorded) > 0 && f.place.after.What != keep {
		err = f.do(ctx, func(c *imapConn) error { return f.mark(c, f.uids(recorded)) })
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		if uids := f.uids(recorded); len(uids) > 0 {
			f.holdAt(slices.Min(uids))
		}
		return err
	}
	if uids := f.uids(slices.Concat(recorded, left)); len(uids) > 0 {
		f.noted = max(f.noted, slices.Max(uids))
	}
	return f.note(ctx)
}

// uids returns the UIDs of messages, without those that were numbered anew.
func (f *imapFolder) uids(ids []string) []imap.UID {
	var uids []imap.UID
	for _, id := range ids {
		var validity uint32
		var uid imap.UID
		if n, _ := fmt.Sscanf(id, "%d/%d", &validity, &uid); n == 2 && validity == f.validity {
			uids = append(uids, uid)
		}
	}
	return uids
}

// holdAt keeps the note before a message. The caller has locked f.
func (f *imapFolder) holdAt(uid imap.UID) {
	if f.hold == 0 || uid < f.hold {
		f.hold = uid
	}
}

// noteName is under what it is noted how far the folder was worked through, as
// "UIDVALIDITY UID".
func (f *imapFolder) noteName() string {
	return strings.TrimSuffix("position "+f.place.Name+" "+f.place.after.What+":"+f.place.after.Folder, ":")
}

// note notes how far the folder was worked through. The caller has locked f.
func (f *imapFolder) note(ctx context.Context) error {
	noted := f.noted
	if f.hold != 0 {
		noted = min(noted, f.hold-1)
	}
	if f.options.Notes == nil || noted == 0 {
		return nil
	}
	return f.options.Notes.SetNote(ctx, f.noteName(), fmt.Sprint(f.validity, noted))
}

// mark does with messages what is wanted. UIDs of messages that are gone do no harm.
func (f *imapFolder) mark(c *imapConn, list []imap.UID) error {
	if len(list) == 0 {
		return nil
	}
	uids := imap.UIDSetNum(list...)
	switch f.place.after.What {
	case seen:
		return c.flag(uids, imap.FlagSeen)
	case remove:
		return f.expunge(c, uids)
	}
	if err := c.flag(uids, imap.FlagSeen); err != nil {
		return err
	}
	err := f.move(c, uids)
	for range 3 {
		if no := refusal(err); no == nil || no.Code != expungeIssued {
			break
		}
		err = f.move(c, uids) // somebody has moved some of them, which the session knows now
	}
	if no := refusal(err); no != nil && no.Code == imap.ResponseCodeTryCreate {
		if err := c.makeFolder(f.place.after.Folder); err != nil {
			return err
		}
		err = f.move(c, uids)
	}
	return err
}

// expungeIssued says that messages are gone of which the session did not know,
// and that nothing was done, RFC 5530 section 3.
const expungeIssued imap.ResponseCode = "EXPUNGEISSUED"

// move moves messages to the other folder. If it breaks off where the server
// cannot do it at once, some may be there twice.
func (f *imapFolder) move(c *imapConn, uids imap.UIDSet) error {
	if c.Caps().Has(imap.CapMove) {
		_, err := c.Move(uids, f.place.after.Folder).Wait()
		return err
	}
	if _, err := c.Copy(uids, f.place.after.Folder).Wait(); err != nil {
		return err
	}
	return f.expunge(c, uids)
}

// expunge deletes these messages and no others, which a server without UIDPLUS
// cannot do: there they are only marked, and not read again.
func (f *imapFolder) expunge(c *imapConn, uids imap.UIDSet) error {
	if err := c.flag(uids, imap.FlagDeleted); err != nil {
		return err
	}
	if c.Caps().Has(imap.CapUIDPlus) {
		return c.UIDExpunge(uids).Close()
	}
	if !f.marked {
		f.marked = true
		f.log.Warn("this server cannot delete single messages (it has no UIDPLUS): they are marked as deleted, and go when a mail program expunges the folder")
	}
	return nil
}

// makeFolder makes a folder that is not there.
func (c *imapConn) makeFolder(name string) error {
	have, err := c.List("", name, nil).Collect()
	if err != nil || len(have) > 0 {
		return err
	}
	err = c.Create(name, nil).Wait()
	switch no := refusal(err); {
	case no == nil:
		return err
	case no.Code == imap.ResponseCodeAlreadyExists:
		return nil
	}
	return finalError{fmt.Errorf("cannot make the folder %q: %w", name, err)}
}

// flag adds a flag to messages.
func (c *imapConn) flag(uids imap.UIDSet, flag imap.Flag) error {
	return c.Store(uids, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{flag}}, nil).Close()
}
