//go:build unikernel

package runtime

import "unsafe"

// The console is COM1, a 16550 with its FIFO on. A byte costs an exit to the
// VMM, so the line status is read once for up to 16 of them.

const (
	kernFIFOSize = 16

	kernUARTIER = 1 // interrupt enable register
	kernUARTFCR = 2 // FIFO control register
	kernUARTLCR = 3 // line control register
	kernUARTLSR = 5 // line status register

	kernLSRHolding = 0x20 // THRE: the transmit FIFO is empty
	kernLSRIdle    = 0x40 // TEMT: all is sent

	// kernUARTPatience bounds the wait for a transmitter that nobody reads, in
	// polls; then bytes are dropped.
	kernUARTPatience = 100000
)

func kernConsoleInit() {
	kernOut8(kernPortCOM1+kernUARTIER, 0)
	kernOut8(kernPortCOM1+kernUARTLCR, 3) // 8 bits, no parity
	kernOut8(kernPortCOM1+kernUARTFCR, 7) // FIFO on and empty
}

// kernConsoleWrite sends n bytes at p, each newline as CR LF.
func kernConsoleWrite(p unsafe.Pointer, n uintptr) {
	room := 0
	for i := uintptr(0); i < n; i++ {
		b := *(*byte)(add(p, i))
		if room < 2 {
			if !kernConsoleWait(kernLSRHolding) {
				return // nobody takes the bytes; the log's ring has them
			}
			room = kernFIFOSize
		}
		if b == '\n' {
			kernOut8(kernPortCOM1, '\r')
			room--
		}
		kernOut8(kernPortCOM1, b)
		room--
	}
}

// kernConsoleStuck says that the transmitter was waited for in vain: the next
// wait is a single look.
var kernConsoleStuck bool // guarded by the kernel lock

// kernConsoleWait waits for a bit of the line status and reports whether it came.
func kernConsoleWait(mask uint8) bool {
	for range kernUARTPatience {
		if kernIn8(kernPortCOM1+kernUARTLSR)&mask != 0 {
			kernConsoleStuck = false
			return true
		}
		if kernConsoleStuck {
			return false
		}
		kernPause()
	}
	kernConsoleStuck = true
	return false
}
