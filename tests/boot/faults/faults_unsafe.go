package main

import (
	"syscall"
	"time"
	"unsafe"
)

// Addresses of the kernel's layout (kernel/runtime/kern_layout.go).
const (
	imageBase  = 0xffffffff80000000
	directMap  = 0xffff888000000000
	unmapped   = 0xffffd00000001000
	stackSlot  = 1 << 20
	firstStack = 68 << 10

	callProvoke = 0x1008 // kernCallProvoke
)

// store writes a byte at an address that nobody gave us.
//
// SAFETY: none: each address is meant to fault.
func store(va uintptr, v byte) { **(**byte)(unsafe.Pointer(&va)) = v }

func nilPointer() {
	var p *int
	*p = 1
}

func wildPointer()         { store(unmapped, 1) }
func noncanonicalPointer() { store(0x123456789abcdef0, 1) }

// textAddress returns the address of machine code.
func textAddress() uintptr {
	f := writeText
	return **(**uintptr)(unsafe.Pointer(&f))
}

func writeText()      { store(textAddress(), 0xcc) }
func writeTextAlias() { store(textAddress()-imageBase+directMap, 0xcc) }

var constant = "constant"

func writeROData() { *unsafe.StringData(constant) = 'x' }

// jump calls what is at p.
func jump(p unsafe.Pointer) {
	f := unsafe.Pointer(&p)
	(*(*func())(unsafe.Pointer(&f)))()
}

func executeHeap() {
	code := make([]byte, 64)
	code[0] = 0xc3 // ret
	jump(unsafe.Pointer(&code[0]))
}

func executeStack() {
	var code [64]byte
	code[0] = 0xc3
	jump(unsafe.Pointer(&code))
}

//go:linkname systemstack runtime.systemstack
func systemstack(func())

// overflowThreadStack overflows the stack of the thread itself, which Go cannot
// grow: functions without a stack check eat it.
func overflowThreadStack() {
	eatAgain = eat
	systemstack(func() { eatAgain(1 << 20) })
}

// eat is nosplit, so that it has no stack check.
//
//go:nosplit
func eat(n int) int {
	var b [512]byte
	b[n&511] = byte(n)
	if n == 0 {
		return 0
	}
	f := eatAgain
	return f(n-1) + int(b[n&511])
}

var eatAgain func(int) int

// overwriteCanary is a stray write to the lowest bytes of the first thread's stack.
func overwriteCanary() {
	systemstack(func() {
		var x int
		top := (uintptr(unsafe.Pointer(&x)) + stackSlot - 1) &^ (stackSlot - 1)
		store(top-firstStack, 0x55)
	})
	time.Sleep(time.Millisecond)
}

func kernelStack() { syscall.RawSyscall(callProvoke, 0, 0, 0) }
func kernelIndex() { syscall.RawSyscall(callProvoke, 1, 1000, 0) }
func kernelWild()  { syscall.RawSyscall(callProvoke, 2, unmapped, 0) }
