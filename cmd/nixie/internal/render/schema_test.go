package render

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nixie/classify"
	"nixie/dsn"
)

// schema compiles Schema, which checks it against the meta-schema too. Formats
// are held, though draft 2020-12 leaves that open.
func schema(tb testing.TB) *jsonschema.Schema {
	tb.Helper()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(Schema))
	require.NoError(tb, err)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	require.NoError(tb, c.AddResource("schema.json", document))
	s, err := c.Compile("schema.json")
	require.NoError(tb, err)
	return s
}

// judged is a message as JSON gets it.
func judged(source string, msg []byte) *Result {
	r := &Result{Source: source, Report: dsn.Parse(msg)}
	for recipient, verdict := range classify.Report(r.Report) {
		r.Recipients = append(r.Recipients, Recipient{recipient, verdict})
	}
	return r
}

// samples are the messages that stand beside the project's tests.
func samples(tb testing.TB) map[string][]byte {
	tb.Helper()
	msgs := make(map[string][]byte)
	for _, pattern := range []string{"../../../../testdata/eml/*.eml", "../../../../testdata/mime/*.eml"} {
		names, err := filepath.Glob(pattern)
		require.NoError(tb, err)
		require.NotEmpty(tb, names)
		for _, name := range names {
			msg, err := os.ReadFile(name)
			require.NoError(tb, err)
			msgs[filepath.Base(name)] = msg
		}
	}
	return msgs
}

// keeps demands that one line of JSON keeps to the schema.
func keeps(t *testing.T, s *jsonschema.Schema, line []byte) {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(line)))
	require.NoError(t, err, "%s", line)
	require.NoError(t, s.Validate(value), "%s", line)
}

func TestSchemaHolds(t *testing.T) {
	s := schema(t)
	for name, msg := range samples(t) {
		t.Run(name, func(t *testing.T) { keeps(t, s, JSON(nil, judged(name, msg))) })
	}
	keeps(t, s, JSON(nil, bounce()))
}

func TestSchemaRefuses(t *testing.T) {
	s := schema(t)
	for _, line := range []string{
		`{}`,
		`{"source":"x","kind":"","recipients":[]}`,
		`{"source":"x","kind":"none","recipients":[],"date":"yesterday"}`,
		`{"source":"x","kind":"none","recipients":[{}]}`,
		`{"source":"x","kind":"none","recipients":[],"defects":[{"rule":"x"}]}`,
		`{"source":"x","kind":"none","recipients":[{"status":"5.1","verdict":{"bounce_type":"none"}}]}`,
	} {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
		require.NoError(t, err)
		assert.Error(t, s.Validate(value), line)
	}
}

// The schema has the properties that JSON writes, and no others.
func TestSchemaIsWhole(t *testing.T) {
	var written any
	require.NoError(t, json.Unmarshal(JSON(nil, bounce()), &written))
	var document map[string]any
	require.NoError(t, json.Unmarshal([]byte(Schema), &document))
	described := make(map[string]bool)
	describe(document, document, "", described)

	want := slices.Sorted(maps.Keys(described))
	assert.Equal(t, want, paths(written, ""))

	// bounce sets every field that the source of JSON names.
	var names []string
	for _, path := range want {
		names = append(names, path[strings.LastIndexByte(path, '.')+1:])
	}
	slices.Sort(names)
	assert.Equal(t, slices.Compact(names), namesIn(t, "json.go"))

	var reasons []any
	for reason := range classify.Reasons() {
		reasons = append(reasons, string(reason))
	}
	reason := document["$defs"].(map[string]any)["verdict"].(map[string]any)["properties"].(map[string]any)["reason"].(map[string]any)
	assert.Equal(t, reasons, reason["anyOf"].([]any)[0].(map[string]any)["enum"])
}

// describe gathers the paths of all properties of a schema.
func describe(document, schema map[string]any, path string, into map[string]bool) {
	if ref, ok := schema["$ref"].(string); ok {
		def := document["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")]
		describe(document, def.(map[string]any), path, into)
	}
	if items, ok := schema["items"].(map[string]any); ok {
		describe(document, items, path+"[]", into)
	}
	properties, _ := schema["properties"].(map[string]any)
	for name, property := range properties {
		into[path+"."+name] = true
		describe(document, property.(map[string]any), path+"."+name, into)
	}
}

// paths returns the paths of all properties in a value, sorted.
func paths(value any, path string) []string {
	var all []string
	switch value := value.(type) {
	case map[string]any:
		for name, v := range value {
			all = append(append(all, path+"."+name), paths(v, path+"."+name)...)
		}
	case []any:
		for _, v := range value {
			all = append(all, paths(v, path+"[]")...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// namesIn returns the names of properties that a source file writes: the first
// arguments of the methods of object, sorted.
func namesIn(t *testing.T, file string) []string {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	var names []string
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		method, isMethod := call.Fun.(*ast.SelectorExpr)
		first, isText := call.Args[0].(*ast.BasicLit)
		if !isMethod || !isText || first.Kind != token.STRING {
			return true
		}
		if receiver, ok := method.X.(*ast.Ident); ok && receiver.Name == "o" {
			name, err := strconv.Unquote(first.Value)
			require.NoError(t, err)
			if name != "" {
				names = append(names, name)
			}
		}
		return true
	})
	slices.Sort(names)
	return slices.Compact(names)
}

// FuzzJSON holds that every message gives JSON that keeps to the schema.
func FuzzJSON(f *testing.F) {
	for _, msg := range samples(f) {
		f.Add(msg)
	}
	s := schema(f)
	f.Fuzz(func(t *testing.T, msg []byte) {
		line := JSON(nil, judged("x", msg))
		keeps(t, s, line)
		assert.True(t, isClean(strings.TrimSuffix(string(line), "\n")), "%s", line)
	})
}
