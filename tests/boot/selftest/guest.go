package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/unikernel-ai/unikernel-ai/kernel"
)

// kernelLog reads the log in whole, then only what is new.
func kernelLog() error {
	fmt.Println("a line for the log")
	text, next, err := kernel.ReadLog(0)
	if err != nil {
		return err
	}
	if !strings.Contains(string(text), "a line for the log\n") || !strings.Contains(string(text), "[unikernel-ai] Kernel booting...\n") {
		return fmt.Errorf("the log lacks lines: %q", text)
	}
	fmt.Println("another line")
	text, _, err = kernel.ReadLog(next)
	if err != nil || string(text) != "another line\n" {
		return fmt.Errorf("new in the log: %q, %v", text, err)
	}
	tests, err := kernel.SelfTests()
	for _, t := range tests {
		if !t.OK {
			return fmt.Errorf("boot self test %q failed", t.Name)
		}
	}
	if err == nil && len(tests) < 6 {
		return fmt.Errorf("%d boot self tests, want 6", len(tests))
	}
	return err
}

func timeline() error {
	t, err := kernel.BootTimeline()
	if err != nil {
		return err
	}
	fmt.Printf("     %+v\n", t)
	if !(0 < t.KernelStart && t.KernelStart < t.KernelReady && t.KernelReady <= t.SelfTested && t.SelfTested < t.RuntimeStart && t.RuntimeStart < t.Main && t.Main < t.Now) {
		return errors.New("steps are out of order")
	}
	return nil
}

func deviceMemory() error {
	a, physA, err := kernel.AllocDMA(3 * 4096)
	if err != nil {
		return err
	}
	b, physB, err := kernel.AllocDMA(100)
	if err != nil {
		return err
	}
	for i := range a {
		if a[i] != 0 {
			return errors.New("memory for devices is not zero")
		}
		a[i] = 1
	}
	if physA%4096 != 0 || physB%4096 != 0 || physA < physB+4096 && physB < physA+3*4096 || b[99] != 0 {
		return fmt.Errorf("memory for devices at %#x and %#x", physA, physB)
	}
	for _, c := range []struct {
		name string
		phys uint64
		size int
		ok   bool
	}{
		{"IO APIC", 0xfec00000, 4096, true}, {"again", 0xfec00000, 4096, true},
		{"RAM", physA, 4096, false}, {"zero page", 0, 4096, false}, {"local APIC", 0xfee00000, 4096, false},
		{"wraps", 1<<64 - 4096, 8192, false}, {"heap", 0xc000000000, 4096, false}, {"far", 1 << 52, 4096, false},
	} {
		if err := kernel.MapDevice(c.phys, c.size); (err == nil) != c.ok {
			return fmt.Errorf("MapDevice(%s): %v", c.name, err)
		}
	}
	return nil
}
