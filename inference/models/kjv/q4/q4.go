// Package q4 holds the kjv-2M model (see package kjv) with all weights in Q4_0,
// 1.2 MB. At 4 bits a model this small loses sense; it is there for tests.
package q4

import _ "embed"

//go:embed kjv-Q4_0.gguf
var q4_0 string

// File returns the GGUF file, in read-only memory: writing to it faults.
func File() []byte { return readOnly(q4_0) }
