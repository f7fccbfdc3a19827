// Mkimage seals a linked kernel: it turns an executable that the Go linker made
// for the top 2 GiB of the address space into an image that a VMM boots by the
// PVH protocol.
//
//	mkimage in.elf out.elf
package main

import (
	"fmt"
	"os"

	"github.com/unikernel-ai/unikernel-ai/kernel/mkimage/image"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "mkimage:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: mkimage in.elf out.elf")
	}
	in, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	out, err := image.Seal(in)
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	return os.WriteFile(args[1], out, 0o755)
}
