//go:build linux

package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What is for a service must not keep everybody on the machine from reading mail.
func TestAConfigFileForOthersStopsOnlyWhatNeedsIt(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("the superuser may read every file")
	}
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	t.Setenv("NIXIE_CONFIG", "")
	file := filepath.Join(dir, "nixie", "nixie.toml")
	require.NoError(t, os.Mkdir(filepath.Dir(file), 0o700))
	require.NoError(t, os.WriteFile(file, nil, 0))

	var stderr strings.Builder
	assert.Zero(t, run([]string{"parse", "-"}, strings.NewReader("Subject: x\n\nx\n"), io.Discard, &stderr), stderr.String())
	assert.Equal(t, 1, run([]string{"list"}, nil, io.Discard, &stderr))
	assert.Contains(t, stderr.String(), file+": permission denied")
	t.Setenv("NIXIE_CONFIG", file)
	assert.Equal(t, 1, run([]string{"parse", "-"}, strings.NewReader("Subject: x\n\nx\n"), io.Discard, &stderr))
}
