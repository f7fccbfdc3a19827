// Package machine joins the drivers to the kernel: it is the one place where
// package kernel's memory and interrupts become what package virtio needs.
//
// Everything here answers kernel.ErrNotGuest on an ordinary Linux host.
package machine

import (
	"os"

	"github.com/unikernel-ai/unikernel-ai/drivers/irq"
	"github.com/unikernel-ai/unikernel-ai/drivers/virtio"
	"github.com/unikernel-ai/unikernel-ai/kernel"
)

// Platform returns the machine that this image runs on.
func Platform() virtio.Platform {
	router := irq.NewRouter(kernel.MapDevice, kernel.OpenInterrupt)
	return virtio.Platform{
		MapDevice: kernel.MapDevice,
		AllocDMA:  kernel.AllocDMA,
		OpenLine: func(gsi int) (virtio.Interrupt, error) {
			file, err := router.Open(gsi)
			if err != nil {
				return nil, err // not a nil *os.File in an interface
			}
			return file, nil
		},
	}
}

// Devices returns the virtio devices of this machine: those that the command
// line names, and where it names none, those of QEMU's microvm.
//
// The error tells of places that could not be understood, mapped or driven;
// the devices of the others are returned all the same.
func Devices(p virtio.Platform) ([]*virtio.MMIO, error) {
	windows, err := virtio.ParseWindows(os.Environ())
	switch {
	case len(windows) == 0 && err == nil:
		windows = virtio.MicroVM()
	case len(windows) == 1:
		if around := virtio.MicroVMAround(windows[0]); around != nil {
			windows = around
		}
	}
	devices, probeErr := virtio.Probe(p, windows)
	if err == nil {
		err = probeErr
	}
	return devices, err
}
