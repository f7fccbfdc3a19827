package vm

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Directories are made while others sweep: a sweep may come between the making
// of a lock file and its locking, and may take no directory that is in use.
func TestMakeDirBesideSweeps(t *testing.T) {
	base, err := os.MkdirTemp("/tmp", "dirs") // short enough for sockets
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(base)
	t.Setenv("TMPDIR", base)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				dir, lock, err := makeDir() // sweeps, too
				if err != nil {
					t.Error(err)
					return
				}
				if !exists(filepath.Join(dir, dirLock)) {
					t.Errorf("%s was swept while in use", dir)
				}
				_ = os.RemoveAll(dir)
				lock.release()
			}
		})
	}
	wg.Wait()
}
