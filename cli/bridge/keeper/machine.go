package keeper

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/unikernel-ai/unikernel-ai/cli/vm"
)

const (
	// steadyAfter is how long a guest must have run for its end to be taken for the first.
	steadyAfter = 10 * time.Second
	// mostFailures is how many guests in a row may end before that.
	mostFailures = 8
	// fateWait is how long the end of a connection may come before that of its VM.
	fateWait = 500 * time.Millisecond
)

// An Instance is one life of a VM; *vm.VM is one.
type Instance interface {
	Ready(ctx context.Context) error
	Dial(ctx context.Context, port uint32) (net.Conn, error)
	Ended() <-chan struct{}
	Wait() (vm.Exit, error)
	Stop()
}

var _ Instance = (*vm.VM)(nil)

// A Machine is a guest in a VM that is started again whenever it ends.
type Machine struct {
	// Start starts a VM.
	Start func(ctx context.Context) (Instance, error)
	// Port is the guest's MCP port.
	Port uint32
	// BootLimit is how long a guest may take until it listens.
	BootLimit time.Duration
	// Log is told, for people, what happens to the guest.
	Log func(format string, args ...any)

	stop context.CancelFunc
	gone chan struct{} // closed when run has ended

	mu      sync.Mutex
	now     Instance      // guarded by mu; the one that listens, or nil
	changed chan struct{} // guarded by mu; closed when now changes
	fate    string        // guarded by mu; of the one before
	err     error         // guarded by mu; why gone
}

var _ Guest = (*Machine)(nil)

// Run starts the guest and keeps it running until Stop. It returns at once.
func (m *Machine) Run() {
	ctx, stop := context.WithCancel(context.Background())
	m.stop, m.gone, m.changed = stop, make(chan struct{}), make(chan struct{})
	m.fate = "it has not booted yet"
	go m.run(ctx)
}

// Stop ends the guest and returns when nothing of it is left.
func (m *Machine) Stop() {
	m.stop()
	<-m.gone
}

// run is the life of the machine.
func (m *Machine) run(ctx context.Context) {
	defer close(m.gone)
	var b Backoff
	for booted := false; ; booted = true {
		began := time.Now()
		fate, err := m.live(ctx)
		switch {
		case ctx.Err() != nil:
			m.set(nil, fate, errStopped)
			return
		case !booted && err != nil:
			m.set(nil, fate, err)
			return
		}
		m.Log("the guest is gone: %s", fate)
		if time.Since(began) >= steadyAfter {
			b.Reset()
		}
		wait := b.Next()
		if b.failures >= mostFailures {
			m.set(nil, fate, fmt.Errorf("the guest ended %d times in a row, the last time: %s", b.failures, fate))
			return
		}
		m.set(nil, fate, nil)
		if Sleep(ctx, wait) != nil {
			m.set(nil, fate, errStopped)
			return
		}
	}
}

// live is one life of the VM: it says how it ended. The error is not nil if the guest
// never listened.
func (m *Machine) live(ctx context.Context) (fate string, err error) {
	v, err := m.Start(ctx)
	if err != nil {
		return "it did not start: " + err.Error(), err
	}
	defer v.Stop()
	began := time.Now()
	wait, cancel := context.WithTimeout(ctx, m.BootLimit)
	err = v.Ready(wait)
	cancel()
	if err != nil {
		return "it did not boot: " + err.Error(), err
	}
	m.Log("the guest listens, %v after its start", time.Since(began).Round(time.Millisecond))
	m.set(v, "", nil)
	select {
	case <-v.Ended():
	case <-ctx.Done():
		return "it was stopped", nil
	}
	exit, err := v.Wait()
	if err != nil {
		return err.Error(), nil
	}
	return fmt.Sprintf("it ended with exit code %d", exit.Code), nil
}

// set says which guest there is, and what became of the one before.
func (m *Machine) set(now Instance, fate string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now, m.err = now, err
	if now == nil {
		m.fate = fate
	}
	close(m.changed)
	m.changed = make(chan struct{})
}

// Dial implements Guest.
func (m *Machine) Dial(ctx context.Context) (net.Conn, error) {
	var failed error
	for b := (Backoff{}); ; {
		m.mu.Lock()
		now, changed, err, fate := m.now, m.changed, m.err, m.fate
		m.mu.Unlock()
		if err != nil {
			return nil, err
		}
		if now != nil {
			c, err := now.Dial(ctx, m.Port)
			if err == nil || ctx.Err() != nil {
				return c, err
			}
			failed = err
			wait, cancel := context.WithTimeout(ctx, b.Next())
			select {
			case <-changed:
			case <-wait.Done():
			}
			cancel()
			if ctx.Err() == nil {
				continue
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			if failed != nil {
				return nil, failed
			}
			return nil, fmt.Errorf("there is no guest: %s", fate)
		}
	}
}

// Fate implements Guest. A connection may end a moment before its VM is known to have.
func (m *Machine) Fate() string {
	limit := time.After(fateWait)
	for {
		m.mu.Lock()
		now, changed, fate := m.now, m.changed, m.fate
		m.mu.Unlock()
		if now == nil {
			return fate
		}
		select {
		case <-changed:
		case <-limit:
			return "it closed the connection"
		}
	}
}

// Gone implements Guest.
func (m *Machine) Gone() <-chan struct{} { return m.gone }

// Err implements Guest.
func (m *Machine) Err() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.err
}
