//go:build unikernel

package runtime

import (
	kernsched "internal/kernel/sched"
	"internal/runtime/sys"
)

// epoll as the runtime's network poller uses it: edge triggered for files, level
// triggered for the event file of netpollBreak. That one is read only by a
// poll that blocks, so a poll that does not must leave it to be reported again;
// if it were forgotten there, no later netpollBreak would be sent, and a new
// timer would wait for an old one.

const (
	kernEpollIn        = 1
	kernEpollEdge      = 1 << 31 // EPOLLET
	kernEpollDel       = 2       // EPOLL_CTL_DEL
	kernEpollEventSize = 12
)

// kernEdges has a bit for every polled file that became readable and was not
// reported; that of a level-triggered one stays until it was read.
var kernEdges [kernMaxFiles / 64]uint64 // guarded by the kernel lock

func kernSysEpollCtl(epfd, op, fd, event uintptr) int64 {
	f := kernFileGet(fd)
	if p := kernFileGet(epfd); f == nil || p == nil || p.kind != kernFilePoll {
		return -kernEBADF
	}
	if f.kind != kernFileEvent && f.kind != kernFileInterrupt {
		return -kernEPERM // as for regular files
	}
	if f.polled = op != kernEpollDel; !f.polled {
		kernEdges[fd/64] &^= 1 << (fd % 64)
		return 0
	}
	if !kernUserOK(event, kernEpollEventSize) {
		return -kernEFAULT
	}
	f.epoll, f.events, f.data = uint16(epfd), kernLoad32(event), kernLoad64(event+4)
	if f.count != 0 {
		kernNotify(int(fd))
	}
	return 0
}

// kernSysEpollWait waits for events of epfd, at most timeout ns (< 0: no limit).
func kernSysEpollWait(c *kernCPU, t *kernTask, epfd, buf uintptr, n int, timeout int64) int64 {
	if n <= 0 || n > kernMaxFiles {
		return -kernEINVAL
	}
	if !kernUserOK(buf, uintptr(n)*kernEpollEventSize) {
		return -kernEFAULT
	}
	got := kernPoll(epfd, buf, n)
	if got == 0 && timeout != 0 {
		t.waitBuf, t.waitMax = buf, n
		kernBlock(c, kernsched.Epoll, uint64(epfd), timeout)
	}
	return got
}

// kernNotify reports that file fd became readable.
func kernNotify(fd int) {
	f := &kernFiles[fd]
	if !f.polled {
		return
	}
	kernEdges[fd/64] |= 1 << (fd % 64)
	n := kernSched.Waiter(kernsched.Epoll, uint64(f.epoll))
	if n == kernsched.None {
		return
	}
	t := kernTasks[n]
	if got := kernPoll(uintptr(f.epoll), t.waitBuf, t.waitMax); got != 0 {
		if !kernReady(t, got) {
			kernSelf().reschedule = true // a device waits: take turns now
		}
	}
}

// kernPoll fills at most n events of epfd at buf and returns how many.
func kernPoll(epfd, buf uintptr, n int) int64 {
	got := uintptr(0)
	for w := range kernEdges {
		for set := kernEdges[w]; set != 0 && got < uintptr(n); set &= set - 1 {
			b := sys.TrailingZeros64(set)
			f := &kernFiles[w*64+b]
			if uintptr(f.epoll) != epfd {
				continue
			}
			if f.count == 0 || f.events&(kernEpollIn|kernEpollEdge) != kernEpollIn {
				kernEdges[w] &^= 1 << b
			}
			if f.count == 0 || f.events&kernEpollIn == 0 {
				continue
			}
			kernStore32(buf+got*kernEpollEventSize, kernEpollIn)
			kernStore64(buf+got*kernEpollEventSize+4, f.data)
			got++
		}
	}
	return int64(got)
}
