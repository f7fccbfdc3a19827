package gguftest

import (
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"math"
	"testing"
)

//go:embed testdata/dequant.json
var golden []byte

// TestDequantizeEqualsOtherProgram compares with package gguf for Python (testdata/dequant.py).
func TestDequantizeEqualsOtherProgram(t *testing.T) {
	var cases []struct {
		Type                 uint32
		Name, Blocks, Values string
	}
	if err := json.Unmarshal(golden, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) != len(blocks)-1 { // all but F32
		t.Errorf("%d cases for %d types", len(cases), len(blocks))
	}
	for _, c := range cases {
		data, err := hex.DecodeString(c.Blocks)
		if err != nil {
			t.Fatal(err)
		}
		want, err := hex.DecodeString(c.Values)
		if err != nil {
			t.Fatal(err)
		}
		got := Dequantize(c.Type, data)
		if len(got) != len(want)/4 || len(got) == 0 {
			t.Fatalf("%s: %d values, want %d", c.Name, len(got), len(want)/4)
		}
		for i, v := range got {
			w := float64(math.Float32frombits(le.Uint32(want[4*i:])))
			if math.Abs(v-w) > 1e-6*(math.Abs(w)+1) { // the other program rounds to float32 on the way
				t.Errorf("%s: element %d is %v, want %v", c.Name, i, v, w)
			}
		}
	}
}
