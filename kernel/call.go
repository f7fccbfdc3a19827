package kernel

import (
	"errors"
	"fmt"
	"syscall"
)

// ErrNotGuest is returned where there is no unikernel below.
var ErrNotGuest = errors.New("kernel: not running in the unikernel")

// Private system calls, as in kernel/runtime/kern_private.go.
const (
	callFirst = 0x1000

	callMapDevice  = callFirst + 0
	callAllocDMA   = callFirst + 1
	callStats      = callFirst + 2
	callReadLog    = callFirst + 3
	callTimes      = callFirst + 4
	callSelfTest   = callFirst + 5
	callPowerOff   = callFirst + 6
	callAddEntropy = callFirst + 7
	callCrash      = callFirst + 9
	callCrashText  = callFirst + 10
	callModule     = callFirst + 11
)

// failure makes an error of a call's error number.
func failure(what string, errno syscall.Errno) error {
	if errno == syscall.ENOSYS {
		return ErrNotGuest
	}
	return fmt.Errorf("kernel: %s: %w", what, errno)
}
