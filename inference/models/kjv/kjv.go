// Package kjv holds the model that an image embeds when nobody names another:
// kjv-2M, a llama-architecture model of 2.0 million weights trained from
// nothing on the King James Bible. README.md beside this file says how it was
// made, train/ holds the programs, and LICENSE the terms (CC0-1.0).
//
// The file is 2.1 MB and becomes part of every program that calls Q8_0.
// Package kjv/f16 holds the same model unquantized, apart so that a program
// links only what it asks for.
package kjv

import _ "embed"

//go:embed kjv-Q8_0.gguf
var q8_0 string

// SHA256 is the digest of that file, in hexadecimal. It is a constant so that no image
// spends its boot on computing it; the test compares it with the file.
const SHA256 = "902cef0680945c715b992cc1a6b1e6f3cf047ee820b3ea739d4a7ed1a64a5aa1"

// Q8_0 returns the GGUF file with Q8_0 weights, in read-only memory: writing to
// it faults.
func Q8_0() []byte { return readOnly(q8_0) }
