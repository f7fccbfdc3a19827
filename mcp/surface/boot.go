package surface

import (
	"strconv"
	"strings"
	"time"

	"github.com/unikernel-ai/unikernel-ai/kernel"
)

// Step is one step of the boot.
type Step struct {
	Name string
	At   time.Duration // its end, since the first instruction
	Took time.Duration // since the step before
}

// boot is the log://boot of an image that began to listen then.
type boot struct{ listening time.Duration }

// Steps returns the steps of the boot in order, and after them the time now. listening is
// what Add returned.
func Steps(listening time.Duration) ([]Step, error) {
	t, err := kernel.BootTimeline()
	if err != nil {
		return nil, err
	}
	list := []Step{
		{Name: "kernel start", At: t.KernelStart},
		{Name: "kernel ready", At: t.KernelReady},
		{Name: "self-tested", At: t.SelfTested},
		{Name: "runtime start", At: t.RuntimeStart},
		{Name: "main", At: t.Main},
		{Name: "listening", At: listening},
		{Name: "now", At: t.Now},
	}
	for i := range list {
		list[i].Took = list[i].At
		if i > 0 {
			list[i].Took -= list[i-1].At
		}
	}
	return list, nil
}

func (b boot) read() (text string, doc any, err error) {
	steps, err := Steps(b.listening)
	type step struct {
		Name string  `json:"name"`
		At   float64 `json:"ms"`
		Took float64 `json:"took_ms"`
	}
	out := struct {
		Steps []step `json:"steps"`
	}{make([]step, len(steps))}
	for i, s := range steps {
		out.Steps[i] = step{s.Name, millis(s.At), millis(s.Took)}
	}
	return bootText(steps), out, err
}

// bootText is the timeline as a table: at, took, step.
func bootText(steps []Step) string {
	var b strings.Builder
	b.WriteString("   at ms  took ms  step\n")
	for _, s := range steps {
		b.WriteString(column(s.At) + column(s.Took) + " " + s.Name + "\n")
	}
	return b.String()
}

// column returns d in milliseconds, eight characters wide and a space.
func column(d time.Duration) string {
	s := strconv.FormatFloat(millis(d), 'f', 1, 64)
	return strings.Repeat(" ", max(8-len(s), 0)) + s + " "
}

// millis returns d in milliseconds, to the microsecond.
func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// SelfTest is the outcome of one boot self test.
type SelfTest struct {
	Name         string  `json:"name"`
	OK           bool    `json:"ok"`
	Milliseconds float64 `json:"ms"`
}

// selfTests is the document selftest://.
type selfTests struct {
	OK    bool       `json:"ok"`
	Tests []SelfTest `json:"tests"` // none with selftest=off
}

func readSelfTests() (selfTests, error) {
	list, err := kernel.SelfTests()
	doc := selfTests{OK: true, Tests: make([]SelfTest, len(list))}
	for i, t := range list {
		doc.Tests[i] = SelfTest{t.Name, t.OK, millis(t.Duration)}
		doc.OK = doc.OK && t.OK
	}
	return doc, err
}
