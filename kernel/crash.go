package kernel

import (
	"syscall"
	"time"
)

// Crash is how the boot before this one ended, if it ended with a code other than 0 and the
// VM kept its memory, as QEMU does over a reset. The kernel finds it in memory that
// others may have written to: what it says is a hint.
type Crash struct {
	Code   int           // exit code, as in the package comment
	Uptime time.Duration // from the first instruction to the end
	At     time.Time     // zero if the time was not known
	size   int
}

// maxCrashText bounds what is believed of the text's size: kernel/crash.MaxText.
const maxCrashText = 64 << 10

// LastCrash returns how the boot before ended; ok is false if nothing is known of that.
func LastCrash() (c Crash, ok bool, err error) {
	var v [4]uint64 // size, code, uptime, wall
	_, errno := callWords(callCrash, v[:])
	switch {
	case errno == syscall.ENOENT:
		return Crash{}, false, nil
	case errno != 0:
		return Crash{}, false, failure("read the crash record", errno)
	}
	c = Crash{Code: int(v[1]), Uptime: time.Duration(v[2]), size: int(min(v[0], maxCrashText))}
	if v[3] != 0 {
		c.At = time.Unix(0, int64(v[3])).UTC()
	}
	return c, true, nil
}

// Log returns the end of the log of that boot, up to 64 KiB.
func (c Crash) Log() ([]byte, error) {
	text := make([]byte, c.size)
	for got := 0; got < len(text); {
		var out [2]uint64 // next, size
		n, errno := callBytes(callCrashText, uintptr(got), text[got:], &out)
		if errno != 0 {
			return nil, failure("read the crash record", errno)
		}
		if n == 0 {
			return text[:got], nil
		}
		got += int(n)
	}
	return text, nil
}
