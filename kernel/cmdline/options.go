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
)

var problemNames = [...]string{
	Fine: "ok", BadSelfTest: "selftest must be off, fast or full", BadLogLevel: "loglevel must be quiet, info or debug",
	BadConsole: "console must be on or off", BadReady: "ready must be off or a port from 1 to 4294967294",
	BadTSC: "tsc_khz must be a number from 10000 to 100000000",
}

// String returns p in words.
func (p Problem) String() string {
	if int(p) < len(problemNames) {
		return problemNames[p]
	}
	return "unknown problem"
}

// Options returns the kernel's words. Of several with one key the last counts.
func (l *Line) Options() Options { return Options{} }
