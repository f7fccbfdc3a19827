package mcp

import "testing"

// TestEchoAllocations bounds what one call costs the garbage collector: 4 as measured
// with Go 1.26.8 (the call, the arguments, the text, the result), and one for luck.
func TestEchoAllocations(t *testing.T) {
	for name, call := range map[string][]byte{"handshake": benchCall, "stateless": benchModern} {
		c, _ := pipe(t, newFixture(nil))
		r := rawClient(t, c)
		callsOf(t, call, c, r, 100, 1)
		got := testing.AllocsPerRun(200, func() {
			if _, err := c.Write(call); err != nil {
				t.Fatal(err)
			}
			if _, err := r.ReadSlice('\n'); err != nil {
				t.Fatal(err)
			}
		})
		if got > 5 {
			t.Errorf("%s: an echo call makes %v allocations, want at most 5", name, got)
		}
	}
}
