package vm

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// A pathLock is the right to make a socket at a path, or to a VM's directory:
// an exclusive lock on a file. The kernel drops it when its holder dies.
type pathLock struct{ f *os.File }

// errLocked says that another process has a lock.
var errLocked = errors.New("locked")

// lockPath takes the lock of a path, which is a file beside it. The error says
// who has it.
func lockPath(path string) (*pathLock, error) {
	l, owner, err := lockFile(path + ".lock")
	if errors.Is(err, errLocked) {
		return nil, fmt.Errorf("vm: socket: %s belongs to a VM that runs (process %s)", path, owner)
	}
	if err != nil {
		return nil, fmt.Errorf("vm: socket: %w", err)
	}
	return l, nil
}

// lockFile takes the lock of a file, which it makes if need be. If another
// process has it, it returns errLocked and that process's number.
func lockFile(name string) (l *pathLock, owner string, err error) {
	for {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, "", err
		}
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
			b := make([]byte, 32)
			n, _ := f.Read(b)
			f.Close()
			if errors.Is(err, unix.EWOULDBLOCK) {
				return nil, strings.TrimSpace(string(b[:n])), errLocked
			}
			return nil, "", fmt.Errorf("lock %s: %w", name, err)
		}
		if isAt(f, name) {
			_ = f.Truncate(0)
			_, _ = fmt.Fprintln(f, os.Getpid())
			return &pathLock{f}, "", nil
		}
		f.Close() // its holder removed it between our opening and locking
	}
}

// isAt reports whether f is the file that name leads to.
func isAt(f *os.File, name string) bool {
	a, err := f.Stat()
	if err != nil {
		return false
	}
	b, err := os.Stat(name)
	return err == nil && os.SameFile(a, b)
}

// release removes the lock file, then gives up the lock.
func (l *pathLock) release() {
	_ = os.Remove(l.f.Name())
	l.f.Close()
}

// removeSocket removes a socket that a VM left behind. It refuses to remove
// anything else.
func removeSocket(path string) error {
	st, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("vm: socket: %w", err)
	}
	if st.Mode().Type() != os.ModeSocket {
		return fmt.Errorf("vm: socket: %s exists and is not a socket", path)
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("vm: socket: %w", err)
	}
	return nil
}

// optionValue writes s as the value of one of QEMU's key=value options, in
// which a comma is doubled.
func optionValue(s string) string { return strings.ReplaceAll(s, ",", ",,") }
