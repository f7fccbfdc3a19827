package cmdline

// SelfTest says how much is tested at boot.
type SelfTest uint8

// Values of selftest=.
const (
	SelfTestFast SelfTest = iota // the default
	SelfTestOff
	SelfTestFull
)

var selfTestNames = [...]string{SelfTestFast: "fast", SelfTestOff: "off", SelfTestFull: "full"}

// String returns s as it is written on the command line.
func (s SelfTest) String() string {
	if int(s) < len(selfTestNames) {
		return selfTestNames[s]
	}
	return "unknown"
}

// Level says which kernel log lines reach the console. The ring gets all.
type Level uint8

// Values of loglevel=.
const (
	LevelInfo  Level = iota // the default
	LevelQuiet              // errors only
	LevelDebug
)

var levelNames = [...]string{LevelInfo: "info", LevelQuiet: "quiet", LevelDebug: "debug"}

// String returns l as it is written on the command line.
func (l Level) String() string {
	if int(l) < len(levelNames) {
		return levelNames[l]
	}
	return "unknown"
}

// Options are the words that the kernel itself obeys. The zero value is what an
// empty command line means.
type Options struct {
	SelfTest   SelfTest // selftest=off|fast|full
	LogLevel   Level    // loglevel=quiet|info|debug
	ConsoleOff bool     // console=off (default console=on): nothing on the serial port
	ReadyOff   bool     // ready=off
	Ready      uint32   // ready=PORT, 0: not given
	TSCkHz     uint64   // tsc_khz=N, 0: not given
	CrashReset bool     // crash=reset (default crash=exit): an end with a code other than 0 resets the VM
	Bad        Problem  // the first word that could not be understood
	BadVar     int      // its variable, if Bad is not Fine
}

// Problem says what is wrong with a kernel word.
type Problem uint8

// Problems. A word with a problem keeps its default.
const (
	Fine Problem = iota
	BadSelfTest
	BadLogLevel
	BadConsole
	BadReady
	BadTSC
	BadCrash
)

var problemNames = [...]string{
	Fine: "ok", BadSelfTest: "selftest must be off, fast or full", BadLogLevel: "loglevel must be quiet, info or debug",
	BadConsole: "console must be on or off", BadReady: "ready must be off or a port from 1 to 4294967294",
	BadTSC: "tsc_khz must be a number from 10000 to 100000000", BadCrash: "crash must be exit or reset",
}

// String returns p in words.
func (p Problem) String() string {
	if int(p) < len(problemNames) {
		return problemNames[p]
	}
	return "unknown problem"
}

// Options returns the kernel's words. Of several with one key the last counts.
func (l *Line) Options() Options {
	var o Options
	for i := range l.varCount {
		if p := l.option(i, &o); p != Fine && o.Bad == Fine {
			o.Bad, o.BadVar = p, i
		}
	}
	return o
}

// option obeys variable i, if it is the kernel's. A bad one changes nothing.
func (l *Line) option(i int, o *Options) Problem {
	if v, ok := l.value(i, "selftest"); ok {
		n := find(v, selfTestNames[:])
		if n < 0 {
			return BadSelfTest
		}
		o.SelfTest = SelfTest(n)
	} else if v, ok := l.value(i, "loglevel"); ok {
		n := find(v, levelNames[:])
		if n < 0 {
			return BadLogLevel
		}
		o.LogLevel = Level(n)
	} else if v, ok := l.value(i, "console"); ok {
		if !equal(v, "on") && !equal(v, "off") {
			return BadConsole
		}
		o.ConsoleOff = equal(v, "off")
	} else if v, ok := l.value(i, "ready"); ok {
		port, isNumber := number(v, 1, 1<<32-2) // the last is VMADDR_PORT_ANY
		if !isNumber && !equal(v, "off") {
			return BadReady
		}
		o.Ready, o.ReadyOff = uint32(port), !isNumber
	} else if v, ok := l.value(i, "tsc_khz"); ok {
		khz, isNumber := number(v, 10_000, 100_000_000)
		if !isNumber {
			return BadTSC
		}
		o.TSCkHz = khz
	} else if v, ok := l.value(i, "crash"); ok {
		if !equal(v, "exit") && !equal(v, "reset") {
			return BadCrash
		}
		o.CrashReset = equal(v, "reset")
	}
	return Fine
}

// find returns the index of v in names, or -1.
func find(v []byte, names []string) int {
	for i, n := range names {
		if equal(v, n) {
			return i
		}
	}
	return -1
}

// number returns the decimal number v, and false unless it is one between low and
// high, which is below 2^60.
func number(v []byte, low, high uint64) (uint64, bool) {
	n := uint64(0)
	for _, c := range v {
		if c < '0' || c > '9' {
			return 0, false
		}
		if n = n*10 + uint64(c-'0'); n > high {
			return 0, false
		}
	}
	return n, len(v) > 0 && n >= low
}
