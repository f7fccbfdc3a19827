package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// tracePage lists the clauses of the specifications that the project obeys.
const tracePage = "docs/traceability.md"

// A clause is a row of one of its tables.
type clause struct {
	line     int
	name     string   // | §2.1.1 |
	obeyed   []string // | `drivers/virtio/device.go: Device.reset`, ... |
	heldBy   []string // | `drivers/virtio: TestOpenNegotiates`, `//tests/boot/hello:hello_test`, ... |
	complete bool     // it has four cells
}

var quoted = regexp.MustCompile("`([^`]+)`")

// references returns what is between backquotes.
func references(cell string) (list []string) {
	for _, m := range quoted.FindAllStringSubmatch(cell, -1) {
		list = append(list, m[1])
	}
	return list
}

// clauses reads the tables whose header begins with "clause".
func clauses(page string) (rows []clause) {
	inTable := false
	for i, line := range strings.Split(page, "\n") {
		if !strings.HasPrefix(line, "|") {
			inTable = false
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		first := strings.TrimSpace(cells[0])
		switch {
		case first == "clause":
			inTable = true
		case inTable && strings.Trim(first, "-") != "":
			c := clause{line: i + 1, name: first, complete: len(cells) == 4}
			if c.complete {
				c.obeyed, c.heldBy = references(cells[2]), references(cells[3])
			}
			rows = append(rows, c)
		}
	}
	return rows
}

// declared returns the names that a Go file declares: functions, Type.Method,
// types, variables and constants; or the symbols of an assembly file.
func declared(file string) (map[string]bool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	if filepath.Ext(file) != ".go" {
		for _, m := range regexp.MustCompile(`(?m)^TEXT\s+(?:runtime)?·?(\w+)`).FindAllStringSubmatch(string(text), -1) {
			names[m[1]] = true
		}
		return names, nil
	}
	f, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			names[receiver(d)+d.Name.Name] = true
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					names[s.Name.Name] = true
				case *ast.ValueSpec:
					for _, n := range s.Names {
						names[n.Name] = true
					}
				}
			}
		}
	}
	return names, nil
}

// receiver returns "T." for a method of T or *T, "" for a function.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) != 1 {
		return ""
	}
	t := d.Recv.List[0].Type
	if p, ok := t.(*ast.StarExpr); ok {
		t = p.X
	}
	if id, ok := t.(*ast.Ident); ok {
		return id.Name + "."
	}
	return "?."
}

// missingCode says what is wrong with a reference to code, or "".
func missingCode(top, ref string) string {
	file, name, ok := strings.Cut(ref, ": ")
	if !ok {
		if _, err := os.Stat(filepath.Join(top, ref)); err != nil {
			return "no such file"
		}
		return ""
	}
	names, err := declared(filepath.Join(top, file))
	if err != nil {
		return err.Error()
	}
	if !names[name] {
		return "the file declares no " + name
	}
	return ""
}

// missingTest says what is wrong with a reference to a test, or "".
func missingTest(top, ref string) string {
	if label, ok := strings.CutPrefix(ref, "//"); ok {
		return missingTarget(top, label)
	}
	dir, name, ok := strings.Cut(ref, ": ")
	if !ok {
		return "not of the form `folder: TestName` or `//folder:name`"
	}
	name, sub, _ := strings.Cut(name, "/")
	if !strings.HasPrefix(name, "Test") && !strings.HasPrefix(name, "Fuzz") {
		return "not the name of a test"
	}
	files, _ := filepath.Glob(filepath.Join(top, dir, "*_test.go"))
	for _, f := range files {
		if names, err := declared(f); err != nil || !names[name] {
			continue
		}
		if sub == "" {
			return ""
		}
		if _, err := os.Stat(filepath.Join(top, dir, "testdata", "dialogue", sub+".txtar")); err == nil {
			return ""
		}
		if text, _ := os.ReadFile(f); strings.Contains(string(text), `"`+sub+`"`) {
			return ""
		}
		return name + " has no case " + sub
	}
	return "no test file of the folder has " + name
}

var targetName = regexp.MustCompile(`name = (?:"([^"]+)"|name \+ "([^"]+)")`)

// missingTarget looks for a test in a BUILD file, where a name may also be
// "smp%d_test" % n, or name + "_test" for the names in a list beside it.
func missingTarget(top, label string) string {
	dir, name, _ := strings.Cut(label, ":")
	text, err := os.ReadFile(filepath.Join(top, dir, "BUILD.bazel"))
	if err != nil {
		return err.Error()
	}
	for _, m := range targetName.FindAllStringSubmatch(string(text), -1) {
		if m[2] != "" {
			lists, _ := filepath.Glob(filepath.Join(top, dir, "*.bzl"))
			for _, l := range lists {
				list, _ := os.ReadFile(l)
				if n, ok := strings.CutSuffix(name, m[2]); ok && strings.Contains(string(list), `("`+n+`",`) {
					return ""
				}
			}
			continue
		}
		pattern := strings.ReplaceAll(regexp.QuoteMeta(m[1]), "%d", "[0-9]+")
		if ok, _ := regexp.MatchString("^"+pattern+"$", name); ok {
			return ""
		}
	}
	return path.Join(dir, "BUILD.bazel") + " has no target " + name
}

func TestTraceabilityNamesWhatExists(t *testing.T) {
	top := root(t)
	page, err := os.ReadFile(filepath.Join(top, tracePage))
	if err != nil {
		t.Fatal(err)
	}
	rows := clauses(string(page))
	if len(rows) < 100 {
		t.Errorf("%d clauses in %s, want 100 or more: has the form of the tables changed?", len(rows), tracePage)
	}
	for _, c := range rows {
		fail := func(what string) { t.Errorf("%s:%d: %s: %s", tracePage, c.line, c.name, what) }
		switch {
		case !c.complete:
			fail("a row has four cells: clause, what it says, obeyed by, held by")
			continue
		case len(c.obeyed) == 0:
			fail("names no code that obeys it")
		case len(c.heldBy) == 0:
			fail("names no test that holds it")
		}
		for _, ref := range c.obeyed {
			if wrong := missingCode(top, ref); wrong != "" {
				fail("`" + ref + "`: " + wrong)
			}
		}
		for _, ref := range c.heldBy {
			if wrong := missingTest(top, ref); wrong != "" {
				fail("`" + ref + "`: " + wrong)
			}
		}
	}
}

func TestTraceabilityFindsWhatIsMissing(t *testing.T) {
	top := root(t)
	for _, c := range []struct {
		check func(top, ref string) string
		ref   string
		ok    bool
	}{
		{missingCode, "tests/arch/arch_test.go: TestImportsPointDown", true},
		{missingCode, "tests/arch/arch_test.go: file.isTest", true},
		{missingCode, "tests/arch/arch_test.go: isTest", false},
		{missingCode, "tests/arch/nothing.go: root", false},
		{missingCode, "kernel/runtime/kern_boot_amd64.s: kernBoot", true},
		{missingCode, "kernel/runtime/kern_boot_amd64.s: kernBoo", false},
		{missingTest, "tests/arch: TestFilesAreShort", true},
		{missingTest, "tests/arch: TestFilesAreLong", false},
		{missingTest, "mcp: TestDialogue/2025-11-25/lifecycle", true},
		{missingTest, "mcp: TestDialogue/2025-11-25/nothing", false},
		{missingTest, "//tests/boot/hello:hello_test", true},
		{missingTest, "//tests/boot/faults:text_test", true},
		{missingTest, "//tests/boot/faults:tex_test", false},
		{missingTest, "//tests/boot/hello:no_test", false},
		{missingTest, "a sentence", false},
	} {
		if wrong := c.check(top, c.ref); (wrong == "") != c.ok {
			t.Errorf("%s: %q, want it found: %v", c.ref, wrong, c.ok)
		}
	}
	rows := clauses("| clause | says | by | held |\n|---|---|---|---|\n| §1 | x | `a.go: F` | `b: TestB` |\n| §2 | y |\n\n| other |\n| §3 |\n")
	if len(rows) != 2 || !rows[0].complete || rows[1].complete || rows[0].obeyed[0] != "a.go: F" || rows[0].heldBy[0] != "b: TestB" {
		t.Errorf("clauses = %+v", rows)
	}
}
