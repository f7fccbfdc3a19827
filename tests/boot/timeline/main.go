// Timeline prints how long the boot took and what it cost, as soon as it can.
package main

import (
	"fmt"
	"os"

	"github.com/unikernel-ai/unikernel-ai/kernel"
)

func main() {
	t, err := kernel.BootTimeline()
	if err != nil {
		fmt.Println("FAIL", err)
		os.Exit(1)
	}
	s, _ := kernel.ReadStats()
	fmt.Printf("%+v\n%+v\n", t, s)
	fmt.Printf("memory in use: %d KiB of %d KiB\n", s.FramesUsed*4, s.FramesTotal*4)
	fmt.Println("PASS timeline")
}
