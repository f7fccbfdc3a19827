package mcp

import (
	"bufio"
	"bytes"
	"net"
	"runtime"
	"strconv"
	"testing"
)

var (
	benchInit = []byte(`{"jsonrpc":"2.0","id":"i","method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"b","version":"1"}}}` + "\n")
	benchOK   = []byte(`{"jsonrpc":"2.0","method":"notifications/initialized"}` + "\n")
	// benchModern is what clients of the revision without handshake send.
	benchModern = []byte(`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"text":"0123456789abcdef"},` +
		`"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"b","version":"1"},"io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}}}}` + "\n")
	benchCall = []byte(`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"text":"0123456789abcdef"}}}` + "\n")
)

// rawClient shakes hands on c and returns its reader. It does as little as a client can,
// so that what is measured is the server.
func rawClient(t testing.TB, c net.Conn) *bufio.Reader {
	r := bufio.NewReaderSize(c, 64<<10)
	if _, err := c.Write(benchInit); err != nil {
		t.Fatal(err)
	}
	if _, err := r.ReadSlice('\n'); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(benchOK); err != nil {
		t.Fatal(err)
	}
	return r
}

// calls makes n echo calls over c with up to window in flight and returns the heap
// allocations per call, the client's included: it makes none.
func calls(t testing.TB, c net.Conn, r *bufio.Reader, n, window int) (allocs float64) {
	return callsOf(t, benchCall, c, r, n, window)
}

// callsOf is calls with a request of one's own, whose id is 7.
func callsOf(t testing.TB, call []byte, c net.Conn, r *bufio.Reader, n, window int) (allocs float64) {
	sendErr := make(chan error, 1)
	slots := make(chan struct{}, window)
	head, tail, _ := bytes.Cut(call, []byte("7"))
	line := make([]byte, 0, 2*len(call))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	go func() {
		for i := range n {
			slots <- struct{}{}
			line = strconv.AppendInt(append(line[:0], head...), int64(i), 10)
			line = append(line, tail...)
			if _, err := c.Write(line); err != nil {
				sendErr <- err
				return
			}
		}
		sendErr <- nil
	}()
	for range n {
		answer, err := r.ReadSlice('\n')
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(answer, []byte("0123456789abcdef")) {
			t.Fatalf("answer %s", answer)
		}
		<-slots
	}
	if err := <-sendErr; err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(n)
}

func benchmarkEcho(b *testing.B, c net.Conn, window int) {
	r := rawClient(b, c)
	calls(b, c, r, 100, window)
	b.ReportAllocs()
	b.ResetTimer()
	calls(b, c, r, b.N, window)
}

func BenchmarkEcho1(b *testing.B) { c, _ := pipe(b, newFixture(nil)); benchmarkEcho(b, c, 1) }

func BenchmarkEchoModern1(b *testing.B) { benchmarkModern(b, 1) }

func BenchmarkEchoModern16(b *testing.B) { benchmarkModern(b, 16) }

func benchmarkModern(b *testing.B, window int) {
	c, _ := pipe(b, newFixture(nil))
	r := bufio.NewReaderSize(c, 64<<10)
	callsOf(b, benchModern, c, r, 100, window)
	b.ReportAllocs()
	b.ResetTimer()
	callsOf(b, benchModern, c, r, b.N, window)
}

func BenchmarkEcho16(b *testing.B) { c, _ := pipe(b, newFixture(nil)); benchmarkEcho(b, c, 16) }

func BenchmarkEcho1SDK(b *testing.B) { benchmarkEcho(b, sdkPipe(b), 1) }

func BenchmarkEcho16SDK(b *testing.B) { benchmarkEcho(b, sdkPipe(b), 16) }

// BenchmarkNewServer is what an image pays at boot for eight tools and three resources.
func BenchmarkNewServer(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		newFixture(nil)
	}
}
