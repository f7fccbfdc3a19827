package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/unikernel-ai/unikernel-ai/cli/vm"
	host "github.com/unikernel-ai/unikernel-ai/tests/guest"
)

var (
	image = flag.String("image", "vsock.elf", "the image of this folder's program")
	smp   = flag.Int("smp", 1, "virtual processors")
)

// limit bounds each step: a guest under TCG beside other work is slow.
const limit = 30 * time.Second

// needs ends the test where there is no image, or nothing to boot it with.
func needs(t *testing.T) {
	t.Helper()
	host.NeedVM(t)
	if _, err := os.Stat(*image); err != nil {
		host.Missing(t, "no image (%v): bazel test builds it, or give -image", err)
	}
}

// guest boots the image and waits until it listens.
func guest(t *testing.T, extra string) *vm.VM {
	t.Helper()
	needs(t)
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	v, err := vm.Start(ctx, vm.Config{
		Image: *image, CPUs: *smp, Append: extra, Accel: "tcg",
		Line: func(l vm.Line) { t.Log(l.Text) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Stop)
	if err := v.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	return v
}

// dialGuest connects to a port of the guest.
func dialGuest(t *testing.T, v *vm.VM, port uint32) net.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	c, err := v.Dial(ctx, port)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(limit)); err != nil {
		t.Fatal(err)
	}
	return c
}

// ask sends a line and body, and returns the line that answers it.
func ask(t *testing.T, c net.Conn, r *bufio.Reader, line string, body []byte) string {
	t.Helper()
	if _, err := io.WriteString(c, line+"\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(body); err != nil {
		t.Fatal(err)
	}
	answer, err := r.ReadString('\n')
	if err != nil {
		t.Fatalf("%s answered %q, %v", line, answer, err)
	}
	return strings.TrimSpace(answer)
}

// One boot, many properties: they share the guest as clients do, and what one of
// them breaks shows in the next.
func TestVsock(t *testing.T) {
	v := guest(t, "")
	for _, tc := range []struct {
		name string
		test func(*testing.T, *vm.VM)
	}{
		{"one MiB each way arrives whole", testBulk},
		{"one hundred connections at once", testMany},
		{"refused port", testRefused},
		{"client that leaves half way", testAbort},
		{"guest shuts its side down", testHalfClose},
		{"guest dials the host", testGuestDials},
		{"guest dials where nobody listens", testGuestRefused},
		{"timers run", testTimer},
		{"nothing is left behind", testLeftovers},
		{"quit", testQuit},
	} {
		if !t.Run(tc.name, func(t *testing.T) { tc.test(t, v) }) {
			break
		}
	}
}

func testBulk(t *testing.T, v *vm.VM) {
	const size = 1 << 20
	c := dialGuest(t, v, rawPort)
	r := bufio.NewReader(c)
	want := make([]byte, size)
	fill(want, 12345)
	if got, ok := ask(t, c, r, fmt.Sprintf("SINK %d", size), want), fmt.Sprintf("OK %08x", crc32.ChecksumIEEE(want)); got != ok {
		t.Errorf("SINK answered %q, want %q", got, ok)
	}
	if _, err := fmt.Fprintf(c, "SOURCE %d\n", size); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, size)
	if _, err := io.ReadFull(r, got); err != nil {
		t.Fatal(err)
	}
	fill(want, 0)
	if !bytes.Equal(got, want) {
		t.Error("SOURCE sent something else")
	}
	if line, err := r.ReadString('\n'); line != fmt.Sprintf("OK %08x\n", crc32.ChecksumIEEE(want)) {
		t.Errorf("SOURCE answered %q, %v", line, err)
	}
}

func testMany(t *testing.T, v *vm.VM) {
	const clients, size = 100, 50_000
	var wg sync.WaitGroup
	conns := make([]net.Conn, clients)
	for i := range conns { // all open at the same time
		conns[i] = dialGuest(t, v, echoPort)
	}
	for i, c := range conns {
		wg.Go(func() {
			want := make([]byte, size)
			fill(want, int64(i)<<32)
			go func() { _, _ = c.Write(want) }()
			got := make([]byte, size)
			if n, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, want) {
				t.Errorf("client %d: %d bytes came back, %v; equal: %v", i, n, err, bytes.Equal(got, want))
			}
		})
	}
	wg.Wait()
	for _, c := range conns {
		c.Close()
	}
}

func testRefused(t *testing.T, v *vm.VM) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	start := time.Now()
	if c, err := v.Dial(ctx, 9999); err == nil {
		c.Close()
		t.Error("a port that nobody listens on was reached")
	}
	if d := time.Since(start); d > limit/2 {
		t.Errorf("the refusal took %v", d)
	}
}

func testAbort(t *testing.T, v *vm.VM) {
	for _, line := range []string{"SINK 1000000\nonly this", "SOURCE 10000000\n", "half a li"} {
		c := dialGuest(t, v, rawPort)
		if _, err := io.WriteString(c, line); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(line, "SOURCE") { // while the guest is sending
			if _, err := io.ReadFull(c, make([]byte, 100)); err != nil {
				t.Fatal(err)
			}
		}
		c.Close()
		testTimer(t, v) // the next client is served
	}
}

func testHalfClose(t *testing.T, v *vm.VM) {
	c := dialGuest(t, v, rawPort)
	r := bufio.NewReader(c)
	if got := ask(t, c, r, "HALF", nil); got != "OK" {
		t.Errorf("HALF answered %q", got)
	}
	// vhost-device-vsock 0.3 passes a half-close of the guest on to nobody, and ends
	// both ways when the client does; so the end is what can be seen from here.
	if _, err := c.Write([]byte("the other way still works\n")); err != nil {
		t.Errorf("writing after the guest's CloseWrite: %v", err)
	}
	c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if _, err := v.Expect(ctx, regexp.MustCompile(`^HALF: read 26 bytes, <nil>`)); err != nil {
		t.Error(err)
	}
}

func testGuestDials(t *testing.T, v *vm.VM) {
	const port = 4321
	l, err := net.Listen("unix", fmt.Sprintf("%s_%d", v.Addr(rawPort).Path, port))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	heard := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			heard <- err
			return
		}
		defer c.Close()
		b := make([]byte, 5)
		if _, err = io.ReadFull(c, b); err == nil && string(b) != "hello" {
			err = fmt.Errorf("guest said %q", b)
		}
		_, _ = io.WriteString(c, "welcome")
		_, _ = io.Copy(io.Discard, c) // until the guest is done
		heard <- err
	}()
	c := dialGuest(t, v, rawPort)
	if got := ask(t, c, bufio.NewReader(c), fmt.Sprintf("DIAL %d", port), nil); got != "welcome" {
		t.Errorf("DIAL answered %q", got)
	}
	select {
	case err := <-heard:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(limit):
		t.Error("the guest did not close its connection")
	}
}

func testGuestRefused(t *testing.T, v *vm.VM) {
	// Other VMMs answer by RST; vhost-device-vsock 0.3 says nothing.
	c := dialGuest(t, v, rawPort)
	got := ask(t, c, bufio.NewReader(c), "DIAL 4322", nil)
	if !strings.Contains(got, "connection refused") && !strings.Contains(got, "timed out") && !strings.Contains(got, "i/o timeout") {
		t.Errorf("DIAL answered %q, want a refusal or a timeout", got)
	}
}

func testTimer(t *testing.T, v *vm.VM) {
	c := dialGuest(t, v, rawPort)
	start := time.Now()
	if got := ask(t, c, bufio.NewReader(c), "SLEEP 50", nil); got != "OK" {
		t.Errorf("SLEEP answered %q", got)
	}
	if d := time.Since(start); d < 50*time.Millisecond {
		t.Errorf("a sleep of 50 ms took %v", d)
	}
	c.Close()
}

// Connections whose clients have gone are given back.
func testLeftovers(t *testing.T, v *vm.VM) {
	c := dialGuest(t, v, rawPort)
	r := bufio.NewReader(c)
	var got string
	for end := time.Now().Add(limit); time.Now().Before(end); {
		if got = ask(t, c, r, "STATS", nil); strings.Contains(got, " Conns:1 ") {
			t.Log(got)
			return
		}
	}
	t.Errorf("connections are left: %s", got)
}

func testQuit(t *testing.T, v *vm.VM) {
	c := dialGuest(t, v, rawPort)
	if _, err := io.WriteString(c, "QUIT\n"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-v.Ended():
	case <-time.After(limit):
		t.Fatal("the guest goes on")
	}
	exit, err := v.Wait()
	if err != nil || exit.Code != 0 {
		t.Errorf("the guest ended with %+v, %v", exit, err)
	}
}

// The command line chooses the port that the guest dials; with `off` it dials
// none, and a host that knows that it listens can still connect.
func TestReadyOff(t *testing.T) {
	needs(t)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	v, err := vm.Start(ctx, vm.Config{Image: *image, Append: "ready=off", Accel: "tcg"})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Stop()
	if err := v.Ready(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Ready = %v, want a guest that does not say so", err)
	}
}
