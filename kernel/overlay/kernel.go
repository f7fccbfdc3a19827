package main

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

const (
	// hostImport and treeImport are how a core is called in this module and in
	// the Go tree.
	hostImport = "github.com/unikernel-ai/unikernel-ai/kernel/"
	treeImport = "internal/kernel/"

	// constraint keeps the host's go command away from package runtime. The
	// tree has to build the files without it: build systems drop tags that the
	// standard library does not know.
	constraint = "//go:build unikernel\n"
)

// coreImports is what a core may import besides other cores. Package runtime
// imports the cores, so anything that needs package runtime's own exports is
// out, and the rest is not needed.
var coreImports = map[string]bool{"unsafe": true, "math/bits": true}

// addKernel adds runtime/ of the kernel folder and every core that it imports,
// directly or through other cores.
func (l *layer) addKernel(kernel fs.FS) error {
	files, err := sources(kernel, "runtime", ".go", ".s", ".h")
	if err != nil {
		return err
	}
	var cores []string // to do
	for _, name := range files {
		if path.Base(name) == "doc.go" { // the host's: package documentation only
			continue
		}
		text, err := fs.ReadFile(kernel, name)
		if err != nil {
			return err
		}
		if path.Ext(name) != ".h" && !strings.HasPrefix(string(text), constraint) && !strings.Contains(string(text), "\n"+constraint) {
			return fmt.Errorf("kernel/%s: has no line %q", name, strings.TrimSpace(constraint))
		}
		if path.Ext(name) == ".go" {
			imports, err := parseImports(name, text)
			if err != nil {
				return err
			}
			for _, i := range imports {
				if core, ok := strings.CutPrefix(i.path, treeImport); ok {
					cores = append(cores, core)
				}
			}
		}
		// The comment line stays, for the line numbers.
		l.add("src/"+name, name, strings.Replace(string(text), constraint, "//\n", 1))
	}
	for seen := map[string]bool{}; len(cores) > 0; cores = cores[1:] {
		if core := cores[0]; !seen[core] {
			seen[core] = true
			more, err := l.addCore(kernel, core)
			if err != nil {
				return err
			}
			cores = append(cores, more...)
		}
	}
	return nil
}

// addCore adds one core and returns the cores that it imports.
func (l *layer) addCore(kernel fs.FS, core string) (imported []string, err error) {
	files, err := sources(kernel, core, ".go")
	if err != nil {
		return nil, fmt.Errorf("%s%s: %w", treeImport, core, err)
	}
	for _, name := range files {
		b, err := fs.ReadFile(kernel, name)
		if err != nil {
			return nil, err
		}
		imports, err := parseImports(name, b)
		if err != nil {
			return nil, err
		}
		text := string(b)
		for i := len(imports) - 1; i >= 0; i-- { // from the end: offsets before stay true
			imp := imports[i]
			switch other, ok := strings.CutPrefix(imp.path, hostImport); {
			case ok:
				imported = append(imported, other)
				text = text[:imp.start] + strconv.Quote(treeImport+other) + text[imp.end:]
			case !coreImports[imp.path]:
				return nil, fmt.Errorf("kernel/%s: imports %q, which package runtime cannot", name, imp.path)
			}
		}
		l.add("src/"+treeImport+name, name, text)
	}
	return imported, nil
}

// sources returns the files of a folder with one of the suffixes, sorted, but
// no tests. It fails if there are none.
func sources(dir fs.FS, folder string, suffixes ...string) ([]string, error) {
	entries, err := fs.ReadDir(dir, folder)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		for _, suffix := range suffixes {
			if strings.HasSuffix(e.Name(), suffix) && !strings.HasSuffix(e.Name(), "_test.go") && !e.IsDir() {
				names = append(names, path.Join(folder, e.Name()))
			}
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("kernel/%s: no source files", folder)
	}
	return names, nil
}

// importSpec is an import path and the byte range of its quoted form.
type importSpec struct {
	path       string
	start, end int
}

// parseImports returns the imports of a Go file, in their order.
func parseImports(name string, text []byte) ([]importSpec, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "kernel/"+name, text, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var imports []importSpec
	for _, spec := range f.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		start := fset.Position(spec.Path.Pos()).Offset
		imports = append(imports, importSpec{p, start, start + len(spec.Path.Value)})
	}
	return imports, nil
}
