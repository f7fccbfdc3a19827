package arch

import (
	"bufio"
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A file is a hand-written file of the repository.
type file struct {
	rel  string // slash-separated path from the repository's root
	text []byte
	ast  *ast.File // imports and comments only; nil if not Go
}

func (f file) dir() string  { return strings.TrimPrefix(path.Dir(f.rel), ".") }
func (f file) isTest() bool { return strings.HasSuffix(f.rel, "_test.go") }

// root finds the repository: the folder of go.mod, seen through Bazel's link
// where the test runs among runfiles.
func root(t *testing.T) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		real, err := filepath.EvalSymlinks(filepath.Join(dir, "go.mod"))
		if err == nil {
			return filepath.Dir(real)
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the working directory")
		}
	}
}

var generated = regexp.MustCompile(`(?m)^(//|#) Code generated .* DO NOT EDIT\.$`)

// tree reads every hand-written source file of the repository.
func tree(t *testing.T) []file {
	top := root(t)
	var files []file
	err := filepath.WalkDir(top, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(top, p)
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if rel != "." && (strings.HasPrefix(d.Name(), ".git") || d.Name() == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		switch path.Ext(rel) {
		case ".go", ".s", ".sh", ".bzl", ".py", ".nix":
		default:
			return nil
		}
		f := file{rel: rel}
		if f.text, err = os.ReadFile(p); err != nil {
			return err
		}
		if generated.Match(f.text) {
			return nil
		}
		if path.Ext(rel) == ".go" {
			if f.ast, err = parser.ParseFile(token.NewFileSet(), rel, f.text, parser.ImportsOnly|parser.ParseComments); err != nil {
				return err
			}
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 50 {
		t.Fatalf("only %d source files under %s: not the repository", len(files), top)
	}
	return files
}

func (f file) imports() []string {
	var l []string
	if f.ast != nil {
		for _, i := range f.ast.Imports {
			s, _ := strconv.Unquote(i.Path.Value)
			l = append(l, s)
		}
	}
	return l
}

// within reports whether p is folder or below it.
func within(p, folder string) bool {
	return folder == "" || p == folder || strings.HasPrefix(p, folder+"/")
}

// violation says what is wrong with the import of imp by a file of folder dir,
// or "".
func violation(dir string, isTest bool, imp string) string {
	switch first, _, _ := strings.Cut(imp, "/"); {
	case within(imp, module):
		return violationInside(dir, strings.TrimPrefix(strings.TrimPrefix(imp, module), "/"))
	case !strings.Contains(first, "."):
		if isCore(dir) && !isTest {
			return "a kernel core imports nothing but other cores"
		}
		return ""
	case isTest && slices.ContainsFunc(inTests, func(m string) bool { return within(imp, m) }):
		return ""
	}
	best := ""
	for m := range modules {
		if within(imp, m) && len(m) > len(best) {
			best = m
		}
	}
	if best == "" {
		return "not a module that this project has chosen (tests/arch/policy.go)"
	}
	if slices.ContainsFunc(modules[best], func(f string) bool { return within(dir, f) }) {
		return ""
	}
	return "only " + strings.Join(modules[best], ", ") + " may import it"
}

func violationInside(dir, imp string) string {
	best, found := "", false
	for folder := range imports {
		if (folder == "" && dir == "" || folder != "" && within(dir, folder)) && len(folder) >= len(best) {
			best, found = folder, true
		}
	}
	if !found {
		return "folder " + dir + " has no rule (tests/arch/policy.go)"
	}
	if isCore(dir) && !isCore(imp) {
		return "a kernel core imports nothing but other cores"
	}
	for _, a := range imports[best] {
		if within(imp, a) {
			return ""
		}
	}
	return best + " may import " + strings.Join(imports[best], ", ")
}

func isCore(dir string) bool {
	rest, ok := strings.CutPrefix(dir, "kernel/")
	return ok && slices.Contains(cores, rest)
}

func TestImportsPointDown(t *testing.T) {
	for _, f := range tree(t) {
		if within(f.dir(), "kernel/runtime") {
			continue // laid into the Go tree: its imports are the runtime's
		}
		for _, imp := range f.imports() {
			if v := violation(f.dir(), f.isTest(), imp); v != "" {
				t.Errorf("%s imports %s: %s", f.rel, imp, v)
			}
		}
	}
}

func TestPolicyRefuses(t *testing.T) {
	for _, c := range []struct {
		dir    string
		isTest bool
		imp    string
		ok     bool
	}{
		{"", false, module + "/mcp", true},
		{"", false, module + "/cli/vm", false},
		{"mcp", false, module + "/inference", false},
		{"mcp/tool/generate", false, module + "/inference", true},
		{"drivers/vsock", false, module + "/mcp", false},
		{"cli/vm", false, module + "/kernel", false},
		{"kernel/page", false, "fmt", false},
		{"kernel/page", true, "testing", true},
		{"kernel/page", false, module + "/kernel/phys", true},
		{"kernel/page", false, module + "/kernel", false},
		{"newfolder", false, module + "/mcp", false},
		{"mcp", false, "github.com/sourcegraph/jsonrpc2", true},
		{"drivers/vsock", false, "github.com/sourcegraph/jsonrpc2", false},
		{"mcp", false, "github.com/modelcontextprotocol/go-sdk/mcp", false},
		{"mcp", true, "github.com/modelcontextprotocol/go-sdk/mcp", true},
		{"mcp", false, "example.com/else", false},
		{"mcp/tool", false, "gonum.org/v1/gonum/blas", true},
		{"mcp/tool", false, "gonum.org/v1/gonum/mat", false},
	} {
		if v := violation(c.dir, c.isTest, c.imp); (v == "") != c.ok {
			t.Errorf("violation(%q, test=%v, %q) = %q, want allowed=%v", c.dir, c.isTest, c.imp, v, c.ok)
		}
	}
}

func TestUnsafeStaysBehindItsFence(t *testing.T) {
	for _, f := range tree(t) {
		if within(f.dir(), "kernel/runtime") {
			continue
		}
		name := strings.TrimSuffix(strings.TrimSuffix(path.Base(f.rel), ".go"), "_test")
		if slices.Contains(f.imports(), "unsafe") && !strings.HasSuffix(name, "_unsafe") {
			t.Errorf("%s imports unsafe: only *_unsafe.go and kernel/runtime may", f.rel)
		}
	}
}

func TestAssemblyStaysBehindItsFence(t *testing.T) {
	for _, f := range tree(t) {
		if path.Ext(f.rel) == ".s" && !slices.ContainsFunc(assembly, func(a string) bool { return within(f.dir(), a) }) {
			t.Errorf("%s: assembly belongs in %s", f.rel, strings.Join(assembly, ", "))
		}
	}
}

func TestFilesAreShort(t *testing.T) {
	for _, f := range tree(t) {
		limit := maxLines
		if f.isTest() {
			limit = maxTestLines
		}
		if n := bytes.Count(f.text, []byte("\n")); n > limit {
			t.Errorf("%s has %d lines, at most %d", f.rel, n, limit)
		}
	}
}

func TestPackagesSayWhatTheyAre(t *testing.T) {
	said := map[string]bool{}
	for _, f := range tree(t) {
		if f.ast != nil && !f.isTest() {
			said[f.dir()] = said[f.dir()] || f.ast.Doc != nil
		}
	}
	for dir, ok := range said {
		if !ok {
			t.Errorf("no file of package %q has a package comment", dir)
		}
	}
}

func TestNoInitFunctions(t *testing.T) {
	for _, f := range tree(t) {
		if f.ast == nil || f.isTest() {
			continue
		}
		for s := bufio.NewScanner(bytes.NewReader(f.text)); s.Scan(); {
			if strings.HasPrefix(s.Text(), "func init()") {
				t.Errorf("%s has an init function: package variables are constant, main does the work", f.rel)
			}
		}
	}
}

func TestPolicyNamesNothingUnused(t *testing.T) {
	used := map[string]bool{}
	for _, f := range tree(t) {
		for _, imp := range f.imports() {
			for m := range modules {
				used[m] = used[m] || within(imp, m)
			}
		}
	}
	for m := range modules {
		if !used[m] {
			t.Errorf("nothing imports %s: strike it from the policy", m)
		}
	}
}
