package machine

// An inbox keeps what was received and not read: a ring of bytes that grows
// as it must. A reader that waits can post its own buffer, and the next bytes
// go straight there.
//
// It counts bytes only. Packets leave no other trace, so there is nothing
// that a flood of small packets could pile up.
type inbox struct {
	ring []byte // length 0 or a power of two
	head int    // index of the oldest byte
	size int    // bytes held

	post   []byte // a waiting reader's buffer, until something was put there
	posted int    // bytes put there
}

// minRing is the first size of a ring in bytes.
const minRing = 512

// put takes all of b and returns how many bytes went to a waiting reader.
func (q *inbox) put(b []byte) int {
	direct := 0
	if len(q.post) > 0 && q.size == 0 && len(b) > 0 {
		direct = copy(q.post, b)
		q.posted, q.post = direct, nil
		b = b[direct:]
	}
	if len(b) == 0 {
		return direct
	}
	q.reserve(q.size + len(b))
	tail := (q.head + q.size) & (len(q.ring) - 1)
	n := copy(q.ring[tail:], b)
	copy(q.ring, b[n:])
	q.size += len(b)
	return direct
}

// get moves up to len(p) of the oldest bytes to p.
func (q *inbox) get(p []byte) int {
	p = p[:min(len(p), q.size)]
	if len(p) == 0 {
		return 0
	}
	n := copy(p, q.ring[q.head:])
	copy(p[n:], q.ring)
	q.head = (q.head + len(p)) & (len(q.ring) - 1)
	q.size -= len(p)
	if q.size == 0 {
		q.head = 0 // keeps the next bytes in one piece
	}
	return len(p)
}

// reserve makes the ring hold at least n bytes.
func (q *inbox) reserve(n int) {
	if n <= len(q.ring) {
		return
	}
	size := max(len(q.ring), minRing)
	for size < n {
		size *= 2
	}
	ring := make([]byte, size)
	k := copy(ring, q.ring[q.head:min(q.head+q.size, len(q.ring))])
	copy(ring[k:q.size], q.ring)
	q.ring, q.head = ring, 0
}

// drop forgets everything held.
func (q *inbox) drop() { *q = inbox{posted: q.posted} }
