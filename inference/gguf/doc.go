// Package gguf reads model files in the GGUF format, versions 2 and 3, little
// endian, out of memory and in place: tensors are slices of the file.
//
// It knows what a file says, not what it means: which keys and tensors a model
// needs is decided in packages tokenizer and transformer. It does not write files.
//
//	offset
//	0     "GGUF", version uint32, tensor count uint64, key count uint64
//	24    keys: name, type uint32, value; a name is a length uint64 and bytes
//	...   tensors: name, dimension count uint32, dimensions uint64, type uint32,
//	      offset uint64 from the start of the data
//	...   zeros up to a multiple of general.alignment (32)
//	...   the data; each tensor's offset is a multiple of the alignment
//
// The first dimension is the one that is contiguous in memory, so a matrix of
// (rows, columns) has dimensions [columns, rows].
//
// The file is hostile. Every count, length, offset and dimension is checked
// against what is left of the file before it is used, with arithmetic that
// cannot overflow; nothing is allocated in proportion to a number that the file
// merely claims. Errors name the key or tensor and its offset in the file. The
// limits are the Max constants; within them, memory used is a small multiple
// of the header's size in the file.
//
// Source: the format's description, docs/gguf.md in ggml (editions in docs/specs.md).
package gguf

// Limits beyond which a file is refused although the format would allow it.
const (
	MaxKeys       = 1 << 12 // known models have fewer than 100
	MaxTensors    = 1 << 16 // known models have fewer than 2,000
	MaxNameSize   = 1 << 10 // bytes; the format allows 64 for tensors, 65535 for keys
	MaxDimensions = 4       // as in the format
	MaxAlignment  = 1 << 20 // bytes; files use 32
)
