package vm

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// Ports of the guest, and of the host as the guest sees it.
const (
	// MCPPort is where an image serves MCP unless told otherwise.
	MCPPort = 1024
	// ReadyPort is the host's port that a guest dials once it listens.
	ReadyPort = 1026
)

const (
	defaultMemory = 256 // MiB
	defaultQEMU   = "qemu-system-x86_64"
	defaultDaemon = "vhost-device-vsock"
	maxCPUs       = 288 // of QEMU's microvm machine
)

// Config says what to boot and on what. Only Image must be set.
type Config struct {
	Image  string // path of the image
	Append string // the guest's kernel command line
	Module string // path of a file that the guest finds beside the image, or ""

	Memory int   // guest memory in MiB; 0 is 256
	CPUs   int   // virtual processors; 0 is 1
	Accel  Accel // how QEMU runs the guest; "" is Auto

	QEMU   string   // program, looked up on PATH; "" is qemu-system-x86_64
	Daemon string   // program, looked up on PATH; "" is vhost-device-vsock
	Args   []string // further arguments for QEMU

	// Socket is the path at which host programs reach the guest. "" is a new
	// one in a directory that Stop removes. A path of one's own is guarded by a
	// lock file beside it while the VM runs.
	Socket string
	// GuestCID, if not 0, gives the guest that address in the host's own
	// AF_VSOCK (vhost_vsock) instead of a daemon and a Unix socket.
	GuestCID uint32
	// ReadyPort is the host's port that the guest dials when it listens; 0 is
	// 1026. Other values are passed to the guest as ready=PORT.
	ReadyPort uint32

	// Console gets the guest's serial output as it comes, or is nil. It is
	// called from one goroutine; a write that blocks stops the guest's console.
	Console io.Writer
	// Line is called for each complete line of the console, or is nil. It is
	// called from the same goroutine, after Console.
	Line func(Line)
}

// complete fills in defaults and finds programs. The error names the first
// thing that is missing and says how to get it.
func (c *Config) complete() (err error) {
	if c.Memory == 0 {
		c.Memory = defaultMemory
	}
	if c.CPUs == 0 {
		c.CPUs = 1
	}
	if c.ReadyPort == 0 {
		c.ReadyPort = ReadyPort
	}
	switch {
	case c.Memory < 0:
		return fmt.Errorf("vm: %d MiB of memory is not possible", c.Memory)
	case c.CPUs < 0 || c.CPUs > maxCPUs:
		return fmt.Errorf("vm: %d processors are not possible, a microvm has 1 to %d", c.CPUs, maxCPUs)
	}
	if c.Image, err = filepath.Abs(c.Image); err != nil {
		return fmt.Errorf("vm: image: %w", err)
	}
	if err := checkImage(c.Image); err != nil {
		return err
	}
	if err := c.checkModule(); err != nil {
		return err
	}
	if c.Accel, err = c.Accel.resolve(); err != nil {
		return err
	}
	c.QEMU, err = findProgram(c.QEMU, defaultQEMU, "Debian: apt install qemu-system-x86")
	if err != nil || c.GuestCID != 0 {
		return err
	}
	c.Daemon, err = findProgram(c.Daemon, defaultDaemon, "Debian forky: apt install vhost-device-vsock; elsewhere: cargo install vhost-device-vsock")
	return err
}

// leastBeside is what a guest needs besides a module, in MiB.
const leastBeside = 24

// checkModule refuses a module that QEMU could not load, in better words than QEMU's.
func (c *Config) checkModule() error {
	if c.Module == "" {
		return nil
	}
	path, err := filepath.Abs(c.Module)
	if err != nil {
		return fmt.Errorf("vm: module: %w", err)
	}
	st, err := os.Stat(path)
	switch {
	case err != nil:
		return fmt.Errorf("vm: module: %w", err)
	case !st.Mode().IsRegular() || st.Size() == 0:
		return fmt.Errorf("vm: module: %s is not a regular file with something in it", path)
	case st.Size()>>20+leastBeside > int64(c.Memory):
		return fmt.Errorf("vm: module: %s has %d MiB and does not fit in %d MiB of guest memory, %d of which the guest needs", path, st.Size()>>20+1, c.Memory, leastBeside)
	}
	c.Module = path
	return nil
}

// findProgram returns the absolute path of a program.
func findProgram(name, standard, hint string) (string, error) {
	if name == "" {
		name = standard
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("vm: %s is missing: %w (%s; or run through ./dev, which brings it)", standard, err, hint)
	}
	return filepath.Abs(path)
}

// args returns QEMU's command line for a guest with the vsock device dev.
func (c *Config) args(dev []string) []string {
	a := []string{
		"-accel", string(c.Accel),
		// rtc, pit: without KVM's clocks the guest measures its TSC by them. acpi=off:
		// the guest needs no tables, and QEMU then runs qboot instead of SeaBIOS, which
		// comes to the guest's first instruction in less than half of the time.
		"-M", "microvm,acpi=off,pit=on,pic=on,rtc=on,memory-backend=mem",
		"-cpu", "max",
		"-smp", strconv.Itoa(c.CPUs),
		"-m", strconv.Itoa(c.Memory) + "M",
		// The daemon maps the guest's memory, so it must be shared and named.
		"-object", fmt.Sprintf("memory-backend-memfd,id=mem,size=%dM,share=on", c.Memory),
		"-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
		"-global", "virtio-mmio.force-legacy=false", // virtio-mmio version 2
		"-device", "isa-debug-exit,iobase=0x501",
		"-device", "virtio-rng-device",
		"-serial", "stdio",
		"-chardev", "socket,id=qmp,fd=" + strconv.Itoa(qmpFD),
		"-qmp", "chardev:qmp",
		"-kernel", c.Image,
	}
	if c.Module != "" {
		a = append(a, "-initrd", c.Module)
	}
	a = append(a, dev...)
	if line := c.commandLine(); line != "" {
		a = append(a, "-append", line)
	}
	return append(a, c.Args...)
}

// commandLine returns the guest's kernel command line.
func (c *Config) commandLine() string {
	if c.ReadyPort == ReadyPort {
		return c.Append
	}
	ready := "ready=" + strconv.FormatUint(uint64(c.ReadyPort), 10)
	if c.Append == "" {
		return ready
	}
	return c.Append + " " + ready
}
