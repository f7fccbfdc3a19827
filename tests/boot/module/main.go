// Module tells of the files that the VMM loaded beside the image, by size and CRC-32.
// With write=on it then writes to the first one, which must stop it.
package main

import (
	"fmt"
	"hash/crc32"
	"os"
	"runtime"

	"github.com/unikernel-ai/unikernel-ai/kernel"
)

func main() {
	modules, err := kernel.Modules()
	if err != nil {
		fmt.Println("FAIL:", err)
		os.Exit(1)
	}
	// What the heap takes from here on must not be theirs.
	for range 20 {
		garbage := make([]byte, 1<<20)
		for i := range garbage {
			garbage[i] = 0xa5
		}
	}
	runtime.GC()
	for i, m := range modules {
		fmt.Printf("module %d: %d bytes, CRC-32 %08x\n", i, len(m), crc32.ChecksumIEEE(m))
	}
	if os.Getenv("write") == "on" {
		modules[0][len(modules[0])/2] = 1
		fmt.Println("FAIL: written")
	}
	fmt.Printf("PASS %d modules\n", len(modules))
}
