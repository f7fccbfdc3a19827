// Package machine is the virtio-vsock protocol as a pure state machine:
//
//	packet | call | tick  ->  new state + packets to send + events to report
//
// It reads no clock, starts no goroutine, takes no lock and knows no rings:
// package vsock does all that around it. Everything a peer says is taken to
// be a lie until it is checked, and a peer can make a Machine hold no more
// than its Limits allow.
//
// # Primer: stream sockets over virtio-vsock (Virtio 1.2 §5.10)
//
// An address is a context id (CID: 2 is the host, ours is in the device's
// configuration) and a 32-bit port. Packets travel in order and without loss,
// so a connection needs no sequence numbers, only these operations:
//
//	     opener                         listener
//	REQUEST        ------------------>             somebody listens: open
//	               <------------------  RESPONSE   (otherwise RST)
//	RW             <----------------->  RW
//	SHUTDOWN(both) ------------------>
//	               <------------------  RST        the clean end
//
// Credit. Every packet tells how large its sender's receive buffer is
// (buf_alloc) and how many bytes the sender's application has taken from it so
// far (fwd_cnt). With tx_cnt, the bytes sent so far, one may still send
//
//	buf_alloc - (tx_cnt - fwd_cnt)
//
// bytes. The counters run freely and wrap at 2^32. A receiver whose numbers
// have become stale says them again by CREDIT_UPDATE; a sender without credit
// may ask by CREDIT_REQUEST.
//
// Shutdown. Two flags, RECEIVE ("I take no more") and SEND ("I send no
// more"), hold from when they are first said. A connection that is shut down
// both ways is over, and the side that heard it answers RST. If no RST comes,
// a timeout sends one. RST at any other time means that the connection broke.
// RST is never answered, whatever it is about.
//
// States of a connection here:
//
//	Dial                                 REQUEST, backlog has room
//	  |                                    |
//	requesting ------RESPONSE----------> open ----Close----> closing
//	  |                                    |                    |
//	  | RST: refused                       | RST: broken        | RST: closed
//	  | timeout: send RST                  | SHUTDOWN(both):    | timeout: send RST
//	  v                                    v send RST           v
//	gone <-------------------------------gone ---------------> gone
//
// A gone connection is out of the table and owes its peer nothing; what it had
// received can still be read. An RST that is not yet sent is withdrawn when the
// same pair of ports is connected anew, so that it cannot hit the new connection.
package machine
