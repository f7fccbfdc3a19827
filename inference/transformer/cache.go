package transformer

import "fmt"

// CacheKind is how a session keeps keys and values.
type CacheKind uint8

// The kinds. The zero value loses nothing.
const (
	CacheF32 CacheKind = iota
)

var cacheKinds = [...]string{CacheF32: "f32"}

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

// cache is the keys and values of one text.
type cache struct {
	c   *Config
	max int // positions

	// (layers, kvHeads, max, headDim), so that the keys of one head are one matrix.
	keys, values []float32
}

// CacheBytes returns what the KV cache of a session for context tokens takes.
func (c *Config) CacheBytes(context int, kind CacheKind) int64 {
	return 8 * int64(c.Layers) * int64(c.KVHeads) * int64(c.HeadDim) * int64(context)
}

// newCache returns a cache for max positions.
func newCache(c *Config, kind CacheKind, max int) (*cache, error) {
	if int(kind) >= len(cacheKinds) {
		return nil, fmt.Errorf("transformer: no KV cache of kind %v", kind)
	}
	row := c.Layers * c.KVHeads * c.HeadDim
	if row > maxCache/max {
		return nil, fmt.Errorf("transformer: context of %d tokens needs too much memory", max)
	}
	return &cache{c: c, max: max, keys: make([]float32, row*max), values: make([]float32, row*max)}, nil
}

// put keeps the keys and values (kvHeads*headDim) of a layer at a position.
func (c *cache) put(layer, pos int, k, v []float32) {
	hd := c.c.HeadDim
	for head := range c.c.KVHeads {
		to := c.row(layer, head, pos)
		copy(c.keys[to:to+hd], k[head*hd:])
		copy(c.values[to:to+hd], v[head*hd:])
	}
}

// row returns where the keys and values of a head at a position start.
func (c *cache) row(layer, kvHead, pos int) int {
	return ((layer*c.c.KVHeads+kvHead)*c.max + pos) * c.c.HeadDim
}
