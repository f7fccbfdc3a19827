// Package packet is the wire format of virtio-vsock: one 44-byte header in
// front of every payload, and nothing else. It knows no connections and no
// rings; package machine decides what packets mean.
package packet

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// HeaderSize is the length of an encoded Header in bytes
// (Virtio 1.2 §5.10.6, struct virtio_vsock_hdr, packed).
const HeaderSize = 44

// MaxPayload is the longest payload, in bytes, that is sent or asked for in
// one packet. VMMs and Linux drop what is longer.
const MaxPayload = 64 << 10

// Op says what a packet does (Virtio 1.2 §5.10.6, "op").
type Op uint16

const (
	OpInvalid       Op = iota
	OpRequest          // VIRTIO_VSOCK_OP_REQUEST: open a connection
	OpResponse         // VIRTIO_VSOCK_OP_RESPONSE: it is open
	OpReset            // VIRTIO_VSOCK_OP_RST: it is not, or no longer
	OpShutdown         // VIRTIO_VSOCK_OP_SHUTDOWN: flags say which ways end
	OpData             // VIRTIO_VSOCK_OP_RW: payload
	OpCreditUpdate     // VIRTIO_VSOCK_OP_CREDIT_UPDATE: only for its credit fields
	OpCreditRequest    // VIRTIO_VSOCK_OP_CREDIT_REQUEST: asks for a credit update
)

var opNames = [...]string{"INVALID", "REQUEST", "RESPONSE", "RST", "SHUTDOWN", "RW", "CREDIT_UPDATE", "CREDIT_REQUEST"}

// String returns the name that the specification uses.
func (o Op) String() string {
	if int(o) < len(opNames) {
		return opNames[o]
	}
	return fmt.Sprintf("op %d", uint16(o))
}

// Socket types (Virtio 1.2 §5.10.6.4 "type").
const (
	TypeStream    uint16 = 1 // VIRTIO_VSOCK_TYPE_STREAM
	TypeSeqpacket uint16 = 2 // VIRTIO_VSOCK_TYPE_SEQPACKET
)

// Flags of a shutdown packet (Virtio 1.2 §5.10.6.5). Once said they hold.
const (
	ShutdownReceive uint32 = 1 << 0 // VIRTIO_VSOCK_SHUTDOWN_F_RECEIVE: the sender will take no more
	ShutdownSend    uint32 = 1 << 1 // VIRTIO_VSOCK_SHUTDOWN_F_SEND: the sender will send no more
	ShutdownBoth           = ShutdownReceive | ShutdownSend
)

// A Header is struct virtio_vsock_hdr. All fields are little endian:
//
//	0        8        16       20       24    28     30    32      36          40        44
//	| srcCID | dstCID | srcPort| dstPort| len | type | op  | flags | bufAlloc  | fwdCount |
type Header struct {
	SrcCID   uint64 // the upper 32 bits are reserved and zero (§5.10.6.2)
	DstCID   uint64
	SrcPort  uint32
	DstPort  uint32
	Len      uint32 // payload bytes that follow
	Type     uint16
	Op       Op
	Flags    uint32
	BufAlloc uint32 // the sender's receive buffer in bytes
	FwdCount uint32 // bytes the sender's application has taken, free-running, wraps at 2^32
}

// ErrShort says that there are fewer bytes than a header has.
var ErrShort = errors.New("packet: shorter than a vsock header")

// Decode reads the header at the start of b. It checks nothing but the
// length of b: any bytes are a header, and every field may lie.
func Decode(b []byte) (Header, error) {
	if len(b) < HeaderSize {
		return Header{}, ErrShort
	}
	le := binary.LittleEndian
	return Header{
		SrcCID:   le.Uint64(b[0:]),
		DstCID:   le.Uint64(b[8:]),
		SrcPort:  le.Uint32(b[16:]),
		DstPort:  le.Uint32(b[20:]),
		Len:      le.Uint32(b[24:]),
		Type:     le.Uint16(b[28:]),
		Op:       Op(le.Uint16(b[30:])),
		Flags:    le.Uint32(b[32:]),
		BufAlloc: le.Uint32(b[36:]),
		FwdCount: le.Uint32(b[40:]),
	}, nil
}

// AppendTo appends the HeaderSize bytes of h to b.
func (h *Header) AppendTo(b []byte) []byte {
	le := binary.LittleEndian
	b = le.AppendUint64(b, h.SrcCID)
	b = le.AppendUint64(b, h.DstCID)
	b = le.AppendUint32(b, h.SrcPort)
	b = le.AppendUint32(b, h.DstPort)
	b = le.AppendUint32(b, h.Len)
	b = le.AppendUint16(b, h.Type)
	b = le.AppendUint16(b, uint16(h.Op))
	b = le.AppendUint32(b, h.Flags)
	b = le.AppendUint32(b, h.BufAlloc)
	return le.AppendUint32(b, h.FwdCount)
}

// String shows the packet as `3:1024 -> 2:5000 RW 16 bytes`.
func (h Header) String() string {
	return fmt.Sprintf("%d:%d -> %d:%d %v type %d flags %#x, %d bytes, buffer %d, taken %d",
		h.SrcCID, h.SrcPort, h.DstCID, h.DstPort, h.Op, h.Type, h.Flags, h.Len, h.BufAlloc, h.FwdCount)
}
