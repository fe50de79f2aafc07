package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) != "nixie" { // a test that runs it shall not read the settings of this machine
		os.Setenv("NIXIE_CONFIG", os.DevNull)
	}
	testscript.Main(m, map[string]func(){"nixie": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			env.Setenv("NIXIE_CONFIG", os.DevNull)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"gzip":   compress,
			"exits":  exits,
			"imap":   imapServer,
			"record": record,
		},
	})
}

// compress implements "gzip FILE...", which writes FILE.gz and removes FILE.
func compress(ts *testscript.TestScript, _ bool, files []string) {
	for _, name := range files {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write([]byte(ts.ReadFile(name)))
		z.Close()
		ts.Check(os.WriteFile(ts.MkAbs(name+".gz"), b.Bytes(), 0o644))
		ts.Check(os.Remove(ts.MkAbs(name)))
	}
}

// exits implements "exits STATUS COMMAND...", which demands that exit status.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	have := 0
	if failed, ok := errors.AsType[*exec.ExitError](ts.Exec(args[1], args[2:]...)); ok {
		have = failed.ExitCode()
	}
	if strconv.Itoa(have) != args[0] {
		ts.Fatalf("exit status %d, want %s", have, args[0])
	}
}
