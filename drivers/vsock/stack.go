package vsock

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"sync"
	"time"

	"github.com/unikernel-ai/unikernel-ai/drivers/vsock/machine"
	"github.com/unikernel-ai/unikernel-ai/drivers/vsock/packet"
)

// Config is what a Stack may be told. The zero Config is good for a guest.
type Config struct {
	Limits machine.Limits
	// Logf, if set, is told what a person who runs the guest should know.
	Logf func(format string, args ...any)
}

// A Stack is all the sockets over one Carrier. Its methods may be called from
// any goroutine.
type Stack struct {
	config  Config
	carrier Carrier
	start   time.Time // where the machine's time begins
	done    chan struct{}

	mu      sync.Mutex
	machine *machine.Machine // guarded by mu
	starved []*Conn          // guarded by mu: wait for room in the carrier
	timer   *time.Timer      // guarded by mu: calls tick
	timerAt time.Duration    // guarded by mu: when, 0 for not at all
	err     error            // guarded by mu: why the stack is dead
	wakes   uint64           // guarded by mu
}

// burst is how many packets are taken in one go with the lock held.
const burst = 64

// New starts a Stack over a carrier, which it owns from then on.
func New(carrier Carrier, config Config) (*Stack, error) {
	cid, err := carrier.CID()
	if err != nil {
		return nil, fmt.Errorf("vsock: read own address: %w", err)
	}
	if config.Logf == nil {
		config.Logf = func(string, ...any) {}
	}
	s := &Stack{
		config:  config,
		carrier: carrier,
		start:   time.Now(),
		done:    make(chan struct{}),
		machine: machine.New(cid, config.Limits),
	}
	go s.run()
	return s, nil
}

// CID returns our own address.
func (s *Stack) CID() uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.machine.CID()
}

// Stats is what a Stack has done so far.
type Stats struct {
	machine.Stats
	Wakes uint64 // times that the carrier woke us, from interrupts mostly
}

// Stats returns the counters.
func (s *Stack) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{Stats: s.machine.Stats(), Wakes: s.wakes}
}

// Close ends the carrier and with it every connection and listener.
func (s *Stack) Close() error {
	s.carrier.Stop()
	<-s.done
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.carrier.Close()
}

// run moves packets until the carrier ends. It is the one goroutine that
// receives.
func (s *Stack) run() {
	defer close(s.done)
	for {
		more, err := s.poll()
		if err == nil && !more {
			err = s.carrier.Wait()
		}
		if err != nil {
			s.die(err)
			return
		}
		if more {
			// Let those run who have just been given something.
			runtime.Gosched()
		}
	}
}

// poll takes what has arrived, up to a burst, and sends what that asks for. It
// reports whether there is more to do now.
func (s *Stack) poll() (more bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wakes++
	for n := 0; s.machine.CanReceive(); n++ {
		if n == burst {
			s.pump()
			return true, nil
		}
		b, err := s.carrier.Receive()
		if errors.Is(err, ErrTransportReset) {
			if err := s.reset(); err != nil {
				return false, err
			}
			continue
		}
		if err != nil {
			return false, err
		}
		if b == nil {
			s.pump()
			return false, nil
		}
		// The header is copied out of shared memory once; only the copy is used.
		if h, err := packet.Decode(b); err == nil {
			s.machine.Receive(h, b[packet.HeaderSize:])
		}
		s.carrier.Release()
	}
	// Answers wait for room to send; packets have to wait for them.
	s.pump()
	return s.machine.CanReceive(), nil
}

// pump sends what the machine has to say and tells owners what has changed.
// Caller holds mu.
func (s *Stack) pump() {
	room := s.control()
	if room && len(s.starved) > 0 && s.carrier.Buffer(packet.MaxPayload) != nil {
		for i, c := range s.starved {
			c.starving = false
			c.write.cond.Broadcast()
			s.starved[i] = nil
		}
		s.starved = s.starved[:0]
	}
	for owner, event, ok := s.machine.NextEvent(); ok; owner, event, ok = s.machine.NextEvent() {
		switch o := owner.(type) {
		case *Listener:
			o.gate.cond.Broadcast()
		case *Conn:
			if event&machine.EventRead != 0 {
				o.read.cond.Broadcast()
			}
			if event&machine.EventWrite != 0 {
				o.write.cond.Broadcast()
			}
		}
	}
	s.carrier.Flush()
	s.wind()
}

// control sends packets without payload until there are none, and reports
// whether it could. Caller holds mu.
func (s *Stack) control() bool {
	for s.machine.Pending() {
		b := s.carrier.Buffer(0)
		if b == nil {
			return false
		}
		h, _ := s.machine.Next()
		h.AppendTo(b[:0])
		s.carrier.Send(packet.HeaderSize)
	}
	return true
}

// now returns the machine's time.
func (s *Stack) now() time.Duration { return time.Since(s.start) }

// wind sets the timer for the machine's next deadline, if it is not set to
// something sooner. Caller holds mu.
func (s *Stack) wind() {
	at, ok := s.machine.Deadline()
	if !ok || s.timerAt != 0 && s.timerAt <= at {
		return
	}
	s.timerAt = max(at, 1)
	if d := at - s.now(); s.timer == nil {
		s.timer = time.AfterFunc(d, s.tick)
	} else {
		s.timer.Reset(d)
	}
}

// tick runs when the timer goes off.
func (s *Stack) tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timerAt = 0
	if s.err != nil {
		return
	}
	s.machine.Tick(s.now())
	s.pump()
}

// reset follows the carrier's reset. Caller holds mu.
func (s *Stack) reset() error {
	cid, err := s.carrier.CID()
	if err != nil {
		return fmt.Errorf("vsock: read own address after a reset: %w", err)
	}
	s.config.Logf("vsock: transport was reset, own address is %d", cid)
	s.machine.Reset(cid)
	return nil
}

// die ends everything for the reason err.
func (s *Stack) die(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !errors.Is(err, net.ErrClosed) {
		s.config.Logf("vsock: device is lost: %v", err)
	}
	s.err = err
	s.machine.Reset(s.machine.CID())
	s.machine.CloseListeners()
	for _, c := range s.starved {
		c.write.cond.Broadcast()
	}
	s.starved = nil
	if s.timer != nil {
		s.timer.Stop()
	}
	for owner, _, ok := s.machine.NextEvent(); ok; owner, _, ok = s.machine.NextEvent() {
		switch o := owner.(type) {
		case *Listener:
			o.gate.cond.Broadcast()
		case *Conn:
			o.read.cond.Broadcast()
			o.write.cond.Broadcast()
		}
	}
}
