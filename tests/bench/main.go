// The program of //tests/bench:image: the job that Linux microVMs are measured
// with beside this kernel. It keeps the harness's contract and has no model.
//
//	port 1024  MCP
//	           echo   {"text": s}          -> one text content, s
//	           matmul {"n": n, "reps": r}  -> JSON with "checksum": x
//	port 1025  raw: the client sends one line, then bytes flow
//	           "SINK n\n"    the guest reads n bytes, then answers "OK\n"
//	           "SOURCE n\n"  the guest sends n bytes
//	           "SLEEP n\n"   the guest sleeps n ms, then answers "OK\n"
//
// It dials host port 1026 once it listens on both (`ready=PORT|off`).
package main

import (
	"fmt"
	"os"

	"github.com/unikernel-ai/unikernel-ai/drivers/machine"
	"github.com/unikernel-ai/unikernel-ai/drivers/vsock"
	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
	"github.com/unikernel-ai/unikernel-ai/mcp"
	"github.com/unikernel-ai/unikernel-ai/mcp/surface"
	"github.com/unikernel-ai/unikernel-ai/mcp/tool"
)

const (
	rawPort   = 1025
	maxMatmul = 2048
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
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
	server := mcp.NewServer(mcp.Implementation{Name: "bench", Version: "1"}, nil)
	tool.Echo(server)
	tool.Matmul(server, matmul.Implementation{}, maxMatmul)

	calls, err := stack.Listen(machine.MCPPort)
	if err != nil {
		return err
	}
	raw, err := stack.Listen(rawPort)
	if err != nil {
		return err
	}
	surface.Add(server, surface.Image{Name: "bench", Version: "1", Stack: stack}) // as every image does
	go serveRaw(raw)
	if err := machine.Announce(stack); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
	}
	return server.Serve(calls)
}
