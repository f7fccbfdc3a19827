package main

import (
	"fmt"
	"io/fs"
	"strings"
)

// A patch replaces text in one stock file. It applies only where the old text
// is there exactly count times: another number means that the Go release
// changed the file, and that somebody has to look at it again.
type patch struct {
	file     string // below src/
	old, new string
	count    int
	why      string
}

// In kernel mode there is nobody to make a system call to: each SYSCALL
// instruction becomes an ordinary call.
const (
	syscallOld = "\n\tSYSCALL\n"
	syscallNew = "\n\tCALL\truntime·kernEntry(SB)\n"
	syscallWhy = "system calls are calls of the kernel"
)

// patches are all changes of stock files, for go1.26.8.
var patches = []patch{
	{"runtime/sys_linux_amd64.s", syscallOld, syscallNew, 40, syscallWhy},
	{"runtime/time_linux_amd64.s", syscallOld, syscallNew, 2, syscallWhy},
	{"syscall/asm_linux_amd64.s", syscallOld, syscallNew, 3, syscallWhy},
	{"internal/runtime/syscall/linux/asm_linux_amd64.s", syscallOld, syscallNew, 1, syscallWhy},
	{
		"runtime/rt0_linux_amd64.s",
		"JMP\t_rt0_amd64(SB)",
		"JMP\truntime·kernBoot(SB)",
		1,
		"the kernel enters before the runtime does",
	},
	{
		"runtime/netpoll_epoll.go",
		"linux.EpollWait(epfd, events[:], int32(len(events)), waitms)",
		"kernEpollWait(epfd, events[:], delay)",
		1,
		"timeouts in nanoseconds, not milliseconds",
	},
	{
		"runtime/proc.go",
		`case "aix", "darwin", "plan9", "illumos", "ios", "openbsd", "solaris", "windows":`,
		`case "aix", "darwin", "plan9", "illumos", "ios", "openbsd", "solaris", "windows", "linux":`,
		1,
		"stacks of Ms come from the kernel, with a guard page, not from the Go heap",
	},
}

// apply returns text with p made, or an error if p does not fit it.
func (p patch) apply(text string) (string, error) {
	if n := strings.Count(text, p.old); n != p.count {
		return "", fmt.Errorf("src/%s: %q is there %d times, want %d (%s): the stock file changed",
			p.file, p.old, n, p.count, p.why)
	}
	return strings.ReplaceAll(text, p.old, p.new), nil
}

// addPatched adds the patched files of the stock tree. Several patches of one
// file are made in their order.
func (l *layer) addPatched(stock fs.FS, patches []patch) error {
	texts := map[string]string{}
	for _, p := range patches {
		name := "src/" + p.file
		text, ok := texts[name]
		if !ok {
			b, err := fs.ReadFile(stock, name)
			if err != nil {
				return fmt.Errorf("stock Go tree: %w", err)
			}
			text = string(b)
		}
		text, err := p.apply(text)
		if err != nil {
			return err
		}
		texts[name] = text
	}
	for name, text := range texts {
		l.add(name, patched, text)
	}
	return nil
}
