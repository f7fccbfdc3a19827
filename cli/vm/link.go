package vm

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/mdlayher/vsock"

	"github.com/unikernel-ai/unikernel-ai/cli/dial"
)

// A link joins the guest's vsock device with the host.
type link interface {
	// device returns QEMU's arguments for the vsock device.
	device() []string
	// ready returns the listener that the guest reaches at the host's port.
	ready() net.Listener
	// addr returns the address of a port of the guest.
	addr(port uint32) dial.Addr
	// words returns what the link last said, for an error: a daemon outlives
	// the panic of its worker thread.
	words() string
	// alive returns why the guest cannot be reached, or nil.
	alive() error
	// close ends the link. QEMU must have ended.
	close()
}

const (
	controlSocket = "control" // QEMU to daemon
	guestSocket   = "vsock"   // host programs to daemon
	maxSocketPath = dial.MaxPath
	guestCID      = 3               // each daemon has one guest, so all can have the same
	daemonLimit   = 5 * time.Second // for the daemon to make its socket
)

// A userLink is a vhost-device-vsock daemon with its sockets.
type userLink struct {
	daemon   *process
	control  string       // path
	guest    string       // path
	listener net.Listener // at the guest's path with _PORT
	lock     *pathLock    // of a path of the caller's, or nil
}

// newUserLink starts a daemon in dir and waits until QEMU can reach it.
func newUserLink(ctx context.Context, c *Config, dir string) (_ *userLink, err error) {
	l := &userLink{control: filepath.Join(dir, controlSocket), guest: filepath.Join(dir, guestSocket)}
	defer func() {
		if err != nil {
			l.close()
		}
	}()
	if c.Socket != "" {
		if l.guest, err = filepath.Abs(c.Socket); err != nil {
			return nil, fmt.Errorf("vm: socket: %w", err)
		}
		readyPath := fmt.Sprintf("%s_%d", l.guest, c.ReadyPort)
		if err := dial.CheckPath(readyPath); err != nil {
			return nil, fmt.Errorf("vm: socket %s: %w", readyPath, err)
		}
		if l.lock, err = lockPath(l.guest); err != nil {
			return nil, err
		}
		for _, p := range []string{l.guest, readyPath} {
			if err := removeSocket(p); err != nil {
				return nil, err
			}
		}
	}
	// Before the daemon runs: a guest must never find nobody there.
	if l.listener, err = net.Listen("unix", fmt.Sprintf("%s_%d", l.guest, c.ReadyPort)); err != nil {
		return nil, fmt.Errorf("vm: listen for the guest: %w", err)
	}
	cmd := exec.Command(c.Daemon, "--guest-cid", strconv.Itoa(guestCID), "--socket", l.control, "--uds-path", l.guest)
	cmd.Dir = dir
	if l.daemon, err = startProcess(cmd); err != nil {
		return nil, err
	}
	return l, l.await(ctx)
}

// await waits for the daemon's control socket.
func (l *userLink) await(ctx context.Context) error {
	tick := time.NewTicker(500 * time.Microsecond)
	defer tick.Stop()
	limit := time.After(daemonLimit)
	for {
		if _, err := os.Stat(l.control); err == nil {
			return nil
		}
		select {
		case <-l.daemon.gone:
			return fmt.Errorf("vm: %w", l.daemon.alive())
		case <-ctx.Done():
			return fmt.Errorf("vm: waiting for %s: %w", l.daemon.name, context.Cause(ctx))
		case <-limit:
			return fmt.Errorf("vm: %s made no socket within %v%s", l.daemon.name, daemonLimit, l.daemon.words())
		case <-tick.C:
		}
	}
}

func (l *userLink) device() []string {
	return []string{
		// No reconnect: QEMU 11 with this daemon does not survive the option.
		"-chardev", "socket,id=vsock,path=" + optionValue(l.control),
		"-device", "vhost-user-vsock-device,chardev=vsock",
	}
}

func (l *userLink) ready() net.Listener { return l.listener }
func (l *userLink) alive() error        { return l.daemon.alive() }
func (l *userLink) words() string       { return l.daemon.words() }
func (l *userLink) addr(port uint32) dial.Addr {
	return dial.Addr{Network: dial.Unix, Path: l.guest, Port: port}
}

func (l *userLink) close() {
	if l.daemon != nil {
		l.daemon.stop(time.Second)
	}
	if l.listener != nil {
		l.listener.Close() // removes its socket, too
	}
	if l.lock != nil {
		_ = os.Remove(l.guest)
		l.lock.release()
	}
}

// A kernelLink is the host's own AF_VSOCK.
type kernelLink struct {
	cid      uint32
	listener net.Listener
}

// newKernelLink listens on a free port of the host's AF_VSOCK and has the
// guest dial that one: the port is shared by all guests of this host.
func newKernelLink(c *Config) (*kernelLink, error) {
	l, err := vsock.Listen(0, nil)
	if err != nil {
		return nil, fmt.Errorf("vm: the host's AF_VSOCK: %w (is vhost_vsock loaded?)", err)
	}
	c.ReadyPort = l.Addr().(*vsock.Addr).Port
	return &kernelLink{cid: c.GuestCID, listener: l}, nil
}

func (l *kernelLink) device() []string {
	return []string{"-device", fmt.Sprintf("vhost-vsock-device,guest-cid=%d", l.cid)}
}

func (l *kernelLink) ready() net.Listener { return l.listener }
func (l *kernelLink) alive() error        { return nil }
func (l *kernelLink) words() string       { return "" }
func (l *kernelLink) close()              { l.listener.Close() }
func (l *kernelLink) addr(port uint32) dial.Addr {
	return dial.Addr{Network: dial.VSock, CID: l.cid, Port: port}
}
