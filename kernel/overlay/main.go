// Overlay lays the kernel over a stock Go tree: the result is the Go tree that
// builds images. It is a build tool and no part of an image.
//
//	go run ./kernel/overlay [-goroot GOROOT] [-kernel kernel] -out TREE
//
// TREE becomes a complete Go tree of symbolic links into GOROOT, except for
//
//   - stock files with a few words changed (patches.go): every SYSCALL
//     instruction becomes a call of the kernel,
//   - the files of kernel/runtime, into src/runtime (kern_*),
//   - the pure cores that those import, kernel/CORE as src/internal/kernel/CORE.
//
// Any surprise ends it with a message: a stock file that does not have what a
// patch expects, a core that imports what package runtime cannot, a file that
// would replace a stock one. TREE/laid.txt lists each file that is not a link
// and what it was made from. Running it again updates TREE and leaves equal
// files alone.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"strings"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("overlay: ")
	goroot := flag.String("goroot", "", "stock Go `tree` (default: what go env GOROOT says)")
	kernel := flag.String("kernel", "kernel", "`folder` with runtime/ and the cores")
	out := flag.String("out", "", "`folder` of the Go tree to make")
	flag.Parse()
	if *out == "" || flag.NArg() != 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*goroot, *kernel, *out); err != nil {
		log.Fatal(err)
	}
}

// run makes the tree out from the stock tree goroot and the folder kernel.
func run(goroot, kernel, out string) error {
	if goroot == "" {
		var err error
		if goroot, err = stockTree(); err != nil {
			return err
		}
	}
	l := &layer{}
	if err := l.addPatched(os.DirFS(goroot), patches); err != nil { // stock files, changed
		return err
	}
	if err := l.addKernel(os.DirFS(kernel)); err != nil { // kernel/runtime and its cores
		return err
	}
	if err := l.checkNew(os.DirFS(goroot)); err != nil { // nothing stock replaced by accident
		return err
	}
	return write(goroot, out, l)
}

// stockTree asks the go command of the machine for its GOROOT.
func stockTree() (string, error) {
	b, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOROOT: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}
