package q4

import "unsafe"

// readOnly returns the bytes of s without copying them.
//
// SAFETY: the slice has the length and lifetime of s, which is a constant of
// the program. The callers' documentation forbids writing; since the linker puts
// embedded strings in read-only memory, a write would fault, not corrupt.
func readOnly(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
