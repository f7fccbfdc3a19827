// Package kernel is the guest program's door to the kernel that it is sealed
// with: devices, memory for them, interrupts, the kernel log, and what happened
// at boot. It is an ordinary package that compiles everywhere; on a Linux host
// its functions return ErrNotGuest.
//
// It works by system calls that Linux does not have, numbered from 0x1000. The
// other side is kernel/runtime, files that are laid into package runtime of the
// Go tree; read its doc.go for how the kernel works. The decisions that need no
// machine are in the other folders here, the cores.
//
// # Exit codes
//
// A program ends the VM with os.Exit(n), n from 0 to 111, or PowerOff. QEMU with
// -device isa-debug-exit,iobase=0x501 then exits with status 2n+1; without that
// device the VM resets, which ends QEMU with status 0 under -no-reboot.
//
//	code  QEMU  meaning
//	0     1     success
//	n     2n+1  os.Exit(n); 2 also: the Go runtime died (panic, fatal error, fault of the program)
//	112   225   a boot self test failed
//	113   227   the VMM's start information or the processor cannot be used
//	114   229   out of memory
//	115   231   a stack canary was overwritten
//	116   233   a thread died by a signal that nobody handles
//	117   235   exception in the kernel
//	118   237   Go code of the kernel panicked: index out of range, stack overflow
//	119   239   a kernel structure is damaged
//	120   241   double fault, machine check, NMI
//
// Codes from 112 on come with a report on the console and in the log: what
// happened, the address, the reason in words, registers and a Go traceback.
//
// # Command line
//
//	selftest=off|fast|full   what is tested at boot (fast)
//	loglevel=quiet|info|debug  which kernel lines reach the console (info); the log gets all
//	console=on|off           the serial port (on)
//	tsc_khz=N                frequency of the TSC, instead of measuring it
//	crash=exit|reset         what follows an end with a code other than 0: the VM ends (exit), or boots again
//	provoke=on               allow test programs to provoke faults of the kernel
//
// Words with '=' are also the program's environment, words that start with '-' its
// arguments.
//
// # Randomness
//
// crypto/rand and the runtime's own generator are fed by the kernel: a ChaCha8
// generator whose key is replaced after every output (fast key erasure) and which
// absorbs RDRAND, at boot and again at every call, the TSC's jitter, and what
// AddEntropy is given. With RDRAND or a virtio-rng driver it is fit for keys. With
// neither it has only the jitter of the TSC, and Stats.RDRAND and
// Stats.EntropyBytes say so. It never blocks.
package kernel
