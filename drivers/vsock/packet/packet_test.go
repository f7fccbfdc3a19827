package packet

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"
)

// Virtio 1.2 §5.10.6: each field at its place, little endian, packed.
func TestHeaderLayout(t *testing.T) {
	h := Header{
		SrcCID: 0x0807060504030201, DstCID: 0x1817161514131211,
		SrcPort: 0x24232221, DstPort: 0x28272625, Len: 0x34333231,
		Type: 0x3635, Op: 0x3837, Flags: 0x44434241, BufAlloc: 0x48474645, FwdCount: 0x54535251,
	}
	const want = "0102030405060708" + "1112131415161718" + "21222324" + "25262728" +
		"31323334" + "3536" + "3738" + "41424344" + "45464748" + "51525354"
	got := h.AppendTo(nil)
	if len(got) != HeaderSize || hex.EncodeToString(got) != want {
		t.Errorf("AppendTo = %x (%d bytes), want %s", got, len(got), want)
	}
	back, err := Decode(append(got, "payload"...))
	if err != nil || back != h {
		t.Errorf("Decode(AppendTo(h)) = %v, %v, want %v", back, err, h)
	}
}

func TestDecodeRefusesShort(t *testing.T) {
	for n := range HeaderSize {
		if _, err := Decode(make([]byte, n)); !errors.Is(err, ErrShort) {
			t.Errorf("Decode(%d bytes) = %v, want ErrShort", n, err)
		}
	}
}

func TestCodecAllocatesNothing(t *testing.T) {
	buf := make([]byte, 0, HeaderSize)
	h := Header{SrcCID: 3, DstCID: 2, Op: OpData}
	if n := testing.AllocsPerRun(100, func() {
		b := h.AppendTo(buf)
		if _, err := Decode(b); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func TestOpNames(t *testing.T) {
	for op, want := range map[Op]string{OpReset: "RST", OpData: "RW", OpCreditRequest: "CREDIT_REQUEST", 99: "op 99"} {
		if got := op.String(); got != want {
			t.Errorf("Op(%d) = %q, want %q", uint16(op), got, want)
		}
	}
}

// Whatever decodes encodes to the same bytes.
func FuzzDecode(f *testing.F) {
	h := Header{SrcCID: 2, DstCID: 3, SrcPort: 1 << 30, DstPort: 1024, Len: 5, Type: TypeStream, Op: OpData, BufAlloc: 65536}
	f.Add(append(h.AppendTo(nil), "hello"...))
	f.Add([]byte("short"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := Decode(b)
		if err != nil {
			if len(b) >= HeaderSize {
				t.Fatalf("Decode(%d bytes): %v", len(b), err)
			}
			return
		}
		if got := h.AppendTo(nil); !bytes.Equal(got, b[:HeaderSize]) {
			t.Errorf("AppendTo(Decode(%x)) = %x", b[:HeaderSize], got)
		}
		_ = h.String()
	})
}
