package vm

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Accel is how QEMU runs the guest's instructions.
type Accel string

const (
	Auto Accel = "auto" // KVM where a processor's own virtualization is behind it, else TCG
	TCG  Accel = "tcg"  // QEMU's translator, everywhere
	KVM  Accel = "kvm"  // the processor, needs /dev/kvm
)

// resolve turns "" and Auto into what this host can do, and checks KVM.
func (a Accel) resolve() (Accel, error) {
	switch a {
	case TCG:
		return TCG, nil
	case KVM:
		if err := checkKVM("/dev/kvm"); err != nil {
			return "", fmt.Errorf("vm: no KVM here: %w (tcg works without)", err)
		}
		return KVM, nil
	case Auto, "":
		if hardwareKVM("/sys/module") && checkKVM("/dev/kvm") == nil {
			return KVM, nil
		}
		return TCG, nil
	}
	return "", fmt.Errorf("vm: accelerator %q is not one of auto, tcg, kvm", a)
}

// hardwareKVM reports whether KVM stands on VMX or SVM. Where it does not (the
// kvm_pvm module of nested clouds), it runs common systems, and stops others
// with an internal error.
func hardwareKVM(modules string) bool {
	for _, m := range []string{"kvm_intel", "kvm_amd"} {
		if _, err := os.Stat(filepath.Join(modules, m)); err == nil {
			return true
		}
	}
	return false
}

// Linux include/uapi/linux/kvm.h.
const (
	kvmGetAPIVersion = 0xae00 // KVM_GET_API_VERSION
	kvmCreateVM      = 0xae01 // KVM_CREATE_VM
	kvmAPIVersion    = 12
)

// checkKVM reports why a VM cannot be made at the device, or nil. In containers
// the device is often there but refuses.
func checkKVM(device string) error {
	fd, err := unix.Open(device, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("%s: %w", device, err)
	}
	defer unix.Close(fd)
	v, err := unix.IoctlRetInt(fd, kvmGetAPIVersion)
	if err != nil {
		return fmt.Errorf("%s: %w", device, err)
	}
	if v != kvmAPIVersion {
		return fmt.Errorf("%s: API version %d, want %d", device, v, kvmAPIVersion)
	}
	m, err := unix.IoctlRetInt(fd, kvmCreateVM)
	if err != nil {
		return fmt.Errorf("%s: create a VM: %w", device, err)
	}
	return unix.Close(m)
}
