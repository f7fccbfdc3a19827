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

// Init sets the number of slots, 0 to MaxSlots, all of them free.
func (s *Slots) Init(n int) Result { return BadRange }

// Take returns the lowest free slot and OK, or OutOfSlots.
func (s *Slots) Take() (slot int, r Result) { return 0, OutOfSlots }

// Release gives a slot back. It returns OK, BadRange or NotInUse.
func (s *Slots) Release(slot int) Result { return BadRange }

// InUse reports whether slot is taken.
func (s *Slots) InUse(slot int) bool { return false }

// Count returns how many slots are taken.
func (s *Slots) Count() int { return s.count }
