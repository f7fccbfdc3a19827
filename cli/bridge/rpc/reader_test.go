package rpc

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReader(t *testing.T) {
	const limit = 40000 // more than its buffer
	long := strings.Repeat("a", limit)
	type next struct {
		line string
		err  error
	}
	tests := []struct {
		name, in string
		want     []next
	}{
		{"lines", "a\nb\r\n", []next{{"a\n", nil}, {"b\r\n", nil}, {"", io.EOF}}},
		{"empty lines are skipped", "\n \r\n\na\n\n", []next{{"a\n", nil}, {"", io.EOF}}},
		{"end without newline", "a\nb", []next{{"a\n", nil}, {"b", io.ErrUnexpectedEOF}}},
		{"space at the end", "a\n  ", []next{{"a\n", nil}, {"", io.EOF}}},
		{"as long as allowed", long + "\nb\n", []next{{long + "\n", nil}, {"b\n", nil}, {"", io.EOF}}},
		{"one too long", long + "a\nb\n", []next{{"", ErrTooLong}, {"b\n", nil}, {"", io.EOF}}},
		{"much too long", strings.Repeat(long, 9) + "\nb\n", []next{{"", ErrTooLong}, {"b\n", nil}, {"", io.EOF}}},
		{"too long without end", strings.Repeat(long, 9), []next{{"", io.EOF}}},
	}
	for _, tt := range tests {
		for name, in := range map[string]io.Reader{
			"at once": strings.NewReader(tt.in), "byte by byte": iotest.OneByteReader(strings.NewReader(tt.in)),
		} {
			t.Run(tt.name+" "+name, func(t *testing.T) {
				r := NewReader(in, limit)
				for i, want := range tt.want {
					line, err := r.Next()
					if string(line) != want.line || !errors.Is(err, want.err) {
						t.Fatalf("line %d is %.50q (%d bytes), %v; want %.50q, %v", i, line, len(line), err, want.line, want.err)
					}
				}
			})
		}
	}
}

func TestReaderShortLimit(t *testing.T) {
	r := NewReader(strings.NewReader("12345\n1234\n"), 4)
	if line, err := r.Next(); !errors.Is(err, ErrTooLong) {
		t.Errorf("5 bytes within 4: %q, %v", line, err)
	}
	if line, err := r.Next(); string(line) != "1234\n" || err != nil {
		t.Errorf("4 bytes within 4: %q, %v", line, err)
	}
}
