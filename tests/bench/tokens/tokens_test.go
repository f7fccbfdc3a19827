package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/unikernel-ai/unikernel-ai/tests/guest"
)

const (
	boots    = 2                // of each side, in turns
	limit    = 4 * time.Minute  // of a boot with its rounds
	patience = 60 * time.Second // until the program is there
	attempts = 4
	// Without the rate Linux measures it, which on a busy machine may take it for ever.
	linux  = "console=ttyS0 quiet panic=-1 reboot=t mitigations=off no_timer_check tsc=reliable tsc_early_khz=%d"
	ours   = "loglevel=quiet selftest=off"
	getOne = "a Linux kernel that can be booted, with initrd and serial console built in; Debian's do: " +
		"apt-get download linux-image-VERSION-cloud-amd64, dpkg-deb -x it, boot/vmlinuz-VERSION-cloud-amd64"
)

// rates are tokens a second; tsc is what a unikernel says that its clock has, in kHz.
type rates struct {
	prompt, decode float64
	tsc            int
}

// TestAgainstLinux holds that the program makes at least as many tokens a second as a
// unikernel as it does as a Linux process, both under TCG. The best round counts: what else
// the machine does can only slow one down.
func TestAgainstLinux(t *testing.T) {
	guest.NeedVM(t)
	kernel := guest.File(t, "UNIKAI_LINUX", "get "+getOne)
	image := guest.File(t, "UNIKAI_TOKENS_IMAGE", "build it with `bazel build //tests/bench/tokens`")
	program, err := os.ReadFile(guest.File(t, "UNIKAI_TOKENS_PROGRAM", "build it with `go build ./tests/bench/tokens`"))
	if err != nil {
		t.Fatal(err)
	}
	disk := filepath.Join(t.TempDir(), "initrd")
	if err := os.WriteFile(disk, initrd(program), 0o600); err != nil {
		t.Fatal(err)
	}
	table := fmt.Sprintf("\n%-28s %10s %10s %8s\n", "tokens/s", "ours", "Linux", "ratio")
	for _, cpus := range []int{1, 2} {
		var our, their rates
		for range boots {
			our.best(boot(t, cpus, "-kernel", image, "-append", ours))
			their.best(boot(t, cpus, "-kernel", kernel, "-initrd", disk, "-append", fmt.Sprintf(linux, our.tsc)))
		}
		for _, r := range []struct {
			what       string
			our, their float64
		}{{"prompt", our.prompt, their.prompt}, {"decode", our.decode, their.decode}} {
			what := fmt.Sprintf("%s, %d processors", r.what, cpus)
			ratio := r.our / r.their
			table += fmt.Sprintf("%-28s %10.1f %10.1f %8.2f\n", what, r.our, r.their, ratio)
			if !(ratio >= 1) {
				t.Errorf("%s: %.2f of what Linux makes, the bar is 1", what, ratio)
			}
		}
	}
	t.Log(table)
}

// best keeps the better of each.
func (r *rates) best(o rates) {
	*r = rates{max(r.prompt, o.prompt), max(r.decode, o.decode), max(r.tsc, o.tsc)}
}

// boot boots a machine and returns the best of what the program in it does. Linux hangs at
// times, busy, before the program begins: it gets more than one attempt.
func boot(t *testing.T, cpus int, options ...string) rates {
	t.Helper()
	for range attempts {
		best, ready, err := attempt(t, cpus, options)
		switch {
		case err == nil:
			return best
		case ready:
			t.Fatal(err)
		}
		t.Log(err)
	}
	t.Fatalf("%d boots, and none that began", attempts)
	return rates{}
}

// attempt boots a machine once. ready tells that the program began.
func attempt(t *testing.T, cpus int, options []string) (best rates, ready bool, err error) {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "qemu-system-x86_64", append([]string{
		"-M", "microvm,pit=on,pic=on,rtc=on", "-accel", "tcg", "-cpu", "max", "-m", "256M", "-smp", strconv.Itoa(cpus),
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio",
	}, options...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return best, false, err
	}
	if err := cmd.Start(); err != nil {
		return best, false, err
	}
	defer func() { // the lines tell how it went; QEMU's exit status does not, and after them it is of no use
		cancel()
		_ = cmd.Wait()
	}()
	begin := time.AfterFunc(patience, cancel)
	defer begin.Stop()
	var start, first time.Time
	rounds, lines := 0, ""
	for s := bufio.NewScanner(out); s.Scan(); {
		now := time.Now()
		what, n, _ := strings.Cut(strings.TrimSpace(s.Text()), " ")
		tokens, _ := strconv.Atoi(n)
		switch what {
		case "ready:":
			begin.Stop()
			ready = true
			t.Log(strings.TrimSpace(s.Text()))
			if !strings.HasSuffix(n, fmt.Sprintf(" %d processors", cpus)) {
				return best, true, fmt.Errorf("%s: want %d processors", n, cpus)
			}
		case "tsc":
			best.tsc = tokens
		case "start":
			start = now
		case "first":
			best.prompt = max(best.prompt, float64(tokens)/now.Sub(start).Seconds())
			first = now
		case "done":
			best.decode = max(best.decode, float64(tokens)/now.Sub(first).Seconds())
			rounds++
		case "end":
			if rounds != defaultRounds {
				return best, true, fmt.Errorf("%d rounds, want %d", rounds, defaultRounds)
			}
			return best, true, nil
		}
		lines += s.Text() + "\n"
	}
	return best, ready, fmt.Errorf("the machine ended, or was stopped, before the program did:\n%s", lines)
}
