// Package secret gets secrets from where they are kept.
package secret

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// Place is where a secret is to be had. One field at most is set.
type Place struct {
	Text    string // the secret itself
	File    string // its first line is the secret
	Command string // for the shell; the first line that it prints is the secret
}

// ErrNone means that a place holds no secret.
var ErrNone = errors.New("none is given")

// commandTime is how long a command that prints a secret may take.
const commandTime = time.Minute

// Read reads the secret anew, as tokens expire. No error quotes it; ErrNone if
// no field is set.
func (p Place) Read(ctx context.Context) (string, error) {
	given := 0
	for _, s := range []string{p.Text, p.File, p.Command} {
		if s != "" {
			given++
		}
	}
	text := p.Text
	var err error
	switch {
	case given == 0:
		return "", ErrNone
	case given > 1:
		return "", errors.New("more than one is given: which is meant?")
	case p.File != "":
		var data []byte
		data, err = os.ReadFile(p.File)
		text = string(data)
	case p.Command != "":
		text, err = output(ctx, p.Command)
	}
	if err != nil {
		return "", err
	}
	text, _, _ = strings.Cut(text, "\n")
	if text = strings.TrimSuffix(text, "\r"); text == "" {
		return "", errors.New("the first line is empty")
	}
	return text, nil
}

// output returns what a command line for the shell prints.
func output(ctx context.Context, line string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	shell, flag := "sh", "-c"
	if runtime.GOOS == "windows" {
		shell, flag = "cmd", "/C"
	}
	cmd := exec.CommandContext(ctx, shell, flag, line)
	cmd.WaitDelay = time.Second // what the shell has started may hold the pipe open
	out, err := cmd.Output()
	if err == nil || errors.Is(err, exec.ErrWaitDelay) {
		return string(out), nil
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		if said := strings.TrimSpace(string(exit.Stderr)); said != "" {
			err = fmt.Errorf("%w: %s", err, said)
		}
	}
	return "", err
}
