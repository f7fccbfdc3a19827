package main

import (
	"bytes"
	"context"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fakeVM writes an image that looks bootable, a daemon that only makes its
// control socket's name, and a QEMU that runs a shell command. It returns the
// arguments of unikai run for them.
func fakeVM(t *testing.T, qemu string) []string {
	t.Helper()
	dir := t.TempDir()
	var b bytes.Buffer
	note := "\x04\x00\x00\x00\x04\x00\x00\x00\x12\x00\x00\x00Xen\x00\x00\x00\x10\x00" // XEN_ELFNOTE_PHYS32_ENTRY
	for _, v := range []any{
		elf.Header64{
			Ident:   [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
			Machine: uint16(elf.EM_X86_64), Version: uint32(elf.EV_CURRENT), Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 1,
		},
		elf.Prog64{Type: uint32(elf.PT_NOTE), Off: 64 + 56, Filesz: uint64(len(note))},
		[]byte(note),
	} {
		if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
			t.Fatal(err)
		}
	}
	files := map[string]string{
		"image.elf": b.String(),
		"daemon":    "#!/bin/sh\n: > \"$4\"; exec sleep 60\n", // --guest-cid 3 --socket PATH ...
		"qemu":      "#!/bin/sh\n" + qemu + "\n",
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return []string{"run", "--qemu", filepath.Join(dir, "qemu"), "--daemon", filepath.Join(dir, "daemon"), filepath.Join(dir, "image.elf")}
}

func TestRunEndsWithTheGuestsCode(t *testing.T) {
	tests := []struct {
		name, qemu, out, err string
		code                 int
	}{
		{"code 3", `printf 'hello\r\n'; exit 7`, "hello\n", "exit code 3", 3},
		{"QEMU fails", "echo no such option >&2; exit 1", "", "no such option", exitFailed},
		{"escape codes", `printf '\033[31mred\n'; exit 7`, "\ufffd[31mred\n", "", 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := runApp(t.Context(), t, nil, "", fakeVM(t, tt.qemu)...)
			if got.code != tt.code || got.out != tt.out || !strings.Contains(got.err, tt.err) {
				t.Errorf("code %d, output %q, errors %q, want %d, %q, %q", got.code, got.out, got.err, tt.code, tt.out, tt.err)
			}
		})
	}
}

func TestRunIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	up := filepath.Join(t.TempDir(), "up")
	go func() {
		for !exists(up) { // before that there is no guest to end in order
			time.Sleep(time.Millisecond)
		}
		time.Sleep(50 * time.Millisecond)
		cancel()
	}()
	got := runApp(ctx, t, nil, "", fakeVM(t, ": > "+up+"; exec sleep 60")...)
	if got.code != 0 || !strings.Contains(got.err, "ending the guest") {
		t.Errorf("code %d, errors %q, want 0 and a word about it", got.code, got.err)
	}
}

func TestRunSaysThatTheGuestIsLate(t *testing.T) {
	args := append(fakeVM(t, "sleep 1; exit 7"), "--ready-within", "50ms")
	got := runApp(t.Context(), t, nil, "", args...)
	if got.code != 3 || !strings.Contains(got.err, "has not said within 50ms that it listens; it runs on") {
		t.Errorf("code %d, errors %q", got.code, got.err)
	}
}
