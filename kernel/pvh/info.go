package pvh

import "github.com/unikernel-ai/unikernel-ai/kernel/phys"

// Entries returns the number of memory map entries.
func (in *Info) Entries() int { return in.entryCount }

// Entry returns entry i < Entries(), as the VMM gave it.
func (in *Info) Entry(i int) Entry { return in.entries[i] }

// Modules returns the number of modules.
func (in *Info) Modules() int { return in.moduleCount }

// Module returns module i < Modules().
func (in *Info) Module(i int) Module { return in.modules[i] }

// Usable fills out with the RAM that can be used: whole pages, ascending,
// disjoint, merged where adjacent, without anything that another entry gives
// another type. It returns how many ranges there are; what does not fit in out is
// left out.
func (in *Info) Usable(out []phys.Range) int {
	var pending phys.Range
	n := 0
	for at := phys.Addr(0); ; {
		piece, ok := in.nextRAM(at)
		if ok && piece.Start == pending.End && !pending.IsEmpty() {
			pending.End = piece.End
			at = piece.End
			continue
		}
		if whole := pending.Inner(phys.PageSize); !whole.IsEmpty() && n < len(out) {
			out[n] = whole
			n++
		}
		if !ok {
			return n
		}
		pending, at = piece, piece.End
	}
}

// nextRAM returns the lowest piece of memory at or above from that is in an entry
// of type RAM and in no entry of another type, up to the next border of any entry.
func (in *Info) nextRAM(from phys.Addr) (phys.Range, bool) {
	for from < phys.MaxAddr {
		ram, end := false, phys.MaxAddr
		skip := from // past entries of other types
		for i := range in.entryCount {
			e := &in.entries[i]
			switch {
			case e.Range.IsEmpty() || e.Range.End <= from:
			case e.Range.Start > from:
				end = min(end, e.Range.Start)
			case e.Type == RAM:
				ram = true
				end = min(end, e.Range.End)
			default:
				skip = max(skip, e.Range.End)
			}
		}
		if skip > from {
			from = skip
			continue
		}
		if ram {
			return phys.Range{Start: from, End: end}, true
		}
		from = end
	}
	return phys.Range{}, false
}

// Occupied returns range i of what the start information itself occupies, and
// false when i is past the last: the structure, the memory map, the module list
// (empty if there is none) and the modules. The command line is not among them,
// its length is unknown.
func (in *Info) Occupied(i int) (phys.Range, bool) {
	switch {
	case i == 0:
		return phys.Of(in.Start, startSizeV1)
	case i == 1 || i == 2:
		return in.tables[i-1], true
	case i > 2 && i < 3+in.moduleCount:
		return in.modules[i-3].Range, true
	}
	return phys.Range{}, false
}
