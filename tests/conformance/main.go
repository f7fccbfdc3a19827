// The program of //tests/conformance:image: a server with the tools, resources and
// prompts that the official conformance suite asks for, at the MCP port of a guest.
package main

import (
	"fmt"
	"os"

	"github.com/unikernel-ai/unikernel-ai/drivers/machine"
	"github.com/unikernel-ai/unikernel-ai/drivers/vsock"
	"github.com/unikernel-ai/unikernel-ai/tests/conformance/fixture"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func run() error {
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
		fmt.Fprintln(os.Stderr, "conformance:", err)
	}
	return fixture.New().Serve(listener)
}
