package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestPruneKeepsWhatGoSumChecks(t *testing.T) {
	dir := t.TempDir()
	const v = "cache/download/example.org/m/@v/"
	for _, name := range []string{
		"example.org/m@v1.0.0/m.info", // a source file, whatever its name
		v + "list", v + "v1.0.0.info", v + "v1.0.0.lock", v + "v1.0.0.mod", v + "v1.0.0.zip", v + "v1.0.0.ziphash",
		"cache/lock", "cache/download/sumdb/sum.example.org/tile",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := prune(dir); err != nil {
		t.Fatal(err)
	}
	var got []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			got = append(got, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{v + "v1.0.0.mod", v + "v1.0.0.zip", v + "v1.0.0.ziphash", "example.org/m@v1.0.0/m.info"}
	if !slices.Equal(got, want) {
		t.Errorf("after prune: %q, want %q", got, want)
	}
}
