//go:build unikernel

package runtime

import (
	"internal/kernel/trap"
	"unsafe"
)

// Files. There is no file system: only the console, the runtime's epoll and
// eventfd, and one file per interrupt vector, /dev/irq/N. A device interrupt
// makes its file readable; a read returns how many there were, 8 bytes little
// endian, so a goroutine that waits for a device is parked and readied by the
// runtime's network poller.

type kernFile struct {
	kind   uint8
	polled bool // registered with an epoll
	vec    uint16
	epoll  uint16 // with which
	events uint32 // for what
	data   uint64 // epoll_data
	count  uint64 // event counter, or interrupts since the last read
	flags  uint32 // of fcntl
}

const (
	kernFileFree = iota
	kernFileConsole
	kernFilePoll
	kernFileEvent
	kernFileInterrupt

	kernMaxFiles    = 256
	kernFirstFile   = 3
	kernMaxIO       = 1 << 20 // bytes of one read of the log
	kernMaxConsole  = 4 << 10 // bytes of one write to the console: the rest of the kernel waits
	kernFileFlagsRW = 2       // O_RDWR
)

var (
	kernFiles      = [kernMaxFiles]kernFile{{kind: kernFileConsole}, {kind: kernFileConsole}, {kind: kernFileConsole}} // guarded by the kernel lock
	kernVectorFile [256]uint16                                                                                         // file that is open for a vector, 0: none
)

// kernFileNew returns the number of a new file, or an error number.
func kernFileNew(kind uint8) int64 {
	for i := kernFirstFile; i < kernMaxFiles; i++ {
		if kernFiles[i].kind == kernFileFree {
			kernFiles[i] = kernFile{kind: kind}
			return int64(i)
		}
	}
	return -kernEMFILE
}

// kernFileGet returns file fd, or nil.
func kernFileGet(fd uintptr) *kernFile {
	if fd >= kernMaxFiles || kernFiles[fd].kind == kernFileFree {
		return nil
	}
	return &kernFiles[fd]
}

func kernSysRead(fd, buf, n uintptr) int64 {
	f := kernFileGet(fd)
	if f == nil {
		return -kernEBADF
	}
	switch f.kind {
	case kernFileConsole:
		return 0 // the end: nobody types
	case kernFileEvent, kernFileInterrupt:
		if n < 8 {
			return -kernEINVAL
		}
		if f.count == 0 {
			return -_EAGAIN
		}
		if !kernUserOK(buf, 8) {
			return -kernEFAULT
		}
		kernStore64(buf, f.count)
		f.count = 0
		return 8
	}
	return -kernEINVAL
}

func kernSysWrite(fd, buf, n uintptr) int64 {
	f := kernFileGet(fd)
	if f == nil {
		return -kernEBADF
	}
	switch f.kind {
	case kernFileConsole:
		n = min(n, kernMaxConsole)
		if !kernUserOK(buf, n) {
			return -kernEFAULT
		}
		kernLogWrite(unsafe.Pointer(buf), n)
		return int64(n)
	case kernFileEvent:
		if n < 8 {
			return -kernEINVAL
		}
		if !kernUserOK(buf, 8) {
			return -kernEFAULT
		}
		f.count += kernLoad64(buf)
		kernNotify(int(fd))
		return 8
	}
	return -kernEINVAL
}

func kernSysClose(fd uintptr) int64 {
	f := kernFileGet(fd)
	if f == nil || fd < kernFirstFile {
		return -kernEBADF
	}
	if f.kind == kernFileInterrupt {
		kernVectorFile[f.vec] = 0
	}
	*f = kernFile{}
	kernEdges[fd/64] &^= 1 << (fd % 64)
	return 0
}

func kernSysFcntl(fd, cmd, arg uintptr) int64 {
	f := kernFileGet(fd)
	if f == nil {
		return -kernEBADF
	}
	switch cmd {
	case 3: // F_GETFL
		return kernFileFlagsRW | int64(f.flags)
	case 4: // F_SETFL
		f.flags = uint32(arg)
	}
	return 0
}

// kernSysOpen opens /dev/irq/N. It returns ENOENT for every other path.
func kernSysOpen(path uintptr) int64 {
	const dir = "/dev/irq/"
	vec, digits := uint32(0), 0
	for i := uintptr(0); ; i++ {
		if !kernUserOK(path+i, 1) {
			return -kernEFAULT
		}
		b := *(*byte)(unsafe.Pointer(path + i))
		if i < uintptr(len(dir)) {
			if b != dir[i] {
				return -kernENOENT
			}
			continue
		}
		if b == 0 {
			break
		}
		if digits++; b < '0' || b > '9' || digits > 3 {
			return -kernENOENT
		}
		vec = vec*10 + uint32(b-'0')
	}
	if digits == 0 || vec < kernVecDevice || vec >= kernVecTimer {
		return -kernENOENT
	}
	if kernVectorFile[vec] != 0 {
		return -kernEBUSY
	}
	fd := kernFileNew(kernFileInterrupt)
	if fd >= 0 {
		kernFiles[fd].vec = uint16(vec)
		kernVectorFile[vec] = uint16(fd)
	}
	return fd
}

// kernInterruptFile counts an interrupt for the file that is open for its vector.
func kernInterruptFile(vec uint32) {
	if fd := kernVectorFile[vec]; fd != 0 {
		kernFiles[fd].count++
		kernNotify(int(fd))
	}
}

// kernUserOK reports whether a task may name the n bytes at p: memory that is
// mapped, or will be at the first touch. The range is short, it is walked.
func kernUserOK(p, n uintptr) bool {
	if p < trap.ZeroPageSize || p+n < p {
		return false
	}
	for va := uint64(p) &^ (kernPage - 1); va < uint64(p)+uint64(n); va += kernPage {
		if !kernReachable(va) {
			return false
		}
	}
	return true
}
