package weights

import (
	"errors"
	"fmt"

	"github.com/unikernel-ai/unikernel-ai/inference/gguf"
)

// Count reads a number from 1 to limit. A missing key gives fallback, or an error if
// that is 0.
func (l *Loader) Count(key string, limit, fallback int) int {
	n, err := l.File.Uint(key)
	switch {
	case errors.Is(err, gguf.ErrMissing) && fallback > 0:
		return fallback
	case err != nil:
		l.Fail(err)
	case n < 1 || n > uint64(limit):
		l.Fail(fmt.Errorf("key %q: %d is not between 1 and %d", key, n, limit))
	default:
		return int(n)
	}
	return 1
}

// Float reads a number from above 0 to below limit; it must be there.
func (l *Loader) Float(key string, limit float64) float64 {
	v, err := l.File.Float(key)
	if err == nil && !(v > 0 && v < limit) {
		err = fmt.Errorf("key %q: %v is not between 0 and %v", key, v, limit)
	}
	if err != nil {
		l.Fail(err)
	}
	return v
}

// Fail records an error, unless there is one.
func (l *Loader) Fail(err error) {
	if l.Err == nil {
		l.Err = fmt.Errorf("%s: %w", l.Package, err)
	}
}
