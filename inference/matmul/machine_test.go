package matmul

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// A machine runs assembly of this package, instruction by instruction, on registers
// and memory of its own. So kernels for AVX-512 are tested on every processor, and
// memory is as exact as can be: a byte beside a buffer does not exist. What it takes
// for granted is the assembler's encoding. Meanings are those of the Intel SDM, vol. 2;
// operands are in Go's order, destination last.
type machine struct {
	t      testing.TB
	gpr    map[string]uint64
	vec    [32][64]byte
	left   int64 // of the last comparison: left - right decides jumps
	memory []segment
	frame  []byte // arguments
	local  [256]byte
	data   map[string][]byte
	code   map[string]*function
}

// segment is a buffer at an address.
type segment struct {
	base uint64
	b    []byte
}

type function struct {
	lines  []instruction
	labels map[string]int
}

type instruction struct {
	op   string
	args []string
}

var (
	memoryOperand = regexp.MustCompile(`^(-?\d*)\((\w+)\)(?:\((\w+)\*(\d)\))?$`)
	namedOperand  = regexp.MustCompile(`^\w+([+-]\d+)\((FP|SP)\)$`)
	dataOperand   = regexp.MustCompile(`^(\w+)<>(?:\+(\d+))?\(SB\)$`)
)

// newMachine reads assembly sources.
func newMachine(t testing.TB, sources ...string) *machine {
	m := &machine{t: t, gpr: map[string]uint64{}, data: map[string][]byte{}, code: map[string]*function{}}
	for _, source := range sources {
		names := map[string]string{}
		word := regexp.MustCompile(`\b[A-Z]\w*\b`)
		var f *function
		for _, line := range strings.Split(source, "\n") {
			line, _, _ = strings.Cut(line, "//")
			fields := strings.Fields(line)
			switch {
			case len(fields) == 0 || fields[0] == "#include" || fields[0] == "GLOBL":
			case fields[0] == "#define":
				names[fields[1]] = fields[2]
			case fields[0] == "#undef":
				delete(names, fields[1])
			case fields[0] == "DATA":
				name, _, _ := strings.Cut(fields[1], "<>")
				size, value := strings.TrimSuffix(fields[1][strings.LastIndex(fields[1], "/")+1:], ","), strings.TrimPrefix(fields[2], "$")
				v, err := strconv.ParseUint(value, 0, 64)
				if err != nil {
					t.Fatal(err)
				}
				b := binary.LittleEndian.AppendUint64(nil, v)
				m.data[name] = append(m.data[name], b[:m.number(size)]...)
			case fields[0] == "TEXT":
				f = &function{labels: map[string]int{}}
				name, _, _ := strings.Cut(strings.TrimPrefix(fields[1], "·"), "(")
				m.code[name] = f
			case strings.HasSuffix(fields[0], ":"):
				f.labels[strings.TrimSuffix(fields[0], ":")] = len(f.lines)
			default:
				in := instruction{op: fields[0]}
				for _, arg := range strings.Split(strings.Join(fields[1:], ""), ",") {
					in.args = append(in.args, word.ReplaceAllStringFunc(arg, func(s string) string {
						if r, ok := names[s]; ok {
							return r
						}
						return s
					}))
				}
				f.lines = append(f.lines, in)
			}
		}
	}
	return m
}

func (m *machine) number(s string) int64 {
	v, err := strconv.ParseInt(s, 0, 64)
	if err != nil {
		u, err := strconv.ParseUint(s, 0, 64)
		if err != nil {
			m.t.Fatalf("machine: number %q", s)
		}
		return int64(u)
	}
	return v
}

// place puts a buffer into memory, and returns its address, which has a remainder of
// shift by 64.
func (m *machine) place(b []byte, shift int) uint64 {
	base := uint64(len(m.memory)+1)<<32 + uint64(shift)
	m.memory = append(m.memory, segment{base, b})
	return base
}

// call runs a function with these arguments, laid out as Go does.
func (m *machine) call(name string, args ...any) {
	m.frame = nil
	for _, a := range args {
		switch a := a.(type) {
		case float32:
			m.frame = binary.LittleEndian.AppendUint32(m.frame, math.Float32bits(a))
			continue
		case float64:
			m.align()
			m.frame = binary.LittleEndian.AppendUint64(m.frame, math.Float64bits(a))
		case int:
			m.align()
			m.frame = binary.LittleEndian.AppendUint64(m.frame, uint64(a))
		case uint64:
			m.align()
			m.frame = binary.LittleEndian.AppendUint64(m.frame, a)
		}
	}
	f := m.code[name]
	if f == nil {
		m.t.Fatalf("machine: no function %s", name)
	}
	for r := range m.vec { // whatever was there before
		for i := range m.vec[r] {
			m.vec[r][i] = byte(0xA5 + i)
		}
	}
	for pc := 0; f.lines[pc].op != "RET"; pc++ {
		in := f.lines[pc]
		if target, ok := f.labels[in.args[0]]; ok {
			if m.jumps(in.op) {
				pc = target - 1
			}
			continue
		}
		if !m.scalar(in) && !m.vector(in) {
			m.t.Fatalf("machine: %s %v", in.op, in.args)
		}
	}
}

func (m *machine) align() {
	for len(m.frame)%8 != 0 {
		m.frame = append(m.frame, 0)
	}
}

func (m *machine) jumps(op string) bool {
	switch op {
	case "JMP":
		return true
	case "JZ", "JEQ":
		return m.left == 0
	case "JNZ", "JNE":
		return m.left != 0
	case "JLE":
		return m.left <= 0
	case "JLT":
		return m.left < 0
	case "JGE":
		return m.left >= 0
	}
	m.t.Fatalf("machine: jump %s", op)
	return false
}

// bytes returns n bytes of memory that an operand names, to read or to write.
func (m *machine) bytes(arg string, n int) []byte {
	if s := dataOperand.FindStringSubmatch(arg); s != nil {
		at := int64(0)
		if s[2] != "" {
			at = m.number(s[2])
		}
		return m.data[s[1]][at:][:n]
	}
	if s := namedOperand.FindStringSubmatch(arg); s != nil {
		if s[2] == "SP" {
			return m.local[int64(len(m.local))+m.number(s[1]):][:n]
		}
		return m.frame[m.number(s[1]):][:n]
	}
	address := m.address(arg)
	for _, s := range m.memory {
		if address >= s.base && address+uint64(n) <= s.base+uint64(len(s.b)) {
			return s.b[address-s.base:][:n]
		}
	}
	m.t.Fatalf("machine: %d bytes at %#x (%s) lie in no buffer", n, address, arg)
	return nil
}

func (m *machine) address(arg string) uint64 {
	s := memoryOperand.FindStringSubmatch(arg)
	if s == nil {
		m.t.Fatalf("machine: operand %q", arg)
	}
	at := m.gpr[s[2]]
	if s[1] != "" {
		at += uint64(m.number(s[1]))
	}
	if s[3] != "" {
		at += m.gpr[s[3]] * uint64(m.number(s[4]))
	}
	return at
}

// value returns a general operand, n bytes of it.
func (m *machine) value(arg string, n int) uint64 {
	if v, ok := strings.CutPrefix(arg, "$"); ok {
		return uint64(m.number(v))
	}
	if v, ok := m.gpr[arg]; ok || !strings.Contains(arg, "(") {
		return v
	}
	var b [8]byte
	copy(b[:], m.bytes(arg, n))
	return binary.LittleEndian.Uint64(b[:])
}

// scalar runs an instruction for general registers, if it is one.
func (m *machine) scalar(in instruction) bool {
	op, size := in.op, 8
	switch {
	case op == "PREFETCHT0" || op == "VZEROUPPER":
		return true
	case op == "MOVWLZX":
		m.gpr[in.args[1]] = m.value(in.args[0], 2)
		return true
	case op == "LEAQ":
		m.gpr[in.args[1]] = m.address(in.args[0])
		return true
	case op == "DECQ":
		op, in.args = "SUBQ", []string{"$1", in.args[0]}
	case strings.HasPrefix(op, "V"):
		return false
	}
	if op[len(op)-1] == 'L' {
		size = 4
	}
	src, dst := in.args[0], in.args[1]
	a, b := m.value(src, size), m.gpr[dst]
	if op == "CMPQ" {
		m.left = int64(m.value(src, 8) - m.value(dst, 8))
		return true
	}
	switch op[:len(op)-1] {
	case "MOV":
		b = a
	case "ADD":
		b += a
	case "SUB":
		b -= a
	case "AND", "TEST":
		a &= b
		if op == "TESTQ" {
			m.left = int64(a)
			return true
		}
		b = a
	case "OR":
		b |= a
	case "XOR":
		b ^= a
	case "SHL":
		b <<= a
	case "SHR":
		b >>= a
	default:
		return false
	}
	if size == 4 {
		b = uint64(uint32(b))
	}
	m.gpr[dst] = b
	if op[:3] != "MOV" {
		m.left = int64(b)
	}
	return true
}

// rotate is rotation to the right.
func rotate(v uint64, n uint64) uint64 { return bits.RotateLeft64(v, -int(n%64)) }

// width returns a vector register's bytes.
func (m *machine) width(arg string) int {
	switch arg[0] {
	case 'X':
		return 16
	case 'Y':
		return 32
	case 'Z':
		return 64
	}
	m.t.Fatalf("machine: %q is no vector register", arg)
	return 0
}

func (m *machine) String() string { return fmt.Sprint(m.gpr) }
