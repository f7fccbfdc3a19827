package vsock

import (
	"io"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/drivers/virtio"
	"github.com/unikernel-ai/unikernel-ai/drivers/vsock/machine"
)

// carriers are what the benchmarks run over.
var carriers = []struct {
	name   string
	stacks func(testing.TB) (guest, host *Stack)
}{
	{"memory", func(t testing.TB) (guest, host *Stack) { return stacks(t, 32, machine.Limits{}) }},
	{"virtio", func(t testing.TB) (guest, host *Stack) {
		return virtioStacks(t, newDevice(virtio.FeatureEventIndex))
	}},
}

// pair returns both ends of a connection from the host to the guest.
func pair(t testing.TB, make func(testing.TB) (guest, host *Stack)) (hostEnd, guestEnd *Conn) {
	guest, host := make(t)
	return connect(t, host, guest, 1024)
}

// BenchmarkBulk moves 64 KiB an operation from the guest to the host.
func BenchmarkBulk(b *testing.B) {
	for _, carrier := range carriers {
		b.Run(carrier.name, func(b *testing.B) {
			host, guest := pair(b, carrier.stacks)
			const size = 64 << 10
			done := make(chan error)
			go func() {
				_, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{host}, make([]byte, size))
				done <- err
			}()
			buf := make([]byte, size)
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := guest.Write(buf); err != nil {
					b.Fatal(err)
				}
			}
			guest.Close()
			if err := <-done; err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkPingPong sends 16 bytes there and back.
func BenchmarkPingPong(b *testing.B) {
	for _, carrier := range carriers {
		b.Run(carrier.name, func(b *testing.B) {
			host, guest := pair(b, carrier.stacks)
			go func() {
				buf := make([]byte, 64)
				for {
					n, err := guest.Read(buf)
					if err != nil {
						return
					}
					if _, err := guest.Write(buf[:n]); err != nil {
						return
					}
				}
			}()
			buf := make([]byte, 16)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := host.Write(buf); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(host, buf); err != nil {
					b.Fatal(err)
				}
			}
			host.Close()
		})
	}
}

// A message there and back allocates nothing in either stack.
func TestMessagesAllocateNothing(t *testing.T) {
	host, guest := pair(t, carriers[0].stacks)
	buf, back := make([]byte, 100), make([]byte, 100)
	run := func() {
		if _, err := host.Write(buf); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(guest, back); err != nil {
			t.Fatal(err)
		}
		if _, err := guest.Write(back); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(host, buf); err != nil {
			t.Fatal(err)
		}
	}
	run()
	if n := testing.AllocsPerRun(1000, run); n != 0 {
		t.Errorf("%v allocations for a message and its answer, want 0", n)
	}
}
