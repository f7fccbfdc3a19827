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
func Mult(khz uint64) (mult uint64, ok bool) {
	if khz < MinKHz || khz > MaxKHz {
		return 0, false
	}
	// 10^6 ns per ms and khz ticks per ms; 10^6 << 32 is below 2^52.
	return (1e6<<Shift + khz/2) / khz, true
}

// At returns the time at the reading tsc. Readings before TSC0, which happen
// between processors, give NS0; so the result never goes backwards past it.
// It is good for 2^63 ns, 292 years; after that it stands still.
func (c *Clock) At(tsc uint64) int64 {
	ticks := tsc - c.TSC0
	if int64(ticks) <= 0 {
		return c.NS0
	}
	hi, lo := mul(ticks, c.Mult)
	ns := hi<<(64-Shift) | lo>>Shift
	if hi>>Shift != 0 || ns > uint64(maxNS-max(c.NS0, 0)) {
		return maxNS
	}
	return c.NS0 + int64(ns)
}

const maxNS = 1<<63 - 1

// Anchor makes c continue from the reading tsc with a new frequency, without a
// step. It reports false, and changes nothing, for a frequency out of range.
func (c *Clock) Anchor(tsc, khz uint64) bool {
	mult, ok := Mult(khz)
	if !ok {
		return false
	}
	// A reading before TSC0 must not move the anchor back: time that At has given
	// for later readings already would come again.
	if c.Mult == 0 || int64(tsc-c.TSC0) > 0 {
		c.NS0 = c.At(tsc)
		c.TSC0 = tsc
	}
	c.Mult = mult
	return true
}

// Ticks returns how many ticks of a counter of hz hertz fit in ns nanoseconds,
// at least 1 and at most limit: an initial count for the APIC timer.
func Ticks(ns int64, hz, limit uint64) uint64 {
	if ns <= 0 {
		return 1
	}
	seconds, rest := uint64(ns)/1e9, uint64(ns)%1e9
	hi, lo := mul(seconds, hz)
	if hi != 0 || lo > limit {
		return limit
	}
	// rest < 2^30, so hz below 2^34 cannot overflow; a faster one is cut off.
	total := lo + rest*min(hz, 1<<34)/1e9
	return max(min(total, limit), 1)
}

// mul returns the 128-bit product of x and y. It is written out because the cores
// import nothing.
func mul(x, y uint64) (hi, lo uint64) {
	const low = 1<<32 - 1
	x0, x1, y0, y1 := x&low, x>>32, y&low, y>>32
	w0 := x0 * y0
	t := x1*y0 + w0>>32
	w1 := t&low + x0*y1
	return x1*y1 + t>>32 + w1>>32, x * y
}
