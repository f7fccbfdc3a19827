// Package e2e tests an image from outside, as its users meet it: booted in
// QEMU, spoken to over virtio-vsock by the official Go SDK of MCP, by hostile
// clients, and by the program unikai.
//
// One guest serves all tests of the package, so each test also shows that
// those before it did no harm; tests of the boot itself start their own.
package e2e

import (
	"os"
	"sync"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/cli/dial"
	"github.com/unikernel-ai/unikernel-ai/cli/vm"
	"github.com/unikernel-ai/unikernel-ai/tests/guest"
)

var shared struct {
	once sync.Once
	vm   *vm.VM
}

// theVM returns the guest that the tests share.
func theVM(t *testing.T) *vm.VM {
	t.Helper()
	if os.Getenv("UNIKAI_ADDR") != "" {
		t.Skip("needs a guest that this test has booted: unset UNIKAI_ADDR")
	}
	shared.once.Do(func() { shared.vm = guest.Boot(keep{t}, vm.Config{}) })
	if shared.vm == nil {
		t.Fatal("the guest that the tests share did not boot")
	}
	return shared.vm
}

// theGuest returns how to reach the guest that the tests share. UNIKAI_ADDR
// names one that runs already.
func theGuest(t *testing.T) guest.Dialer {
	t.Helper()
	if addr := os.Getenv("UNIKAI_ADDR"); addr != "" {
		a, err := dial.Parse(addr)
		if err != nil {
			t.Fatal(err)
		}
		return guest.At(a)
	}
	return theVM(t)
}

// keep is a test whose clean-ups are left to TestMain.
type keep struct{ *testing.T }

func (keep) Cleanup(func()) {}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.vm != nil {
		shared.vm.Stop()
	}
	os.Exit(code)
}
