package vm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"syscall"
	"time"

	"github.com/unikernel-ai/unikernel-ai/cli/dial"
)

// stopLimit is how long QEMU may take to end in order.
const stopLimit = 2 * time.Second

// A VM is a running guest. Its methods may be called from any goroutine.
type VM struct {
	config  Config
	dir     string
	lock    *pathLock // of dir
	link    link
	qemu    *process
	qmp     net.Conn
	console *console
	started time.Time

	ended    chan struct{} // closed when QEMU has ended and its console is read
	exit     Exit          // valid once ended
	exitErr  error         // valid once ended
	ready    chan struct{} // closed when the guest has said that it listens
	readyAt  time.Time     // valid once ready
	stopping chan struct{} // closed by Stop
	stop     sync.Once
}

// Start boots an image. It returns as soon as QEMU runs; see Ready.
//
// ctx bounds the start, not the VM. The error says what is missing: the image,
// QEMU, the daemon, KVM; nothing is left behind then.
func Start(ctx context.Context, c Config) (_ *VM, err error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	v := &VM{
		config: c, console: newConsole(c.Console, c.Line),
		ended: make(chan struct{}), ready: make(chan struct{}), stopping: make(chan struct{}),
	}
	defer func() {
		if err != nil {
			v.cleanUp()
		}
	}()
	if v.dir, v.lock, err = makeDir(); err != nil {
		return nil, err
	}
	if err := v.connect(ctx); err != nil {
		return nil, err
	}
	if err := v.boot(); err != nil {
		return nil, err
	}
	go v.awaitReady()
	return v, nil
}

// connect makes the link. The daemon must be there before QEMU.
func (v *VM) connect(ctx context.Context) error {
	if v.config.GuestCID != 0 {
		l, err := newKernelLink(&v.config)
		if err != nil {
			return err
		}
		v.link = l
		return nil
	}
	l, err := newUserLink(ctx, &v.config, v.dir)
	if err != nil {
		return err
	}
	v.link = l
	return nil
}

// boot starts QEMU.
func (v *VM) boot() error {
	qmp, theirs, err := qmpPair()
	if err != nil {
		return fmt.Errorf("vm: %w", err)
	}
	defer theirs.Close()
	out, in, err := os.Pipe()
	if err != nil {
		qmp.Close()
		return fmt.Errorf("vm: console: %w", err)
	}
	defer in.Close()
	cmd := exec.Command(v.config.QEMU, v.config.args(v.link.device())...)
	cmd.Dir = v.dir
	cmd.Stdout = in
	cmd.ExtraFiles = []*os.File{theirs} // qmpFD
	v.started = time.Now()
	if v.qemu, err = startProcess(cmd); err != nil {
		qmp.Close()
		out.Close()
		return err
	}
	v.qmp = qmp
	go v.follow(out)
	return nil
}

// follow reads QEMU's console and events to their ends and notes how it ended.
func (v *VM) follow(out *os.File) {
	reason := make(chan string, 1)
	halted := false
	go func() {
		reason <- watchQMP(v.qmp, func() {
			halted = true
			v.qemu.signal(syscall.SIGTERM)
		})
	}()
	v.console.pump(out)
	out.Close()
	<-v.qemu.gone
	r := <-reason
	v.qmp.Close()
	stopped := false
	select {
	case <-v.stopping:
		stopped = true
	default:
	}
	v.exit, v.exitErr = decodeExit(v.qemu.status, r, stopped)
	if halted && !stopped {
		v.exitErr = errors.New("vm: QEMU stopped the guest; where KVM did so, the accelerator tcg helps")
	}
	if v.exitErr != nil {
		v.exitErr = fmt.Errorf("%w%s; %s", v.exitErr, v.qemu.words(), v.console.tail())
	}
	close(v.ended)
}

// awaitReady waits for the guest's call.
func (v *VM) awaitReady() {
	c, err := v.link.ready().Accept()
	if err != nil {
		return // stopped
	}
	v.readyAt = time.Now()
	c.Close()
	close(v.ready)
}

// Started returns when QEMU was started.
func (v *VM) Started() time.Time { return v.started }

// ReadyAt returns when the guest said that it listens, or the zero time.
func (v *VM) ReadyAt() time.Time {
	select {
	case <-v.ready:
		return v.readyAt
	default:
		return time.Time{}
	}
}

// Accel returns how QEMU runs the guest, TCG or KVM.
func (v *VM) Accel() Accel { return v.config.Accel }

// Addr returns the address of a port of the guest, for other programs.
func (v *VM) Addr(port uint32) dial.Addr { return v.link.addr(port) }

// Ready waits until the guest listens. The error says why it does not: it
// ended (with its exit code and last words), or ctx did.
func (v *VM) Ready(ctx context.Context) error {
	select {
	case <-v.ready:
		return nil
	case <-v.ended:
		if v.exitErr != nil {
			return v.exitErr
		}
		if v.exit.Stopped {
			return errors.New("vm: stopped")
		}
		return fmt.Errorf("vm: the guest ended with exit code %d before it listened; %s", v.exit.Code, v.console.tail())
	case <-ctx.Done():
		return fmt.Errorf("vm: the guest did not say within %v that it listens (%w); %s",
			time.Since(v.started).Round(time.Millisecond), context.Cause(ctx), v.console.tail())
	}
}

// Dial waits until the guest listens, and connects to one of its ports. The
// connection has no half-close: CloseWrite ends both directions.
func (v *VM) Dial(ctx context.Context, port uint32) (net.Conn, error) {
	if err := v.Ready(ctx); err != nil {
		return nil, err
	}
	c, err := v.Addr(port).Dial(ctx)
	if err == nil {
		return c, nil
	}
	select {
	case <-v.ended:
		return nil, fmt.Errorf("vm: port %d: the guest has ended; %s", port, v.console.tail())
	default:
	}
	if dead := v.link.alive(); dead != nil {
		return nil, fmt.Errorf("vm: port %d: %w", port, dead)
	}
	return nil, fmt.Errorf("vm: port %d: %w%s", port, err, v.link.words())
}

// Console returns the last lines of the guest's console, up to 4096.
func (v *VM) Console() []Line {
	lines, _, _ := v.console.since(0)
	return lines
}

// Expect waits for a line of the console, old or new, that matches re.
func (v *VM) Expect(ctx context.Context, re *regexp.Regexp) (Line, error) {
	for n := 0; ; {
		lines, next, more := v.console.since(n)
		for _, l := range lines {
			if re.MatchString(l.Text) {
				return l, nil
			}
		}
		if n != next {
			n = next
			continue
		}
		select {
		case <-more:
		case <-v.ended:
			if _, last, _ := v.console.since(n); last == n {
				return Line{}, fmt.Errorf("vm: the guest ended without a line %q; %s", re, v.console.tail())
			}
		case <-ctx.Done():
			return Line{}, fmt.Errorf("vm: no line %q (%w); %s", re, context.Cause(ctx), v.console.tail())
		}
	}
}

// Ended returns a channel that is closed when the VM has ended.
func (v *VM) Ended() <-chan struct{} { return v.ended }

// Wait waits until the VM has ended, by itself or by Stop. The error is about
// guests that ended without an exit code, with their last words.
func (v *VM) Wait() (Exit, error) {
	<-v.ended
	return v.exit, v.exitErr
}

// PIDs returns the process numbers of QEMU and of the daemon, 0 if there is none.
func (v *VM) PIDs() (qemu, daemon int) {
	if l, ok := v.link.(*userLink); ok {
		daemon = l.daemon.cmd.Process.Pid
	}
	return v.qemu.cmd.Process.Pid, daemon
}

// Stop ends the VM in order, then by force, and removes all that Start made.
// It returns when nothing is left. Further calls do nothing.
func (v *VM) Stop() {
	v.stop.Do(func() {
		close(v.stopping)
		v.cleanUp()
	})
}

// cleanUp undoes Start, as far as it came: QEMU first, the daemon after.
func (v *VM) cleanUp() {
	if v.qemu != nil {
		v.qemu.stop(stopLimit)
		<-v.ended
	}
	if v.link != nil {
		v.link.close()
	}
	if v.dir != "" {
		_ = os.RemoveAll(v.dir)
		v.lock.f.Close()
	}
}
