// The kernel of the unikernel: the files of this folder are laid into package
// runtime of the Go tree, beside the stock files, and give the stock Linux
// runtime the system calls, threads, signals and memory that it expects, in ring
// 0 and with nothing below.
//
// # One rule for names
//
// Everything that these files declare at package level begins with kern, the
// files themselves with kern_, and imports that would hide a stock name with kern
// too, so nothing collides with the stock runtime and a
// reader knows on which side he is. Methods and fields have no prefix.
//
// # What is here
//
// Only what needs the machine or package runtime. What can be decided without
// them is in the cores (internal/kernel/..., in the repository kernel/...): page
// tables, frames, address space, stack places, run queue, deadlines, start
// information, command line, what an exception means, the log, clock arithmetic.
//
//	kern_layout      all addresses, vectors and ports
//	kern_boot        the boot as a table of contents; PVH start information
//	kern_cpu         per-processor block, descriptor tables; kern_smp, kern_trampoline the other processors
//	kern_memory      frames, direct map; kern_space page tables and TLBs; kern_mmap; kern_device
//	kern_tail        large variables of the program
//	kern_stack       stacks, guards, canaries
//	kern_task        a task is a runtime M; kern_schedule, kern_signal, kern_futex
//	kern_trap        exceptions and interrupts; kern_report, kern_exit how it ends; kern_crash what it leaves
//	kern_syscall     the table of system calls; kern_file, kern_poll, kern_private
//	kern_clock       time; kern_apic, kern_console, kern_log, kern_random
//	kern_selftest    what is tested at every boot; kern_probe
//	*_amd64.s        entry stubs and single instructions
//
// # Rules of kernel code
//
// It runs with interrupts off, on the processor's kernel stack, with a g of its
// own in R14 and TLS, so ordinary function prologues work and check that stack.
// It holds the kernel lock, from entry to exit. It must not allocate, and must
// not contain write barriers: each entry point is go:nowritebarrierrec. No Go
// pointer is kept in kernel state. A page fault on memory that is reserved but not
// touched yet may happen at any access to a task's memory and is resolved there.
//
// # How a task and the kernel meet
//
//	task:   CALL kernEntry (system call)      interrupt or exception
//	            |  registers to kernTask.frame      |  IST1 is the end of kernTask.frame:
//	            v                                    v  the processor pushes into it
//	        kernSyscall                          kernTrap
//	            '--------------> kernReturn <--------'
//	                  timers, next task or idle, signals, APIC timer
//	                               v
//	                           kernExit: registers from kernTask.frame, IRETQ
//
// A fault of a task becomes a signal, which the stock runtime turns into a panic
// or a crash. A fault of the kernel ends the machine with a report (kern_report)
// and an exit code of its own (package kernel lists them).
package runtime
