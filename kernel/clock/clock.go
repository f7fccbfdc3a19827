// Package clock turns counter readings into time: the time stamp counter into
// nanoseconds since boot, PIT samples into frequencies, CMOS registers into a date.
//
// It reads no register: the kernel passes readings in. In the boot path it comes
// after the local APIC is on and before the first task.
package clock

// Shift is the binary point of Clock's multiplier: ns = (tsc-tsc0)*mult >> Shift.
// The vDSO of the kernel uses the same formula.
const Shift = 32

// Clock converts time stamp counter readings to nanoseconds. The zero value
// stands still at 0.
type Clock struct {
	TSC0 uint64 // reading at NS0
	Mult uint64 // nanoseconds per tick, << Shift
	NS0  int64  // time at TSC0
}

// Limits of believable TSC frequencies, kHz.
const (
	MinKHz = 10_000      // 10 MHz
	MaxKHz = 100_000_000 // 100 GHz
)

// Mult returns the multiplier for a counter of khz kilohertz, rounded to nearest,
// and false if that is not between MinKHz and MaxKHz.
func Mult(khz uint64) (mult uint64, ok bool) { return 0, false }

// At returns the time at the reading tsc. Readings before TSC0, which happen
// between processors, give NS0; so the result never goes backwards past it.
func (c *Clock) At(tsc uint64) int64 { return 0 }

// Anchor makes c continue from the reading tsc with a new frequency, without a
// step. It reports false, and changes nothing, for a frequency out of range.
func (c *Clock) Anchor(tsc, khz uint64) bool { return false }

// Ticks returns how many ticks of a counter of hz hertz fit in ns nanoseconds,
// at least 1 and at most limit: an initial count for the APIC timer.
func Ticks(ns int64, hz, limit uint64) uint64 { return 1 }
