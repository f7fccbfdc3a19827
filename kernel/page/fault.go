package page

import "github.com/unikernel-ai/unikernel-ai/kernel/phys"

// Fault answers a page fault at va that wants access: Write, Exec, or 0 for a
// read. It returns OK when the page can be used now: a zero frame was mapped
// there (fresh), or it was mapped with that permission already, since another
// processor was faster. It returns NotMapped or NotAllowed when the access is an
// error of the program, NoMemory when no frame was left.
func (s *Space) Fault(m Memory, va uint64, access Flags) (fresh bool, r Result) {
	if !canonical(va) {
		return false, NotMapped
	}
	var c cursor
	for {
		s.find(m, va, &c)
		switch {
		case c.entry&present != 0:
			if access&^c.flags() != 0 {
				return false, NotAllowed
			}
			return false, OK
		case c.entry&demand == 0:
			return false, NotMapped
		case access&Exec != 0 || access&Write != 0 && c.entry&writable == 0:
			return false, NotAllowed
		case c.level == levelPT:
			p, ok := m.AllocFrame()
			if !ok {
				return false, NoMemory
			}
			m.Zero(p)
			s.set(m, &c, uint64(p)|present|accessed|dirty|noExecute|owned|c.entry&writable)
			return true, OK
		}
		if r := s.deepen(m, &c); r != OK {
			return false, r
		}
	}
}

// State says what a virtual address is.
type State uint8

// States of a page.
const (
	Absent  State = iota // nothing
	Demand               // reserved, a zero frame at the first touch
	Present              // mapped
)

var stateNames = [...]string{Absent: "absent", Demand: "demand", Present: "present"}

// String returns st in a word.
func (st State) String() string {
	if int(st) < len(stateNames) {
		return stateNames[st]
	}
	return "unknown state"
}

// Mapping describes the page that a virtual address is in.
type Mapping struct {
	State State
	Flags Flags
	Phys  phys.Addr // of the address itself, not only of its page; 0 unless Present
	Size  uint64    // bytes that one entry covers: 4 KiB, 2 MiB, 1 GiB or 512 GiB
}

// Lookup returns what va is, without changing anything. An address that is not
// canonical is Absent, of Size 0.
func (s *Space) Lookup(m Memory, va uint64) Mapping {
	if !canonical(va) {
		return Mapping{}
	}
	var c cursor
	s.find(m, va, &c)
	g := Mapping{Size: span(c.level)}
	switch {
	case c.entry&present != 0:
		g.State, g.Flags = Present, c.flags()
		g.Phys = phys.Addr(c.entry&addrMask&^(g.Size-1) | va&(g.Size-1))
	case c.entry&demand != 0:
		g.State, g.Flags = Demand, c.flags()&Write
	}
	return g
}

// flags returns what c's entry, and the tables on the way to it, allow.
func (c *cursor) flags() Flags {
	var f Flags
	if c.entry&writable != 0 && c.deny&writable == 0 {
		f |= Write
	}
	if (c.entry|c.deny)&noExecute == 0 {
		f |= Exec
	}
	if c.entry&cacheOff != 0 {
		f |= Uncached
	}
	if c.entry&global != 0 {
		f |= Global
	}
	if c.entry&owned != 0 {
		f |= Owned
	}
	return f
}
