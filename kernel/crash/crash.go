// Package crash is the record that a dying kernel leaves in memory for the next boot:
// the end of its log, and how it ended.
//
// The record lies in pages that no boot gives to anybody, right behind the image, so that
// it is still there after a reset that keeps RAM (QEMU's, without -no-reboot). The next
// boot finds it by its magic number and believes it only if the checksum holds: after a
// cold start the pages hold anything.
//
//	offset  0  magic        u64  "UKcrash1"; 0 once the record was taken
//	        8  checksum     u64  FNV-1a of all that follows, text included
//	       16  size         u32  of the text, bytes, at most MaxText
//	       20  code         u32  exit code
//	       24  uptime       i64  ns from the first instruction to the end
//	       32  wall         i64  ns since 1970, 0 if not known
//	       40  text
//
// Numbers are little endian. The package does not lock, print or read a clock; it is in use at
// the very beginning of a boot and the very end.
package crash

import "github.com/unikernel-ai/unikernel-ai/kernel/logring"

// Size is the record's place in bytes, whole pages.
const Size = 64 << 10

// MaxText is how much of the log is kept.
const MaxText = Size - textOff

const (
	magic = 0x3168736172634b55 // "UKcrash1"

	magicOff  = 0
	sumOff    = 8
	sizeOff   = 16
	codeOff   = 20
	uptimeOff = 24
	wallOff   = 32
	textOff   = 40
)

// Record says how a boot ended.
type Record struct {
	Size   uint32 // of the text
	Code   uint32 // exit code
	Uptime int64  // ns
	Wall   int64  // ns since 1970, 0 if not known
}

// Save writes a record into area, which is Size bytes long: r's numbers but Size, and the
// end of the log, from the beginning of a line if that is possible.
func Save(area []byte, r Record, log *logring.Ring) {
	put64(area, magicOff, 0) // not valid while it is being written
	from := uint64(0)
	if w := log.Written(); w > MaxText {
		from = w - MaxText
	}
	n, _, _ := log.ReadAll(from, area[textOff:Size])
	if from > 0 {
		n = fromLine(area[textOff : textOff+n])
	}
	put32(area, sizeOff, uint32(n))
	put32(area, codeOff, r.Code)
	put64(area, uptimeOff, uint64(r.Uptime))
	put64(area, wallOff, uint64(r.Wall))
	put64(area, sumOff, sum(area[sizeOff:textOff+n]))
	put64(area, magicOff, magic)
}

// fromLine moves the text behind the first newline to the beginning of b, if there is any,
// and returns how long the text is then.
func fromLine(b []byte) int {
	for i, c := range b {
		if c == '\n' && i+1 < len(b) {
			return copy(b, b[i+1:])
		}
	}
	return len(b)
}

// Take returns the record in area, which is Size bytes long, and marks it as taken: it is
// valid once. ok is false if there is none, whatever area holds. The text stays where it
// is, see Text.
func Take(area []byte) (r Record, ok bool) {
	if get64(area, magicOff) != magic {
		return Record{}, false
	}
	put64(area, magicOff, 0)
	r = Record{
		Size: get32(area, sizeOff), Code: get32(area, codeOff),
		Uptime: int64(get64(area, uptimeOff)), Wall: int64(get64(area, wallOff)),
	}
	if r.Size > MaxText || get64(area, sumOff) != sum(area[sizeOff:textOff+int(r.Size)]) {
		return Record{}, false
	}
	return r, true
}

// Text returns the text of the record r that Take found in area.
func Text(area []byte, r Record) []byte { return area[textOff : textOff+int(min(r.Size, MaxText))] }

// sum is the 64-bit FNV-1a hash (draft-eastlake-fnv). It finds memory that was written to
// or has decayed; it is no defence against somebody who wants to be believed.
func sum(b []byte) uint64 {
	h := uint64(0xcbf29ce484222325)
	for _, c := range b {
		h = (h ^ uint64(c)) * 0x100000001b3
	}
	return h
}

func put32(b []byte, off int, v uint32) {
	for i := range 4 {
		b[off+i] = byte(v >> (8 * i))
	}
}

func put64(b []byte, off int, v uint64) {
	for i := range 8 {
		b[off+i] = byte(v >> (8 * i))
	}
}

func get32(b []byte, off int) (v uint32) {
	for i := range 4 {
		v |= uint32(b[off+i]) << (8 * i)
	}
	return v
}

func get64(b []byte, off int) (v uint64) {
	for i := range 8 {
		v |= uint64(b[off+i]) << (8 * i)
	}
	return v
}
