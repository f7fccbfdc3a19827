package stdio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/unikernel-ai/unikernel-ai/cli/bridge/keeper"
	"github.com/unikernel-ai/unikernel-ai/cli/bridge/rpc"
)

// Config says what to join. All fields must be set but the limits.
type Config struct {
	Guest keeper.Guest
	In    io.Reader // the client's lines; one Read of it may outlast Run
	Out   io.Writer // the client; written by one goroutine at a time, whole lines
	Log   func(format string, args ...any)

	// MaxLine is the longest message in bytes that is passed on, either way; 0 is 64 MiB.
	MaxLine int
	// Wait is how long the client's messages wait for a guest; 0 is 60 s.
	Wait time.Duration
	// Drain is how long answers may take after the end of the client's stream; 0 is 5 s.
	Drain time.Duration
}

const (
	defaultMaxLine = 64 << 20
	defaultWait    = 60 * time.Second
	defaultDrain   = 5 * time.Second
	// writeLimit is how long the guest may leave a line unread. Its own limit for half a
	// message is shorter.
	writeLimit = 60 * time.Second
	// leaveLimit is how long the client may leave the last messages unread.
	leaveLimit = time.Second
	// settled is how long a connection must have lasted for the next to be tried at once.
	settled = time.Second
)

// errClientDone is why serve ends when the client has.
var errClientDone = errors.New("the client has ended its stream")

// A bridge is one client's session.
type bridge struct {
	Config
	lines   chan []byte   // from the client
	eof     chan struct{} // closed behind the last of lines
	inErr   error         // why lines ended, if not by end of stream; valid once eof
	leaving chan struct{} // closed when only answers are waited for
	leave   sync.Once     // closes leaving
	pending []byte        // the line that is to be sent next, or nil

	outMu  sync.Mutex
	outErr error // guarded by outMu; the client does not read any more

	state
}

// Run joins client and guest until the client's stream ends, ctx does, or the guest is
// gone for good. The end of stream and of ctx are no errors.
func Run(ctx context.Context, c Config) error {
	setDefault(&c.MaxLine, defaultMaxLine)
	setDefault(&c.Wait, defaultWait)
	setDefault(&c.Drain, defaultDrain)
	b := &bridge{Config: c, lines: make(chan []byte), eof: make(chan struct{}), leaving: make(chan struct{})}
	b.state.reset()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go b.read(ctx)
	done := make(chan error, 1)
	go func() { done <- b.run(ctx) }()
	err := b.await(ctx, done)
	switch {
	case ctx.Err() != nil:
		return nil
	case errors.Is(err, errClientDone):
		return b.inErr
	}
	return err
}

// await waits for the end of run. A client that does not read could delay it for ever: not
// beyond leaveLimit after the moment at which it is due.
func (b *bridge) await(ctx context.Context, done <-chan error) error {
	limit := time.NewTimer(0)
	limit.Stop() // there is none yet
	defer limit.Stop()
	eof, leaving, ended := b.eof, b.leaving, ctx.Done()
	for {
		select {
		case err := <-done:
			return err
		case <-eof: // the last lines may still wait for a guest
			eof = nil
			limit.Reset(b.Wait + b.Drain + leaveLimit)
		case <-leaving:
			eof, leaving = nil, nil
			limit.Reset(b.Drain + leaveLimit)
		case <-ended:
			eof, leaving, ended = nil, nil, nil
			limit.Reset(leaveLimit)
		case <-limit.C:
			return errClientDone
		}
	}
}

func setDefault[T comparable](p *T, v T) {
	if zero := *new(T); *p == zero {
		*p = v
	}
}

// read hands over the client's lines.
func (b *bridge) read(ctx context.Context) {
	defer close(b.eof)
	for r := rpc.NewReader(b.In, b.MaxLine); ; {
		line, err := r.Next()
		switch {
		case errors.Is(err, rpc.ErrTooLong):
			b.say(rpc.AppendError(nil, nil, rpc.CodeInvalidRequest, fmt.Sprintf("message is longer than the bridge's limit of %d bytes", b.MaxLine)))
			continue
		case err == io.ErrUnexpectedEOF:
			line = append(line, '\n')
		case err == io.EOF:
			return
		case err != nil:
			b.inErr = fmt.Errorf("read from the client: %w", err)
			return
		}
		select {
		case b.lines <- line:
		case <-ctx.Done():
			return
		}
	}
}

// say writes one message of the bridge's own to the client.
func (b *bridge) say(message []byte) { b.pass(append(message, '\n')) }

// pass writes whole lines to the client.
func (b *bridge) pass(line []byte) {
	b.outMu.Lock()
	defer b.outMu.Unlock()
	if b.outErr == nil {
		_, b.outErr = b.Out.Write(line)
	}
}

// deaf returns why the client cannot be written to, or nil.
func (b *bridge) deaf() error {
	b.outMu.Lock()
	defer b.outMu.Unlock()
	if b.outErr != nil {
		return fmt.Errorf("write to the client: %w", b.outErr)
	}
	return nil
}

// run connects to one guest after the other.
func (b *bridge) run(ctx context.Context) error {
	var wait keeper.Backoff
	for {
		if err := b.awaitWork(ctx); err != nil {
			return err
		}
		c, err := b.connect(ctx)
		if err != nil {
			return err
		}
		began := time.Now()
		err = b.serve(ctx, c)
		c.Close()
		if err := errors.Join(b.deaf(), ctx.Err()); err != nil {
			return err
		}
		if errors.Is(err, errClientDone) || errors.Is(err, errChanged) {
			b.lose(err.Error())
			return err
		}
		fate := b.Guest.Fate()
		b.Log("lost the guest: %s", fate)
		b.lose("the guest is gone: " + fate + "; it may or may not have done what this request asks")
		if time.Since(began) >= settled {
			wait.Reset()
		} else if keeper.Sleep(ctx, wait.Next()) != nil {
			return ctx.Err()
		}
	}
}

// awaitWork returns when a connection is needed: a guest closes one that has no
// handshake, so none is made before the client speaks.
func (b *bridge) awaitWork(ctx context.Context) error {
	if b.pending != nil || b.shaken() {
		return nil
	}
	select {
	case b.pending = <-b.lines:
		return nil
	case <-b.eof:
		return errClientDone
	case <-b.Guest.Gone():
		return b.Guest.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// connect dials the guest. What the client writes meanwhile waits, Config.Wait at
// most; after that its requests are answered with errors.
func (b *bridge) connect(ctx context.Context) (net.Conn, error) {
	type dialed struct {
		c   net.Conn
		err error
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan dialed, 1)
	go func() {
		c, err := b.Guest.Dial(ctx)
		done <- dialed{c, err}
	}()
	late := time.NewTimer(b.Wait)
	defer late.Stop()
	var lines chan []byte // nil until it is late
	eof := b.eof
	for {
		select {
		case d := <-done:
			if d.err != nil {
				b.turnAway("there is no guest: " + d.err.Error())
			}
			return d.c, d.err
		case <-late.C:
			b.Log("no guest for %v: requests are refused until there is one", b.Wait)
			b.turnAway("there is no guest: " + b.Guest.Fate())
			lines = b.lines
		case b.pending = <-lines:
			b.turnAway("there is no guest: " + b.Guest.Fate())
		case <-eof:
			if b.pending == nil {
				cancel()
				if d := <-done; d.c != nil {
					d.c.Close()
				}
				return nil, errClientDone
			}
			eof = nil // the last line may still get its answer
		}
	}
}

// turnAway answers the line that waits for a guest.
func (b *bridge) turnAway(why string) {
	if b.pending == nil {
		return
	}
	line := b.pending
	b.pending = nil
	b.fromClient(line)
	b.refuse(rpc.CodeGuestDown, why)
}

// lose answers everything that waits for the guest.
func (b *bridge) lose(why string) { b.refuse(rpc.CodeGuestLost, why) }

func (b *bridge) refuse(code int, why string) {
	for _, m := range b.abandon(code, why) {
		b.say(m)
	}
}

// serve passes lines both ways until one side ends.
func (b *bridge) serve(ctx context.Context, c net.Conn) error {
	in := rpc.NewReader(c, b.MaxLine)
	if err := b.replay(c, in); err != nil {
		return err
	}
	lost := make(chan error, 1)
	go func() { lost <- b.listen(in) }()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	defer func() {
		c.Close()
		if lost != nil {
			<-lost
		}
	}()
	eof := b.eof
	var drain <-chan time.Time
	for {
		if b.pending != nil {
			line := b.pending
			n, err := b.forward(c, b.fromClient(line))
			if err == nil || n > 0 {
				b.pending = nil
			} else {
				b.unsent(line) // the next guest gets it: this one has seen nothing of it
			}
			if err != nil {
				return err
			}
		}
		var answered <-chan struct{}
		if eof == nil {
			answered = b.whenIdle()
		}
		select {
		case b.pending = <-b.lines:
		case err := <-lost:
			lost = nil
			return err
		case <-eof:
			eof, drain = nil, time.After(b.Drain)
			b.leave.Do(func() { close(b.leaving) })
		case <-answered:
			return errClientDone
		case <-drain:
			return errClientDone
		}
	}
}

// forward writes a line, if there is one, to the guest and returns how much it took.
func (b *bridge) forward(c net.Conn, line []byte) (int, error) {
	if len(line) == 0 {
		return 0, nil
	}
	_ = c.SetWriteDeadline(time.Now().Add(writeLimit))
	return c.Write(line)
}

// listen passes the guest's lines to the client.
func (b *bridge) listen(in *rpc.Reader) error {
	for {
		line, err := in.Next()
		if errors.Is(err, rpc.ErrTooLong) {
			b.Log("a message of the guest was dropped: %v", err)
			continue
		}
		if err != nil {
			return err
		}
		b.pass(b.fromGuest(line))
		if err := b.deaf(); err != nil {
			return err
		}
	}
}
