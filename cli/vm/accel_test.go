package vm

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestHardwareKVM(t *testing.T) {
	for module, want := range map[string]bool{"kvm_intel": true, "kvm_amd": true, "kvm_pvm": false, "kvm": false} {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, module), 0o700); err != nil {
			t.Fatal(err)
		}
		if got := hardwareKVM(dir); got != want {
			t.Errorf("hardwareKVM with %s = %v, want %v", module, got, want)
		}
	}
}

func TestCheckKVMRefuses(t *testing.T) {
	for _, path := range []string{"/nonexistent/kvm", "/dev/null"} {
		if err := checkKVM(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("checkKVM(%s) = %v, want an error that names it", path, err)
		}
	}
}
