package kernel

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// Off the unikernel every function says so and changes nothing.
func TestHostIsNotGuest(t *testing.T) {
	_, _, dma := AllocDMA(4096)
	_, irq := OpenInterrupt(40)
	_, stats := ReadStats()
	_, _, log := ReadLog(0)
	_, times := BootTimeline()
	_, tests := SelfTests()
	_, _, crash := LastCrash()
	_, text := Crash{size: 1}.Log()
	_, modules := Modules()
	for _, c := range []struct {
		name string
		err  error
	}{
		{"MapDevice", MapDevice(0xfec00000, 4096)}, {"AllocDMA", dma}, {"OpenInterrupt", irq}, {"ReadStats", stats},
		{"ReadLog", log}, {"BootTimeline", times}, {"SelfTests", tests}, {"AddEntropy", AddEntropy([]byte{1})},
		{"LastCrash", crash}, {"Crash.Log", text}, {"Modules", modules},
	} {
		if !errors.Is(c.err, ErrNotGuest) {
			t.Errorf("%s on the host: %v, want %v", c.name, c.err, ErrNotGuest)
		}
	}
}

// The numbers here and in the runtime's files are the same table.
func TestCallNumbersMatchRuntime(t *testing.T) {
	b, err := os.ReadFile("runtime/kern_private.go")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	if !strings.Contains(text, fmt.Sprintf("kernCallFirst = %#x", callFirst)) {
		t.Errorf("kern_private.go does not say kernCallFirst = %#x", callFirst)
	}
	names := regexp.MustCompile(`(?m)^\tkernCall(\w+)(?: += iota)? +// `).FindAllStringSubmatch(text, -1)
	want := map[string]int{"MapDevice": callMapDevice, "AllocDMA": callAllocDMA, "Stats": callStats, "ReadLog": callReadLog,
		"Times": callTimes, "SelfTest": callSelfTest, "PowerOff": callPowerOff, "AddEntropy": callAddEntropy,
		"Crash": callCrash, "CrashText": callCrashText, "Module": callModule}
	found := 0
	for i, n := range names {
		if nr, ok := want[n[1]]; ok {
			found++
			if nr != callFirst+i {
				t.Errorf("call %s is %#x here and %#x in kernel/runtime", n[1], nr, callFirst+i)
			}
		}
	}
	if found != len(want) {
		t.Errorf("found %d of %d calls in kern_private.go", found, len(want))
	}
}
