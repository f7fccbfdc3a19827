package machine

import "github.com/unikernel-ai/unikernel-ai/drivers/vsock/packet"

// A link is a connection's place in one queue.
type link struct {
	next   *Conn
	queued bool
}

// A queue is a FIFO of connections through links inside them, so that it
// needs no memory of its own. A connection is in it at most once.
type queue struct{ first, last *Conn }

func outLink(c *Conn) *link     { return &c.outLink }
func changedLink(c *Conn) *link { return &c.changedLink }
func backlogLink(c *Conn) *link { return &c.backlogLink }

// push appends c unless it is in the queue; l is its link, of returns
// that of any other.
func (q *queue) push(c *Conn, l *link, of func(*Conn) *link) {
	if l.queued {
		return
	}
	l.queued = true
	if q.last == nil {
		q.first = c
	} else {
		of(q.last).next = c
	}
	q.last = c
}

// pop takes the first connection off, or returns nil.
func (q *queue) pop(of func(*Conn) *link) *Conn {
	c := q.first
	if c == nil {
		return nil
	}
	l := of(c)
	q.first = l.next
	if q.first == nil {
		q.last = nil
	}
	*l = link{}
	return c
}

// replies is a FIFO of the RSTs that belong to no connection. Machine bounds it:
// it takes no packet while it holds Limits.Replies, and calls add at most one
// for each connection.
type replies struct {
	list []packet.Header
	head int
}

func (r *replies) size() int { return len(r.list) - r.head }

func (r *replies) push(h packet.Header) {
	if r.head > 0 && len(r.list) == cap(r.list) {
		r.list = r.list[:copy(r.list, r.list[r.head:])]
		r.head = 0
	}
	r.list = append(r.list, h)
}

func (r *replies) pop() packet.Header {
	h := r.list[r.head]
	r.head++
	if r.head == len(r.list) {
		r.list, r.head = r.list[:0], 0
	}
	return h
}

// withdraw removes the RSTs that would go to k.
func (r *replies) withdraw(k key) {
	kept := r.list[:r.head]
	for _, h := range r.list[r.head:] {
		if h.DstPort != k.peerPort || h.SrcPort != k.port || h.DstCID != uint64(k.peerCID) {
			kept = append(kept, h)
		}
	}
	r.list = kept
	if r.head == len(r.list) {
		r.list, r.head = r.list[:0], 0
	}
}
