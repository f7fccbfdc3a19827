package virtio_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/unikernel-ai/unikernel-ai/drivers/virtio"
	"github.com/unikernel-ai/unikernel-ai/drivers/virtio/virtiotest"
)

// liar is registers that answer what a program says, except that it looks
// like a device. Words repeat, since a device that never agrees is soon done with.
type liar struct {
	p    program
	kept map[int]uint32 // what was stored
}

func (l *liar) Load8(off int) uint8   { return uint8(l.Load32(off)) }
func (l *liar) Load16(off int) uint16 { return uint16(l.Load32(off)) }
func (l *liar) Load32(off int) uint32 {
	switch {
	case off == 0:
		return 0x74726976
	case off == 4:
		return 2
	case off == 8:
		return uint32(virtio.TypeVsock)
	case l.p.next()%4 != 0:
		return l.kept[off]
	case l.p.next()%2 == 0:
		return uint32(l.p.next())
	}
	return l.p.word()
}
func (l *liar) Store32(off int, v uint32) { l.kept[off] = v }

// FuzzRegisters sets up a device whose every register answers anything, and
// wants an error or a device that can be used and closed, in bounded time.
func FuzzRegisters(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0, 128, 1})
	f.Add([]byte{1, 1, 1, 0, 0, 0x20, 0, 0, 1, 1, 0, 1, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, data []byte) {
		synctest.Test(t, func(t *testing.T) {
			regs := &liar{p: data, kept: map[int]uint32{0x10: 1, 0x34: 64}}
			p := virtiotest.New(virtio.TypeVsock, 0, nil).Platform()
			line := virtiotest.NewLine()
			m, err := virtio.NewMMIO(regs, 0x200, "liar", func() (virtio.Interrupt, error) { return line, nil })
			if err != nil || m == nil {
				t.Fatalf("NewMMIO = %v, %v", m, err)
			}
			start := time.Now()
			defer func() {
				if took := time.Since(start); took > 2*time.Second {
					t.Errorf("took %v", took)
				}
			}()
			d, err := virtio.Open(m, p, ^uint64(0))
			if err != nil {
				return
			}
			for i := range 3 {
				q, err := d.Queue(i, 128)
				if err != nil {
					return
				}
				if n := q.Size(); n < 2 || n > 128 || n&(n-1) != 0 {
					t.Fatalf("queue of size %d", n)
				}
			}
			if d.Start() != nil {
				return
			}
			_, _ = d.Config(0, 8)
			line.Raise()
			if cause, _ := d.Wait(); cause&^(virtio.CauseQueue|virtio.CauseConfig) != 0 {
				t.Errorf("cause %#x", cause)
			}
			if d.Reopen() == nil {
				_ = d.Start()
			}
			_ = d.Close()
		})
	})
}
