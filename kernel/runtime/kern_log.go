//go:build unikernel

package runtime

import (
	"internal/kernel/cmdline"
	"internal/kernel/logring"
	"unsafe"
)

// The kernel log: every line goes into a ring, which the program can read, and
// to the console. What the program writes to its standard output and error is
// part of it.

var (
	kernRing       logring.Ring // guarded by the kernel lock
	kernConsoleOff bool         // console=off
	kernQuiet      bool         // loglevel=quiet: information stays in the ring
)

// kernLogOptions obeys the command line.
func kernLogOptions(o *cmdline.Options) {
	kernConsoleOff = o.ConsoleOff
	kernQuiet = o.LogLevel == cmdline.LevelQuiet
}

// kernLogWrite appends n bytes at p.
func kernLogWrite(p unsafe.Pointer, n uintptr) {
	kernRing.Put(unsafe.Slice((*byte)(p), int(n)))
	if !kernConsoleOff {
		kernConsoleWrite(p, n)
	}
}

func kernPrint(s string) { kernLogWrite(unsafe.Pointer(unsafe.StringData(s)), uintptr(len(s))) }

func kernPrintWord(s, word string) {
	kernPrint(s)
	kernPrint(word)
}

func kernPrintNum(s string, v uint64) {
	var b [logring.DecSize]byte
	n := logring.Dec(&b, v)
	kernPrint(s)
	kernLogWrite(noescape(unsafe.Pointer(&b)), uintptr(n))
}

func kernPrintHex(s string, v uint64) {
	var b [logring.HexSize]byte
	n := logring.Hex(&b, v)
	kernPrint(s)
	kernLogWrite(noescape(unsafe.Pointer(&b)), uintptr(n))
}

// kernPrintMillis prints a duration in milliseconds with one decimal.
func kernPrintMillis(s string, ns int64) {
	var b [logring.StampSize]byte
	n := logring.Millis(&b, ns)
	kernPrint(s)
	kernLogWrite(noescape(unsafe.Pointer(&b)), uintptr(n))
}
