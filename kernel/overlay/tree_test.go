package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

func TestCheckNew(t *testing.T) {
	stock := fstest.MapFS{"src/runtime/proc.go": {}}
	tests := []struct {
		name  string
		files []laidFile
		want  string
	}{
		{name: "new file", files: []laidFile{{name: "src/runtime/kern_a.go", from: "runtime/kern_a.go"}}},
		{name: "patched file", files: []laidFile{{name: "src/runtime/proc.go", from: patched}}},
		{
			name:  "stock file",
			files: []laidFile{{name: "src/runtime/proc.go", from: "runtime/proc.go"}},
			want:  "src/runtime/proc.go: would be replaced by runtime/proc.go: rename that",
		},
		{
			name:  "same name twice",
			files: []laidFile{{name: "src/x", from: "a"}, {name: "src/x", from: "b"}},
			want:  "src/x: laid twice, from a and b",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := layer{tt.files}
			if err := l.checkNew(stock); errorText(err) != tt.want {
				t.Errorf("checkNew() = %v, want %q", err, tt.want)
			}
		})
	}
}

// stockFolder makes a small stock tree.
func stockFolder(t *testing.T) string {
	dir := t.TempDir()
	for _, name := range []string{"bin/go", "src/os/file.go", "src/runtime/proc.go", "src/runtime/mem.go", "BUILD.bazel"} {
		if err := writeFile(filepath.Join(dir, name), "stock "+name); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestWriteLaysOverLinks(t *testing.T) {
	stock, out := stockFolder(t), filepath.Join(t.TempDir(), "tree")
	l := &layer{[]laidFile{
		{"src/runtime/proc.go", patched, "changed"},
		{"src/internal/kernel/page/page.go", "page/page.go", "page"},
	}}
	if err := write(stock, out, l); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, out, map[string]string{
		"bin/go":                           "stock bin/go",
		"src/runtime/proc.go":              "changed",
		"src/runtime/mem.go":               "stock src/runtime/mem.go",
		"src/internal/kernel/page/page.go": "page",
		"BUILD.bazel":                      "",
		"laid.txt":                         "src/internal/kernel/page/page.go <- page/page.go\nsrc/runtime/proc.go <- (patched)\n",
	})
}

func TestWriteAgainUpdates(t *testing.T) {
	stock, out := stockFolder(t), filepath.Join(t.TempDir(), "tree")
	first := &layer{[]laidFile{
		{"src/runtime/proc.go", patched, "changed"},
		{"src/runtime/kern_a.go", "runtime/kern_a.go", "a"},
		{"src/runtime/kern_b.go", "runtime/kern_b.go", "b"},
	}}
	if err := write(stock, out, first); err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(out, "src/runtime/kern_b.go")
	before, err := os.Stat(kept)
	if err != nil {
		t.Fatal(err)
	}
	second := &layer{[]laidFile{
		{"src/os/file.go", patched, "changed os"}, // its folder was a link
		{"src/runtime/kern_b.go", "runtime/kern_b.go", "b"},
	}}
	if err := write(stock, out, second); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, out, map[string]string{
		"src/os/file.go":        "changed os",
		"src/runtime/proc.go":   "stock src/runtime/proc.go", // no longer patched
		"src/runtime/kern_a.go": "",                          // gone
		"src/runtime/kern_b.go": "b",
	})
	wantFiles(t, stock, map[string]string{"src/os/file.go": "stock src/os/file.go"})
	if after, err := os.Stat(kept); err != nil || !os.SameFile(before, after) || after.ModTime() != before.ModTime() {
		t.Errorf("%s was written again though equal (%v)", kept, err)
	}
}

func TestRemoveLaidStaysInside(t *testing.T) {
	dir := t.TempDir()
	victim, out := filepath.Join(dir, "victim"), filepath.Join(dir, "out")
	for name, text := range map[string]string{victim: "x", filepath.Join(out, laidList): "../victim <- a\n"} {
		if err := writeFile(name, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := removeLaid(out, &layer{}); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, dir, map[string]string{"victim": "x"})
}

// wantFiles checks texts below dir; "" means that there is no such file.
func wantFiles(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	for name, text := range want {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if text == "" && err == nil {
			t.Errorf("%s exists", name)
		} else if text != "" && string(b) != text {
			t.Errorf("%s = %q (%v), want %q", name, b, err, text)
		}
	}
}

func TestRunNamesWhatIsMissing(t *testing.T) {
	err := run(t.TempDir(), t.TempDir(), t.TempDir())
	if !strings.Contains(errorText(err), "src/runtime/sys_linux_amd64.s") {
		t.Errorf("run on an empty stock tree: %v, want the missing file's name", err)
	}
}
