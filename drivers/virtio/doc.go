// Package virtio is the driver side of virtio devices: finding them, setting
// them up, and moving buffers through their split virtqueues.
//
// It is not a driver of any one device; drivers/rng and drivers/vsock are. It
// sits between them and the machine, and knows the machine only through a
// [Platform]: three functions that map registers, hand out memory that a
// device may reach, and open an interrupt line.
//
// # A virtqueue in one page
//
// A split virtqueue (Virtio 1.2 §2.7) is three arrays in memory that both
// sides can reach. Indices are free running and wrap at 2^16; the array slot
// is the index modulo the queue size, a power of two.
//
//	descriptor table            available ring            used ring
//	driver writes               driver writes             device writes
//	+------+-----+-----+------+ +-------+-----+           +-------+-----+
//	| addr | len |flags| next | | flags | idx |           | flags | idx |
//	+------+-----+-----+------+ +-------+-----+           +-------+-----+
//	|      |     |     |      | | head, head, ...         | {id,len}, {id,len}, ...
//	+------+-----+-----+------+ +-------------+           +-------------+
//	                            | used_event  |           | avail_event |
//	                            +-------------+           +-------------+
//
// The driver puts one buffer in one or more descriptors chained by next,
// writes the head's number to the available ring, advances idx, and notifies
// the device unless the device asked not to be. The device works, writes
// {head, bytes written} to the used ring, advances its idx and interrupts
// unless the driver asked it not to. With VIRTIO_F_EVENT_IDX each side asks by
// naming the index that it wants to hear about (used_event, avail_event).
//
// # The device is hostile
//
// The device, that is the VMM, may write anything at any moment to every byte
// that it can reach. So:
//
//   - The driver never reads back what it wrote: descriptors, chains and
//     lengths live in private memory, and the shared table is write-only.
//   - Every word the device writes is loaded once, atomically, checked, and
//     used from the copy.
//   - An id out of range, a completion of something not in flight, an index
//     that runs ahead, a length larger than was posted: each breaks the queue
//     with a named error. A broken queue does nothing more until the device
//     was reset. Nothing panics.
//   - Only memory of a [Region] can be posted, so no heap memory is ever
//     shared. A region serves one device in one direction and starts zeroed:
//     what lies behind the end of a short buffer is zero or has been this
//     device's to see before. A driver exposes no more than the completed
//     length of a buffer, which is never more than was posted.
//
// # Transports
//
// [MMIO] is virtio over memory-mapped registers, version 2 (Virtio 1.2 §4.2),
// as QEMU's microvm and Firecracker have it. A PCI transport (§4.1) belongs
// beside it: another implementation of [Transport] with a probe of its own;
// nothing above [Transport] changes.
package virtio
