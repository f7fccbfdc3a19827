package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestRunLinks(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	if err := run(out, []string{"a=/x/y", "b=/z=1"}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a": "/x/y", "b": "/z=1"} {
		if got, err := os.Readlink(filepath.Join(out, name)); got != want || err != nil {
			t.Errorf("%s links to %q, %v, want %q", name, got, err, want)
		}
	}
}

func TestRunRefuses(t *testing.T) {
	for _, link := range []string{"a", "=x", "a=", ""} {
		if err := run(t.TempDir(), []string{link}); err == nil {
			t.Errorf("run with %q succeeded", link)
		}
	}
}
