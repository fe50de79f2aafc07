package main

import (
	"io"
	"log"
	"net"
	"os"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/rogpeppe/go-internal/testscript"
)

// imapServer implements "imap USER PASSWORD FILE...", which starts an IMAP
// server with these messages in the INBOX of a user, and sets IMAP to its URL.
func imapServer(ts *testscript.TestScript, _ bool, args []string) {
	user := imapmemserver.NewUser(args[0], args[1])
	ts.Check(user.Create("INBOX", nil))
	for _, name := range args[2:] {
		file, err := os.Open(ts.MkAbs(name))
		ts.Check(err)
		info, err := file.Stat()
		ts.Check(err)
		_, err = user.Append("INBOX", literal{file, info.Size()}, &imap.AppendOptions{})
		ts.Check(err)
		ts.Check(file.Close())
	}
	memory := imapmemserver.New()
	memory.AddUser(user)
	server := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return memory.NewSession(), nil, nil
		},
		Caps:         imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapMove: {}, imap.CapUIDPlus: {}},
		InsecureAuth: true,
		Logger:       log.New(io.Discard, "", 0),
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	go server.Serve(l)
	ts.Defer(func() { server.Close() })
	ts.Setenv("IMAP", "imap://"+strings.ReplaceAll(args[0], "@", "%40")+"@"+l.Addr().String())
}

// literal is a message of so many bytes.
type literal struct {
	io.Reader
	size int64
}

func (l literal) Size() int64 { return l.size }
