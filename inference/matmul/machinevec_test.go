package matmul

import (
	"encoding/binary"
	"math"
	"strings"
)

var isVector = func(arg string) bool { return strings.ContainsRune("XYZ", rune(arg[0])) && !strings.Contains(arg, "(") }

// read returns n bytes of a vector register or of memory, as a copy.
func (m *machine) read(arg string, n int) []byte {
	if isVector(arg) {
		return append([]byte(nil), m.vec[m.number(arg[1:])][:n]...)
	}
	return append([]byte(nil), m.bytes(arg, n)...)
}

// write sets a vector register, with zeros above, or memory.
func (m *machine) write(arg string, b []byte) {
	if isVector(arg) {
		var v [64]byte
		copy(v[:], b)
		m.vec[m.number(arg[1:])] = v
		return
	}
	copy(m.bytes(arg, len(b)), b)
}

func get32(b []byte, i int) uint32    { return binary.LittleEndian.Uint32(b[4*i:]) }
func set32(b []byte, i int, v uint32) { binary.LittleEndian.PutUint32(b[4*i:], v) }
func get64(b []byte, i int) uint64    { return binary.LittleEndian.Uint64(b[8*i:]) }
func set64(b []byte, i int, v uint64) { binary.LittleEndian.PutUint64(b[8*i:], v) }
func get16(b []byte, i int) int16     { return int16(binary.LittleEndian.Uint16(b[2*i:])) }
func toFloat(v uint32) float32        { return math.Float32frombits(v) }

// lanes32 and lanes64 are instructions of two sources and one destination, lane by
// lane: a is the first source in Intel's order (the second to last of Go's), b the
// other, d what the destination was.
var lanes32 = map[string]func(d, a, b uint32) uint32{
	"VMULPS": func(_, a, b uint32) uint32 { return math.Float32bits(toFloat(a) * toFloat(b)) },
	"VADDPS": func(_, a, b uint32) uint32 { return math.Float32bits(toFloat(a) + toFloat(b)) },
	"VSUBPS": func(_, a, b uint32) uint32 { return math.Float32bits(toFloat(a) - toFloat(b)) },
	"VFMADD231PS": func(d, a, b uint32) uint32 {
		return math.Float32bits(float32(math.FMA(float64(toFloat(a)), float64(toFloat(b)), float64(toFloat(d)))))
	},
	"VXORPS": func(_, a, b uint32) uint32 { return a ^ b }, "VANDPS": func(_, a, b uint32) uint32 { return a & b },
	"VPXOR": func(_, a, b uint32) uint32 { return a ^ b }, "VPXORQ": func(_, a, b uint32) uint32 { return a ^ b },
	"VPANDQ": func(_, a, b uint32) uint32 { return a & b }, "VPORQ": func(_, a, b uint32) uint32 { return a | b },
	"VPADDD": func(_, a, b uint32) uint32 { return a + b }, "VPSUBD": func(_, a, b uint32) uint32 { return a - b },
	"VPMULLD": func(_, a, b uint32) uint32 { return a * b },
	"VPMADDWD": func(_, a, b uint32) uint32 {
		return uint32(int32(int16(a))*int32(int16(b)) + int32(int16(a>>16))*int32(int16(b>>16)))
	},
	"VPDPWSSD": func(d, a, b uint32) uint32 {
		return d + uint32(int32(int16(a))*int32(int16(b))+int32(int16(a>>16))*int32(int16(b>>16)))
	},
	"VPDPBUSD": func(d, a, b uint32) uint32 { // unsigned bytes of a, signed of b
		for i := 0; i < 32; i += 8 {
			d += uint32(int32(a>>i&0xFF) * int32(int8(b>>i)))
		}
		return d
	},
	"VPAND": func(_, a, b uint32) uint32 { return a & b }, "VPOR": func(_, a, b uint32) uint32 { return a | b },
	"VPCMPEQB": func(_, a, b uint32) (same uint32) {
		for i := 0; i < 32; i += 8 {
			if a>>i&0xFF == b>>i&0xFF {
				same |= 0xFF << i
			}
		}
		return same
	},
	"VPCMPEQD": func(_, a, b uint32) uint32 { return map[bool]uint32{true: ^uint32(0)}[a == b] },
	"VPCMPEQW": func(_, a, b uint32) uint32 {
		return map[bool]uint32{true: 0xFFFF}[uint16(a) == uint16(b)] | map[bool]uint32{true: 0xFFFF << 16}[a>>16 == b>>16]
	},
}

var lanes64 = map[string]func(d, a, b uint64) uint64{
	"VMULPD": func(_, a, b uint64) uint64 {
		return math.Float64bits(math.Float64frombits(a) * math.Float64frombits(b))
	},
	"VFMADD231PD": func(d, a, b uint64) uint64 {
		return math.Float64bits(math.FMA(math.Float64frombits(a), math.Float64frombits(b), math.Float64frombits(d)))
	},
	"VPSRLVQ": func(_, a, b uint64) uint64 { return a >> b },
	"VPRORVQ": func(_, a, b uint64) uint64 { return rotate(a, b) },
}

// unpacks are instructions that take elements from both sources, in each 128 bits:
// which dwords, of the first source from 0 on, of the second from 4 on.
var unpacks = map[string][4]int{
	"VUNPCKLPS": {0, 4, 1, 5}, "VUNPCKHPS": {2, 6, 3, 7}, "VUNPCKLPD": {0, 1, 4, 5}, "VUNPCKHPD": {2, 3, 6, 7},
	"VPUNPCKLDQ": {0, 4, 1, 5}, "VPUNPCKHDQ": {2, 6, 3, 7}, "VPUNPCKLQDQ": {0, 1, 4, 5}, "VPUNPCKHQDQ": {2, 3, 6, 7},
}

// vector runs an instruction for vector registers, if it is known.
func (m *machine) vector(in instruction) bool {
	op, broadcast := strings.CutSuffix(in.op, ".BCST")
	n := len(in.args)
	dst := in.args[n-1]
	if n == 3 && in.args[0][0] != '$' {
		w := m.width(dst)
		var b []byte
		if broadcast {
			for range w / 4 {
				b = append(b, m.bytes(in.args[0], 4)...)
			}
		} else if lanes32[op] != nil || lanes64[op] != nil || unpacks[op] != [4]int{} {
			b = m.read(in.args[0], w)
		}
		if order := unpacks[op]; order != [4]int{} {
			a, out := m.read(in.args[1], w), make([]byte, w)
			for i := range w / 4 {
				from := order[i%4]
				set32(out, i, get32([][]byte{a, b}[from/4], i/4*4+from%4))
			}
			m.write(dst, out)
			return true
		}
		if f := lanes32[op]; f != nil {
			d, a := m.read(dst, w), m.read(in.args[1], w)
			for i := range w / 4 {
				set32(d, i, f(get32(d, i), get32(a, i), get32(b, i)))
			}
			m.write(dst, d)
			return true
		}
		if f := lanes64[op]; f != nil {
			d, a := m.read(dst, w), m.read(in.args[1], w)
			for i := range w / 8 {
				set64(d, i, f(get64(d, i), get64(a, i), get64(b, i)))
			}
			m.write(dst, d)
			return true
		}
		switch op {
		case "VPUNPCKLBW", "VPUNPCKHBW", "VPHADDD": // in each 128 bits
			b, a, out := m.read(in.args[0], w), m.read(in.args[1], w), make([]byte, w)
			for q := 0; q < w; q += 16 {
				for i := range 8 {
					from := q + i
					if op == "VPUNPCKHBW" {
						from += 8
					}
					out[q+2*i], out[q+2*i+1] = a[from], b[from]
				}
				for i := 0; op == "VPHADDD" && i < 2; i++ {
					set32(out, q/4+i, get32(a, q/4+2*i)+get32(a, q/4+2*i+1))
					set32(out, q/4+2+i, get32(b, q/4+2*i)+get32(b, q/4+2*i+1))
				}
			}
			m.write(dst, out)
			return true
		}
		if op == "VPERMD" { // the first operand's elements, chosen by the second's
			b, order, out := m.read(in.args[0], w), m.read(in.args[1], w), make([]byte, w)
			for i := range w / 4 {
				set32(out, i, get32(b, int(get32(order, i))%(w/4)))
			}
			m.write(dst, out)
			return true
		}
		if op == "VPSHUFB" { // bytes of the second operand, in its 16, chosen by the first's
			order, table := m.read(in.args[0], w), m.read(in.args[1], w)
			out := make([]byte, w)
			for i, o := range order {
				if o < 0x80 {
					out[i] = table[i/16*16+int(o%16)]
				}
			}
			m.write(dst, out)
			return true
		}
		return false
	}
	return m.move(op, in.args, dst)
}

// move runs loads, stores, broadcasts, conversions, shuffles and shifts.
func (m *machine) move(op string, args []string, dst string) bool {
	imm := uint64(0)
	if args[0][0] == '$' {
		imm = uint64(m.number(args[0][1:]))
	}
	fill := func(b []byte) {
		var out []byte
		for len(out) < m.width(dst) {
			out = append(out, b...)
		}
		m.write(dst, out)
	}
	convert := func(from, to int, f func(b []byte) uint32) {
		out := make([]byte, m.width(dst))
		in := m.read(args[0], len(out)/to*from)
		for i := range len(out) / to {
			v := binary.LittleEndian.AppendUint32(nil, f(in[i*from:]))
			copy(out[i*to:(i+1)*to], v)
		}
		m.write(dst, out)
	}
	switch op {
	case "VMOVUPS", "VMOVUPD", "VMOVDQU", "VMOVDQU64":
		if isVector(dst) {
			m.write(dst, m.read(args[0], m.width(dst)))
		} else {
			m.write(dst, m.read(args[0], m.width(args[0])))
		}
	case "VMOVD":
		m.write(dst, binary.LittleEndian.AppendUint32(nil, uint32(m.gpr[args[0]])))
	case "VMOVSS":
		m.write(dst, m.read(args[0], 4))
	case "VBROADCASTSS", "VPBROADCASTD":
		fill(m.read(args[0], 4))
	case "VBROADCASTSD":
		fill(m.read(args[0], 8))
	case "VBROADCASTI64X4":
		fill(m.read(args[0], 32))
	case "VCVTDQ2PS":
		convert(4, 4, func(b []byte) uint32 { return math.Float32bits(float32(int32(get32(b, 0)))) })
	case "VCVTPH2PS":
		convert(2, 4, func(b []byte) uint32 { return math.Float32bits(half(b)) })
	case "VPMOVSXBW":
		convert(1, 2, func(b []byte) uint32 { return uint32(int8(b[0])) })
	case "VPMOVZXBW":
		convert(1, 2, func(b []byte) uint32 { return uint32(b[0]) })
	case "VPBROADCASTB":
		fill(m.read(args[0], 1))
	case "VBROADCASTI128":
		fill(m.read(args[0], 16))
	case "VPMOVSXBD":
		convert(1, 4, func(b []byte) uint32 { return uint32(int8(b[0])) })
	case "VPMOVZXBD":
		convert(1, 4, func(b []byte) uint32 { return uint32(b[0]) })
	case "VINSERTI64X4", "VINSERTI128":
		size := map[string]int{"VINSERTI64X4": 32, "VINSERTI128": 16}[op]
		out := m.read(args[2], m.width(dst))
		copy(out[int(imm)*size:], m.read(args[1], size))
		m.write(dst, out)
	case "VPERM2F128", "VPERM2I128":
		a, b, out := m.read(args[2], 32), m.read(args[1], 32), make([]byte, 32)
		for h := range 2 {
			copy(out[16*h:], [][]byte{a, b}[imm>>(4*h+1)&1][imm>>(4*h)&1*16:][:16])
		}
		m.write(dst, out)
	case "VEXTRACTPS":
		m.write(dst, m.read(args[1], 16)[4*imm:][:4])
	case "VEXTRACTF32X4":
		m.write(dst, m.read(args[1], 64)[16*imm:][:16])
	case "VEXTRACTF128":
		m.write(dst, m.read(args[1], 32)[16*imm:][:16])
	case "VSHUFI64X2": // quarters: two of the first source, two of the second
		a, b := m.read(args[2], 64), m.read(args[1], 64)
		var out []byte
		for i := range 4 {
			out = append(out, [][]byte{a, a, b, b}[i][imm>>(2*i)&3*16:][:16]...)
		}
		m.write(dst, out)
	case "VPERMILPS":
		in, out := m.read(args[1], m.width(dst)), make([]byte, m.width(dst))
		for i := range len(out) / 4 {
			set32(out, i, get32(in, i/4*4+int(imm>>(i%4*2)&3)))
		}
		m.write(dst, out)
	case "VPINSRW", "VPINSRD":
		size := map[string]int{"VPINSRW": 2, "VPINSRD": 4}[op]
		out := m.read(args[2], 16)
		var v [8]byte
		binary.LittleEndian.PutUint64(v[:], m.value(args[1], size))
		copy(out[int(imm)*size:], v[:size])
		m.write(dst, out)
	case "VPSRLDQ":
		m.write(dst, m.read(args[1], 16)[imm:])
	case "VPRORQ", "VPSRLQ":
		out := m.read(args[1], m.width(dst))
		for i := range len(out) / 8 {
			if op == "VPRORQ" {
				set64(out, i, rotate(get64(out, i), imm))
			} else {
				set64(out, i, get64(out, i)>>imm)
			}
		}
		m.write(dst, out)
	case "VPSLLW":
		out := m.read(args[1], m.width(dst))
		for i := range len(out) / 2 {
			binary.LittleEndian.PutUint16(out[2*i:], uint16(get16(out, i))<<imm)
		}
		m.write(dst, out)
	case "VPSLLD", "VPSRLW":
		out := m.read(args[1], m.width(dst))
		for i := range len(out) / 4 {
			if op == "VPSLLD" {
				set32(out, i, get32(out, i)<<imm)
			} else {
				set32(out, i, uint32(uint16(get16(out, 2*i))>>imm)|uint32(uint16(get16(out, 2*i+1))>>imm)<<16)
			}
		}
		m.write(dst, out)
	default:
		return false
	}
	return true
}
