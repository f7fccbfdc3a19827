package vsock

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/unikernel-ai/unikernel-ai/drivers/vsock/machine"
	"github.com/unikernel-ai/unikernel-ai/drivers/vsock/packet"
)

// silent returns a guest's stack and the host's end of its carrier, which does
// what the test says and nothing by itself.
func silent(t *testing.T, slots int, l machine.Limits) (*Stack, *Memory) {
	t.Helper()
	a, b := Pair(3, Host, slots)
	s, err := New(a, Config{Limits: l})
	if err != nil {
		t.Fatal(err)
	}
	return s, b
}

// next returns the next packet that arrived at a raw end, once all is quiet.
func next(t *testing.T, m *Memory) packet.Header {
	t.Helper()
	synctest.Wait()
	b, err := m.Receive()
	if b == nil || err != nil {
		t.Fatalf("no packet, %v", err)
	}
	h, err := packet.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	m.Release()
	return h
}

// answer sends a packet back to where h came from.
func answer(t *testing.T, m *Memory, h packet.Header, op packet.Op, body string) {
	t.Helper()
	b := m.Buffer(len(body))
	if b == nil {
		t.Fatal("no room")
	}
	r := packet.Header{SrcCID: h.DstCID, DstCID: h.SrcCID, SrcPort: h.DstPort, DstPort: h.SrcPort,
		Type: packet.TypeStream, Op: op, Len: uint32(len(body)), BufAlloc: 1 << 16}
	m.Send(len(append(r.AppendTo(b[:0]), body...)))
	m.Flush()
	synctest.Wait()
}

func TestDialTimesOut(t *testing.T) {
	for _, tc := range []struct {
		name string
		ctx  time.Duration
		want error
		took time.Duration
	}{
		{"by itself", 0, syscall.ETIMEDOUT, 5 * time.Second},
		{"by its context", time.Second, os.ErrDeadlineExceeded, time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, peer := silent(t, 8, machine.Limits{})
				defer s.Close()
				ctx := context.Background()
				if tc.ctx != 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tc.ctx)
					defer cancel()
				}
				start := time.Now()
				_, err := s.Dial(ctx, Host, 9)
				if !errors.Is(err, tc.want) || time.Since(start) != tc.took {
					t.Errorf("%v after %v, want %v after %v", err, time.Since(start), tc.want, tc.took)
				}
				var timeout interface{ Timeout() bool }
				if !errors.As(err, &timeout) || !timeout.Timeout() {
					t.Errorf("%v is no timeout", err)
				}
				if h := next(t, peer); h.Op != packet.OpRequest {
					t.Errorf("sent %v", h)
				}
				if h := next(t, peer); h.Op != packet.OpReset {
					t.Errorf("sent %v, want RST", h)
				}
			})
		})
	}
}

func TestCloseGivesUpOnASilentPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, peer := silent(t, 8, machine.Limits{ShutdownTimeout: 3 * time.Second})
		defer s.Close()
		c := open(t, s, peer)
		c.Close()
		h := next(t, peer)
		if h.Op != packet.OpShutdown || h.Flags != packet.ShutdownBoth {
			t.Errorf("sent %v, want SHUTDOWN of both", h)
		}
		time.Sleep(3*time.Second - 1)
		if s.Stats().Conns != 1 {
			t.Error("it is gone too early")
		}
		time.Sleep(1)
		if h := next(t, peer); h.Op != packet.OpReset || s.Stats().Conns != 0 {
			t.Errorf("sent %v, want RST", h)
		}
	})
}

// open dials the raw end, which answers.
func open(t *testing.T, s *Stack, peer *Memory) *Conn {
	t.Helper()
	dialed := make(chan *Conn)
	go func() {
		c, err := s.Dial(context.Background(), Host, 9)
		if err != nil {
			t.Error(err)
		}
		dialed <- c
	}()
	answer(t, peer, next(t, peer), packet.OpResponse, "")
	return <-dialed
}

// A writer without credit asks for it, less and less often, and goes on when it comes.
func TestWriterWithoutCreditAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, peer := silent(t, 8, machine.Limits{StallTimeout: time.Second})
		defer s.Close()
		c := open(t, s, peer)
		wrote := make(chan error)
		go func() {
			_, err := c.Write(make([]byte, 1<<16+1)) // the peer takes 65536
			wrote <- err
		}()
		data := next(t, peer)
		if data.Op != packet.OpData || data.Len != 1<<16 {
			t.Fatalf("sent %v", data)
		}
		for _, wait := range []time.Duration{1, 2, 4} {
			time.Sleep(wait*time.Second - 1)
			synctest.Wait()
			if b, _ := peer.Receive(); b != nil {
				t.Error("asks too early")
			}
			time.Sleep(1)
			if h := next(t, peer); h.Op != packet.OpCreditRequest {
				t.Errorf("sent %v, want CREDIT_REQUEST", h)
			}
		}
		data.FwdCount = 1
		b := peer.Buffer(0)
		h := packet.Header{SrcCID: uint64(Host), DstCID: 3, SrcPort: 9, DstPort: data.SrcPort, Type: packet.TypeStream,
			Op: packet.OpCreditUpdate, BufAlloc: 1 << 16, FwdCount: 1}
		peer.Send(len(h.AppendTo(b[:0])))
		peer.Flush()
		if err := <-wrote; err != nil {
			t.Error(err)
		}
		if h := next(t, peer); h.Op != packet.OpData || h.Len != 1 {
			t.Errorf("sent %v, want the last byte", h)
		}
		c.Close()
		next(t, peer)
	})
}

func TestDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, peer := silent(t, 64, machine.Limits{})
		defer s.Close()
		c := open(t, s, peer)
		start := time.Now()
		_ = c.SetReadDeadline(start.Add(time.Hour))
		go func() {
			time.Sleep(time.Second)
			_ = c.SetReadDeadline(start.Add(2 * time.Second)) // sooner, while a Read waits
		}()
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != 2*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		_ = c.SetWriteDeadline(time.Now().Add(time.Second))
		n, err := c.Write(make([]byte, 1<<20))
		if n != 1<<16 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("wrote %d, %v, want 65536 and the deadline", n, err)
		}
		_ = c.SetDeadline(time.Time{})
		h := next(t, peer)
		answer(t, peer, h, packet.OpData, "late")
		b := make([]byte, 8)
		if n, err := c.Read(b); string(b[:n]) != "late" || err != nil {
			t.Errorf("read %q, %v", b[:n], err)
		}
		answer(t, peer, h, packet.OpReset, "")
		if _, err := c.Read(b); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("read = %v", err)
		}
	})
}

// Virtio 1.2 §5.10.6.1.1: what arrives is processed although nothing can be sent.
func TestReceivesWhileSendingIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, peer := silent(t, 2, machine.Limits{})
		defer s.Close()
		c := open(t, s, peer)
		go func() { _, _ = c.Write(make([]byte, 1000)) }()
		synctest.Wait()
		stuck := make(chan error)
		go func() { // the other slot, and then there is none
			_, err := c.Write(make([]byte, 1000))
			if err == nil {
				_, err = c.Write(make([]byte, 1000))
			}
			stuck <- err
		}()
		synctest.Wait()
		b, _ := peer.Receive()
		h, err := packet.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		for range 100 {
			answer(t, peer, h, packet.OpData, "ping")
			got := make([]byte, 4)
			if _, err := io.ReadFull(c, got); err != nil || string(got) != "ping" {
				t.Fatalf("%q, %v", got, err)
			}
		}
		for range 3 {
			next(t, peer)
		}
		if err := <-stuck; err != nil {
			t.Error(err)
		}
		c.Close()
	})
}
