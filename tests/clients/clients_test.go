// Package clients has clients that people use talk to a booted guest: the official
// SDK in Go and in TypeScript, versions 1 and 2, and the Inspector's command line. The guest
// runs the fixture of the conformance suite, //tests/conformance:image.
//
// One guest serves all tests of the package.
package clients

import (
	"os"
	"sync"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/cli/vm"
	"github.com/unikernel-ai/unikernel-ai/tests/bridge"
	"github.com/unikernel-ai/unikernel-ai/tests/conformance/fixture"
	"github.com/unikernel-ai/unikernel-ai/tests/guest"
)

var shared struct {
	once sync.Once
	vm   *vm.VM
}

// theVM returns the guest that the tests share.
func theVM(t *testing.T) *vm.VM {
	t.Helper()
	shared.once.Do(func() { shared.vm = guest.Boot(keep{t}, vm.Config{}) })
	if shared.vm == nil {
		t.Fatal("the guest that the tests share did not boot")
	}
	return shared.vm
}

// theServer returns the address of the guest that the tests share. With
// UNIKAI_FIXTURE=host it is a server in this process: a quick way to see what is the
// server's or the bridge's fault and not the kernel's.
func theServer(t *testing.T) string {
	t.Helper()
	if os.Getenv("UNIKAI_FIXTURE") == "host" {
		return bridge.Host(t, fixture.New())
	}
	return theVM(t).Addr(vm.MCPPort).String()
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
