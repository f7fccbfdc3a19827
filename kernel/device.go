package kernel

import (
	"fmt"
	"os"
	"strconv"
)

// MapDevice makes size bytes of device registers at the physical address phys
// accessible at the virtual address of the same number: uncached, not
// executable, whole pages. Mapping what is mapped already is no error.
//
// It refuses (wrapping syscall.EPERM) RAM, and (syscall.EINVAL) the zero page, the
// processors' local APIC, more than 1 GiB, and addresses where the Go heap is.
func MapDevice(phys uint64, size int) error {
	if size <= 0 {
		return fmt.Errorf("kernel: map device at %#x: size %d", phys, size)
	}
	if _, errno := call(callMapDevice, uintptr(phys), uintptr(size)); errno != 0 {
		return failure(fmt.Sprintf("map device at %#x", phys), errno)
	}
	return nil
}

// AllocDMA gives out size bytes of memory for a device: physically contiguous,
// zeroed, beginning at a page, at the physical address phys. It is never freed and
// is not part of the Go heap, so it must not hold pointers into that.
func AllocDMA(size int) (mem []byte, phys uint64, err error) {
	if size <= 0 {
		return nil, 0, fmt.Errorf("kernel: allocate %d bytes for a device", size)
	}
	mem, phys, errno := allocDMA(size)
	if errno != 0 {
		return nil, 0, failure(fmt.Sprintf("allocate %d bytes for a device", size), errno)
	}
	return mem, phys, nil
}

// OpenInterrupt returns a file that becomes readable when an interrupt with the
// given vector (32 to 239) arrives. Read fills 8 bytes, little endian, with how
// many arrived since the last Read; it parks the goroutine until there is one. A
// vector can be open once; deadlines and Close work as for a pipe.
func OpenInterrupt(vector int) (*os.File, error) {
	if _, err := ReadStats(); err != nil {
		return nil, err
	}
	f, err := os.OpenFile("/dev/irq/"+strconv.Itoa(vector), os.O_RDONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("kernel: interrupt %d: %w", vector, err)
	}
	return f, nil
}

// AddEntropy mixes b, what a random number device gave, into the kernel's
// generator. It takes at most 64 KiB.
func AddEntropy(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if _, errno := callEntropy(b); errno != 0 {
		return failure("add entropy", errno)
	}
	return nil
}

// PowerOff ends the VM with an exit code, see the package comment. It does not
// return, except on a host, where it does nothing.
func PowerOff(code int) { call(callPowerOff, uintptr(code), 0) }
