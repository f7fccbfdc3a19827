package area

// MaxSlots is the largest number of slots.
const MaxSlots = 1024

// Slots is a set of numbered slots of equal size, used for stacks. A released
// slot is taken again before a fresh one, lowest first, so page tables are
// reused. The zero value has no slots: Init first.
type Slots struct {
	used  [MaxSlots / 64]uint64 // a bit per slot
	limit int
	count int
}

// Init sets the number of slots, 0 to MaxSlots, all of them free. It returns OK
// or BadRange.
func (s *Slots) Init(n int) Result {
	if n < 0 || n > MaxSlots {
		return BadRange
	}
	*s = Slots{limit: n}
	return OK
}

// Take returns the lowest free slot and OK, or OutOfSlots.
func (s *Slots) Take() (slot int, r Result) {
	for i := range s.used {
		free := ^s.used[i]
		if free == 0 {
			continue
		}
		bit := lowestBit(free)
		if slot = i*64 + bit; slot >= s.limit {
			break
		}
		s.used[i] |= 1 << bit
		s.count++
		return slot, OK
	}
	return 0, OutOfSlots
}

// Release gives a slot back. It returns OK, BadRange or NotInUse.
func (s *Slots) Release(slot int) Result {
	switch {
	case slot < 0 || slot >= s.limit:
		return BadRange
	case !s.InUse(slot):
		return NotInUse
	}
	s.used[slot/64] &^= 1 << (slot % 64)
	s.count--
	return OK
}

// InUse reports whether slot is taken.
func (s *Slots) InUse(slot int) bool {
	return slot >= 0 && slot < s.limit && s.used[slot/64]>>(slot%64)&1 != 0
}

// Count returns how many slots are taken.
func (s *Slots) Count() int { return s.count }

// lowestBit returns the number of the lowest bit set in v, which is not 0.
func lowestBit(v uint64) int {
	n := 0
	for width := 32; width > 0; width /= 2 {
		if v&(1<<width-1) == 0 {
			v >>= width
			n += width
		}
	}
	return n
}
