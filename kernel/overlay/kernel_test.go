package main

import (
	"strings"
	"testing"
	"testing/fstest"
)

// folder makes a kernel folder of name, text pairs.
func folder(pairs ...string) fstest.MapFS {
	m := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return m
}

const tagged = "//go:build unikernel\n\npackage runtime\n"

func TestAddKernelLays(t *testing.T) {
	kernel := folder(
		"runtime/doc.go", "// Package runtime is documented here.\npackage runtime\n",
		"runtime/kern_trap.go", "// A comment.\n\n//go:build unikernel\n\npackage runtime\n\nimport \"internal/kernel/page\"\n",
		"runtime/kern_trap_test.go", "package runtime\n",
		"runtime/kern_entry_amd64.s", "//go:build unikernel\n\nTEXT ·x(SB),$0\n",
		"runtime/kern_amd64.h", "#define X 1\n",
		"runtime/BUILD.bazel", "",
		"page/page.go", "package page\n\nimport (\n\t\"unsafe\"\n\n\tp \"github.com/unikernel-ai/unikernel-ai/kernel/phys\" // why\n)\n",
		"page/page_test.go", "package page\n\nimport \"testing\"\n",
		"phys/phys.go", "package phys\n",
		"unused/unused.go", "package unused\n",
	)
	var l layer
	if err := l.addKernel(kernel); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"src/runtime/kern_trap.go":         "// A comment.\n\n//\n\npackage runtime\n\nimport \"internal/kernel/page\"\n",
		"src/runtime/kern_entry_amd64.s":   "//\n\nTEXT ·x(SB),$0\n",
		"src/runtime/kern_amd64.h":         "#define X 1\n",
		"src/internal/kernel/page/page.go": "package page\n\nimport (\n\t\"unsafe\"\n\n\tp \"internal/kernel/phys\" // why\n)\n",
		"src/internal/kernel/phys/phys.go": "package phys\n",
	}
	for name, text := range want {
		if got := l.text(name); got != text {
			t.Errorf("%s = %q, want %q", name, got, text)
		}
	}
	if len(l.files) != len(want) {
		t.Errorf("laid:\n%swant %d files", l.list(), len(want))
	}
}

func TestAddKernelRefuses(t *testing.T) {
	tests := []struct {
		name   string
		kernel fstest.MapFS
		want   string
	}{
		{
			name:   "file without the constraint",
			kernel: folder("runtime/kern_a.go", "package runtime\n"),
			want:   `kernel/runtime/kern_a.go: has no line "//go:build unikernel"`,
		},
		{
			name:   "no files",
			kernel: folder("runtime/README", ""),
			want:   "kernel/runtime: no source files",
		},
		{
			name:   "core that is not there",
			kernel: folder("runtime/kern_a.go", tagged+`import "internal/kernel/gone"`),
			want:   "internal/kernel/gone: ",
		},
		{
			name: "core that imports what the runtime cannot",
			kernel: folder("runtime/kern_a.go", tagged+`import "internal/kernel/page"`,
				"page/page.go", "package page\nimport \"fmt\"\n"),
			want: `kernel/page/page.go: imports "fmt", which package runtime cannot`,
		},
		{
			name:   "syntax error, with its place",
			kernel: folder("runtime/kern_a.go", tagged+"import 5\n"),
			want:   "kernel/runtime/kern_a.go:4:8",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var l layer
			if err := l.addKernel(tt.kernel); !strings.Contains(errorText(err), tt.want) {
				t.Errorf("addKernel error %v, want %q", err, tt.want)
			}
		})
	}
}
