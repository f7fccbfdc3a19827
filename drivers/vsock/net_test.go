package vsock

import (
	"context"
	"net"
	"testing"

	"golang.org/x/net/nettest"

	"github.com/unikernel-ai/unikernel-ai/drivers/vsock/machine"
)

// stacks returns a guest's and a host's stack with a memory carrier between.
func stacks(t testing.TB, slots int, l machine.Limits) (guest, host *Stack) {
	t.Helper()
	a, b := Pair(3, Host, slots)
	guest, err := New(a, Config{Limits: l})
	if err != nil {
		t.Fatal(err)
	}
	l.AnyPeer = true
	host, err = New(b, Config{Limits: l})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		guest.Close()
		host.Close()
	})
	return guest, host
}

// connect dials from one stack to a new listener of the other.
func connect(t testing.TB, from, to *Stack, port uint32) (dialed, accepted *Conn) {
	t.Helper()
	l, err := to.Listen(port)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dialed, err = from.Dial(context.Background(), to.CID(), port)
	if err != nil {
		t.Fatal(err)
	}
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return dialed, c.(*Conn)
}

// A Conn is a net.Conn as package net's own are, whatever the sizes of windows
// and rings.
func TestConnIsANetConn(t *testing.T) {
	for _, tc := range []struct {
		name  string
		slots int
		l     machine.Limits
	}{
		{"defaults", 32, machine.Limits{}},
		{"one slot", 1, machine.Limits{}},
		{"small windows", 8, machine.Limits{MinWindow: 256, FirstWindow: 256, MaxWindow: 256}},
		{"growing windows", 8, machine.Limits{MinWindow: 512, FirstWindow: 1024}},
		{"little on the way", 8, machine.Limits{SendLimit: 4096}},
	} {
		for _, hostDials := range []bool{true, false} {
			name := tc.name + ", host dials"
			if !hostDials {
				name = tc.name + ", guest dials"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
					guest, host := stacks(t, tc.slots, tc.l)
					from, to := host, guest
					if !hostDials {
						from, to = guest, host
					}
					a, b := connect(t, from, to, 1024)
					return a, b, func() { a.Close(); b.Close() }, nil
				})
			})
		}
	}
}
