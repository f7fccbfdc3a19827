package transformer

import (
	"fmt"
	"math"
	"sync/atomic"

	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
)

// CacheKind is how a session keeps keys and values. The perplexity of SmolLM2-135M (F16)
// over seven windows of 512 tokens is 35.5438 with CacheF32, 35.5441 with CacheF16 and
// 35.6247 with CacheQ8.
type CacheKind uint8

// The kinds. The zero value loses nothing.
const (
	// CacheF32 keeps them as they are.
	CacheF32 CacheKind = iota
	// CacheF16 keeps half-precision numbers: off by at most 2^-11 of themselves or
	// 2^-25, and none beyond 65,504.
	CacheF16
	// CacheQ8 keeps integers of 8 bits, 32 with one scale: off by at most 1/254 of the
	// largest of them.
	CacheQ8
)

var cacheKinds = [...]string{CacheF32: "f32", CacheF16: "f16", CacheQ8: "q8_0"}

// String returns what ParseCacheKind takes.
func (k CacheKind) String() string {
	if int(k) < len(cacheKinds) {
		return cacheKinds[k]
	}
	return fmt.Sprintf("CacheKind(%d)", uint8(k))
}

// ParseCacheKind returns the kind called name.
func ParseCacheKind(name string) (CacheKind, error) {
	for k, s := range cacheKinds {
		if s == name {
			return CacheKind(k), nil
		}
	}
	return 0, fmt.Errorf("transformer: no KV cache of kind %q, only %q", name, cacheKinds)
}

// maxCache bounds the elements of keys, and as many of values (64 GiB together).
const maxCache = 1 << 33

// cache is the keys and values of one text. Each head of each layer has a matrix of
// each, as matmul.Ordered wants them:
//
//	keys     (lines/16, dim, 16)   16 positions side by side
//	values   (lines, dim)
//
// lines is max rounded up to 16, dim headDim rounded up to 16, with 8 bits to 32. What
// lies beyond is 0. 8-bit integers have a scale for 32 elements of a position:
//
//	keys (lines/16, dim/32, 16), values (lines, dim/32)
type cache struct {
	c          *Config
	kind       CacheKind
	max        int // positions
	lines, dim int // positions and headDim, rounded up

	keys, values     []float32
	keys16, values16 []uint16
	keys8, values8   []int8
	scaleK, scaleV   []float32

	// odd says that some value was infinite or no number. Then weights of 0 make a
	// difference; see attention.go.
	odd atomic.Bool
}

// CacheUnit is how many positions caches grow by.
const CacheUnit = matmul.Columns

// cacheDim returns headDim as caches of a kind have it.
func (c *Config) cacheDim(kind CacheKind) int {
	if kind == CacheQ8 {
		return roundUp(c.HeadDim, matmul.BlockSize)
	}
	return roundUp(c.HeadDim, matmul.Columns)
}

func roundUp(n, unit int) int { return (n + unit - 1) / unit * unit }

// CacheBytes returns what the KV cache of a session for context tokens takes.
func (c *Config) CacheBytes(context int, kind CacheKind) int64 {
	n := int64(c.Layers) * int64(c.KVHeads) * int64(c.cacheDim(kind)) * int64(roundUp(context, CacheUnit))
	switch kind {
	case CacheF16:
		return 4 * n
	case CacheQ8:
		return 2*n + 8*n/matmul.BlockSize
	}
	return 8 * n
}

// newCache returns a cache for max positions.
func newCache(c *Config, kind CacheKind, max int) (*cache, error) {
	if int(kind) >= len(cacheKinds) {
		return nil, fmt.Errorf("transformer: no KV cache of kind %v", kind)
	}
	dim := c.cacheDim(kind)
	if c.Layers*c.KVHeads*dim > maxCache/roundUp(max, CacheUnit) {
		return nil, fmt.Errorf("transformer: context of %d tokens needs too much memory", max)
	}
	k := &cache{c: c, kind: kind, max: max, lines: roundUp(max, CacheUnit), dim: dim}
	n := c.Layers * c.KVHeads * dim * k.lines
	switch kind {
	case CacheF32:
		k.keys, k.values = make([]float32, n), make([]float32, n)
	case CacheF16:
		k.keys16, k.values16 = make([]uint16, n), make([]uint16, n)
	case CacheQ8:
		k.keys8, k.values8 = make([]int8, n), make([]int8, n)
		k.scaleK, k.scaleV = make([]float32, n/matmul.BlockSize), make([]float32, n/matmul.BlockSize)
	}
	return k, nil
}

// put keeps the keys and values (kvHeads*headDim) of a layer at a position. Other
// positions may be put at the same time.
func (c *cache) put(layer, pos int, k, v []float32) {
	if !finite(v) {
		c.odd.Store(true)
	}
	hd := c.c.HeadDim
	for head := range c.c.KVHeads {
		at := (layer*c.c.KVHeads + head) * c.lines // the head's first position
		k, v := k[head*hd:(head+1)*hd], v[head*hd:(head+1)*hd]
		switch c.kind {
		case CacheF32:
			scatter(c.keys[at*c.dim:], k, c.dim, pos, 0)
			copy(c.values[(at+pos)*c.dim:], v)
		case CacheF16:
			c.put16(at, pos, k, v)
		case CacheQ8:
			c.put8(at, pos, k, v)
		}
	}
}

// put16 is put in half precision, for a head whose first position is at. The keys are
// converted where the values will be: memory that nobody else uses.
func (c *cache) put16(at, pos int, k, v []float32) {
	room := c.values16[(at+pos)*c.dim:][:len(k)]
	matmul.Narrow(room, k)
	scatter(c.keys16[at*c.dim:], room, c.dim, pos, 0)
	matmul.Narrow(room, v)
}

// put8 is put16 in 8 bits.
func (c *cache) put8(at, pos int, k, v []float32) {
	const size = matmul.BlockSize
	var q [size]int8
	var scale [1]float32
	blocks := c.dim / size
	for b := range blocks {
		var whole [size]float32
		copy(whole[:], k[b*size:])
		matmul.NarrowRows(q[:], scale[:], whole[:])
		scatter(c.keys8[at*c.dim:], q[:], c.dim, pos, b*size)
		scatter(c.scaleK[at*blocks:], scale[:], blocks, pos, b)
		whole = [size]float32{}
		copy(whole[:], v[b*size:])
		line := (at+pos)*blocks + b
		matmul.NarrowRows(c.values8[line*size:], c.scaleV[line:line+1], whole[:])
	}
}

// scatter puts row into the matrix (lines/16, dim, 16) at position pos, from element
// first on.
func scatter[T any](m, row []T, dim, pos, first int) {
	const wide = matmul.Columns
	m = m[(pos/wide*dim+first)*wide+pos%wide:]
	for d, e := range row {
		m[d*wide] = e
	}
}

// finite reports whether v has no infinity and no NaN.
func finite(v []float32) bool {
	var bits uint32
	for _, f := range v {
		bits |= (math.Float32bits(f)&0x7F800000 + 0x00800000)
	}
	return bits&(1<<31) == 0
}

// chunk is how many positions keysAt and valuesAt give at once where they convert, and
// so what their room is for.
const chunk = 64

// keysAt returns the keys of a head from position pos on, a multiple of 16, for n blocks
// of 16 (n, dim, 16). If the kind converts, n is at most chunk/16, and they are in room.
func (c *cache) keysAt(layer, head, pos, n int, room []float32) []float32 {
	at := ((layer*c.c.KVHeads+head)*c.lines + pos) * c.dim
	size := n * matmul.Columns * c.dim
	switch c.kind {
	case CacheF16:
		matmul.Widen(room, c.keys16[at:at+size])
	case CacheQ8:
		matmul.WidenColumns(room, c.keys8[at:at+size], c.scaleK[at/matmul.BlockSize:(at+size)/matmul.BlockSize])
	default:
		return c.keys[at : at+size]
	}
	return room[:size]
}

// valuesAt is keysAt for values of n positions (n, dim).
func (c *cache) valuesAt(layer, head, pos, n int, room []float32) []float32 {
	at := ((layer*c.c.KVHeads+head)*c.lines + pos) * c.dim
	size := n * c.dim
	switch c.kind {
	case CacheF16:
		matmul.Widen(room, c.values16[at:at+size])
	case CacheQ8:
		matmul.WidenRows(room, c.values8[at:at+size], c.scaleV[at/matmul.BlockSize:(at+size)/matmul.BlockSize])
	default:
		return c.values[at : at+size]
	}
	return room[:size]
}
