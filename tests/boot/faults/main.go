// Faults provokes what must not be possible, one thing per boot: fault=NAME on
// the kernel command line. Each must die, with the right words and exit code; a
// guest that prints "survived" has failed, but for those that Go recovers.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"time"
)

// faults are the programs that must die, by name.
var faults = map[string]func(){
	"nil":           nilPointer,
	"wild":          wildPointer,
	"noncanonical":  noncanonicalPointer,
	"text":          writeText,
	"directtext":    writeTextAlias,
	"rodata":        writeROData,
	"exec":          executeHeap,
	"execstack":     executeStack,
	"guard":         overflowThreadStack,
	"canary":        overwriteCanary,
	"stackoverflow": overflowGoroutineStack,
	"map":           writeNilMap,
	"deadlock":      deadlock,
	"memory":        exhaustMemory,
	"kernelindex":   kernelIndex,
	"kernelwild":    kernelWild,
	"kernelstack":   kernelStack,
	"exit":          func() { os.Exit(42) },
}

func main() {
	runtime.LockOSThread() // it is on the first thread, whose stack's size overwriteCanary knows
	name := os.Getenv("fault")
	fmt.Println("fault:", name)
	fault, ok := faults[name]
	if !ok {
		fmt.Println("FAIL: no such fault")
		os.Exit(1)
	}
	if name != "deadlock" {
		go func() { time.Sleep(time.Hour) }() // another thread is there
	}
	runtime.Gosched()
	fault()
	time.Sleep(10 * time.Millisecond)
	fmt.Println("survived")
}

func writeNilMap() {
	var m map[string]int
	m["x"] = 1
}

func deadlock() { select {} }

// overflowGoroutineStack recurses until the Go runtime's own limit.
func overflowGoroutineStack() {
	debug.SetMaxStack(8 << 20)
	deep(0)
}

func deep(n int) int {
	var b [1000]int
	b[n%1000] = n
	return deep(n+1) + b[n%1000]
}

// exhaustMemory touches more memory than there is.
func exhaustMemory() {
	for {
		b := make([]byte, 1<<20)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		kept = append(kept, b)
	}
}

var kept [][]byte
