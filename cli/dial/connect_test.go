package dial

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestConnectLeavesWhatFollowsTheAnswer(t *testing.T) {
	host, owner := net.Pipe()
	defer owner.Close()
	go func() {
		buf := make([]byte, 64)
		n, _ := owner.Read(buf)
		if string(buf[:n]) == "CONNECT 1024\n" { // in one read, so in one write
			io.WriteString(owner, "OK 1073741824\nhello")
		}
		owner.Close()
	}()
	if err := Connect(t.Context(), host, 1024); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(host); string(got) != "hello" || err != nil {
		t.Errorf("after the handshake: %q, %v, want hello", got, err)
	}
}

func TestConnectRefuses(t *testing.T) {
	tests := []struct{ name, answer, say string }{
		{"closed", "", "nothing listens there"},
		{"half an answer", "OK 10", "nothing listens there"},
		{"other word", "ERR 5\n", `answered with "ERR 5"`},
		{"no number", "OK \n", `answered with "OK "`},
		{"not a number", "OK x\n", `answered with "OK x"`},
		{"endless", strings.Repeat("O", 1000), "longer than 64 bytes"},
		{"only a newline", "\n", `answered with ""`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			host, owner := net.Pipe()
			go func() {
				_, _ = io.ReadFull(owner, make([]byte, len("CONNECT 7\n")))
				_, _ = io.WriteString(owner, tt.answer)
				owner.Close()
			}()
			err := Connect(t.Context(), host, 7)
			if err == nil || !strings.Contains(err.Error(), tt.say) {
				t.Errorf("Connect = %v, want an error that says %q", err, tt.say)
			}
			if _, err := host.Write(nil); !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("the connection is still open: %v", err)
			}
		})
	}
}

func TestConnectTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host, owner := net.Pipe()
		defer owner.Close()
		go func() { _, _ = owner.Read(make([]byte, 64)) }()
		t0 := time.Now()
		err := Connect(t.Context(), host, 7)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Connect = %v, want a deadline error", err)
		}
		if d := time.Since(t0); d != answerLimit {
			t.Errorf("it took %v, want %v", d, answerLimit)
		}
	})
}

// A client that leaves before the guest has answered ends vhost-device-vsock
// 0.3.0, so a cancelled Connect must keep its connection until then.
func TestConnectLingersWhenCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host, owner := net.Pipe()
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan struct{})
		go func() {
			defer close(left)
			_, _ = owner.Read(make([]byte, 64))
			time.Sleep(time.Second)
			cancel()
			time.Sleep(time.Second)
			if _, err := io.WriteString(owner, "OK 1\n"); err != nil {
				t.Errorf("the answer could not be delivered: %v", err)
			}
			if _, err := owner.Read(make([]byte, 1)); err != io.EOF {
				t.Errorf("after the answer: %v, want EOF", err)
			}
		}()
		if err := Connect(ctx, host, 7); !errors.Is(err, context.Canceled) {
			t.Errorf("Connect = %v, want context.Canceled", err)
		}
		<-left
	})
}

func TestDialUnix(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = c.Read(make([]byte, 64))
		io.WriteString(c, "OK 1\nhello")
	}()
	c, err := Addr{Network: Unix, Path: path, Port: 5}.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got, err := io.ReadAll(c); string(got) != "hello" || err != nil {
		t.Errorf("read %q, %v, want hello", got, err)
	}
}

func TestDialSaysWhatIsMissing(t *testing.T) {
	dir := shortDir(t)
	stale := filepath.Join(dir, "stale")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	_, err = Addr{Network: Unix, Path: filepath.Join(dir, "none"), Port: 5}.Dial(t.Context())
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "no such socket") {
		t.Errorf("without a socket: %v", err)
	}
	_, err = Addr{Network: Unix, Path: stale, Port: 5}.Dial(t.Context())
	if !errors.Is(err, syscall.ECONNREFUSED) || !strings.Contains(err.Error(), "nobody owns") {
		t.Errorf("with a stale socket: %v", err)
	}
}

// AF_VSOCK is not opened by tests: on a machine that is itself a guest it may
// be the machine's own management door.
func TestDialVSock(t *testing.T) {
	text := os.Getenv("UNIKAI_TEST_VSOCK")
	if text == "" {
		t.Skip("needs a host with vhost_vsock (/dev/vhost-vsock) and a guest on it: set UNIKAI_TEST_VSOCK=vsock:CID:1024 there")
	}
	a, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	c, err := a.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got := c.RemoteAddr().Network(); got != "vsock" {
		t.Errorf("RemoteAddr().Network() = %q, want vsock", got)
	}
}

func FuzzReadAnswer(f *testing.F) {
	for _, s := range []string{"OK 1\n", "OK 1\nmore", "", "\n", "OK 99999999999\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r := bytes.NewReader(in)
		line, err := readAnswer(r)
		if err != nil {
			return
		}
		if used := len(in) - r.Len(); used != len(line)+1 || used > maxAnswer {
			t.Fatalf("readAnswer(%q) = %q and used %d bytes", in, line, used)
		}
	})
}

// shortDir returns a fresh directory whose path is short enough for sockets.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "dial")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
