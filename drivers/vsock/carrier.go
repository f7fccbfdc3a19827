package vsock

import "errors"

// A Carrier takes packets to a peer and brings its packets, in order and
// without loss. A packet is a header and its payload in one piece.
//
// Only Wait and Stop are called beside other methods; the Stack's lock is
// held for all others.
type Carrier interface {
	// CID returns our own address, read anew each time.
	CID() (uint32, error)

	// Receive returns the oldest packet that arrived, or nil when there is none.
	// The bytes may be shared with the peer and change at any moment; they are
	// the caller's until Release. ErrTransportReset says that every connection is
	// gone and the CID may be another; any other error is the end of the carrier.
	Receive() ([]byte, error)
	// Release gives back what the last Receive returned.
	Release()

	// Buffer returns where to put the next packet: a header and a payload of
	// at most n bytes, n <= packet.MaxPayload. It returns nil when there is no
	// room now; then Wait returns once there is. A buffer that is not sent is
	// returned again.
	Buffer(n int) []byte
	// Send sends the first n bytes of what Buffer returned last.
	Send(n int)
	// Flush makes sure that the peer knows of all that was sent.
	Flush()

	// Wait parks until there may be something to receive or room to send, at once
	// if that came since the last Receive, or returns why there never will be.
	// The goroutine that calls it is the one that receives.
	Wait() error
	// Stop makes Wait return net.ErrClosed, now and ever after.
	Stop()
	// Close ends the carrier's use of whatever it stands on. Wait is not called
	// again, and no packet moves any more.
	Close() error
}

// ErrTransportReset is what a Carrier's Receive returns when all connections
// are gone: the machine was restored from a snapshot or moved
// (Virtio 1.2 §5.10.6.7), or the device had to be reset.
var ErrTransportReset = errors.New("vsock: transport was reset")
