// Package vsock gives stream sockets over virtio-vsock as package net's
// interfaces:
//
//	Listener  net.Listener, with SetDeadline
//	Conn      net.Conn, with CloseRead and CloseWrite
//	Addr      net.Addr
//
// It is a blocking shell: what packets mean is decided by the pure state machine in
// package machine, and how they reach the peer is a [Carrier]'s business. There
// are two, the rings of a virtio device ([OpenVirtio]) and memory shared by two
// stacks of one program ([Pair]).
//
//	application    Listener  Conn  Conn ...      blocked goroutines
//	                    \      |      /
//	Stack          one mutex: machine.Machine    state, credit, timers
//	                           |
//	Carrier        rx, tx, event queues          one goroutine parked on the interrupt
//
// Every payload byte is copied twice at most: by Write into the carrier's memory and
// nowhere else, and out of the carrier's memory into the buffer of the Read that
// waits for it, or by way of the connection's own buffer if none does. Nothing is
// allocated for a packet.
//
// Errors are those that package net would give: io.EOF as it is, everything else
// in a *net.OpError, around net.ErrClosed, os.ErrDeadlineExceeded, or an
// *os.SyscallError with ECONNREFUSED, ECONNRESET, EPIPE, ETIMEDOUT and so on.
package vsock
