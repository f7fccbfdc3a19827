package virtio_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/drivers/virtio"
)

// program reads the steps of a test from bytes; 0 when they end.
type program []byte

func (p *program) next() byte {
	if len(*p) == 0 {
		return 0
	}
	b := (*p)[0]
	*p = (*p)[1:]
	return b
}

func (p *program) word() uint32 {
	return uint32(p.next()) | uint32(p.next())<<8 | uint32(p.next())<<16 | uint32(p.next())<<24
}

// script runs driver steps and device steps in the order a program says, and
// compares the driver with a model: the tokens in flight and their room.
type script struct {
	*rig
	t       *testing.T
	chains  map[virtio.Token]int // in flight: writable bytes; the model
	size    map[virtio.Token]int // in flight: descriptors
	popped  []uint16             // what the honest device works on
	staged  int                  // chains added since the last Kick
	evil    bool                 // the device broke a rule
	parked  int                  // Arm returned false for so many and nothing was taken since
	arrived bool                 // an interrupt became due since it parked
	taken   uint16               // completions taken since the last reset
}

// newScript makes a queue of 8 descriptors.
func newScript(t *testing.T, features uint64) *script {
	return &script{rig: newRig(t, features, 8), t: t, chains: map[virtio.Token]int{}, size: map[virtio.Token]int{}}
}

// add posts a chain of up to three buffers.
func (s *script) add(shape byte) {
	var out, in []virtio.Buffer
	for i := range int(shape & 3) {
		out = append(out, s.buf(i))
	}
	for i := range int(shape >> 2 & 1) {
		in = append(in, s.region.Buffer(64*(8+i), 1+int(shape>>3)))
	}
	n, room := len(out)+len(in), 0
	for _, b := range in {
		room += b.Size()
	}
	free := s.q.Free()
	token, err := s.q.Add(out, in)
	switch {
	case n == 0:
		if err == nil {
			s.t.Fatal("an empty chain was posted")
		}
	case s.q.Err() != nil:
		if err == nil {
			s.t.Fatal("posted on a broken queue")
		}
	case n > free:
		if !errors.Is(err, virtio.ErrFull) {
			s.t.Fatalf("Add(%d) with %d free = %v", n, free, err)
		}
	default:
		if _, busy := s.chains[token]; err != nil || busy || int(token) >= s.q.Size() {
			s.t.Fatalf("Add(%d) with %d free = token %d (busy %v), %v", n, free, token, busy, err)
		}
		s.chains[token], s.size[token] = room, n
		s.staged++
	}
}

// take takes one completion and checks it against the model.
func (s *script) take() {
	c, ok, err := s.q.Take()
	if err != nil {
		if !s.evil {
			s.t.Fatalf("honest device: %v", err)
		}
		return
	}
	if !ok {
		return
	}
	s.parked = 0
	s.taken++
	room, busy := s.chains[c.Token]
	if !busy || c.Len < 0 || c.Len > room {
		s.t.Fatalf("took %v, in flight %v with room %d", c, busy, room)
	}
	delete(s.chains, c.Token)
	delete(s.size, c.Token)
}

// step runs one step of a program.
func (s *script) step(p *program) {
	op := p.next()
	if s.evil && op%16 >= 8 && op%16 < 14 {
		s.tamper(p)
		return
	}
	switch op % 16 {
	case 0, 1:
		s.add(p.next())
	case 2:
		s.q.Kick()
		s.staged = 0
	case 3, 4:
		s.take()
	case 5:
		n := 1 + int(p.next()%3)
		if s.parked = 0; !s.q.ArmAfter(n) {
			s.parked, s.arrived = n, false
		}
	case 6:
		if s.parked == 0 { // an owner that parks does not disarm first
			s.q.Disarm()
		}
	case 7:
		s.q.Pending()
	case 8, 9, 10:
		if c, ok := s.dev.Pop(0); ok {
			s.popped = append(s.popped, c.Head)
		}
	case 11, 12, 13:
		s.complete(int(p.next()))
	case 14:
		s.dev.WantNotify(0, p.next()&1 == 0)
	case 15:
		if p.next() == 0 { // rare, since it forgets everything
			s.reopen()
		}
	}
	s.check()
}

// complete finishes any of the popped chains, honestly.
func (s *script) complete(pick int) {
	if len(s.popped) == 0 {
		return
	}
	i := pick % len(s.popped)
	head := s.popped[i]
	s.popped = slices.Delete(s.popped, i, i+1)
	room := s.chains[virtio.Token(head)]
	if s.dev.PushQuiet(0, uint32(head), uint32(min(room, pick))) {
		s.arrived = true
	}
}

// tamper overwrites something of what the device shares, or completes lies.
func (s *script) tamper(p *program) {
	switch kind := p.next(); kind % 4 {
	case 0:
		s.dev.SetSharedWord(0, int(p.next())%s.dev.SharedWords(0), p.word())
	case 1: // near the truth is where the bugs are
		s.dev.SetUsedIndex(0, s.dev.UsedIndex(0)+uint16(int8(p.next())))
	case 2:
		s.dev.PushQuiet(0, uint32(p.next()%10), uint32(p.next()))
	case 3:
		s.dev.PushQuiet(0, p.word(), p.word())
	}
}

func (s *script) reopen() {
	if err := s.driver.Reopen(); err != nil {
		s.t.Fatal(err)
	}
	if err := s.driver.Start(); err != nil {
		s.t.Fatal(err)
	}
	clear(s.chains)
	clear(s.size)
	s.popped, s.staged, s.parked, s.taken = nil, 0, 0, 0
}

// check compares what can be seen of the queue with the model.
func (s *script) check() {
	used := 0
	for _, n := range s.size {
		used += n
	}
	if s.q.Free() != s.q.Size()-used {
		s.t.Fatalf("Free() = %d of %d with %d in flight", s.q.Free(), s.q.Size(), used)
	}
}

// finish lets an honest device complete everything, and wants it all back.
func (s *script) finish() {
	s.q.Kick()
	for {
		c, ok := s.dev.Pop(0)
		if !ok {
			break
		}
		s.popped = append(s.popped, c.Head)
	}
	for len(s.popped) > 0 {
		s.complete(0)
	}
	for range s.q.Size() {
		s.take()
	}
	if len(s.chains) != 0 || s.q.Free() != s.q.Size() {
		s.t.Fatalf("lost chains: %v, %d free", s.chains, s.q.Free())
	}
	s.obeyed(s.t)
}

// Any order of driver and device steps of an honest device loses nothing,
// doubles nothing, and never leaves a parked driver without its interrupt.
func TestHonestDeviceMatchesModel(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	for _, mode := range modes {
		for range 200 {
			p := make(program, 400)
			for i := range p {
				p[i] = byte(random.Uint32())
			}
			s := newScript(t, mode.features)
			for len(p) > 0 {
				s.step(&p)
				if done := s.dev.UsedIndex(0) - s.taken; s.parked > 0 && !s.arrived && int(done) >= s.parked {
					t.Fatalf("seed %d: parked for %d with %d completions and no interrupt", seed, s.parked, done)
				}
			}
			s.finish()
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		}
	}
}

// FuzzHostileDevice runs any program of driver steps between which the device
// overwrites any word of the shared memory. It must not panic, lose track of
// descriptors, hand out what is not in flight or more than was posted, and it
// must work again after a reset.
func FuzzHostileDevice(f *testing.F) {
	f.Add([]byte{1, 0, 5, 2, 8, 11, 0, 3})                              // honest round trip
	f.Add([]byte{0, 0, 5, 2, 8, 1, 9, 3})                               // used index runs ahead
	f.Add([]byte{1, 0, 13, 0, 13, 2, 8, 2, 0, 65, 3, 8, 2, 0, 65, 3})   // duplicate
	f.Add([]byte{0, 0, 5, 2, 8, 0, 2, 255, 255, 255, 255, 8, 2, 0, 3})  // descriptor table overwritten
	f.Add([]byte{1, 0, 5, 2, 8, 3, 255, 255, 255, 255, 1, 0, 0, 0, 3})  // id out of range
	f.Add([]byte{0, 0, 45, 2, 8, 2, 0, 255, 3, 15, 0, 0, 5, 2})         // too long, then reset
	f.Add([]byte{0, 0, 5, 0, 6, 0, 7, 2, 5, 2, 8, 2, 1, 0, 5, 1, 3, 3}) // armed between
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) == 0 || len(data) > 4096 {
			return
		}
		s := newScript(t, modes[data[0]&1].features)
		s.evil = true
		p := program(data[1:])
		for len(p) > 0 {
			s.step(&p)
		}
		s.reopen()
		s.evil = false
		roundTrip(t, s.rig, 20)
	})
}
