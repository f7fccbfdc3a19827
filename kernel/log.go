package kernel

// logChunk is how much of the log is read at once: all of it.
const logChunk = 64 << 10

// ReadLog returns the kernel log from position from on, in whole lines, and the
// position to read on from. Positions count bytes since boot; 0, or one whose
// text is no longer kept, stands for the oldest line that is. There is nothing
// new when text is empty. What the program writes to its standard output and
// error is part of the log.
func ReadLog(from uint64) (text []byte, next uint64, err error) {
	var out [2]uint64 // next, lost
	text = make([]byte, logChunk)
	n, errno := callBytes(callReadLog, uintptr(from), text, &out)
	if errno != 0 {
		return nil, from, failure("read the log", errno)
	}
	return text[:n], out[0], nil
}
