package convert

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

// weights is a safetensors file:
//
//	0    length n of the header, uint64, little endian
//	8    JSON: {"name": {"dtype": "F32", "shape": [rows, cols], "data_offsets": [from, to]}, ...}
//	8+n  the data
type weights struct {
	tensors map[string]entry
	data    []byte
}

type entry struct {
	Type    string    `json:"dtype"`
	Shape   []int     `json:"shape"`
	Offsets [2]uint64 `json:"data_offsets"`
}

// maxHeader is the largest header that is read; the format allows 100 MB.
const maxHeader = 16 << 20

func readWeights(b []byte) (*weights, error) {
	if len(b) < 8 {
		return nil, fmt.Errorf("safetensors: %d bytes", len(b))
	}
	n := binary.LittleEndian.Uint64(b)
	if n > maxHeader || n > uint64(len(b)-8) {
		return nil, fmt.Errorf("safetensors: header of %d bytes in a file of %d", n, len(b))
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b[8:8+n], &all); err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	w := &weights{tensors: make(map[string]entry), data: b[8+n:]}
	for name, raw := range all {
		if name == "__metadata__" {
			continue
		}
		var e entry
		if err := json.Unmarshal(raw, &e); err != nil {
			return nil, fmt.Errorf("safetensors: tensor %q: %w", name, err)
		}
		if e.Offsets[0] > e.Offsets[1] || e.Offsets[1] > uint64(len(w.data)) {
			return nil, fmt.Errorf("safetensors: tensor %q at %d to %d of %d bytes", name, e.Offsets[0], e.Offsets[1], len(w.data))
		}
		w.tensors[name] = e
	}
	return w, nil
}

// floats returns a tensor of that shape, which must be F32, of finite numbers, and is
// taken out of those that are left.
func (w *weights) floats(name string, shape ...int) ([]float32, error) {
	e, ok := w.tensors[name]
	switch {
	case !ok:
		return nil, fmt.Errorf("tensor %q is missing", name)
	case e.Type != "F32":
		return nil, fmt.Errorf("tensor %q is %s, want F32", name, e.Type)
	case !slices.Equal(e.Shape, shape):
		return nil, fmt.Errorf("tensor %q has shape %v, want %v", name, e.Shape, shape)
	}
	n := uint64(4)
	for _, d := range shape {
		n *= uint64(d)
	}
	if e.Offsets[1]-e.Offsets[0] != n {
		return nil, fmt.Errorf("tensor %q has %d bytes, want %d", name, e.Offsets[1]-e.Offsets[0], n)
	}
	delete(w.tensors, name)
	b := w.data[e.Offsets[0]:e.Offsets[1]]
	f := make([]float32, len(b)/4)
	for i := range f {
		f[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		if f[i]-f[i] != 0 {
			return nil, fmt.Errorf("tensor %q: element %d is %v", name, i, f[i])
		}
	}
	return f, nil
}
