// Package guest boots images for tests and connects to them as a client would:
// by package vm, and by the official Go SDK of MCP. It sits beside the tests
// that use it and is no part of any image.
//
// Under Bazel the files come as data, named by the environment of the test's
// target; elsewhere a person names them:
//
//	UNIKAI_IMAGE=/path/image.elf go test ./tests/e2e
//
// Tests that need what is not named are skipped and say so.
package guest

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/unikernel-ai/unikernel-ai/cli/dial"
	"github.com/unikernel-ai/unikernel-ai/cli/vm"
)

// Limit bounds one step of a test: a boot, a call. A translated guest on a busy
// machine needs seconds for what takes milliseconds on a quiet one.
const Limit = 60 * time.Second

// Image returns the path of the image under test.
func Image(t testing.TB) string {
	t.Helper()
	return File(t, "UNIKAI_IMAGE", "build it with `bazel build //:image`")
}

// Program returns the path of the program unikai. Outside Bazel it is built.
func Program(t testing.TB) string {
	t.Helper()
	if os.Getenv("UNIKAI_PROGRAM") != "" || os.Getenv("TEST_SRCDIR") != "" {
		return File(t, "UNIKAI_PROGRAM", "name it in the test's target")
	}
	path := filepath.Join(t.TempDir(), "unikai")
	cmd := exec.Command("go", "build", "-o", path, "github.com/unikernel-ai/unikernel-ai/cli/unikai")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build unikai: %v\n%s", err, out)
	}
	return path
}

// File returns the path that an environment variable names: absolute, relative
// to the working directory, or relative to the root of Bazel's data.
func File(t testing.TB, variable, hint string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		Missing(t, "no %s in the environment: run this by `bazel test //tests/...`, or %s and set it", variable, hint)
	}
	for _, p := range []string{path, filepath.Join(os.Getenv("TEST_SRCDIR"), os.Getenv("TEST_WORKSPACE"), path)} {
		if abs, err := filepath.Abs(p); err == nil {
			if _, err := os.Stat(abs); err == nil {
				return abs
			}
		}
	}
	t.Fatalf("%s=%s: no such file", variable, path)
	return ""
}

// Missing skips a test that lacks something. Under Bazel, which would report it
// as passed, the test fails.
func Missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("TEST_WORKSPACE") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// NeedVM ends tests where no VM can run, see Missing.
func NeedVM(t testing.TB) {
	t.Helper()
	for _, p := range []string{"qemu-system-x86_64", "vhost-device-vsock"} {
		if _, err := exec.LookPath(p); err != nil {
			Missing(t, "%s is not on PATH: run this through ./dev, which brings it", p)
		}
	}
}

// Boot boots the image under test, under TCG unless c says otherwise, and waits
// until it listens. The VM ends with the test.
func Boot(t testing.TB, c vm.Config) *vm.VM {
	t.Helper()
	NeedVM(t)
	if c.Image == "" {
		c.Image = Image(t)
	}
	if c.Accel == "" {
		c.Accel = vm.TCG
	}
	ctx, cancel := context.WithTimeout(context.Background(), Limit)
	defer cancel()
	v, err := vm.Start(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Stop)
	if err := v.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	return v
}

// A Dialer connects to a port of a guest; *vm.VM is one.
type Dialer interface {
	Dial(ctx context.Context, port uint32) (net.Conn, error)
}

// At is a Dialer for a guest that runs elsewhere, by its address; the address's
// own port does not count.
type At dial.Addr

// Dial implements Dialer.
func (a At) Dial(ctx context.Context, port uint32) (net.Conn, error) {
	a.Port = port
	return dial.Addr(a).Dial(ctx)
}

// Dial connects to the MCP port of a guest. The connection ends with the test.
func Dial(t testing.TB, d Dialer) net.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Limit)
	defer cancel()
	c, err := d.Dial(ctx, vm.MCPPort)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// Session opens an MCP session with a guest in a revision of the protocol, ""
// for the newest with a handshake. It ends with the test.
func Session(t testing.TB, d Dialer, revision string, o *mcp.ClientOptions) *mcp.ClientSession {
	t.Helper()
	s, err := Connect(t.Context(), Dial(t, d), revision, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// Connect opens an MCP session on a connection.
func Connect(ctx context.Context, c net.Conn, revision string, o *mcp.ClientOptions) (*mcp.ClientSession, error) {
	ctx, cancel := context.WithTimeout(ctx, Limit)
	defer cancel()
	if revision == "" {
		revision = "2025-11-25"
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, o)
	return client.Connect(ctx, &mcp.IOTransport{Reader: c, Writer: c}, &mcp.ClientSessionOptions{ProtocolVersion: revision})
}
