package clock

// PITHz is the frequency of the i8254, 105/88 MHz rounded.
const PITHz = 1193182

// Sample is one reading of all counters, as close together as possible.
type Sample struct {
	TSC  uint64 // counts up
	APIC uint32 // local APIC timer, counts down
	PIT  uint16 // i8254 channel 0 in mode 0, counts down
}

// Rates are the results of a calibration.
type Rates struct {
	TSCkHz uint64
	APICHz uint64
}

// Verdict tells whether a calibration is to be believed.
type Verdict uint8

// Verdicts.
const (
	Good     Verdict = iota
	NoPIT            // the PIT did not count
	TooShort         // less than MinPIT counts: not precise enough
	BadTSC           // the TSC stood still, went back, or is out of range
	BadAPIC          // the APIC timer stood still or ran out
)

// MinPIT is the shortest believable distance of two samples in PIT counts, 1 ms.
const MinPIT = PITHz / 1000

var verdictNames = [...]string{
	Good: "ok", NoPIT: "no PIT", TooShort: "samples too close", BadTSC: "TSC is not believable",
	BadAPIC: "APIC timer is not believable",
}

// String returns v in words.
func (v Verdict) String() string {
	if int(v) < len(verdictNames) {
		return verdictNames[v]
	}
	return "unknown verdict"
}

// Calibrate returns the rates between two samples less than 54 ms apart (one turn
// of the PIT). With BadAPIC, TSCkHz is good all the same; with any other verdict
// but Good both are 0.
func Calibrate(first, last Sample) (Rates, Verdict) {
	counts := uint64(first.PIT - last.PIT) // wraps with the 16-bit counter
	switch {
	case counts == 0:
		return Rates{}, NoPIT
	case first.PIT < last.PIT:
		return Rates{}, NoPIT // mode 0 stops at 0 and would wrap: not a distance to trust
	case counts < MinPIT:
		return Rates{}, TooShort
	}
	ticks := last.TSC - first.TSC
	// MaxKHz for a turn of the PIT is below 2^33 ticks: the product fits.
	if ticks == 0 || ticks >= 1<<36 {
		return Rates{}, BadTSC
	}
	khz := (ticks*PITHz/counts + 500) / 1000
	if khz < MinKHz || khz > MaxKHz {
		return Rates{}, BadTSC
	}
	apic := uint64(first.APIC - last.APIC)
	if apic == 0 || last.APIC == 0 || first.APIC < last.APIC {
		return Rates{TSCkHz: khz}, BadAPIC
	}
	return Rates{TSCkHz: khz, APICHz: apic * PITHz / counts}, Good
}
