package vsock

import (
	"net"
	"strconv"
)

// Well-known context ids (Virtio 1.2 §5.10.4).
const (
	Host uint32 = 2         // VMADDR_CID_HOST: the machine that we are a guest of
	Any  uint32 = 1<<32 - 1 // VMADDR_CID_ANY: no particular one
)

// Addr is one end of a connection, or what a Listener listens on.
type Addr struct {
	CID  uint32
	Port uint32
}

var _ net.Addr = Addr{}

// Network returns "vsock".
func (Addr) Network() string { return network }

const network = "vsock"

// String returns the address as `vsock:CID:PORT`.
func (a Addr) String() string {
	b := make([]byte, 0, len("vsock:4294967295:4294967295"))
	b = append(b, "vsock:"...)
	b = strconv.AppendUint(b, uint64(a.CID), 10)
	b = append(b, ':')
	return string(strconv.AppendUint(b, uint64(a.Port), 10))
}
