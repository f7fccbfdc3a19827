// Package stack places stacks in slots of address space, with a guard below and a
// canary at the lowest end, and says what an address near a stack means.
//
//	slot i                                                     slot i+1
//	|<- guard, never mapped ------------->|<- stack, size ---->|
//	Base+i*SlotSize                      Low                  Top
//	                                      [canary 8 bytes] ... [red 32 bytes]
//
// A slot is much larger than a stack, so an overflow runs into the guard however
// large the frame that overflows is (up to SlotSize). The canary finds what
// writes downwards without touching the guard, and stray writes.
//
// The package maps nothing (kernel/page) and does not know which slots are in use
// (area.Slots).
package stack

// SlotSize is the address space per stack in bytes.
const SlotSize = 1 << 20

// TopReserve is what is left free above the initial stack pointer, in bytes:
// ABIInternal functions spill their arguments into their caller's frame.
const TopReserve = 32

// pageSize is the granularity of stacks, bytes.
const pageSize = 4 << 10

// Layout says where the slots are.
type Layout struct {
	Base  uint64 // of slot 0, a multiple of SlotSize
	Slots int
}

// Stack is a stack's place, in virtual addresses.
type Stack struct {
	Low uint64 // lowest byte, where the canary is
	Top uint64 // one past the highest byte
}

// Place returns where a stack of size bytes lies in a slot, and false when the
// slot does not exist, or size is no multiple of a page, zero, or would leave no
// guard page.
func (l Layout) Place(slot int, size uint64) (Stack, bool) {
	if slot < 0 || slot >= l.Slots || size == 0 || size%pageSize != 0 || size > SlotSize-pageSize {
		return Stack{}, false
	}
	top := l.Base + uint64(slot+1)*SlotSize
	return Stack{Low: top - size, Top: top}, true
}

// SlotOf returns the slot that va lies in, and false if it lies in none.
func (l Layout) SlotOf(va uint64) (slot int, ok bool) {
	if va < l.Base || (va-l.Base)/SlotSize >= uint64(max(l.Slots, 0)) {
		return 0, false
	}
	return int((va - l.Base) / SlotSize), true
}

// SP returns the initial stack pointer: Top less TopReserve, 16-aligned.
func (s Stack) SP() uint64 { return s.Top - TopReserve }

// Size returns the stack's size in bytes.
func (s Stack) Size() uint64 { return s.Top - s.Low }

// Contains reports whether the byte at va belongs to the stack.
func (s Stack) Contains(va uint64) bool { return va >= s.Low && va < s.Top }

// InGuard reports whether va lies in the guard below the stack. The slot of s
// begins SlotSize below Top.
func (s Stack) InGuard(va uint64) bool { return va < s.Low && va >= s.Top-SlotSize }
