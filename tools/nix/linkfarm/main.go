// Linkfarm makes a folder of symbolic links, for flake.nix.
//
//	linkfarm OUT NAME=TARGET...
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("linkfarm: ")
	if len(os.Args) < 3 {
		log.Fatal("usage: linkfarm OUT NAME=TARGET...")
	}
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		log.Fatal(err)
	}
}

func run(out string, links []string) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	for _, l := range links {
		name, target, ok := strings.Cut(l, "=")
		if !ok || name == "" || target == "" {
			return fmt.Errorf("%q is not NAME=TARGET", l)
		}
		if err := os.Symlink(target, filepath.Join(out, name)); err != nil {
			return err
		}
	}
	return nil
}
