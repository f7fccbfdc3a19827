package matmul

import "sync"

// caches is the sizes in bytes of the data caches that one processor reads through.
type caches struct{ l1, l2, l3 int }

// usualCaches is what is assumed where the processor does not say.
var usualCaches = caches{l1: 32 << 10, l2: 256 << 10, l3: 4 << 20}

// processorCaches returns the sizes of this machine's caches.
var processorCaches = sync.OnceValue(func() caches {
	c := askCaches()
	if c.l1 == 0 || c.l2 == 0 {
		return usualCaches
	}
	c.l3 = max(c.l3, c.l2)
	return c
})

// packedMax is the most bytes that A' and B' take each.
const packedMax = 2 << 20

// blocking is how a product is cut into blocks: sizes in elements.
type blocking struct {
	mc    int // rows of A' that are used together: half the second level
	kc    int // depth: a panel of B' takes half the first level
	nc    int // columns of B': a quarter of the third level
	chunk int // rows of A': as much
}

// blockingFor returns how products are cut.
func blockingFor[T float](t *tile[T]) blocking {
	return cutFor(processorCaches(), elementSize[T](), t.rows, t.cols)
}

// cutFor returns it for elements of size bytes and a tile of rows x cols.
func cutFor(c caches, size, rows, cols int) blocking {
	var b blocking
	// 512 bits need twice the depth that this gives with 32 KiB; they read B' seldom
	// enough for the second level.
	b.kc = min(max(c.l1/2/(cols*size), 256), 512) &^ 7
	b.mc = min(max(c.l2/2/(b.kc*size), 8*rows), 1024) / rows * rows
	most := min(c.l3/4, packedMax) / (b.kc * size)
	b.nc = max(most/cols, 8) * cols
	b.chunk = max(most/b.mc, 1) * b.mc
	return b
}

// elementSize returns 4 or 8.
func elementSize[T float]() int {
	if _, ok := any(T(0)).(float32); ok {
		return 4
	}
	return 8
}
