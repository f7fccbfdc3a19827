package logring

// Sizes of buffers that the Format functions always fit in, bytes.
const (
	DecSize   = 20
	HexSize   = 18
	StampSize = 32
)

// Dec writes v in decimal into dst and returns the number of bytes.
func Dec(dst *[DecSize]byte, v uint64) int {
	n := digits(v)
	putDec(dst[:n], v)
	return n
}

// Hex writes v as 0x and hexadecimal digits without leading zeros into dst and
// returns the number of bytes.
func Hex(dst *[HexSize]byte, v uint64) int {
	n := 1
	for w := v >> 4; w != 0; w >>= 4 {
		n++
	}
	dst[0], dst[1] = '0', 'x'
	for i := n + 1; i >= 2; i-- {
		dst[i] = "0123456789abcdef"[v&15]
		v >>= 4
	}
	return n + 2
}

// Stamp writes a log line's time, ns nanoseconds since the first instruction, as
// "[    1.234567] " into dst and returns the number of bytes. Times before 0 are 0.
func Stamp(dst *[StampSize]byte, ns int64) int {
	micros := uint64(max(ns, 0)) / 1000
	seconds := micros / 1e6
	width := max(digits(seconds), 5)
	dst[0] = '['
	n := 1 + width
	for i := 1; i < n; i++ {
		dst[i] = ' '
	}
	putDec(dst[n-digits(seconds):n], seconds)
	dst[n] = '.'
	putDec(dst[n+1:n+7], micros%1e6)
	dst[n+7], dst[n+8] = ']', ' '
	return n + 9
}

// Millis writes ns as milliseconds with one decimal, rounded, "12.3", into dst and
// returns the number of bytes. Times before 0 are 0.
func Millis(dst *[StampSize]byte, ns int64) int {
	tenths := (uint64(max(ns, 0)) + 50_000) / 100_000
	n := digits(tenths / 10)
	putDec(dst[:n], tenths/10)
	dst[n] = '.'
	dst[n+1] = '0' + byte(tenths%10)
	return n + 2
}

// digits returns how many decimal digits v has.
func digits(v uint64) int {
	n := 1
	for ; v >= 10; v /= 10 {
		n++
	}
	return n
}

// putDec fills dst with the last len(dst) decimal digits of v.
func putDec(dst []byte, v uint64) {
	for i := len(dst) - 1; i >= 0; i-- {
		dst[i] = '0' + byte(v%10)
		v /= 10
	}
}
