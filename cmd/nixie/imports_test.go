package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Who may import whom. A path ends in "/..." when what is below counts too;
// std stands for the standard library.
var imports = []struct {
	pkg   string
	may   []string
	never []string
}{
	{"nixie/codes", []string{"std"}, effects},
	{"nixie/dsn", []string{"std", "nixie/codes", "github.com/emersion/go-message/...", "golang.org/x/text/...", "golang.org/x/net/html/..."}, effects},
	{"nixie/dsn/origin", []string{"std", "nixie/codes", "nixie/dsn", "github.com/emersion/...", "golang.org/x/..."}, effects},
	{"nixie/classify", []string{"std", "nixie/codes", "nixie/dsn"}, effects},
	{"nixie/classify/interchange", []string{"std", "nixie/codes", "nixie/classify"}, effects},
	{"nixie/classify/ledger", []string{"std", "nixie/codes", "nixie/dsn", "nixie/classify"}, append([]string{"database/sql/..."}, effects...)},
}

// effects are the packages that reach outside the program.
var effects = []string{"net", "net/http/...", "net/smtp", "os", "os/...", "log", "log/...", "syscall", "unsafe"}

// goPackage is what "go list -json" says of a package.
type goPackage struct {
	ImportPath, Dir string
	Standard        bool
	GoFiles         []string
	Imports         []string
}

func TestImports(t *testing.T) {
	list := exec.Command("go", "list", "-deps", "-json=ImportPath,Dir,Standard,GoFiles,Imports", "nixie/...")
	out, err := list.Output()
	require.NoError(t, err)
	packages := make(map[string]goPackage)
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else {
			require.NoError(t, err)
		}
		packages[p.ImportPath] = p
	}

	for _, rule := range imports {
		p, ok := packages[rule.pkg]
		if !ok {
			continue // not built yet
		}
		t.Run(rule.pkg, func(t *testing.T) {
			for _, path := range p.Imports {
				allowed := matches(rule.may, path) || packages[path].Standard && slices.Contains(rule.may, "std")
				assert.True(t, allowed, "imports %s", path)
				assert.False(t, matches(rule.never, path), "imports %s", path)
			}
			for _, file := range p.GoFiles {
				assert.NotContains(t, calls(t, filepath.Join(p.Dir, file)), "time.Now", file)
			}
		})
	}
}

// A library package pulls in nothing of the application.
func TestLibraryIsAlone(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "nixie/codes", "nixie/dsn", "nixie/classify").Output()
	require.NoError(t, err)
	for path := range strings.Lines(string(out)) {
		assert.False(t, strings.HasPrefix(path, "nixie/cmd") || strings.Contains(path, "cobra"), path)
	}
}

// matches reports whether one of the patterns is the path, or holds it.
func matches(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		base, tree := strings.CutSuffix(pattern, "/...")
		return path == base || tree && strings.HasPrefix(path, base+"/")
	})
}

// calls returns the functions of other packages that a file names, as "time.Now".
func calls(t *testing.T, file string) (names []string) {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if pkg, ok := s.X.(*ast.Ident); ok {
				names = append(names, pkg.Name+"."+s.Sel.Name)
			}
		}
		return true
	})
	return names
}
