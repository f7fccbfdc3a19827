package clock

// PITHz is the frequency of the i8254, 105/88 MHz rounded.
const PITHz = 1193182

// Sample is one reading of all counters, as close together as possible.
type Sample struct {
	TSC  uint64 // counts up
	APIC uint32 // local APIC timer, counts down
	PIT  uint16 // i8254 channel 0 in mode 0, counts down and wraps
	Out  bool   // its OUT pin: the counter has come to 0 since it was loaded
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
	TooLong          // the PIT went round: load it again and take two new samples
	BadTSC           // the TSC stood still, went back, or is out of range
	BadAPIC          // the APIC timer stood still or ran out
)

// MinPIT is the shortest believable distance of two samples in PIT counts, 1 ms.
const MinPIT = PITHz / 1000

var verdictNames = [...]string{
	Good: "ok", NoPIT: "no PIT", TooShort: "samples too close",
	TooLong: "samples too far apart", BadTSC: "TSC is not believable",
	BadAPIC: "APIC timer is not believable",
}

// String returns v in words.
func (v Verdict) String() string {
	if int(v) < len(verdictNames) {
		return verdictNames[v]
	}
	return "unknown verdict"
}

// Calibrate returns the rates between two samples less than a turn of the PIT,
// 55 ms, apart. A machine may lose more time than that between any two
// instructions. Out tells, where the caller reads it (i8254 read-back command
// 0xc2: status, then count); without it a whole turn that passed unnoticed gives a
// rate that is too high.
//
// With BadAPIC, TSCkHz is good all the same; with any other verdict but Good both
// are 0.
func Calibrate(first, last Sample) (Rates, Verdict) {
	counts := uint64(first.PIT - last.PIT)
	switch {
	case first.Out || last.Out || first.PIT < last.PIT:
		return Rates{}, TooLong
	case counts == 0:
		return Rates{}, NoPIT
	case counts < MinPIT:
		return Rates{}, TooShort
	}
	khz, ok := rate(first, last, counts)
	if !ok {
		return Rates{}, BadTSC
	}
	apic := uint64(first.APIC - last.APIC)
	if apic == 0 || last.APIC == 0 || first.APIC < last.APIC {
		return Rates{TSCkHz: khz}, BadAPIC
	}
	return Rates{TSCkHz: khz, APICHz: apic * PITHz / counts}, Good
}

// Refine returns a better TSC rate from two samples up to minutes apart, while the
// PIT ran freely, given the rate khz known so far. That one tells how often the PIT
// went round, if its error over the whole time is less than half a turn, 27 ms.
// It reports false when the samples are too close or contradict khz by more than
// 1/64: then the time between them was not what it seemed.
func Refine(first, last Sample, khz uint64) (better uint64, ok bool) {
	ticks := last.TSC - first.TSC
	if khz < MinKHz || khz > MaxKHz || ticks >= maxTicks {
		return 0, false
	}
	guess := ticks * (PITHz / 2) / (khz * 500)
	// Of all numbers with the low 16 bits that the PIT shows, the one nearest to guess.
	counts := int64(guess) + int64(int16(first.PIT-last.PIT-uint16(guess)))
	if counts < MinPIT {
		return 0, false
	}
	better, ok = rate(first, last, uint64(counts))
	if !ok || better < khz-khz/64 || better > khz+khz/64 {
		return 0, false
	}
	return better, true
}

// maxTicks is how many ticks two samples may be apart at most: ticks * PITHz fits
// in 64 bits. That is half an hour at 5 GHz.
const maxTicks = 1 << 43

// rate returns the TSC frequency in kHz if the PIT made counts between two samples,
// and false if it is not believable.
func rate(first, last Sample, counts uint64) (khz uint64, ok bool) {
	ticks := last.TSC - first.TSC
	if ticks >= maxTicks {
		return 0, false // the TSC went back
	}
	khz = (ticks*PITHz/counts + 500) / 1000
	return khz, khz >= MinKHz && khz <= MaxKHz
}
