// Vsock is the guest of the vsock boot test: it serves two ports, and dials the
// host when it does. The other side is vsock_test.go.
//
//	port 1024  echo: everything comes back, until the client is done
//	port 1025  raw: the client sends one line, then bytes flow
//	           "SINK n\n"    the guest reads n bytes, then answers "OK CRC32\n"
//	           "SOURCE n\n"  the guest sends n bytes of the pattern, then "OK CRC32\n"
//	           "SLEEP n\n"   the guest sleeps n ms, then answers "OK\n"
//	           "STATS\n"     the guest answers its sockets' and the kernel's counters in one line
//	           "DIAL p\n"    the guest dials port p of the host, sends "hello" there,
//	                         and answers with what it read, or the error
//	           "HALF\n"      the guest answers "OK\n" and says that it sends no more,
//	                         but reads to the end, and tells the console how much
//	           "QUIT\n"      the guest powers off
//
// `ready=PORT` on the command line says which port of the host to dial once both
// ports are listened on (1026), `ready=off` none.
package main

import (
	"fmt"
	"os"

	"github.com/unikernel-ai/unikernel-ai/drivers/machine"
	"github.com/unikernel-ai/unikernel-ai/drivers/vsock"
)

const (
	echoPort = 1024
	rawPort  = 1025
)

func main() {
	if err := run(); err != nil {
		fmt.Println("FAIL vsock:", err)
		os.Exit(1)
	}
	fmt.Println("PASS vsock")
}

func run() error {
	stack, err := open() // find the device
	if err != nil {
		return err
	}
	for port, serve := range map[uint32]service{echoPort: echo, rawPort: raw} {
		if err := listen(stack, port, serve); err != nil { // serve
			return err
		}
	}
	if err := machine.Announce(stack); err != nil { // tell the host
		return err
	}
	<-quit // until QUIT
	return stack.Close()
}

// open takes over the machine's socket device.
func open() (*vsock.Stack, error) {
	platform := machine.Platform()
	devices, err := machine.Devices(platform)
	if err != nil {
		return nil, err
	}
	logf := func(format string, args ...any) { fmt.Printf(format+"\n", args...) }
	return machine.OpenVsock(platform, devices, vsock.Config{Logf: logf})
}
