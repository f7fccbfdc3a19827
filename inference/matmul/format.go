package matmul

import "fmt"

// BlockSize is the number of elements that share a scale in the quantized
// formats, and in a quantized Input.
const BlockSize = 32

// Format is how the elements of a Matrix are stored.
type Format uint8

// The formats. The two Q formats are described in package gguf.
const (
	F32 Format = iota
	F16
	Q8_0
	Q4_0
)

// Bytes per block of BlockSize elements.
const (
	sizeQ8 = 2 + BlockSize
	sizeQ4 = 2 + BlockSize/2
)

func (f Format) String() string {
	switch f {
	case F32:
		return "F32"
	case F16:
		return "F16"
	case Q8_0:
		return "Q8_0"
	case Q4_0:
		return "Q4_0"
	}
	return fmt.Sprintf("Format(%d)", uint8(f))
}

// Quantized reports whether the format multiplies with quantized inputs.
func (f Format) Quantized() bool { return f == Q8_0 || f == Q4_0 }

// Matrix is weights, (rows, cols) row-major, in memory of the caller's that is
// never written. The zero Matrix is empty.
type Matrix struct {
	Format     Format
	Rows, Cols int
	floats     []float32 // F32
	bytes      []byte    // the others
	rowSize    int       // bytes
}

// NewFloat makes an F32 matrix of rows x cols. data is used in place.
func NewFloat(data []float32, rows, cols int) (Matrix, error) {
	if rows < 1 || cols < 1 || len(data)/cols != rows || len(data)%cols != 0 {
		return Matrix{}, fmt.Errorf("matmul: %d floats are not a %d x %d matrix", len(data), rows, cols)
	}
	return Matrix{Format: F32, Rows: rows, Cols: cols, floats: data}, nil
}

// New makes a matrix of rows x cols in one of the formats F16, Q8_0 and Q4_0,
// the latter with cols a multiple of BlockSize. data is used in place and may
// lie at any address.
func New(f Format, data []byte, rows, cols int) (Matrix, error) {
	if rows < 1 || cols < 1 || cols > 1<<40 {
		return Matrix{}, fmt.Errorf("matmul: %d x %d matrix", rows, cols)
	}
	m := Matrix{Format: f, Rows: rows, Cols: cols, bytes: data}
	switch {
	case f == F16:
		m.rowSize = 2 * cols
	case f == Q8_0 && cols%BlockSize == 0:
		m.rowSize = cols / BlockSize * sizeQ8
	case f == Q4_0 && cols%BlockSize == 0:
		m.rowSize = cols / BlockSize * sizeQ4
	default:
		return Matrix{}, fmt.Errorf("matmul: no %v matrix with %d columns from bytes", f, cols)
	}
	if len(data)/m.rowSize != rows || len(data)%m.rowSize != 0 {
		return Matrix{}, fmt.Errorf("matmul: %d bytes are not a %d x %d matrix of %v", len(data), rows, cols, f)
	}
	return m, nil
}

// Row writes row r, as float32, to dst (cols).
func (m *Matrix) Row(dst []float32, r int) {
	dst = dst[:m.Cols]
	if m.Format == F32 {
		copy(dst, m.floats[r*m.Cols:(r+1)*m.Cols])
		return
	}
	w := m.bytes[r*m.rowSize : (r+1)*m.rowSize]
	for i := range dst {
		switch m.Format {
		case F16:
			dst[i] = half(w[2*i:])
		case Q8_0:
			b := w[i/BlockSize*sizeQ8:]
			dst[i] = half(b) * float32(int8(b[2+i%BlockSize]))
		case Q4_0:
			b := w[i/BlockSize*sizeQ4:]
			q := b[2+i%16]
			if i%BlockSize >= 16 {
				q >>= 4
			}
			dst[i] = half(b) * float32(int(q&15)-8)
		}
	}
}
