package main

import (
	"fmt"
	"hash/crc32"
	"os"
	"runtime"
	"sync"
	"syscall"

	"github.com/unikernel-ai/unikernel-ai/kernel"
)

const page = 4096

// table is a large variable of the program, in the image's tail as those of the
// standard library are: it has no memory before it is touched.
var table [4 << 20]byte

// checkTail uses table as variables are used.
func checkTail() error {
	for _, step := range []func() error{checkSystemCalls, checkKept, checkContents} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// checkSystemCalls has the kernel read and write pages that nobody has touched.
func checkSystemCalls() error {
	const first, second, third = 8 * page, 16 * page, 24 * page
	fd, _, errno := syscall.RawSyscall(syscall.SYS_EVENTFD2, 0, syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if errno != 0 {
		return os.NewSyscallError("eventfd2", errno)
	}
	event := int(fd)
	defer syscall.Close(event)
	if n, err := syscall.Write(event, table[first:first+8]); n != 8 || err != nil {
		return fmt.Errorf("write of an untouched page: %d, %v", n, err)
	}
	table[second] = 7
	if n, err := syscall.Write(event, table[second:second+8]); n != 8 || err != nil {
		return fmt.Errorf("write: %d, %v", n, err)
	}
	if n, err := syscall.Read(event, table[third:third+8]); n != 8 || err != nil {
		return fmt.Errorf("read into an untouched page: %d, %v", n, err)
	}
	if table[third] != 7 {
		return fmt.Errorf("an event counted %d, want 7", table[third])
	}
	table[second], table[third] = 0, 0
	return nil
}

// checkKept asks the kernel to take pages of the image away, one of them at the
// beginning of a page, which it must refuse.
func checkKept() error {
	const at = 32 * page
	for off := at; off < at+page; off++ {
		b := table[off : off+page]
		if err := syscall.Mprotect(b, syscall.PROT_NONE); err != syscall.EINVAL {
			return fmt.Errorf("mprotect of a variable: %v, want %v", err, syscall.EINVAL)
		}
		if err := syscall.Madvise(b, syscall.MADV_DONTNEED); err != syscall.EINVAL {
			return fmt.Errorf("madvise of a variable: %v, want %v", err, syscall.EINVAL)
		}
	}
	return nil
}

// checkContents looks that table is zero, and keeps what several goroutines, which
// share pages, write.
func checkContents() error {
	const writers = 4
	for i, b := range table {
		if b != 0 {
			return fmt.Errorf("byte %d of a variable is %#x at first, want 0", i, b)
		}
		if i == len(table)/2 {
			break // the second half is written before it is read
		}
	}
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := w; i < len(table); i += writers {
				table[i] = pattern(i)
			}
		})
	}
	all.Wait()
	runtime.GC()
	for i, b := range table {
		if b != pattern(i) {
			return fmt.Errorf("byte %d of a variable is %#x, want %#x", i, b, pattern(i))
		}
	}
	return nil
}

// checkModule tells of the file that the VMM loaded, if it did: once the variables are
// full, and where their RAM would have been.
func checkModule() error {
	modules, err := kernel.Modules()
	if err != nil {
		return err
	}
	for i, m := range modules {
		fmt.Printf("module %d: %d bytes, CRC-32 %08x\n", i, len(m), crc32.ChecksumIEEE(m))
	}
	return nil
}

func pattern(i int) byte { return byte(i*7 + i/page) }
