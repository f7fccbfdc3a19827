package vm

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test binary plays QEMU and the daemon when it is called by their names.
// What the fakes do is chosen by a word of the guest's command line
// (play=WORD) and by the environment (FAKE_DAEMON=WORD).
func TestMain(m *testing.M) {
	switch filepath.Base(os.Args[0]) {
	case defaultQEMU:
		fakeQEMU()
	case defaultDaemon:
		fakeDaemon()
	default:
		os.Exit(m.Run())
	}
}

// fakes returns the paths of a QEMU and a daemon that are this test binary.
func fakes(t *testing.T) (qemu, daemon string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	qemu, daemon = filepath.Join(dir, defaultQEMU), filepath.Join(dir, defaultDaemon)
	for _, p := range []string{qemu, daemon} {
		if err := os.Symlink(self, p); err != nil {
			t.Fatal(err)
		}
	}
	return qemu, daemon
}

// fakeConfig returns a Config with both fakes, for a guest that plays word.
func fakeConfig(t *testing.T, word string) Config {
	qemu, daemon := fakes(t)
	return Config{Image: fakeImage(t), QEMU: qemu, Daemon: daemon, Accel: TCG, Append: "play=" + word}
}

// value returns the argument after name.
func value(name string) string {
	if i := slices.Index(os.Args, name); i >= 0 && i+1 < len(os.Args) {
		return os.Args[i+1]
	}
	return ""
}

func die(code int, text string) {
	fmt.Fprintln(os.Stderr, text)
	os.Exit(code)
}

// word returns the value of key=value in the guest's command line.
func word(key, otherwise string) string {
	for w := range strings.FieldsSeq(value("-append")) {
		if v, ok := strings.CutPrefix(w, key+"="); ok {
			return v
		}
	}
	return otherwise
}

func fakeQEMU() {
	play := word("play", "")
	if play == "fail" {
		die(1, "qemu-system-x86_64: -device nonsense: no such device")
	}
	sig := make(chan os.Signal, 1)
	signal.Notify(sig, syscall.SIGTERM)
	qmp := os.NewFile(qmpFD, "qmp")
	fmt.Fprintln(qmp, `{"QMP": {"version": {}, "capabilities": []}}`)
	if line, _ := bufio.NewReader(qmp).ReadString('\n'); !strings.Contains(line, "qmp_capabilities") {
		die(1, "no capabilities asked for: "+line)
	}
	event := func(name, reason string) {
		fmt.Fprintf(qmp, `{"event": %q, "data": {"guest": true, "reason": %q}}`+"\n", name, reason)
	}
	_, path, _ := strings.Cut(value("-chardev"), "path=")
	if i := slices.Index(os.Args, "-kernel"); i >= 0 { // the daemon's chardev is the second
		for j, a := range os.Args {
			if a == "-chardev" && strings.Contains(os.Args[j+1], "path=") {
				_, path, _ = strings.Cut(os.Args[j+1], "path=")
			}
		}
	}
	daemon, err := net.Dial("unix", strings.ReplaceAll(path, ",,", ","))
	if err != nil {
		die(1, "no daemon: "+err.Error())
	}
	fmt.Print("booting\r\nsecond line\n")
	switch play {
	case "ready", "stubborn":
		fmt.Fprintf(daemon, "READY %s\n", word("ready", "1026"))
	case "exit3":
		event("SHUTDOWN", "guest-shutdown")
		os.Exit(7)
	case "reset":
		event("SHUTDOWN", "guest-reset")
		os.Exit(0)
	case "halt":
		fmt.Fprintln(os.Stderr, "KVM internal error. Suberror: 1")
		event("STOP", "")
	case "crash":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	<-sig
	if play == "stubborn" {
		time.Sleep(time.Minute)
	}
	event("SHUTDOWN", "host-signal")
	os.Exit(0)
}

func fakeDaemon() {
	signal.Reset(syscall.SIGTERM) // rules_go's tests take it for a time-out
	if os.Getenv("FAKE_DAEMON") == "fail" {
		die(2, "Error: cannot create the socket")
	}
	if os.Getenv("FAKE_DAEMON") == "mute" {
		time.Sleep(time.Minute)
	}
	guest, err := net.Listen("unix", value("--uds-path"))
	if err != nil {
		die(1, err.Error())
	}
	control, err := net.Listen("unix", value("--socket"))
	if err != nil {
		die(1, err.Error())
	}
	go func() {
		qemu, err := control.Accept()
		if err != nil {
			return
		}
		for in := bufio.NewScanner(qemu); in.Scan(); {
			if port, ok := strings.CutPrefix(in.Text(), "READY "); ok {
				c, err := net.Dial("unix", value("--uds-path")+"_"+port)
				if err != nil {
					die(1, err.Error())
				}
				c.Close()
			}
		}
	}()
	for {
		c, err := guest.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			line := make([]byte, 64)
			n, _ := c.Read(line)
			switch string(line[:n]) {
			case "CONNECT 1024\n":
				io.WriteString(c, "OK 1\n")
				io.Copy(c, c)
			case "CONNECT 666\n":
				die(101, "thread panicked: called `Result::unwrap()` on an `Err` value")
			}
		}()
	}
}
