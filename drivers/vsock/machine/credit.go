package machine

import "github.com/unikernel-ai/unikernel-ai/drivers/vsock/packet"

// credit is both halves of a connection's flow control. All counters are
// free-running and wrap at 2^32 (Virtio 1.2 §5.10.6.3).
type credit struct {
	// What we receive.
	window   uint32 // our buf_alloc
	received uint32 // rx_cnt: payload bytes taken off packets
	taken    uint32 // fwd_cnt: of these, bytes the application has got
	told     uint32 // the fwd_cnt that the peer has last been told

	// What we send.
	sent       uint32 // tx_cnt
	peerWindow uint32 // the peer's buf_alloc
	peerTaken  uint32 // the peer's fwd_cnt
	limit      uint32 // our own cap on what is on its way
}

// free returns how many payload bytes the peer can still take.
//
// It is 0 when the peer's numbers contradict what we sent: it claims to
// have taken more, or has shrunk its buffer below what is on its way.
func (c *credit) free() uint32 {
	window := min(c.peerWindow, c.limit)
	onWay := c.sent - c.peerTaken
	if onWay > window {
		return 0
	}
	return window - onWay
}

// capped says that our own limit holds us back, not the peer's window.
func (c *credit) capped() bool { return c.sent-c.peerTaken < c.peerWindow }

// buffered returns how many received bytes the application has not taken.
func (c *credit) buffered() uint32 { return c.received - c.taken }

// room returns how many more bytes our receive buffer holds.
func (c *credit) room() uint32 { return c.window - c.buffered() }

// alive says that h shows a peer that takes what was sent: it has taken all, or
// more than it had.
func (c *credit) alive(h *packet.Header) bool {
	return h.FwdCount == c.sent || h.FwdCount != c.peerTaken
}

// hear notes the credit fields that every packet of a connection carries.
func (c *credit) hear(h *packet.Header) {
	c.peerWindow, c.peerTaken = h.BufAlloc, h.FwdCount
}

// tell puts our credit into h.
func (c *credit) tell(h *packet.Header) {
	h.BufAlloc, h.FwdCount = c.window, c.taken
	c.told = c.taken
}

// stale says that the peer has to be told what the application has taken:
// half the window or more that the peer takes to be full is free.
//
// It cannot leave a peer stuck: a drained buffer leaves it more than half the
// window, or is announced.
func (c *credit) stale() bool { return c.taken-c.told >= c.window/2 }
