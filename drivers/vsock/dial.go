package vsock

import (
	"context"
	"os"
)

// Dial connects to a port of a peer, which is Host if no other is allowed. It
// waits for the answer until ctx is done, or Limits.ConnectTimeout at most.
func (s *Stack) Dial(ctx context.Context, cid, port uint32) (*Conn, error) {
	remote := Addr{CID: cid, Port: port}
	if err := ctx.Err(); err != nil {
		return nil, opError("dial", nil, remote, contextError(err))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return nil, opError("dial", nil, remote, s.err)
	}
	core, err := s.machine.Dial(s.now(), cid, port)
	if err != nil {
		return nil, opError("dial", nil, remote, sysError("connect", err))
	}
	c := s.newConn(core)
	s.pump()
	if ctx.Done() != nil {
		stop := context.AfterFunc(ctx, c.write.expire)
		defer stop()
	}
	for {
		done, err := core.Opened()
		if err == nil && !done {
			if err = contextError(ctx.Err()); err == nil {
				c.write.cond.Wait()
				continue
			}
		}
		if err == nil {
			return c, nil
		}
		c.closed = true
		s.machine.Close(s.now(), core)
		s.pump()
		err = sysError("connect", err)
		if os.IsTimeout(err) && ctx.Err() != nil {
			err = contextError(ctx.Err())
		}
		return nil, opError("dial", nil, remote, err)
	}
}
