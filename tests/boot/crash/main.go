// Crash dies, is booted again in the same VM (crash=reset, and QEMU without
// -no-reboot), and looks at what it left behind:
//
//	boot 1  no record; the kernel dies (exit code 118)
//	boot 2  finds that record; the program exits with 7
//	boot 3  finds that one, and not the first again, also as log://crash; PASS
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/unikernel-ai/unikernel-ai/kernel"
	"github.com/unikernel-ai/unikernel-ai/mcp"
	"github.com/unikernel-ai/unikernel-ai/mcp/surface"
)

// callProvoke is kernCallProvoke of kernel/runtime; it needs provoke=on.
const (
	callProvoke  = 0x1008
	provokeIndex = 1
)

func main() {
	c, ok, err := kernel.LastCrash()
	if err != nil {
		fail("%v", err)
	}
	if !ok {
		fmt.Println("boot 1: no record")
		_, _, _ = syscall.RawSyscall(callProvoke, provokeIndex, 1000, 0)
		fail("the kernel survived")
	}
	text, err := c.Log()
	if err != nil {
		fail("%v", err)
	}
	log := string(text)
	if c.Uptime <= 0 || c.Uptime > time.Hour || c.At.Year() < 2020 || c.At.After(time.Now().Add(5*time.Second)) { // the RTC tells seconds
		fail("it ended after %v, at %v", c.Uptime, c.At)
	}
	switch c.Code {
	case 118:
		for _, want := range []string{"[unikernel-ai] Kernel booting...\n", "boot 1: no record\n", "index out of range", "KERNEL FATAL: ", "runtime.kernProvoke("} {
			if !strings.Contains(log, want) {
				fail("the log of boot 1 lacks %q:\n%s", want, log)
			}
		}
		// More than the record holds: what it keeps is the end.
		for i := range 3000 {
			fmt.Printf("boot 2: line %d of many, to fill the log\n", i)
		}
		fmt.Println("boot 2: the record of boot 1 is good")
		os.Exit(7)
	case 7:
		if strings.Contains(log, "boot 1:") || !strings.HasSuffix(log, "boot 2: the record of boot 1 is good\n") || !strings.HasPrefix(log, "boot 2: line ") {
			fail("the log of boot 2 is %d bytes, %.100q ... %q", len(log), log, log[max(0, len(log)-100):])
		}
		overMCP()
		fmt.Println("PASS crash")
	default:
		fail("exit code %d:\n%s", c.Code, log)
	}
}

// overMCP reads log://crash as a client does.
func overMCP() {
	s := mcp.NewServer(mcp.Implementation{Name: "crash", Version: "1"}, nil)
	surface.Add(s, surface.Image{})
	client, server := net.Pipe()
	go func() { _ = s.ServeConn(context.Background(), server) }()
	r := bufio.NewReader(client)
	ask := func(line string) string {
		if _, err := io.WriteString(client, line+"\n"); err != nil {
			fail("%v", err)
		}
		answer, err := r.ReadString('\n')
		if err != nil {
			fail("%v", err)
		}
		return answer
	}
	ask(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}`)
	answer := ask(`{"jsonrpc":"2.0","id":2,"method":"resources/read","params":{"uri":"log://crash"}}`)
	for _, want := range []string{`the record of boot 1 is good\n"}`, `{\"exit_code\":7,`} {
		if !strings.Contains(answer, want) {
			fail("log://crash lacks %s: %d bytes, %.300s", want, len(answer), answer)
		}
	}
}

// fail ends the VM whatever the command line says: it must not boot again.
func fail(format string, args ...any) {
	fmt.Printf("FAIL "+format+"\n", args...)
	kernel.PowerOff(0)
}
