package page

import "github.com/unikernel-ai/unikernel-ai/kernel/phys"

// BatchSize is how many stale translations a Batch holds.
const BatchSize = 128

// Batch collects what operations made stale, until the caller has dropped it
// from every TLB:
//
//	va, r := start, page.BatchFull
//	for r == page.BatchFull {
//		va, r = space.Unmap(mem, va, end, &batch)
//		for i := range batch.Len() { INVLPG batch.Stale(i), here and on the other processors }
//		for i := range batch.Frames() { frames.Free(mem, batch.Frame(i)) }
//		batch.Reset()
//	}
//
// The zero value is empty and ready. It is 2 KiB: a global, not a local variable.
type Batch struct {
	stale  [BatchSize]uint64
	frames [BatchSize + maxFrames]phys.Addr
	count  int // of stale
	owned  int // of frames
}

// maxFrames is how many frames one entry can set free: a page, a page table, a
// page directory and a page directory pointer table.
const maxFrames = 4

// Len returns how many translations are stale: arguments for INVLPG.
func (b *Batch) Len() int { return b.count }

// Stale returns the virtual address of translation i < Len(). One INVLPG drops a
// page of any size and all paging-structure caches.
// Intel SDM vol. 3A "Operations that Invalidate TLBs and Paging-Structure Caches".
func (b *Batch) Stale(i int) uint64 { return b.stale[i] }

// Frames returns how many frames to free after the flush: pages that were Owned,
// and tables that became empty.
func (b *Batch) Frames() int { return b.owned }

// Frame returns frame i < Frames().
func (b *Batch) Frame(i int) phys.Addr { return b.frames[i] }

// IsEmpty reports whether there is nothing to flush or free.
func (b *Batch) IsEmpty() bool { return b.count == 0 && b.owned == 0 }

// Reset empties the batch, after the flush and after its frames were freed.
func (b *Batch) Reset() { b.count, b.owned = 0, 0 }

// full reports whether the next entry might not fit.
func (b *Batch) full() bool { return b.count == BatchSize || b.owned > BatchSize }

// drop records that the translation of va is stale. Preconditions: not full.
func (b *Batch) drop(va uint64) {
	b.stale[b.count] = va
	b.count++
}

// release records a frame to free. Preconditions: not full.
func (b *Batch) release(p phys.Addr) {
	b.frames[b.owned] = p
	b.owned++
}
