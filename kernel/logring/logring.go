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
// The package does not print, lock or read a clock. Number formatting for log
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

// PutByte appends one byte.
func (r *Ring) PutByte(c byte) {
	r.buf[r.written%Capacity] = c
	r.written++
	if c == '\n' {
		r.lined = r.written
	}
}

// Put appends p, dropping the oldest bytes as needed.
func (r *Ring) Put(p []byte) {
	for i, c := range p {
		if c == '\n' {
			r.lined = r.written + uint64(i) + 1
		}
	}
	for len(p) > 0 {
		n := copy(r.buf[r.written%Capacity:], p)
		r.written += uint64(n)
		p = p[n:]
	}
}

// PutString appends s, dropping the oldest bytes as needed.
func (r *Ring) PutString(s string) {
	for i := 0; i < len(s); i++ {
		if s[i] == '\n' {
			r.lined = r.written + uint64(i) + 1
		}
	}
	for len(s) > 0 {
		n := copy(r.buf[r.written%Capacity:], s)
		r.written += uint64(n)
		s = s[n:]
	}
}

// Written returns the position of the next byte.
func (r *Ring) Written() uint64 { return r.written }

// Oldest returns the position where reading from 0 starts: 0 while nothing was
// overwritten, then the first line that is certainly whole. If there is none, it
// is the oldest byte.
func (r *Ring) Oldest() uint64 {
	if r.written <= Capacity {
		return 0
	}
	first := r.written - Capacity
	for p := first; p < r.lined; p++ {
		if r.buf[p%Capacity] == '\n' && p+1 < r.written {
			return p + 1
		}
	}
	return first
}

// ReadFrom copies whole lines from position from into dst and returns how many
// bytes, and the position to go on from. A line that has no newline yet is not
// returned, one that does not fit in dst is returned in pieces. If from was
// overwritten, reading starts at Oldest and lost is the number of bytes skipped;
// a from in the future reads nothing and is returned as next.
func (r *Ring) ReadFrom(from uint64, dst []byte) (n int, next, lost uint64) {
	return r.read(from, r.lined, dst)
}

// ReadAll is ReadFrom with the unfinished last line: for a crash report.
func (r *Ring) ReadAll(from uint64, dst []byte) (n int, next, lost uint64) {
	return r.read(from, r.written, dst)
}

// read copies [from, end), shortened to whole lines if dst is too small for all.
func (r *Ring) read(from, end uint64, dst []byte) (n int, next, lost uint64) {
	if r.written > Capacity && from < r.written-Capacity {
		oldest := r.Oldest()
		from, lost = oldest, oldest-from
	}
	if from >= end {
		return 0, from, lost
	}
	stop := end
	if room := uint64(len(dst)); end-from > room {
		stop = from + room
		for p := stop; p > from; p-- {
			if r.buf[(p-1)%Capacity] == '\n' {
				stop = p
				break
			}
		}
	}
	for p := from; p < stop; {
		at := p % Capacity
		copied := copy(dst[n:], r.buf[at:min(Capacity, at+stop-p)])
		n += copied
		p += uint64(copied)
	}
	return n, stop, lost
}
