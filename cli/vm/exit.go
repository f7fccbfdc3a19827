package vm

import "fmt"

// An Exit says how a VM ended.
type Exit struct {
	// Code is the guest's exit code, 0 to 127, or -1 if it gave none.
	Code int
	// Stopped is set when the host ended the VM.
	Stopped bool
	// Reason is QEMU's word for it, for example guest-shutdown, guest-reset or
	// host-signal (QEMU QMP reference, ShutdownCause); "" if QEMU failed.
	Reason string
	// Status is the exit status of QEMU, or -1 if a signal ended it.
	Status int
}

// decodeExit tells how the VM ended from QEMU's exit status and its last
// SHUTDOWN event ("" when there was none). stopped says that we asked for it.
//
// The device isa-debug-exit ends QEMU with status code*2+1 (QEMU
// hw/misc/debugexit.c), so an even status is never a guest's own. QEMU's own
// failures give 1, and no event. The reason does not count then: a guest runs
// on for a moment after its write to the device, into a reset at times, and
// QEMU reports that as the reason while it keeps the status.
func decodeExit(status int, reason string, stopped bool) (Exit, error) {
	e := Exit{Code: -1, Reason: reason, Status: status}
	switch {
	case status > 0 && status%2 == 1 && (reason != "" || status > 1):
		e.Code = status / 2
		return e, nil
	case stopped:
		e.Stopped = true
		return e, nil
	case reason == "guest-shutdown":
		return e, fmt.Errorf("vm: the guest switched itself off without an exit code")
	case reason == "guest-reset":
		return e, fmt.Errorf("vm: the guest reset itself; a triple fault does that")
	case reason == "guest-panic":
		return e, fmt.Errorf("vm: the guest panicked")
	case status == -1:
		return e, fmt.Errorf("vm: QEMU was killed by a signal")
	case reason == "":
		return e, fmt.Errorf("vm: QEMU failed (exit status %d)", status)
	}
	return e, fmt.Errorf("vm: QEMU ended: %s (exit status %d)", reason, status)
}
