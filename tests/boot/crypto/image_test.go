package main

import (
	"debug/elf"
	"flag"
	"os"
	"testing"
)

var image = flag.String("image", "crypto.elf", "the image of this folder's program")

// TestImageAsksForLittleRAM adds up what a VMM reserves and clears for the image: not the
// variables of crypto/internal/fips140/drbg, and not table.
func TestImageAsksForLittleRAM(t *testing.T) {
	if _, err := os.Stat(*image); err != nil {
		t.Skipf("no image (%v): bazel test builds it, or give -image", err)
	}
	f, err := elf.Open(*image)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	memory := uint64(0)
	for _, p := range f.Progs {
		if p.Type == elf.PT_LOAD {
			memory += p.Memsz
		}
	}
	if memory == 0 || memory >= uint64(len(table)) {
		t.Errorf("the segments have %d bytes of memory, want less than %d", memory, len(table))
	}
}
