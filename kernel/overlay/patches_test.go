package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/fstest"
)

func TestApply(t *testing.T) {
	p := patch{"os/x.go", "old", "new", 2, "a reason"}
	tests := []struct {
		name, text, want, err string
	}{
		{name: "fits", text: "old, old.", want: "new, new."},
		{name: "too few", text: "old.", err: `src/os/x.go: "old" is there 1 times, want 2 (a reason): the stock file changed`},
		{name: "too many", text: "old old old", err: `src/os/x.go: "old" is there 3 times, want 2 (a reason): the stock file changed`},
		{name: "gone", text: "", err: `src/os/x.go: "old" is there 0 times, want 2 (a reason): the stock file changed`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := p.apply(tt.text)
			if got != tt.want || errorText(err) != tt.err {
				t.Errorf("apply(%q) = %q, %v, want %q, %q", tt.text, got, err, tt.want, tt.err)
			}
		})
	}
}

func TestAddPatchedMakesSeveralPatchesOfOneFile(t *testing.T) {
	stock := fstest.MapFS{"src/a.go": {Data: []byte("one two")}, "src/b.go": {Data: []byte("three")}}
	var l layer
	err := l.addPatched(stock, []patch{
		{file: "a.go", old: "one", new: "1", count: 1},
		{file: "b.go", old: "three", new: "3", count: 1},
		{file: "a.go", old: "two", new: "2", count: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := l.text("src/a.go"), "1 2"; got != want {
		t.Errorf("src/a.go = %q, want %q", got, want)
	}
	if len(l.files) != 2 {
		t.Errorf("%d files, want 2", len(l.files))
	}
}

func TestAddPatchedNamesMissingFile(t *testing.T) {
	var l layer
	err := l.addPatched(fstest.MapFS{}, []patch{{file: "gone.go", old: "x", count: 1}})
	if !strings.Contains(errorText(err), "src/gone.go") {
		t.Errorf("error %v does not name src/gone.go", err)
	}
}

// TestPatchesFitStock tries the patches on the Go tree that runs the test.
func TestPatchesFitStock(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command on PATH, so no stock tree; under Bazel every build of an image checks this")
	}
	goroot, err := stockTree()
	if err != nil {
		t.Fatal(err)
	}
	var l layer
	if err := l.addPatched(os.DirFS(goroot), patches); err != nil {
		t.Fatal(err)
	}
	for _, f := range l.files {
		if strings.Contains(f.text, syscallOld) {
			t.Errorf("%s: has a SYSCALL instruction", f.name)
		}
	}
}

// text returns the text of a laid file, or "".
func (l *layer) text(name string) string {
	for _, f := range l.files {
		if f.name == name {
			return f.text
		}
	}
	return ""
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
