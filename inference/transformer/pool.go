package transformer

import (
	"runtime"
	"sync"
)

// minShare is the work, in multiplications, below which a thread is not worth
// waking: about 10 µs of it, some times what a wake-up costs.
const minShare = 1 << 19

// task is work that can be cut anywhere into ranges.
type task interface {
	part(from, to int)
}

// share is a range of a task on its way to a worker.
type share struct {
	t        task
	from, to int
	done     *sync.WaitGroup
}

// pool is a fixed set of worker goroutines. They start when first needed and end
// when the pool is garbage.
type pool struct {
	size   int
	start  sync.Once
	shares chan share
	groups sync.Pool // of *sync.WaitGroup, so that run allocates nothing
}

// newPool returns a pool of threads threads, the callers' own among them.
func newPool(threads int) *pool {
	p := &pool{size: max(1, threads), shares: make(chan share)}
	p.groups.New = func() any { return new(sync.WaitGroup) }
	return p
}

// run does the n units of t, work multiplications in all, on as many threads as
// that is worth, and returns when all are done.
func (p *pool) run(t task, n, work int) {
	threads := min(p.size, n, work/minShare)
	if threads < 2 {
		t.part(0, n)
		return
	}
	p.start.Do(p.startWorkers)
	group := p.groups.Get().(*sync.WaitGroup)
	group.Add(threads - 1)
	each := (n + threads - 1) / threads
	for i := 1; i < threads; i++ {
		sh := share{t, min(i*each, n), min((i+1)*each, n), group}
		select {
		case p.shares <- sh: // a worker is free
		default: // all are busy for other sessions
			sh.t.part(sh.from, sh.to)
			group.Done()
		}
	}
	t.part(0, min(each, n))
	group.Wait()
	p.groups.Put(group)
}

func (p *pool) startWorkers() {
	// Workers know the channel only, so that the pool can become garbage.
	for range p.size - 1 {
		go work(p.shares)
	}
	runtime.AddCleanup(p, func(c chan share) { close(c) }, p.shares)
}

func work(shares <-chan share) {
	for s := range shares {
		s.t.part(s.from, s.to)
		s.done.Done()
	}
}
