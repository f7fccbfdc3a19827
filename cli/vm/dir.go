package vm

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

const (
	dirPrefix = "unikai-"
	dirLock   = "lock" // in the directory, held while the VM lives
	dirTries  = 100    // each lost to a sweep that came at the wrong moment
)

// makeDir makes a VM's directory, and removes those of VMs whose process was
// killed before it could. The lock says that this one is in use.
//
// It goes where socket paths in it stay short enough: build systems like to
// set a TMPDIR that is longer than a socket's path may be.
func makeDir() (dir string, lock *pathLock, err error) {
	const longest = "/" + dirPrefix + "4294967295/" + guestSocket + "_4294967295"
	base, err := filepath.Abs(os.TempDir())
	if err != nil || len(base)+len(longest) > maxSocketPath {
		base = "/tmp"
	}
	sweep(base)
	for range dirTries {
		dir, err = os.MkdirTemp(base, dirPrefix)
		if err != nil {
			return "", nil, fmt.Errorf("vm: no directory for the sockets: %w", err)
		}
		if lock, _, err = lockFile(filepath.Join(dir, dirLock)); err == nil {
			return dir, lock, nil
		}
		_ = os.RemoveAll(dir)
		if !errors.Is(err, errLocked) && !errors.Is(err, os.ErrNotExist) {
			break
		}
		// Another VM's sweep came between the making of the lock file and its locking.
	}
	return "", nil, fmt.Errorf("vm: directory for the sockets: %w", err)
}

// sweep removes directories that nobody uses any more. One without a lock file
// is just being made, or not ours; it stays.
func sweep(base string) {
	locks, err := filepath.Glob(filepath.Join(base, dirPrefix+"*", dirLock))
	if err != nil {
		return
	}
	for _, name := range locks {
		if !exists(name) {
			continue
		}
		lock, _, err := lockFile(name)
		if errors.Is(err, errLocked) || err != nil {
			continue
		}
		_ = os.RemoveAll(filepath.Dir(name))
		lock.f.Close()
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
