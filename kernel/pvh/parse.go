package pvh

import "github.com/unikernel-ai/unikernel-ai/kernel/phys"

// Layout of the structures, bytes.
const (
	magic = 0x336ec578 // "xEn3", top bit set

	versionOff   = 4
	flagsOff     = 8
	modCountOff  = 12
	modListOff   = 16
	cmdlineOff   = 24
	rsdpOff      = 32
	mapOff       = 40
	mapCountOff  = 48
	startSizeV0  = 40
	startSizeV1  = 56
	entrySize    = 24
	entryTypeOff = 16
	moduleSize   = 32
)

// reader reads memory inside a window.
type reader struct {
	m      phys.Memory
	window phys.Range
}

// Parse reads the start information at start into in. Only memory inside window,
// what is mapped at that point, is read; structures may lie at any address in
// it. Unless it returns OK, in is not to be used.
func Parse(m phys.Memory, start phys.Addr, window phys.Range, in *Info) Result {
	r := reader{m, window.Inner(8)}
	*in = Info{Start: start}
	if !r.has(start, startSizeV0) {
		return BadPointer
	}
	if r.word(start) != magic {
		return BadMagic
	}
	in.Version = r.word(start + versionOff)
	if in.Version == 0 {
		return NoMemoryMap
	}
	if !r.has(start, startSizeV1) {
		return BadPointer
	}
	in.Flags = r.word(start + flagsOff)
	in.RSDP = phys.Addr(r.long(start + rsdpOff))
	in.CommandLine = phys.Addr(r.long(start + cmdlineOff))
	if in.CommandLine != 0 && !r.window.Contains(in.CommandLine) {
		return BadCommandLine
	}
	if res := in.readMap(r, phys.Addr(r.long(start+mapOff)), r.word(start+mapCountOff)); res != OK {
		return res
	}
	if res := in.readModules(r, phys.Addr(r.long(start+modListOff)), r.word(start+modCountOff)); res != OK {
		return res
	}
	var first [1]phys.Range
	if in.Usable(first[:]) == 0 {
		return NoRAM
	}
	return OK
}

// readMap copies the count entries of the memory map at table.
func (in *Info) readMap(r reader, table phys.Addr, count uint32) Result {
	switch {
	case table == 0 || count == 0:
		return NoMemoryMap
	case count > MaxEntries:
		return TooManyEntries
	case !r.has(table, uint64(count)*entrySize):
		return BadMap
	}
	in.tables[0], _ = phys.Of(table, uint64(count)*entrySize)
	for i := range count {
		at := table + phys.Addr(i)*entrySize
		rng, ok := phys.Of(phys.Addr(r.long(at)), r.long(at+8))
		if !ok {
			return BadEntry
		}
		in.entries[i] = Entry{rng, Type(r.word(at + entryTypeOff))}
	}
	in.entryCount = int(count)
	return OK
}

// readModules copies the count entries of the module list at table.
func (in *Info) readModules(r reader, table phys.Addr, count uint32) Result {
	switch {
	case count == 0:
		return OK
	case count > MaxModules:
		return TooManyModules
	case !r.has(table, uint64(count)*moduleSize):
		return BadModules
	}
	in.tables[1], _ = phys.Of(table, uint64(count)*moduleSize)
	for i := range count {
		at := table + phys.Addr(i)*moduleSize
		rng, ok := phys.Of(phys.Addr(r.long(at)), r.long(at+8))
		if !ok || rng.End > phys.MaxAddr {
			return BadModules
		}
		in.modules[i] = Module{rng}
	}
	in.moduleCount = int(count)
	return OK
}

// Text returns byte i of the text at a, and 0 from the end of window on: what
// cmdline.Source needs for CommandLine.
func Text(m phys.Memory, window phys.Range, a phys.Addr, i int) byte {
	r := reader{m, window.Inner(8)}
	at, ok := a.Add(uint64(i))
	if i < 0 || !ok || !r.window.Contains(at) {
		return 0
	}
	return byte(m.Load(at&^7) >> (at & 7 * 8))
}

// has reports whether size bytes at a are in the window.
func (r *reader) has(a phys.Addr, size uint64) bool {
	rng, ok := phys.Of(a, size)
	return ok && r.window.Covers(rng)
}

// long returns the 8 bytes at a. Preconditions: r has them.
func (r *reader) long(a phys.Addr) uint64 {
	shift := uint64(a&7) * 8
	v := r.m.Load(a&^7) >> shift
	if shift != 0 {
		v |= r.m.Load(a&^7+8) << (64 - shift)
	}
	return v
}

// word returns the 4 bytes at a. Preconditions: r has them.
func (r *reader) word(a phys.Addr) uint32 {
	shift := uint64(a&7) * 8
	v := r.m.Load(a&^7) >> shift
	if shift > 32 {
		v |= r.m.Load(a&^7+8) << (64 - shift)
	}
	return uint32(v)
}
