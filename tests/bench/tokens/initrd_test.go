package main

import (
	"bytes"
	"fmt"
)

// initrd returns an initial RAM disk with a program as /init and the console that it
// writes to. Linux Documentation/driver-api/early-userspace/buffer-format.rst.
func initrd(init []byte) []byte {
	const (
		folder = 0o040755
		device = 0o020600
		file   = 0o100755
	)
	var b bytes.Buffer
	number := 0
	entry := func(name string, mode int, major, minor int, data []byte) {
		number++
		links, mtime, size, sum := 1, 0, len(data), 0
		b.WriteString("070701")
		for _, v := range [...]int{number, mode, 0, 0, links, mtime, size, 0, 0, major, minor, len(name) + 1, sum} {
			fmt.Fprintf(&b, "%08x", v)
		}
		pad := func() { b.Write(make([]byte, -b.Len()&3)) }
		b.WriteString(name + "\x00")
		pad()
		b.Write(data)
		pad()
	}
	entry("dev", folder, 0, 0, nil)
	entry("dev/console", device, 5, 1, nil)
	entry("init", file, 0, 0, init)
	entry("TRAILER!!!", 0, 0, 0, nil)
	return b.Bytes()
}
