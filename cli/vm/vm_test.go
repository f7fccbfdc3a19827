package vm

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// start boots the fakes and checks that nothing is left of them afterwards.
func start(t *testing.T, c Config) *VM {
	t.Helper()
	v, err := Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		v.Stop()
		qemu, daemon := v.PIDs()
		for _, pid := range []int{qemu, daemon} {
			if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
				t.Errorf("process %d is still there: %v", pid, err)
			}
		}
		if _, err := os.Stat(v.dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there: %v", v.dir, err)
		}
	})
	return v
}

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestReadyDialStop(t *testing.T) {
	c := fakeConfig(t, "ready")
	var raw bytes.Buffer
	c.Console = &raw
	v := start(t, c)
	if err := v.Ready(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	if v.ReadyAt().Before(v.Started()) {
		t.Errorf("ready at %v, before the start at %v", v.ReadyAt(), v.Started())
	}
	conn, err := v.Dial(t.Context(), MCPPort)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "ping"); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 4)
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != "ping" {
		t.Errorf("echo = %q, %v", got, err)
	}
	if _, err := v.Dial(t.Context(), 9); err == nil || !strings.Contains(err.Error(), "nothing listens there") {
		t.Errorf("Dial(9) = %v, want a refusal", err)
	}
	v.Stop()
	if e, err := v.Wait(); err != nil || !e.Stopped || e.Code != -1 {
		t.Errorf("Wait = %+v, %v, want stopped", e, err)
	}
	if raw.String() != "booting\r\nsecond line\n" {
		t.Errorf("console = %q", raw.String())
	}
}

func TestGuestEndsBeforeReady(t *testing.T) {
	tests := []struct {
		play, say string
		code      int
		ok        bool // Wait gives no error
	}{
		{"exit3", "exit code 3", 3, true},
		{"reset", "triple fault", -1, false},
		{"halt", "KVM internal error", -1, false},
		{"crash", "killed by a signal", -1, false},
		{"fail", "no such device", -1, false},
	}
	for _, tt := range tests {
		t.Run(tt.play, func(t *testing.T) {
			v := start(t, fakeConfig(t, tt.play))
			err := v.Ready(within(t, 10*time.Second))
			if err == nil || !strings.Contains(err.Error(), tt.say) {
				t.Errorf("Ready = %v, want an error that says %q", err, tt.say)
			}
			if tt.play != "fail" && !strings.Contains(err.Error(), "second line") {
				t.Errorf("Ready = %v, want the guest's last words", err)
			}
			if _, err := v.Dial(t.Context(), MCPPort); err == nil {
				t.Error("Dial reached a guest that has ended")
			}
			e, err := v.Wait()
			if e.Code != tt.code || (err == nil) != tt.ok {
				t.Errorf("Wait = %+v, %v, want code %d", e, err, tt.code)
			}
		})
	}
}

func TestReadyTimesOut(t *testing.T) {
	v := start(t, fakeConfig(t, "silent"))
	if _, err := v.Expect(within(t, 10*time.Second), regexp.MustCompile("^second")); err != nil {
		t.Fatal(err)
	}
	err := v.Ready(within(t, 50*time.Millisecond))
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "second line") {
		t.Errorf("Ready = %v, want a deadline and the console's end", err)
	}
	if !v.ReadyAt().IsZero() {
		t.Error("ReadyAt is set")
	}
}

func TestStopKillsAStubbornGuest(t *testing.T) {
	v := start(t, fakeConfig(t, "stubborn"))
	if err := v.Ready(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 3 { // callers may race
		wg.Go(v.Stop)
	}
	wg.Wait()
	if e, err := v.Wait(); err != nil || !e.Stopped || e.Status != -1 {
		t.Errorf("Wait = %+v, %v, want stopped by a signal", e, err)
	}
}

func TestOtherReadyPort(t *testing.T) {
	c := fakeConfig(t, "ready")
	c.ReadyPort = 2000
	if err := start(t, c).Ready(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
}

func TestExpect(t *testing.T) {
	v := start(t, fakeConfig(t, "exit3"))
	l, err := v.Expect(within(t, 10*time.Second), regexp.MustCompile("second"))
	if err != nil || l.Text != "second line" || l.At.Before(v.Started()) {
		t.Errorf("Expect = %+v, %v", l, err)
	}
	if _, err := v.Expect(within(t, 10*time.Second), regexp.MustCompile("third")); err == nil || !strings.Contains(err.Error(), "ended without") {
		t.Errorf("Expect(third) = %v", err)
	}
}

func TestDaemonDies(t *testing.T) {
	v := start(t, fakeConfig(t, "ready"))
	_, err := v.Dial(within(t, 10*time.Second), 666)
	if err == nil {
		t.Fatal("Dial reached a daemon that died")
	}
	for end := time.Now().Add(5 * time.Second); v.link.alive() == nil && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if _, err := v.Dial(within(t, 10*time.Second), 1024); err == nil || !strings.Contains(err.Error(), "thread panicked") {
		t.Errorf("Dial = %v, want the daemon's last words", err)
	}
}

func TestStartSaysWhatIsMissing(t *testing.T) {
	tests := []struct {
		name, say string
		edit      func(c *Config)
	}{
		{"QEMU", "qemu-system-x86_64 is missing", func(c *Config) { c.QEMU = "/nonexistent/qemu" }},
		{"daemon", "vhost-device-vsock is missing", func(c *Config) { c.Daemon = "/nonexistent/daemon" }},
		{"image", "no such file", func(c *Config) { c.Image = "/nonexistent/image" }},
		{"module", "no such file", func(c *Config) { c.Module = "/nonexistent/model" }},
		{"module is a folder", "not a regular file", func(c *Config) { c.Module = os.TempDir() }},
		{"module is too large", "does not fit in 25 MiB", func(c *Config) { c.Module, c.Memory = os.Args[0], 25 }},
		{"accelerator", "not one of auto, tcg, kvm", func(c *Config) { c.Accel = "warp" }},
		{"memory", "-1 MiB", func(c *Config) { c.Memory = -1 }},
		{"processors", "-1 processors", func(c *Config) { c.CPUs = -1 }},
		{"socket's folder", "no such file", func(c *Config) { c.Socket = "/nonexistent/s" }},
		{"short socket path", "a Unix socket's may have 107", func(c *Config) { c.Socket = "/tmp/" + strings.Repeat("s", 100) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := fakeConfig(t, "ready")
			tt.edit(&c)
			v, err := Start(t.Context(), c)
			if err == nil {
				v.Stop()
				t.Fatal("it started")
			}
			if !strings.Contains(err.Error(), tt.say) {
				t.Errorf("Start: %v, want an error that says %q", err, tt.say)
			}
		})
	}
}

func TestStartSaysWhyTheDaemonFailed(t *testing.T) {
	t.Setenv("FAKE_DAEMON", "fail")
	v, err := Start(t.Context(), fakeConfig(t, "ready"))
	if err == nil {
		v.Stop()
		t.Fatal("it started")
	}
	if !strings.Contains(err.Error(), "cannot create the socket") || !strings.Contains(err.Error(), "exit status 2") {
		t.Errorf("Start: %v, want the daemon's words", err)
	}
}

func TestStartIsCancelled(t *testing.T) {
	t.Setenv("FAKE_DAEMON", "mute")
	v, err := Start(within(t, 50*time.Millisecond), fakeConfig(t, "ready"))
	if err == nil {
		v.Stop()
		t.Fatal("it started")
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Start: %v, want a deadline", err)
	}
}

func TestSocketOfOnesOwn(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "vm") // t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	c := fakeConfig(t, "ready")
	c.Socket = filepath.Join(dir, "my,guest")
	v := start(t, c)
	if got, want := v.Addr(1024).String(), "unix:"+c.Socket+":1024"; got != want {
		t.Errorf("Addr = %s, want %s", got, want)
	}
	if err := v.Ready(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	if other, err := Start(t.Context(), c); err == nil {
		other.Stop()
		t.Error("a second VM took the socket")
	} else if !strings.Contains(err.Error(), "belongs to a VM that runs") {
		t.Errorf("second VM: %v", err)
	}
	v.Stop()
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if err := os.WriteFile(c.Socket, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if v, err := Start(t.Context(), c); err == nil {
		v.Stop()
		t.Error("a file was taken for an old socket")
	} else if !strings.Contains(err.Error(), "not a socket") {
		t.Errorf("with a file in the way: %v", err)
	}
}

func TestManyAtOnce(t *testing.T) {
	for range 8 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			v := start(t, fakeConfig(t, "ready"))
			c, err := v.Dial(within(t, 20*time.Second), MCPPort)
			if err != nil {
				t.Fatal(err)
			}
			c.Close()
		})
	}
}

func TestLongTMPDIR(t *testing.T) {
	long := filepath.Join(t.TempDir(), strings.Repeat("d", 120))
	if err := os.MkdirAll(long, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", long)
	if err := start(t, fakeConfig(t, "ready")).Ready(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
}

// A caller that is killed leaves its directory; the next start removes it.
func TestSweep(t *testing.T) {
	base, err := os.MkdirTemp("/tmp", "vm")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(base)
	t.Setenv("TMPDIR", base)
	dead, young, used := filepath.Join(base, "unikai-1"), filepath.Join(base, "unikai-2"), filepath.Join(base, "unikai-3")
	for _, d := range []string{dead, young, used} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dead, dirLock), []byte("1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	lock, _, err := lockFile(filepath.Join(used, dirLock))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.release()
	dir, mine, err := makeDir()
	if err != nil {
		t.Fatal(err)
	}
	defer mine.release()
	for path, want := range map[string]bool{dead: false, young: true, used: true, dir: true} {
		if exists(path) != want {
			t.Errorf("%s exists: %v, want %v", path, !want, want)
		}
	}
}

// AF_VSOCK is not opened by tests: on a machine that is itself a guest it may
// be the machine's own management door.
func TestKernelVSock(t *testing.T) {
	image := os.Getenv("UNIKAI_TEST_VSOCK_IMAGE")
	if image == "" {
		t.Skip("needs a host with vhost_vsock (/dev/vhost-vsock): set UNIKAI_TEST_VSOCK_IMAGE to an image there")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	v, err := Start(ctx, Config{Image: image, GuestCID: 77})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Stop()
	if err := v.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	c, err := v.Dial(ctx, MCPPort)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

func TestArgs(t *testing.T) {
	c := Config{Image: "/i", Memory: 40, CPUs: 2, Accel: TCG, ReadyPort: ReadyPort, Append: "a b", Args: []string{"-x"}}
	got := strings.Join(c.args([]string{"-device", "d"}), " ")
	for _, want := range []string{"-smp 2", "-m 40M", "size=40M,share=on", "-M microvm,", "memory-backend=mem", "force-legacy=false", "-kernel /i", "-device d", "-append a b", "-no-reboot"} {
		if !strings.Contains(got, want) {
			t.Errorf("arguments %s lack %q", got, want)
		}
	}
	if strings.Contains(got, "-initrd") {
		t.Errorf("arguments %s: there is no module", got)
	}
	c.Module = "/m"
	if got := strings.Join(c.args(nil), " "); !strings.Contains(got, "-kernel /i -initrd /m") {
		t.Errorf("arguments %s lack the module", got)
	}
	c.ReadyPort = 5
	if got := c.commandLine(); got != "a b ready=5" {
		t.Errorf("command line = %q", got)
	}
}
