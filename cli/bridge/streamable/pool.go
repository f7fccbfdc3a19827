package streamable

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/unikernel-ai/unikernel-ai/cli/bridge/rpc"
)

const (
	// linkIdle is how long a connection to the guest is kept for the next request.
	linkIdle = time.Minute
	// writeLimit is how long the guest may leave a message unread.
	writeLimit = 30 * time.Second
	// linkQueue is how many messages of the guest may wait for the client to take them;
	// then the guest waits.
	linkQueue = 4
)

var (
	errFull = errors.New("the bridge is full")
	errLost = errors.New("the connection to the guest has ended")
)

// A pool holds connections to the guest. One is for one request at a time.
type pool struct {
	config *Config
	slots  chan struct{} // one for each connection in use
	listen chan struct{} // one for each that a subscription uses

	mu     sync.Mutex
	idle   []*link // guarded by mu; the one used last at the end
	timed  bool    // guarded by mu; a sweep is due
	closed bool    // guarded by mu
}

func newPool(c *Config) *pool {
	return &pool{config: c, slots: make(chan struct{}, c.MaxConnections), listen: make(chan struct{}, max(1, c.MaxConnections*3/4))}
}

// A link is a connection to the guest. Its reader runs until the connection ends; what
// the guest says while nobody uses the link is for nobody, and ends it.
type link struct {
	c     net.Conn
	lines chan []byte   // from the guest
	room  chan struct{} // told when lines has room again
	ended chan struct{} // closed when the connection has
	fate  string        // why, if it was the bridge's doing; valid once ended

	since time.Time // when it was last used; guarded by the pool's mu
	// proven: the guest has answered a request with a result. Before that it waits for a
	// handshake, with an end to its patience that could fall into another's request. For
	// the user of the link only.
	proven bool

	mu   sync.Mutex
	busy bool // guarded by mu
}

// get returns a connection for one request. It waits for a free one and for the guest
// until ctx ends. long: the request is a subscription.
func (p *pool) get(ctx context.Context, long bool) (*link, error) {
	if long {
		select {
		case p.listen <- struct{}{}:
		default:
			return nil, fmt.Errorf("%w: it has %d subscriptions", errFull, cap(p.listen))
		}
	}
	l, err := p.getSlot(ctx)
	if err != nil && long {
		<-p.listen
	}
	return l, err
}

func (p *pool) getSlot(ctx context.Context) (*link, error) {
	select {
	case p.slots <- struct{}{}:
	default:
		select {
		case p.slots <- struct{}{}:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: all %d connections to the guest are in use", errFull, cap(p.slots))
		}
	}
	for {
		l := p.takeIdle()
		if l == nil {
			break
		}
		if l.use() {
			return l, nil
		}
	}
	c, err := p.config.Guest.Dial(ctx)
	if err != nil {
		<-p.slots
		return nil, err
	}
	l := &link{c: c, lines: make(chan []byte, linkQueue), room: make(chan struct{}, 1), ended: make(chan struct{}), busy: true}
	go l.read(p.config)
	return l, nil
}

// takeIdle returns an idle link, or nil.
func (p *pool) takeIdle() *link {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil
	}
	l := p.idle[n-1]
	p.idle = p.idle[:n-1]
	return l
}

// put takes a link back. It is kept for others if it is as good as new: the request is
// answered and nothing more has come.
func (p *pool) put(l *link, good, long bool) {
	if !l.rest() || !good || !p.keep(l) {
		l.c.Close()
		l.tellRoom() // the reader may wait for it, and finds that nobody uses the link
	}
	<-p.slots
	if long {
		<-p.listen
	}
}

// keep adds a link to the idle ones.
func (p *pool) keep(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	l.since = time.Now()
	p.idle = append(p.idle, l)
	if !p.timed { // each request is here: there is one timer for all
		p.timed = true
		time.AfterFunc(linkIdle, p.sweep)
	}
	return true
}

// sweep ends the links that have been idle for long.
func (p *pool) sweep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := 0
	for old < len(p.idle) && time.Since(p.idle[old].since) >= linkIdle {
		p.idle[old].c.Close()
		old++
	}
	p.idle = slices.Delete(p.idle, 0, old)
	if p.timed = len(p.idle) > 0; p.timed {
		time.AfterFunc(linkIdle, p.sweep)
	}
}

// close ends the idle links; those in use end with their requests.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, l := range p.idle {
		l.c.Close()
	}
	p.idle = nil
}

// use takes an idle link into use, if it has not ended.
func (l *link) use() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.ended:
		return false
	default:
		l.busy = true
		return true
	}
}

// rest ends the use of a link; it reports whether nothing is left over.
func (l *link) rest() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy = false
	return len(l.lines) == 0
}

// read takes the guest's messages until the connection ends.
func (l *link) read(c *Config) {
	defer close(l.ended)
	defer l.c.Close()
	for r := rpc.NewReader(l.c, c.MaxMessage); ; {
		line, err := r.Next()
		if err != nil {
			if errors.Is(err, rpc.ErrTooLong) {
				l.fate = "its message is longer than the bridge takes: " + err.Error()
				c.Log("a connection to the guest ends: %s", l.fate)
			}
			return
		}
		for sent := false; !sent; {
			l.mu.Lock()
			if !l.busy {
				l.mu.Unlock()
				c.Log("a connection to the guest ends: a message that nobody waits for: %.200s", line)
				return
			}
			select {
			case l.lines <- line:
				sent = true
			default:
			}
			l.mu.Unlock()
			if !sent {
				<-l.room
			}
		}
	}
}

// next returns the guest's next message: errLost if there is none any more, or ctx's
// error, or nil and no error after quiet.
func (l *link) next(ctx context.Context, quiet <-chan time.Time) ([]byte, error) {
	select {
	case line := <-l.lines:
		return l.took(line), nil
	default:
	}
	select {
	case line := <-l.lines:
		return l.took(line), nil
	case <-l.ended:
		select {
		case line := <-l.lines:
			return line, nil
		default:
			return nil, errLost
		}
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-quiet:
		return nil, nil
	}
}

func (l *link) took(line []byte) []byte {
	l.tellRoom()
	return line
}

func (l *link) tellRoom() {
	select {
	case l.room <- struct{}{}:
	default:
	}
}

// send writes one line to the guest.
func (l *link) send(line []byte) error {
	_ = l.c.SetWriteDeadline(time.Now().Add(writeLimit))
	_, err := l.c.Write(line)
	return err
}
