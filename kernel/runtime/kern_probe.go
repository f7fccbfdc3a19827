//go:build unikernel

package runtime

import "unsafe"

// A probe is an access that the kernel expects to be refused. The bodies are
// in kern_probe_amd64.s. They report whether the access went through; what the
// trap handler saw is in the processor's probe field.

func kernProbeLoad(va uintptr) bool
func kernProbeStore(va uintptr, v uint8) bool
func kernProbeExecute(va uintptr) bool

// kernProbe is the exception that ended the last probe.
type kernProbe struct {
	vec, err uint64
	addr     uintptr // CR2
}

// probeTrap takes the way out of a probe, if one is running, and reports whether it did.
func (c *kernCPU) probeTrap(f *kernFrame, addr uintptr) bool {
	if c.probeIP == 0 {
		return false
	}
	c.probe = kernProbe{f.vec, f.err, addr}
	f.rip, f.rsp = uint64(c.probeIP), uint64(c.probeSP)
	c.probeIP = 0
	return true
}

// kernProbeVector loads two vector registers from in, faults, and stores them to out.
func kernProbeVector(in, out unsafe.Pointer)

func kernPointer(va uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&va)) }
