package page

import "github.com/unikernel-ai/unikernel-ai/kernel/phys"

// BatchSize is how many stale translations a Batch holds.
const BatchSize = 128

// Batch collects what operations made stale, until the caller has dropped it
// from every TLB:
//
//	for va, r := start, page.BatchFull; r == page.BatchFull; {
//		va, r = space.Unmap(mem, va, end, &batch)
//		if batch.FlushAll() { reload CR3 here and on the other processors }
//		else { INVLPG of batch.Stale(i) for all i, here and there }
//		for i := range batch.Frames() { frames.Free(mem, batch.Frame(i)) }
//		batch.Reset()
//	}
//
// The zero value is empty and ready. It is 2 KiB: a global, not a local variable.
type Batch struct {
	stale  [BatchSize]uint64
	frames [BatchSize]phys.Addr
	count  int // of stale
	owned  int // of frames
	all    bool
}

// Len returns how many translations are stale: arguments for INVLPG.
func (b *Batch) Len() int { return b.count }

// Stale returns the virtual address of translation i < Len(). One INVLPG drops a
// page of any size and all paging-structure caches.
// Intel SDM vol. 3A "Operations that Invalidate TLBs and Paging-Structure Caches".
func (b *Batch) Stale(i int) uint64 { return b.stale[i] }

// FlushAll reports whether global pages, too, must be dropped one by one or by
// toggling CR4.PGE: a reload of CR3 is not enough then.
func (b *Batch) FlushAll() bool { return b.all }

// Frames returns how many frames to free after the flush: pages that were Owned,
// and tables that became empty.
func (b *Batch) Frames() int { return b.owned }

// Frame returns frame i < Frames().
func (b *Batch) Frame(i int) phys.Addr { return b.frames[i] }

// IsEmpty reports whether there is nothing to flush or free.
func (b *Batch) IsEmpty() bool { return b.count == 0 && b.owned == 0 }

// Reset empties the batch, after the flush and after its frames were freed.
func (b *Batch) Reset() { b.count, b.owned, b.all = 0, 0, false }
