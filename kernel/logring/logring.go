// Package logring keeps the last part of the kernel log in memory.
//
// Positions are counted in bytes since boot and never wrap: a reader remembers
// one number and learns from it what is new and whether it missed something.
// Readers get whole lines, unless a line is longer than what they asked for.
//
//	                 oldest                    size (next byte written)
//	                   v                         v
//	positions  0 ......[ kept: at most Capacity ].
//	                      ^ first whole line
//
// The package does not print, lock or read a clock; Number formatting for log
// lines is here because there is no fmt below the runtime. It is in use from the
// first line of the boot to the last.
package logring

// Capacity is the size of the ring in bytes, a power of two.
const Capacity = 64 << 10

// Ring is the log. The zero value is empty and ready. It is 64 KiB: a global.
type Ring struct {
	buf     [Capacity]byte
	written uint64 // bytes since boot
	lined   uint64 // position after the last newline
}

// WriteByte appends one byte. It never fails; the error-free signature is what
// the kernel's print path needs.
func (r *Ring) PutByte(c byte) {}

// Write appends p, dropping the oldest bytes as needed.
func (r *Ring) Put(p []byte) {}

// PutString appends s.
func (r *Ring) PutString(s string) {}

// Written returns the position of the next byte.
func (r *Ring) Written() uint64 { return r.written }

// Oldest returns the position of the oldest line that is kept whole.
func (r *Ring) Oldest() uint64 { return 0 }

// ReadFrom copies whole lines from position from into dst and returns how many
// bytes, and the position to go on from. A line that has no newline yet is not
// returned, one that does not fit in dst is returned in pieces. If from was
// overwritten, reading starts at Oldest and lost is the number of bytes skipped;
// a from in the future reads nothing.
func (r *Ring) ReadFrom(from uint64, dst []byte) (n int, next, lost uint64) { return 0, from, 0 }

// ReadAll is ReadFrom with the unfinished last line: for a crash report.
func (r *Ring) ReadAll(from uint64, dst []byte) (n int, next, lost uint64) { return 0, from, 0 }
