package keeper

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/unikernel-ai/unikernel-ai/cli/vm"
)

// A fakeVM is a VM that boots and ends when it is told to.
type fakeVM struct {
	boot     time.Duration // until it listens; negative: it ends before
	life     time.Duration // from then until it ends; 0: until Stop
	code     int
	ended    chan struct{}
	ready    chan struct{}
	stopOnce sync.Once
	stopped  chan struct{}
}

func (f *fakeVM) start() *fakeVM {
	f.ended, f.ready, f.stopped = make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(f.ended)
		if f.boot < 0 {
			time.Sleep(-f.boot)
			return
		}
		select {
		case <-time.After(f.boot):
		case <-f.stopped:
			return
		}
		close(f.ready)
		if f.life == 0 {
			<-f.stopped
			return
		}
		select {
		case <-time.After(f.life):
		case <-f.stopped:
		}
	}()
	return f
}

func (f *fakeVM) Ready(ctx context.Context) error {
	select {
	case <-f.ready:
		return nil
	case <-f.ended:
		return errors.New("no boot")
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *fakeVM) Dial(ctx context.Context, port uint32) (net.Conn, error) {
	select {
	case <-f.ended:
		return nil, errors.New("dial: nobody there")
	default:
	}
	if port != 1024 {
		return nil, fmt.Errorf("port %d", port)
	}
	a, b := net.Pipe()
	b.Close()
	return a, nil
}

func (f *fakeVM) Ended() <-chan struct{} { return f.ended }
func (f *fakeVM) Wait() (vm.Exit, error) { <-f.ended; return vm.Exit{Code: f.code}, nil }
func (f *fakeVM) Stop()                  { f.stopOnce.Do(func() { close(f.stopped) }) }

// machine runs a Machine whose VMs are given; there must be no more.
func machine(t *testing.T, lives ...*fakeVM) (*Machine, *atomic.Int64) {
	n := new(atomic.Int64)
	m := &Machine{Port: 1024, BootLimit: 10 * time.Second, Log: func(string, ...any) {}}
	m.Start = func(context.Context) (Instance, error) {
		i := int(n.Add(1)) - 1
		if i >= len(lives) {
			return nil, errors.New("no more lives")
		}
		return lives[i].start(), nil
	}
	m.Run()
	return m, n
}

func TestDialWaitsForTheBoot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, _ := machine(t, &fakeVM{boot: 3 * time.Second})
		begin := time.Now()
		c, err := m.Dial(t.Context())
		if err != nil || time.Since(begin) != 3*time.Second {
			t.Fatalf("Dial: %v after %v, want a connection after 3 s", err, time.Since(begin))
		}
		c.Close()
		m.Stop()
		if _, err := m.Dial(t.Context()); !errors.Is(err, errStopped) {
			t.Errorf("Dial after Stop: %v", err)
		}
		select {
		case <-m.Gone():
		default:
			t.Error("not gone after Stop")
		}
	})
}

func TestGuestIsStartedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, n := machine(t, &fakeVM{boot: time.Second, life: time.Minute, code: 3}, &fakeVM{boot: time.Second})
		time.Sleep(time.Minute + time.Second + time.Millisecond)
		if fate := m.Fate(); fate != "it ended with exit code 3" {
			t.Errorf("Fate() = %q", fate)
		}
		begin := time.Now()
		c, err := m.Dial(t.Context())
		if d := time.Since(begin); err != nil || d > time.Second+firstWait {
			t.Fatalf("Dial: %v after %v", err, d)
		}
		c.Close()
		if n.Load() != 2 {
			t.Errorf("%d starts, want 2", n.Load())
		}
		m.Stop()
	})
}

func TestDialEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, _ := machine(t, &fakeVM{boot: 9 * time.Second})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := m.Dial(ctx); err == nil || !strings.Contains(err.Error(), "has not booted yet") {
			t.Errorf("Dial: %v", err)
		}
		m.Stop()
	})
}

func TestFirstBootThatFailsEndsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, lives := range [][]*fakeVM{nil, {{boot: -time.Second}}, {{boot: time.Hour}}} {
			m, _ := machine(t, lives...)
			if _, err := m.Dial(t.Context()); err == nil {
				t.Error("Dial found a guest")
			}
			<-m.Gone()
			if m.Err() == nil {
				t.Error("gone without a reason")
			}
			m.Stop()
		}
	})
}

// A guest that keeps ending is given up, after waits that grow and stay bounded.
func TestGuestThatKeepsEndingIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lives []*fakeVM
		for range mostFailures {
			lives = append(lives, &fakeVM{boot: time.Second, life: time.Second, code: 7})
		}
		m, n := machine(t, lives...)
		begin := time.Now()
		<-m.Gone()
		if n.Load() != mostFailures || !strings.Contains(m.Err().Error(), "8 times in a row") || !strings.Contains(m.Err().Error(), "exit code 7") {
			t.Errorf("%d starts, %v", n.Load(), m.Err())
		}
		// 8 lives of 2 s, and waits of 0.1+0.2+0.4+...+6.4 s between them.
		if d, want := time.Since(begin), 16*time.Second+12700*time.Millisecond; d != want {
			t.Errorf("given up after %v, want %v", d, want)
		}
		m.Stop()
	})
}

func TestSteadyGuestIsNotGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lives []*fakeVM
		for range 3 * mostFailures {
			lives = append(lives, &fakeVM{life: steadyAfter})
		}
		lives = append(lives, &fakeVM{})
		m, n := machine(t, lives...)
		time.Sleep(time.Hour)
		if int(n.Load()) != len(lives) {
			t.Errorf("%d starts, want %d", n.Load(), len(lives))
		}
		if m.Err() != nil {
			t.Error(m.Err())
		}
		m.Stop()
	})
}

func TestFateOfAConnectionAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, _ := machine(t, &fakeVM{})
		synctest.Wait()
		if fate := m.Fate(); fate != "it closed the connection" {
			t.Errorf("Fate() = %q", fate)
		}
		m.Stop()
	})
}

func TestRemoteIsDialledAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		r := &Remote{Connect: func(context.Context) (net.Conn, error) {
			if tries++; tries < 5 {
				return nil, errors.New("not yet")
			}
			a, _ := net.Pipe()
			return a, nil
		}}
		begin := time.Now()
		c, err := r.Dial(t.Context())
		if err != nil || time.Since(begin) != 1500*time.Millisecond { // 0.1+0.2+0.4+0.8
			t.Fatalf("Dial: %v after %v", err, time.Since(begin))
		}
		c.Close()
		tries = -1 << 30
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := r.Dial(ctx); err == nil || err.Error() != "not yet" {
			t.Errorf("Dial: %v, want the last reason", err)
		}
	})
}
