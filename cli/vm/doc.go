// Package vm boots an image in QEMU's microvm machine and reaches its guest.
//
// It is the host side's lowest layer: it knows programs, sockets and processes,
// and nothing of what the guest serves. One VM is two processes:
//
//	caller ---- Unix socket ---- vhost-device-vsock ---- vhost-user ---- QEMU
//	   |        CONNECT port            (daemon)          shared memory    |
//	   +------ pipe: guest's serial console -------------------------------+
//	   +------ socket pair: QMP, QEMU's control protocol ------------------+
//
// Each VM has a daemon and a directory of its own, so any number run side by
// side. Where the host has vhost_vsock, its AF_VSOCK can take the daemon's
// place (Config.GuestCID).
//
// The life of a VM:
//
//	v, err := vm.Start(ctx, vm.Config{Image: "image.elf"})
//	if err != nil { ... }        // says what is missing and where to get it
//	defer v.Stop()               // in order, then by force; leaves nothing
//	err = v.Ready(ctx)           // the guest listens
//	c, err := v.Dial(ctx, 1024)  // a net.Conn to the guest's port
//	exit, err := v.Wait()        // the guest's exit code
//
// A guest is not dialled before it says that it listens: a host connection
// that arrives while the guest sets up its queues ends the daemon's worker
// thread (seen with vhost-device-vsock 0.3.0). The guest says so by dialling
// host port Config.ReadyPort, which the daemon forwards to a Unix socket named
// after its own, with _PORT behind it.
//
// Both processes die with the thread that started them (PR_SET_PDEATHSIG,
// prctl(2)), so a caller that is killed leaves no VM behind.
package vm
