package machine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/unikernel-ai/unikernel-ai/drivers/virtio"
	"github.com/unikernel-ai/unikernel-ai/drivers/vsock"
)

// Ports of the project's images. The guest serves MCP on its own port MCPPort and
// dials the host's port ReadyPort once it listens.
const (
	MCPPort   = 1024
	ReadyPort = 1026
)

// ErrNoSocket is a machine without a virtio socket device.
var ErrNoSocket = errors.New("machine: no virtio-vsock device: start the VMM with one")

// OpenVsock takes over the machine's socket device.
func OpenVsock(p virtio.Platform, devices []*virtio.MMIO, config vsock.Config) (*vsock.Stack, error) {
	transport := virtio.Find(devices, virtio.TypeVsock)
	if transport == nil {
		return nil, ErrNoSocket
	}
	carrier, err := vsock.OpenVirtio(transport, p)
	if err != nil {
		return nil, err
	}
	return vsock.New(carrier, config)
}

// Announce tells the host that the guest listens, by a connection to its port
// ReadyPort that is closed at once. The word `ready=PORT` of the command line
// names another port, `ready=off` none.
//
// A host that has nobody on that port refuses, which is an error that an
// image may report and go on without.
func Announce(s *vsock.Stack) error {
	port, err := readyPort(os.Getenv("ready"))
	if err != nil || port == 0 {
		return err
	}
	c, err := s.Dial(context.Background(), vsock.Host, port) // waits vsock.Limits.ConnectTimeout at most
	if err != nil {
		return fmt.Errorf("machine: telling the host that we listen: %w", err)
	}
	return c.Close()
}

// readyPort returns the port that the command line's word names, 0 for none.
func readyPort(word string) (uint32, error) {
	switch word {
	case "":
		return ReadyPort, nil
	case "off":
		return 0, nil
	}
	n, err := strconv.ParseUint(word, 10, 32)
	if err != nil || n == 0 || n == 1<<32-1 {
		return 0, fmt.Errorf("machine: ready=%s on the command line: want a vsock port or off", word)
	}
	return uint32(n), nil
}
