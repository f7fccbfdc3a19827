package page

import "github.com/unikernel-ai/unikernel-ai/kernel/phys"

// cursor is the way from the root to the entry that decides about an address: a
// leaf, a demand entry, or zero.
type cursor struct {
	slots [4]phys.Addr // address of the entry at each level passed
	level int          // of the deciding entry
	entry uint64       // its value
	deny  uint64       // noExecute and writable (inverted) bits of the tables passed
}

// find walks to the entry that decides about va.
func (s *Space) find(m Memory, va uint64, c *cursor) {
	table := s.root
	c.deny = 0
	for level := levelPML4; ; level-- {
		slot := table + index(va, level)*8
		e := m.Load(slot)
		c.slots[level], c.level, c.entry = slot, level, e
		if level == levelPT || e&present == 0 || level < levelPML4 && e&large != 0 {
			return
		}
		c.deny |= e&noExecute | ^e&writable
		table = phys.Addr(e & addrMask)
	}
}

// set replaces the entry at c and keeps the count of its table.
func (s *Space) set(m Memory, c *cursor, e uint64) {
	m.Store(c.slots[c.level], e)
	was := c.entry
	c.entry = e
	if (was == 0) == (e == 0) || c.level == levelPML4 {
		return
	}
	parent := c.slots[c.level+1]
	p := m.Load(parent)
	if p&owned == 0 {
		return
	}
	if e == 0 {
		p -= countOne
	} else {
		p += countOne
	}
	m.Store(parent, p)
}

// deepen replaces the entry at c, above the lowest level and not naming a table,
// by a table that means the same: nothing, demand, or the parts of a large page.
// It returns OK or NoMemory. The caller finds again.
//
// No translation changes, so nothing is stale: when a part is changed later, its
// INVLPG drops the large page's translation with it.
// Intel SDM vol. 3A "Operations that Invalidate TLBs and Paging-Structure Caches".
func (s *Space) deepen(m Memory, c *cursor) Result {
	table, ok := m.AllocFrame()
	if !ok {
		return NoMemory
	}
	m.Zero(table)
	part, step, count := c.entry, uint64(0), uint64(entryCount)
	switch {
	case part == 0:
		count = 0
	case part&present != 0:
		step = span(c.level - 1)
		if c.level == levelPD {
			part &^= large
		}
	}
	for i := range count {
		m.Store(table+phys.Addr(i*8), part+i*step)
	}
	s.tables++
	s.set(m, c, uint64(table)|present|writable|accessed|owned|count<<countShift)
	return OK
}

// prune hands tables to b that are empty now, from the one that c's entry is in
// upwards, and reports whether there were any.
func (s *Space) prune(m Memory, c *cursor, b *Batch) bool {
	any := false
	for c.entry == 0 && c.level < levelPML4 {
		p := m.Load(c.slots[c.level+1])
		if p&owned == 0 || p&countMask != 0 {
			break
		}
		c.level++
		c.entry = p
		s.set(m, c, 0)
		s.tables--
		b.release(phys.Addr(p & addrMask))
		any = true
	}
	return any
}
