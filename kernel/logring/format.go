package logring

// Sizes of buffers that the Format functions always fit in, bytes.
const (
	DecSize   = 20
	HexSize   = 18
	StampSize = 32
)

// Dec writes v in decimal into dst and returns the number of bytes.
func Dec(dst *[DecSize]byte, v uint64) int { return 0 }

// Hex writes v as 0x and hexadecimal digits without leading zeros into dst and
// returns the number of bytes.
func Hex(dst *[HexSize]byte, v uint64) int { return 0 }

// Stamp writes a log line's time, ns nanoseconds since the first instruction, as
// "[    1.234567] " into dst and returns the number of bytes. Times before 0 are 0.
func Stamp(dst *[StampSize]byte, ns int64) int { return 0 }

// Millis writes ns as milliseconds with one decimal, "12.3", into dst and returns
// the number of bytes. Times before 0 are 0.
func Millis(dst *[StampSize]byte, ns int64) int { return 0 }
