// Virtio is a boot test: it finds the machine's virtio devices, reads random
// bytes from the entropy device by interrupts, adds them to the kernel's
// generator, and breaks nothing by asking for devices that are not there.
package main

import (
	"bytes"
	"fmt"
	"os"
	"time"

	"github.com/unikernel-ai/unikernel-ai/drivers/machine"
	"github.com/unikernel-ai/unikernel-ai/drivers/rng"
	"github.com/unikernel-ai/unikernel-ai/drivers/virtio"
	"github.com/unikernel-ai/unikernel-ai/kernel"
)

// reads is how often the device is asked: more than its queue is long, so that
// every descriptor is used again and again.
const reads = 1000

func main() {
	if err := run(); err != nil {
		fmt.Println("FAIL virtio:", err)
		os.Exit(1)
	}
	fmt.Println("PASS virtio")
}

func run() error {
	start := time.Now()
	platform := machine.Platform()
	devices, err := machine.Devices(platform)
	probed := time.Since(start)
	if err != nil {
		return err
	}
	for _, d := range devices {
		fmt.Printf("found %v, type %d\n", d, d.Type())
	}
	fmt.Printf("probed in %v\n", probed)

	transport := virtio.Find(devices, virtio.TypeRNG)
	if transport == nil {
		return fmt.Errorf("no entropy device among %d", len(devices))
	}
	source, err := rng.Open(transport, platform, 5*time.Second)
	if err != nil {
		return err
	}
	if err := read(source); err != nil {
		return err
	}
	n, err := rng.Seed(source, kernel.AddEntropy)
	if err != nil {
		return err
	}
	fmt.Printf("added %d bytes to the kernel's generator\n", n)
	if err := source.Close(); err != nil {
		return err
	}
	// A line that no I/O APIC has is an error, not a fault.
	if line, err := platform.OpenLine(4096); err == nil {
		return fmt.Errorf("line 4096 was opened: %v", line)
	}
	return nil
}

// read reads many times, beside a goroutine that must go on running.
func read(source *rng.Device) error {
	ticks, stop := 0, make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-time.After(time.Millisecond):
				ticks++
			case <-stop:
				return
			}
		}
	}()
	var p, last [64]byte
	start := time.Now()
	for i := range reads {
		n, err := source.Read(p[:])
		if err != nil {
			return fmt.Errorf("read %d: %w", i, err)
		}
		if n == len(p) && bytes.Equal(p[:], last[:]) {
			return fmt.Errorf("read %d: the same 64 bytes again", i)
		}
		last = p
	}
	took := time.Since(start)
	close(stop)
	<-done
	fmt.Printf("%d reads by interrupt, %v each; another goroutine ran %d times\n", reads, took/reads, ticks)
	if ticks == 0 {
		return fmt.Errorf("no other goroutine ran in %v", took)
	}
	return nil
}
