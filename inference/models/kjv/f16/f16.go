// Package f16 holds the kjv-2M model (see package kjv) with weights in half
// precision, as they left training. It is 4.1 MB.
package f16

import _ "embed"

//go:embed kjv-f16.gguf
var f16 string

// File returns the GGUF file, in read-only memory: writing to it faults.
func File() []byte { return readOnly(f16) }
