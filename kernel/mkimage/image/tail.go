package image

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
)

// The image's tail: large variables that begin as zero, behind all of the kernel's
// own. VMMs clear the memory of a whole segment before they start it, tens of MiB
// for some packages of the standard library, so the tail is left out of segment
// and tables, and the kernel makes its pages demand-zero (kernel/runtime/kern_tail.go).
//
// Where it begins only the kernel knows. It has a record in its data, the mark:
//
//	offset  0  magic   16 bytes
//	       16  start   u64  virtual address of the tail, 0 in the kernel: set here
//	       24  end     u64  its end, likewise
//	       32  count   u64  of the variables that follow
//	       40  address, size  u64 each, per variable
//
// The variables are some of the kernel's, from small to the largest. The Go linker
// sorts .noptrbss, which is last in the image, by size; so if these lie in that
// order, all that is behind the last is larger than any variable of the kernel.
const (
	markMagic    = "unikernel-ai/bss"
	markStartOff = 16
	markEndOff   = 24
	markCountOff = 32
	markVarsOff  = 40
	markVarSize  = 16

	// tailLeast is how large the tail must be, in bytes, to be worth it.
	tailLeast = 1 << 20
)

// cutTail takes the tail away from the last segment of loads and returns a kernel
// whose mark says so. A kernel without a mark, or with a smaller tail, stays as it is.
// It fails if the mark contradicts itself or the segment.
func cutTail(kernel []byte, loads []elf.ProgHeader) ([]byte, error) {
	last := &loads[len(loads)-1]
	if last.Flags&elf.PF_W == 0 {
		return kernel, nil
	}
	data := kernel[last.Off : last.Off+last.Filesz]
	at := bytes.Index(data, []byte(markMagic))
	if at < 0 {
		return kernel, nil
	}
	if bytes.Contains(data[at+1:], []byte(markMagic)) {
		return nil, errors.New("the kernel's mark is there twice")
	}
	start, err := tailStart(data[at:], last)
	if err != nil {
		return nil, fmt.Errorf("the kernel's mark at %#x: %w", last.Vaddr+uint64(at), err)
	}
	end := roundUp(last.Vaddr + last.Memsz)
	if end < start+tailLeast {
		return kernel, nil
	}
	kernel = bytes.Clone(kernel)
	mark := kernel[last.Off+uint64(at):]
	binary.LittleEndian.PutUint64(mark[markStartOff:], start)
	binary.LittleEndian.PutUint64(mark[markEndOff:], end)
	last.Memsz = start - last.Vaddr
	return kernel, nil
}

// tailStart returns where the tail would begin, at a page, by the mark at the
// beginning of data.
func tailStart(data []byte, seg *elf.ProgHeader) (uint64, error) {
	le := binary.LittleEndian
	if len(data) < markVarsOff {
		return 0, errors.New("cut off")
	}
	count := le.Uint64(data[markCountOff:])
	switch {
	case le.Uint64(data[markStartOff:]) != 0 || le.Uint64(data[markEndOff:]) != 0:
		return 0, errors.New("filled in already")
	case count == 0 || count > uint64(len(data)-markVarsOff)/markVarSize:
		return 0, fmt.Errorf("%d variables", count)
	}
	size, end := uint64(0), seg.Vaddr+seg.Filesz // they begin as zero: not in the file
	for i := range count {
		v := data[markVarsOff+i*markVarSize:]
		at, n := le.Uint64(v), le.Uint64(v[8:])
		if at < end || n < size || n > seg.Memsz || at-seg.Vaddr > seg.Memsz-n {
			return 0, fmt.Errorf("variable %d, %d bytes at %#x: not sorted by size from %#x to %#x (does the linker still sort?)",
				i, n, at, seg.Vaddr+seg.Filesz, seg.Vaddr+seg.Memsz)
		}
		end, size = at+n, n
	}
	return roundUp(end), nil
}
