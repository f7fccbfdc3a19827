package e2e

import (
	"regexp"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/cli/vm"
	"github.com/unikernel-ai/unikernel-ai/tests/guest"
)

func TestTenBoots(t *testing.T) {
	for i := range 10 {
		v := guest.Boot(t, vm.Config{CPUs: 1 + i%2})
		s := guest.Session(t, v, "", nil)
		echo(t, s, "hello")
		t.Logf("boot %d, %d processors: listening after %v", i, 1+i%2, v.ReadyAt().Sub(v.Started()))
		s.Close()
		v.Stop()
	}
}

// TestLittleMemory boots at the size that the README promises.
func TestLittleMemory(t *testing.T) {
	v := guest.Boot(t, vm.Config{Memory: 24})
	s := guest.Session(t, v, "", nil)
	echo(t, s, "hello")
	var g generated
	call(t, s, "generate", map[string]any{"prompt": "In the beginning", "max_tokens": 16}, &g)
	call(t, s, "matmul", map[string]any{"n": 256}, nil)
	if g.Tokens != 16 {
		t.Errorf("generate made %d tokens, want 16", g.Tokens)
	}
}

// TestConsole checks what a person sees at every boot.
func TestConsole(t *testing.T) {
	v := theVM(t)
	for _, re := range []string{
		`^\[test\] .* \.\.\. ok \([0-9.]+ ?ms\)$`,
		`^\[unikernel-ai\] Kernel booting\.\.\.$`,
	} {
		if _, err := v.Expect(t.Context(), regexp.MustCompile(re)); err != nil {
			t.Error(err)
		}
	}
	for _, l := range v.Console() {
		if regexp.MustCompile(`FAIL|panic|goroutine \d`).MatchString(l.Text) {
			t.Errorf("console: %s", l.Text)
		}
	}
}

// TestOtherReadyPort has the guest report to another port of the host.
func TestOtherReadyPort(t *testing.T) {
	guest.Boot(t, vm.Config{ReadyPort: 5000})
}
