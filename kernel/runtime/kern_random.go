//go:build unikernel

package runtime

import (
	"internal/chacha8rand"
	"unsafe"
)

// Random numbers: a ChaCha8 generator with fast key erasure. Its key absorbs
// everything that may be unpredictable, and is replaced after every output, so
// what was given out cannot be computed from what is kept.
//
//	absorb(x):  key = first 32 bytes of ChaCha8(key XOR x)
//	output:     key, out = ChaCha8(key)
//
// Sources: RDRAND where there is one (again at every output), the TSC at
// interrupts and calls, the date, the addresses that the VMM chose, and what the
// virtio-rng driver adds. Without RDRAND or a driver's entropy it is only as good
// as the jitter of the TSC; KernelStats says which sources there were. It never
// waits: there is nothing to wait for that the sources do not give at once.

var kernPool struct {
	key    [4]uint64 // guarded by the kernel lock
	rdrand bool
	added  uint64 // bytes from drivers
}

var kernPoolBlock chacha8rand.State // scratch

// kernRandomInit seeds the generator. It is the first thing that asks for RDRAND.
func kernRandomInit(tsc uint64) {
	_, _, c, _ := kernCPUID(1, 0)
	kernPool.rdrand = c>>30&1 != 0
	kernPool.key[0] = tsc
	for range 4 {
		for i := range kernPool.key {
			kernPool.key[i] ^= kernEntropy()
		}
		kernStir()
	}
}

// kernEntropy returns 64 bits of the processor's generator, if it has one and it
// works, mixed with the time.
func kernEntropy() uint64 {
	t := kernTSC()
	if kernPool.rdrand {
		for range 10 { // Intel SDM vol. 1 "RDRAND": ten tries
			if v, ok := kernRDRAND(); ok {
				return v ^ t
			}
		}
	}
	return t
}

// kernStir replaces the key by the generator's next output and leaves the
// generator ready for more.
func kernStir() {
	kernPoolBlock.Init(*(*[32]byte)(unsafe.Pointer(&kernPool.key)))
	for i := range kernPool.key {
		kernPool.key[i] = kernNextRandom()
	}
}

func kernNextRandom() uint64 {
	for {
		if v, ok := kernPoolBlock.Next(); ok {
			return v
		}
		kernPoolBlock.Refill()
	}
}

// kernRandom returns a random number.
func kernRandom() uint64 {
	kernPool.key[1] ^= kernEntropy()
	kernStir()
	return kernNextRandom()
}

// kernSysGetrandom fills n bytes at buf, at most kernMaxRandom at once.
func kernSysGetrandom(buf, n uintptr) int64 {
	n = min(n, kernMaxRandom)
	if !kernUserOK(buf, n) {
		return -kernEFAULT
	}
	for i := range kernPool.key {
		kernPool.key[i] ^= kernEntropy()
	}
	kernStir()
	for i := uintptr(0); i < n; {
		v := kernNextRandom()
		for range min(8, n-i) {
			*(*byte)(unsafe.Pointer(buf + i)) = byte(v)
			v >>= 8
			i++
		}
	}
	kernStir()
	return int64(n)
}

// kernMaxRandom bounds one call, whose time others wait: 64 KiB.
const kernMaxRandom = 64 << 10

// kernAddEntropy mixes n bytes at buf into the key: what a driver got from a device.
func kernAddEntropy(buf, n uintptr) int64 {
	if n > kernMaxRandom || !kernUserOK(buf, n) {
		return -kernEFAULT
	}
	for i := uintptr(0); i < n; i++ {
		kernPool.key[i/8%4] ^= uint64(*(*byte)(unsafe.Pointer(buf + i))) << (i % 8 * 8)
		if i%32 == 31 || i == n-1 {
			kernStir()
		}
	}
	kernPool.added += uint64(n)
	return int64(n)
}
