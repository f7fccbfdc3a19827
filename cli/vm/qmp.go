package vm

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// qmpFD is the descriptor of the control socket in QEMU, the first that
// exec.Cmd.ExtraFiles gives.
const qmpFD = 3

// maxQMPLine bounds a message of QEMU's in bytes; those wanted are short.
const maxQMPLine = 64 << 10

// qmpPair returns both ends of a control socket: ours, and a file for QEMU.
func qmpPair() (net.Conn, *os.File, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "qmp"), os.NewFile(uintptr(fds[1]), "qmp")
	defer ours.Close()
	c, err := net.FileConn(ours)
	if err != nil {
		theirs.Close()
		return nil, nil, err
	}
	return c, theirs, nil
}

// watchQMP turns events on, reads QEMU's until the connection ends, and returns
// the reason of the last SHUTDOWN, or "". It calls halted when QEMU has stopped
// the guest's processors, which it does by itself when KVM fails. QEMU reports events only after
// qmp_capabilities, each as one line of JSON (QEMU QMP specification, sections
// 2.4 and 2.5). The command does not wait for QEMU's greeting: a guest may end
// before a loaded host gets round to answering it.
func watchQMP(c io.ReadWriter, halted func()) (reason string) {
	if _, err := io.WriteString(c, `{"execute":"qmp_capabilities"}`+"\n"); err != nil {
		return ""
	}
	in := bufio.NewScanner(c)
	in.Buffer(nil, maxQMPLine)
	for in.Scan() {
		var m struct {
			Event string `json:"event"`
			Data  struct {
				Reason string `json:"reason"`
			} `json:"data"`
		}
		if json.Unmarshal(in.Bytes(), &m) != nil {
			continue
		}
		switch m.Event {
		case "SHUTDOWN":
			reason = m.Data.Reason
		case "STOP":
			if reason == "" {
				halted()
			}
		}
	}
	return reason
}
