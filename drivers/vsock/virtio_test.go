package vsock

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/net/nettest"

	"github.com/unikernel-ai/unikernel-ai/drivers/virtio"
	"github.com/unikernel-ai/unikernel-ai/drivers/virtio/virtiotest"
	"github.com/unikernel-ai/unikernel-ai/drivers/vsock/packet"
)

func TestConnOverVirtioIsANetConn(t *testing.T) {
	for _, tc := range []struct {
		name     string
		features uint64
	}{{"event index", virtio.FeatureEventIndex}, {"flags", 0}} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				guest, host := virtioStacks(t, newDevice(tc.features))
				a, b := connect(t, host, guest, 1024)
				return a, b, func() { a.Close(); b.Close() }, nil
			})
		})
	}
}

// Bulk both ways at once on several connections: rings fill up, wrap, and stay
// in step; nothing is lost or mixed up.
func TestBulkOverVirtio(t *testing.T) {
	guest, host := virtioStacks(t, newDevice(virtio.FeatureEventIndex))
	l, err := guest.Listen(7)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			c, err := host.Dial(context.Background(), 3, 7)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			want := make([]byte, 1<<20+i)
			rng := rand.NewChaCha8([32]byte{byte(i)})
			rng.Read(want)
			go func() {
				_, _ = c.Write(want)
				_ = c.CloseWrite()
			}()
			got, err := io.ReadAll(c)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("connection %d: %d bytes came back, %v; want %d", i, len(got), err, len(want))
			}
		})
	}
	wg.Wait()
	if s := guest.Stats(); s.BytesIn < 8<<20 || s.BytesOut < 8<<20 {
		t.Errorf("stats %+v, want 8 MiB each way", s)
	}
}

// Virtio 1.2 §5.10.6.7: after TRANSPORT_RESET the CID is read anew, connections
// are gone, listeners stay.
func TestTransportResetKeepsListeners(t *testing.T) {
	dev := newDevice(virtio.FeatureEventIndex)
	guest, host := virtioStacks(t, dev)
	l, err := guest.Listen(7)
	if err != nil {
		t.Fatal(err)
	}
	c, err := host.Dial(context.Background(), 3, 7)
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	dev.SetConfig([]byte{9, 0, 0, 0, 0, 0, 0, 0})
	for range 2 * eventCount { // the event buffers are posted again
		ev, ok := dev.Pop(eventQueue)
		if !ok {
			t.Fatal("no event buffer")
		}
		dev.Push(eventQueue, ev.Head, ev.Write([]byte{0, 0, 0, 0}))
		if _, err := accepted.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Fatalf("Read after a transport reset = %v, want ECONNRESET", err)
		}
		c.Close()
		for guest.CID() != 9 {
		}
		if c, err = host.Dial(context.Background(), 9, 7); err != nil {
			t.Fatalf("Dial after a transport reset: %v", err)
		}
		if accepted, err = l.Accept(); err != nil {
			t.Fatal(err)
		}
	}
}

// A device that breaks the rules is reset; the sockets see a transport reset.
func TestBrokenDeviceIsReset(t *testing.T) {
	for _, tc := range []struct {
		name   string
		attack func(*virtiotest.Device)
	}{
		{"rx id out of range", func(d *virtiotest.Device) { d.PushQuiet(rxQueue, 5000, 44); d.Interrupt(virtio.CauseQueue) }},
		{"rx length beyond the buffer", func(d *virtiotest.Device) {
			c, _ := d.Pop(rxQueue)
			d.PushQuiet(rxQueue, uint32(c.Head), rxSize+1)
			d.Interrupt(virtio.CauseQueue)
		}},
		{"rx index jumps", func(d *virtiotest.Device) { d.SetUsedIndex(rxQueue, 9999); d.Interrupt(virtio.CauseQueue) }},
		{"event id out of range", func(d *virtiotest.Device) { d.PushQuiet(eventQueue, eventCount, 0); d.Interrupt(virtio.CauseQueue) }},
		{"needs reset", func(d *virtiotest.Device) { d.SetStatus(64); d.Interrupt(virtio.CauseConfig) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dev := newDevice(virtio.FeatureEventIndex)
			guest, host := virtioStacks(t, dev)
			l, err := guest.Listen(7)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := host.Dial(context.Background(), 3, 7); err != nil {
				t.Fatal(err)
			}
			c, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			tc.attack(dev)
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("Read = %v, want ECONNRESET", err)
			}
			if _, err := host.Dial(context.Background(), 3, 7); err != nil {
				t.Errorf("Dial after the reset: %v", err)
			}
		})
	}
}

// Received lengths, addresses and bytes are the peer's choice. None of this may
// panic, and a good connection goes on.
func TestHostilePacketsOverVirtio(t *testing.T) {
	dev := newDevice(virtio.FeatureEventIndex)
	guest, err := OpenVirtio(dev.Transport(), dev.Platform())
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(guest, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rng := rand.New(rand.NewPCG(1, 2))
	sent := 0
	for sent < 2000 {
		c, ok := dev.Pop(rxQueue)
		if !ok {
			continue
		}
		b := make([]byte, rng.IntN(100))
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		if len(b) > 24 && sent%2 == 0 {
			binary.LittleEndian.PutUint64(b, 2)
			binary.LittleEndian.PutUint64(b[8:], 3)
		}
		dev.Push(rxQueue, c.Head, c.Write(b))
		for { // the device takes what is sent, or answers would pile up
			if c, ok := dev.Pop(txQueue); ok {
				dev.Push(txQueue, c.Head, 0)
			} else {
				break
			}
		}
		sent++
	}
	if _, err := s.Listen(1); err != nil {
		t.Errorf("Listen after %d bad packets: %v", sent, err)
	}
}

func TestReservedCIDIsRefused(t *testing.T) {
	for _, cid := range []uint64{0, 1, 2, 1<<32 - 1, 1 << 32, 1<<40 | 3} {
		dev := newDevice(0)
		dev.SetConfig(binary.LittleEndian.AppendUint64(nil, cid))
		v, err := OpenVirtio(dev.Transport(), dev.Platform())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := New(v, Config{}); !errors.Is(err, ErrBadCID) {
			t.Errorf("CID %#x: %v, want ErrBadCID", cid, err)
		}
	}
}

// Virtio 1.2 §5.10.3: with NO_IMPLIED_STREAM and without STREAM there is none.
func TestNoStreamIsRefused(t *testing.T) {
	for _, tc := range []struct {
		features uint64
		want     error
	}{
		{0, nil}, {featureStream, nil}, {featureStream | featureNoImpliedStream, nil}, {featureNoImpliedStream, ErrNoStream},
	} {
		dev := newDevice(tc.features)
		if _, err := OpenVirtio(dev.Transport(), dev.Platform()); !errors.Is(err, tc.want) {
			t.Errorf("features %#x: %v, want %v", tc.features, err, tc.want)
		}
	}
}

// TestUnwrittenPacketIsNobodys has the device return buffers that it did not
// write, as vhost-device-vsock 0.3.0 does. What an earlier packet left in them
// must not be heard again.
func TestUnwrittenPacketIsNobodys(t *testing.T) {
	dev := newDevice(0)
	end := newDeviceEnd(dev)
	v, err := OpenVirtio(dev.Transport(), dev.Platform())
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	request := packet.Header{SrcCID: uint64(Host), DstCID: 3, SrcPort: 5, DstPort: 7, Type: packet.TypeStream, Op: packet.OpRequest}
	for i := range 3 * rxCount {
		written := i < rxCount
		b := end.Buffer(0)
		if b == nil {
			t.Fatalf("packet %d: the driver posted no buffer", i)
		}
		if written {
			request.AppendTo(b[:0])
			end.Send(packet.HeaderSize)
		} else {
			dev.Push(rxQueue, end.out.Head, packet.HeaderSize)
			end.out = nil
		}
		got, err := v.Receive()
		if err != nil || len(got) != packet.HeaderSize {
			t.Fatalf("packet %d: %d bytes, %v", i, len(got), err)
		}
		if h, err := packet.Decode(got); err != nil || written && h != request || !written && h != (packet.Header{}) {
			t.Errorf("packet %d, written %v: %+v, %v", i, written, h, err)
		}
		v.Release()
	}
}
