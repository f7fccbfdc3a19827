// Package bridge starts `unikai bridge` for tests, and serves MCP at the address of a
// guest where a test needs no guest.
package bridge

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/unikernel-ai/unikernel-ai/cli/vm"
	"github.com/unikernel-ai/unikernel-ai/mcp"
	"github.com/unikernel-ai/unikernel-ai/tests/guest"
)

// Host serves s in this process as a guest would be reached: through a Unix socket with
// the CONNECT handshake of vhost-device-vsock. It returns the address for --addr.
func Host(t testing.TB, s *mcp.Server) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "bridge") // t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		l.Close()
		s.Close()
		os.RemoveAll(dir)
	})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if accept(c) == nil {
					_ = s.ServeConn(context.Background(), c)
				}
			}()
		}
	}()
	return fmt.Sprintf("unix:%s:%d", path, vm.MCPPort)
}

// accept answers the CONNECT line. It reads no byte more than that.
func accept(c net.Conn) error {
	var line []byte
	for b := make([]byte, 1); len(line) < 32 && !bytes.HasSuffix(line, []byte("\n")); line = append(line, b...) {
		if _, err := c.Read(b); err != nil {
			return err
		}
	}
	if string(line) != fmt.Sprintf("CONNECT %d\n", vm.MCPPort) {
		return fmt.Errorf("got %q", line)
	}
	_, err := io.WriteString(c, "OK 1\n")
	return err
}

// endpoint is how the bridge says where it listens.
var endpoint = regexp.MustCompile(`http://[^\s/]+/mcp\b`)

// HTTP starts `unikai bridge http` for the guest at an address, with more arguments if
// any, and returns the URL of its endpoint. It ends with the test, and must do so in order.
func HTTP(t testing.TB, addr string, args ...string) string {
	t.Helper()
	cmd := exec.Command(guest.Program(t), append([]string{"bridge", "http", "--addr", addr, "--listen", "127.0.0.1:0"}, args...)...)
	said := &output{heard: make(chan string, 1)}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("unikai bridge http after SIGTERM: %v, want exit code 0", err)
			}
		case <-time.After(guest.Limit):
			_ = cmd.Process.Kill()
			t.Error("unikai bridge http does not end")
		}
		if t.Failed() {
			t.Logf("unikai bridge http said:\n%s", said)
		}
	})
	select {
	case url := <-said.heard:
		return url
	case err := <-ended:
		ended <- nil
		t.Fatalf("unikai bridge http ended: %v\n%s", err, said)
	case <-time.After(guest.Limit):
		t.Fatalf("unikai bridge http does not say where it listens:\n%s", said)
	}
	return ""
}

// Stdio returns the command line of `unikai bridge stdio` for the guest at an address.
func Stdio(t testing.TB, addr string) []string {
	t.Helper()
	return []string{guest.Program(t), "bridge", "stdio", "--addr", addr}
}

// output keeps what a program prints, and sends on the endpoint once it is among it.
type output struct {
	heard chan string
	mu    sync.Mutex
	text  strings.Builder // guarded by mu
	found bool            // guarded by mu
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(b)
	if !o.found {
		if url := endpoint.FindString(o.text.String()); url != "" {
			o.found = true
			o.heard <- url
		}
	}
	return len(b), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
