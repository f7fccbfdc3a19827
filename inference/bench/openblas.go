package main

import (
	_ "embed"
	"fmt"
	"io"
	"path/filepath"
	"time"
)

//go:embed testdata/openblas.c
var openblasSource []byte

// startOpenBLAS starts the program that calls OpenBLAS, of a shared library or, if that is
// "", the one in the usual place.
func startOpenBLAS(library string, threads int, out io.Writer) (*program, error) {
	if library == "" {
		var err error
		if library, err = usual(); err != nil {
			return nil, err
		}
	}
	library, err := filepath.Abs(library)
	if err != nil {
		return nil, err
	}
	args := []string{library}
	if processorTime {
		args = append(args, "cpu")
	}
	// The library's own needs lie beside it or a folder up when it was unpacked somewhere.
	p, err := startProgram(openblasSource, []string{
		fmt.Sprintf("OPENBLAS_NUM_THREADS=%d", threads),
		"LD_LIBRARY_PATH=" + filepath.Dir(library) + ":" + filepath.Dir(filepath.Dir(library)),
	}, args...)
	if err != nil {
		return nil, err
	}
	config, err := p.line()
	if err != nil {
		p.stop()
		return nil, err
	}
	fmt.Fprintln(out, "OpenBLAS:", config)
	return p, nil
}

// usual returns where Debian's packages put the library.
func usual() (string, error) {
	for _, pattern := range []string{"/usr/lib/*/libopenblas.so.0", "/usr/lib/*/openblas-pthread/libopenblas.so.0", "/usr/lib*/libopenblas.so.0"} {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return found[0], nil
		}
	}
	return "", fmt.Errorf("no libopenblas.so.0 in /usr/lib; name it with -openblas")
}

// product returns OpenBLAS's shortest time for a product of type s or d, in seconds.
func product(p *program, t rune, n int, turn time.Duration) float64 {
	seconds := p.ask("%c %d %f", t, n, turn.Seconds())
	if p != nil {
		time.Sleep(40 * time.Millisecond) // its threads spin a while before they sleep
	}
	return seconds
}
