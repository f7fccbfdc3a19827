package main

import "fmt"

// pair emits blocks 2p and 2p+1 of a group: 16 sums of products to register dst.
func (k bytesKernel) pair(o *out, p int, dst string) {
	xs := fmt.Sprintf("%d(X)(AT*8)", 64*p)
	high := func() {
		o.op("VPANDQ", "Z22", "Z24", "Z12")
		o.op("VPORQ", "Z12", "Z7", "Z7")
	}
	switch k.format {
	case "Q8":
		o.op("VMOVDQU", fmt.Sprintf("%d(W)", 2*k.size*p+2), "Y7")
		o.op("VINSERTI64X4", "$1", fmt.Sprintf("%d(W)", 2*k.size*p+k.size+2), "Z7", "Z7")
		o.op("VPXORQ", "Z20", "Z7", "Z7")
	case "Q40", "Q41":
		at := 2*k.size*p + k.size - 16
		o.op("VMOVDQU", fmt.Sprintf("%d(W)", at), "X7")
		o.op("VINSERTI128", "$1", fmt.Sprintf("%d(W)", at+k.size), "Y7", "Y7")
		o.op("VSHUFI64X2", "$0x50", "Z7", "Z7", "Z7")
		o.op("VPSRLVQ", "Z21", "Z7", "Z7")
		o.op("VPANDQ", "Z20", "Z7", "Z7")
	case "Q4K", "Q5K":
		o.op("VBROADCASTI64X4", fmt.Sprintf("%d(W)", k.size-128+32*p), "Z7")
		o.op("VPSRLVQ", "Z21", "Z7", "Z7")
		o.op("VPANDQ", "Z20", "Z7", "Z7")
		if k.format == "Q5K" {
			if p == 0 {
				o.op("VBROADCASTI64X4", "16(W)", "Z24")
				o.op("VPRORVQ", "Z23", "Z24", "Z24")
			} else {
				o.op("VPRORQ", "$2", "Z24", "Z24")
			}
			high()
		}
	case "Q6K":
		o.op("VMOVDQU64", fmt.Sprintf("%d(W)", 64*(p/2)), "Z7")
		if p%2 == 0 {
			o.op("VBROADCASTI64X4", fmt.Sprintf("%d(W)", 128+32*(p/2)), "Z24")
			o.op("VPRORVQ", "Z21", "Z24", "Z24")
		} else {
			o.op("VPSRLQ", "$4", "Z7", "Z7")
			o.op("VPRORQ", "$4", "Z24", "Z24")
		}
		o.op("VPANDQ", "Z20", "Z7", "Z7")
		high()
	}
	o.op("VPXORQ", dst, dst, dst)
	o.op("VPDPBUSD", xs, "Z7", dst)
	if k.format == "Q6K" {
		o.op("VPERMD", "Z14", fmt.Sprintf("Z%d", 16+p), "Z12")
		o.op("VPMULLD", "Z12", dst, dst)
	}
}

// sumPairs adds Z8..Z11, each the partial sums of an even and an odd block, to the 8
// sums of Y8. It destroys Z7 to Z12.
func (o *out) sumPairs() {
	o.op("VPUNPCKLDQ", "Z9", "Z8", "Z7") // of each 4: a0 b0 a1 b1
	o.op("VPUNPCKHDQ", "Z9", "Z8", "Z12")
	o.op("VPADDD", "Z12", "Z7", "Z8")
	o.op("VPUNPCKLDQ", "Z11", "Z10", "Z7")
	o.op("VPUNPCKHDQ", "Z11", "Z10", "Z12")
	o.op("VPADDD", "Z12", "Z7", "Z9")
	o.op("VPUNPCKLQDQ", "Z9", "Z8", "Z7") // a b c d
	o.op("VPUNPCKHQDQ", "Z9", "Z8", "Z12")
	o.op("VPADDD", "Z12", "Z7", "Z8")
	o.note("the first two quarters are of even blocks, the others of odd ones")
	o.op("VSHUFI64X2", "$0x08", "Z8", "Z8", "Z7")
	o.op("VSHUFI64X2", "$0x0D", "Z8", "Z8", "Z8")
	o.op("VPADDD", "Y8", "Y7", "Y8")
	o.op("VPERMD", "Y8", "Y5", "Y8")
}
