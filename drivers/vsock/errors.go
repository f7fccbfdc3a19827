package vsock

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/unikernel-ai/unikernel-ai/drivers/vsock/machine"
)

// errnos says which error of the operating system's sockets a Machine's
// errors are.
var errnos = []struct {
	err   error
	errno syscall.Errno
}{
	{machine.ErrRefused, syscall.ECONNREFUSED},
	{machine.ErrReset, syscall.ECONNRESET},
	{machine.ErrPipe, syscall.EPIPE},
	{machine.ErrTimeout, syscall.ETIMEDOUT},
	{machine.ErrInUse, syscall.EADDRINUSE},
	{machine.ErrNoRoom, syscall.ENOBUFS},
	{machine.ErrBadPort, syscall.EINVAL},
	{machine.ErrBadPeer, syscall.EHOSTUNREACH},
}

// sysError turns an error of package machine into what a system call of that
// name would have failed with.
func sysError(call string, err error) error {
	for _, e := range errnos {
		if errors.Is(err, e.err) {
			return os.NewSyscallError(call, e.errno)
		}
	}
	if errors.Is(err, machine.ErrClosed) {
		return net.ErrClosed
	}
	return err
}

// opError wraps err like package net. io.EOF stays what it is.
func opError(op string, source, addr net.Addr, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &net.OpError{Op: op, Net: network, Source: source, Addr: addr, Err: err}
}

// contextError is what package net makes of a context's error in Dial.
func contextError(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return dialTimeout{}
	}
	return err
}

// dialTimeout is the error of a dial whose context has reached its deadline.
type dialTimeout struct{}

func (dialTimeout) Error() string   { return "i/o timeout" }
func (dialTimeout) Timeout() bool   { return true }
func (dialTimeout) Temporary() bool { return true }
func (dialTimeout) Is(target error) bool {
	return target == context.DeadlineExceeded || target == os.ErrDeadlineExceeded
}
