package virtio

import (
	"errors"
	"testing"
)

// Virtio 1.2 §2.7.5.2: a chain is at most 2^32 bytes, readable and writable ones
// together. No test has so much memory, so these buffers stand for none.
func TestAddRefusesChainsOver4GiB(t *testing.T) {
	p := Platform{AllocDMA: func(size int) ([]byte, uint64, error) { return make([]byte, size), 1 << 32, nil }}
	half, rest := Buffer{phys: 1 << 40, size: 1 << 31}, Buffer{phys: 1 << 41, size: 1<<31 - 1}
	for _, tt := range []struct {
		name    string
		out, in []Buffer
		ok      bool
	}{
		{"readable", []Buffer{half, half}, nil, false},
		{"writable", nil, []Buffer{half, half}, false},
		{"together", []Buffer{half}, []Buffer{half}, false},
		{"one byte less", []Buffer{half}, []Buffer{rest}, true},
	} {
		q, err := newQueue(p, 0, 4, false, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := q.Add(tt.out, tt.in); (err == nil) != tt.ok || err != nil && !errors.Is(err, errChain) {
			t.Errorf("%s: Add = %v, want success: %v", tt.name, err, tt.ok)
		}
	}
}
