// Package door is what the two programs of the comparison with the official SDK's
// server have in common: everything but the server. It opens the machine's vsock,
// tells the host, and runs what it is given.
package door

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"

	"github.com/unikernel-ai/unikernel-ai/drivers/machine"
	"github.com/unikernel-ai/unikernel-ai/drivers/vsock"
)

// What both servers offer, besides their tools echo and allocs.
const (
	ResourceURI  = "text://hello"
	ResourceName = "hello"
	ResourceText = "hello"
)

// Main lets serve accept connections at the MCP port, until it fails.
func Main(serve func(net.Listener) error) {
	if err := run(serve); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(serve func(net.Listener) error) error {
	platform := machine.Platform()
	devices, err := machine.Devices(platform)
	if err != nil {
		return err
	}
	stack, err := machine.OpenVsock(platform, devices, vsock.Config{})
	if err != nil {
		return err
	}
	listener, err := stack.Listen(machine.MCPPort)
	if err != nil {
		return err
	}
	if err := machine.Announce(stack); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
	}
	return serve(listener)
}

// Allocs returns how many heap objects the program has allocated so far, in decimal.
// It stops the world: the count is exact.
func Allocs() string {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return strconv.FormatUint(m.Mallocs, 10)
}
