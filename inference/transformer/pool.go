package transformer

import "github.com/unikernel-ai/unikernel-ai/inference/matmul"

const (
	// minShare is the work, in multiplications, below which one thread does it alone.
	minShare = 1 << 15
	// minPiece is the least work in a piece: some times what it costs to take one.
	minPiece = 1 << 15
	// maxPieces is how many pieces there are for each thread at most. One that comes
	// late takes fewer.
	maxPieces = 8
)

// task is work that can be cut anywhere into ranges of its units.
type task = matmul.Work

// pool is how many threads a model's work is spread over, the callers' own among them.
type pool struct{ size int }

func newPool(threads int) *pool { return &pool{max(1, threads)} }

// run does the n units of t, work multiplications in all, on as many threads as that
// is worth, and returns when all are done.
func (p *pool) run(t task, n, work int) {
	if p.size < 2 || work < 2*minShare {
		t.Do(0, 0, n)
		return
	}
	matmul.Spread(t, n, min(max(p.size, work/minPiece), maxPieces*p.size), p.size)
}
