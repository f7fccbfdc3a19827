package stdio

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
)

// What the bridge adds to a round trip, by the size of the message: both sides are
// pipes in memory, the guest sends each line back as an answer.
func BenchmarkRoundTrip(b *testing.B) {
	for _, size := range []int{16, 64 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			g := &echoGuest{}
			inR, inW := io.Pipe()
			outR, outW := io.Pipe()
			done := make(chan error, 1)
			go func() {
				done <- Run(context.Background(), Config{Guest: g, In: inR, Out: outW, Log: func(string, ...any) {}})
			}()
			out := bufio.NewReaderSize(outR, 1<<20)
			line := []byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"text":"` + strings.Repeat("x", size) + `"}}` + "\n")
			b.SetBytes(int64(2 * len(line)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := inW.Write(line); err != nil {
					b.Fatal(err)
				}
				if _, err := out.ReadSlice('\n'); err != nil {
					b.Fatal(err)
				}
			}
			inW.Close()
			go func() { _, _ = io.Copy(io.Discard, outR) }()
			if err := <-done; err != nil {
				b.Fatal(err)
			}
		})
	}
}

type echoGuest struct{}

func (*echoGuest) Fate() string          { return "" }
func (*echoGuest) Gone() <-chan struct{} { return nil }
func (*echoGuest) Err() error            { return nil }

func (*echoGuest) Dial(context.Context) (net.Conn, error) {
	ours, theirs := net.Pipe()
	go func() {
		defer theirs.Close()
		in := bufio.NewReaderSize(theirs, 1<<20)
		for {
			line, err := in.ReadSlice('\n')
			if err != nil {
				return
			}
			answer := []byte(strings.Replace(string(line), `"method":"tools/call","params"`, `"result"`, 1))
			if _, err := theirs.Write(answer); err != nil {
				return
			}
		}
	}()
	return ours, nil
}
