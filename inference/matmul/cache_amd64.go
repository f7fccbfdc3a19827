//go:build amd64 && !noasm

package matmul

// askCaches asks CPUID. Leaf 4 (Intel SDM vol. 2A "CPUID", "Deterministic Cache
// Parameters") and leaf 8000001Dh (AMD APM vol. 3 "Cache Topology Information")
// have the same layout; a processor has one of them, or neither.
func askCaches() caches {
	if c := cachesOf(func(sub uint32) (a, b, c uint32) { a, b, c, _ = cpuid(4, sub); return }); c.l1 != 0 {
		return c
	}
	if most, _, _, _ := cpuid(0x80000000, 0); most < 0x8000001D {
		return caches{}
	}
	return cachesOf(func(sub uint32) (a, b, c uint32) { a, b, c, _ = cpuid(0x8000001D, sub); return })
}

// cachesOf reads the leaf that ask returns: one cache a sub-leaf, until type 0.
//
//	EAX  4:0 type (1 data, 2 instructions, 3 both)   7:5 level
//	EBX  11:0 line size - 1   21:12 partitions - 1   31:22 ways - 1
//	ECX  sets - 1
func cachesOf(ask func(sub uint32) (a, b, c uint32)) (found caches) {
	for sub := range uint32(16) {
		a, b, c := ask(sub)
		if a&0x1F == 0 {
			break
		}
		if a&0x1F == 2 {
			continue
		}
		size := (int(b&0xFFF) + 1) * (int(b>>12&0x3FF) + 1) * (int(b>>22) + 1) * (int(c) + 1)
		switch a >> 5 & 7 {
		case 1:
			found.l1 = size
		case 2:
			found.l2 = size
		case 3:
			found.l3 = size
		}
	}
	return found
}
