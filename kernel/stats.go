package kernel

// PageSize is the size of a frame in bytes.
const PageSize = 4096

// Stats are counters since boot, and sizes now.
type Stats struct {
	Tasks       uint64 // threads of the Go runtime
	Switches    uint64 // a processor changed to another task
	Wakeups     uint64 // tasks made runnable
	Interrupts  uint64
	Faults      uint64 // pages of memory mapped at their first touch
	Signals     uint64 // delivered, most of them preemptions
	Syscalls    uint64
	NoSyscall   uint64 // calls that the kernel does not have
	FramesTotal uint64 // of PageSize, all RAM
	FramesUsed  uint64
	FramesFree  uint64
	DMABytes    uint64 // given out by AllocDMA

	CPUs         uint64 // processors that take part
	CPUsExpected uint64 // processors that the VM has, at most 8
	Strays       uint64 // SYSCALL instructions caught, none of them the runtime's
	PageTables   uint64 // frames that hold page tables, without those of the image
	Stacks       uint64 // stacks in use, kernel's included
	EntropyBytes uint64 // taken by AddEntropy
	RDRAND       bool   // the processor has a random number generator
	TSCkHz       uint64 // frequency of the time stamp counter
	Shootdowns   uint64 // times that the other processors' TLBs were flushed
	LogWritten   uint64 // bytes that went into the kernel log
}

// statsCount is how many numbers the kernel gives, in the order of the fields.
const statsCount = 22

// ReadStats returns the counters.
func ReadStats() (Stats, error) {
	var v [statsCount]uint64
	if _, errno := callWords(callStats, v[:]); errno != 0 {
		return Stats{}, failure("read counters", errno)
	}
	return Stats{
		Tasks: v[0], Switches: v[1], Wakeups: v[2], Interrupts: v[3], Faults: v[4], Signals: v[5], Syscalls: v[6],
		NoSyscall: v[7], FramesTotal: v[8], FramesUsed: v[9], FramesFree: v[10], DMABytes: v[11], CPUs: v[12],
		CPUsExpected: v[13], Strays: v[14], PageTables: v[15], Stacks: v[16], EntropyBytes: v[17], RDRAND: v[18] != 0,
		TSCkHz: v[19], Shootdowns: v[20], LogWritten: v[21],
	}, nil
}
