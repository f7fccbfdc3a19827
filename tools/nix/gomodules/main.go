// Gomodules fills a module cache for flake.nix: what go.mod names, and nothing
// that depends on the day or on the proxy, so that the result has one hash.
//
//	gomodules GO SOURCE OUT
package main

import (
	"fmt"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("gomodules: ")
	if len(os.Args) != 4 {
		log.Fatal("usage: gomodules GO SOURCE OUT")
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		log.Fatal(err)
	}
}

func run(goCommand, source, out string) error {
	cmd := exec.Command(goCommand, "mod", "download", "-C", source)
	cmd.Env = append(os.Environ(), "GOMODCACHE="+out)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go mod download: %w", err)
	}
	return prune(out)
}

// prune removes what go.sum does not check and a build does not read.
func prune(cache string) error {
	return filepath.WalkDir(filepath.Join(cache, "cache"), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == "sumdb" {
			if err := os.RemoveAll(path); err != nil {
				return err
			}
			return fs.SkipDir
		}
		if !d.IsDir() && !checked(d.Name()) {
			return os.Remove(path)
		}
		return nil
	})
}

// checked tells whether a file of the download cache is determined by go.sum.
func checked(name string) bool {
	switch filepath.Ext(name) {
	case ".mod", ".zip", ".ziphash":
		return !strings.HasPrefix(name, ".")
	}
	return false
}
