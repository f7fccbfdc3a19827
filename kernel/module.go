package kernel

import "syscall"

// Modules returns the files that the VMM loaded beside the image (QEMU: -initrd; a
// PVH module of the start information), in its order, without a copy. They may be
// read only, writing to them is a fault, and they are there until the VM ends. What is
// in them is the host's word. One that the kernel could not accept, because it does not
// lie in RAM of its own, is empty.
func Modules() ([][]byte, error) {
	var all [][]byte
	for i := 0; ; i++ {
		m, errno := callModuleAt(i)
		if errno == syscall.ENOENT {
			return all, nil
		}
		if errno != 0 {
			return nil, failure("read the modules", errno)
		}
		all = append(all, m)
	}
}
