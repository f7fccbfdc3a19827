package dial

import (
	"errors"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	tests := []struct {
		name, in string
		want     Addr
	}{
		{"unix", "unix:/run/vm.sock:1024", Addr{Network: Unix, Path: "/run/vm.sock", Port: 1024}},
		{"relative path", "unix:vm.sock:1", Addr{Network: Unix, Path: "vm.sock", Port: 1}},
		{"colon in path", "unix:/run/a:b:c:7", Addr{Network: Unix, Path: "/run/a:b:c", Port: 7}},
		{"spaces in path", "unix:/run/a b:7", Addr{Network: Unix, Path: "/run/a b", Port: 7}},
		{"port 0", "unix:x:0", Addr{Network: Unix, Path: "x"}},
		{"longest path", "unix:" + strings.Repeat("p", 107) + ":9", Addr{Network: Unix, Path: strings.Repeat("p", 107), Port: 9}},
		{"vsock", "vsock:3:1024", Addr{Network: VSock, CID: 3, Port: 1024}},
		{"largest", "vsock:4294967294:4294967294", Addr{Network: VSock, CID: 1<<32 - 2, Port: 1<<32 - 2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse(tt.in)
			if err != nil || got != tt.want {
				t.Fatalf("Parse(%q) = %+v, %v, want %+v", tt.in, got, err, tt.want)
			}
			if got.String() != tt.in {
				t.Errorf("String() = %q, want %q", got.String(), tt.in)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ name, in, say string }{
		{"empty", "", "want unix:PATH:PORT"},
		{"no port", "unix:/run/vm.sock", "want unix:PATH:PORT"},
		{"only a path", "/run/vm.sock", "want unix:PATH:PORT"},
		{"empty port", "unix:/run/vm.sock:", `"" is not a port`},
		{"empty path", "unix::1024", "the path is empty"},
		{"port is a word", "unix:/run/vm.sock:mcp", `"mcp" is not a port`},
		{"negative port", "unix:/run/vm.sock:-1", "is not a port"},
		{"signed port", "unix:/run/vm.sock:+1", "is not a port"},
		{"leading zero", "unix:/run/vm.sock:01", "is not a port"},
		{"port too large", "unix:/run/vm.sock:4294967296", "is not a port"},
		{"any port", "vsock:3:4294967295", "is not a port"},
		{"path too long", "unix:" + strings.Repeat("p", 108) + ":9", "108 bytes long"},
		{"zero byte", "unix:a\x00b:9", "zero byte"},
		{"CID of the host", "vsock:2:1024", "not a guest's CID"},
		{"any CID", "vsock:4294967295:1024", "not a guest's CID"},
		{"CID is a word", "vsock:guest:1024", "not a guest's CID"},
		{"other network", "tcp:localhost:1024", `"tcp" is not a network`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse(tt.in)
			if !errors.Is(err, ErrAddr) || !strings.Contains(err.Error(), tt.say) {
				t.Errorf("Parse(%q) = %+v, %v, want an ErrAddr that says %q", tt.in, got, err, tt.say)
			}
		})
	}
}

// FuzzParse checks that whatever Parse takes has one spelling.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"unix:/run/vm.sock:1024", "vsock:3:1024", "unix:a:b:1", "unix::1", ":", "vsock:03:1", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := Parse(s)
		if err != nil {
			if !errors.Is(err, ErrAddr) {
				t.Fatalf("Parse(%q): %v does not wrap ErrAddr", s, err)
			}
			return
		}
		if a.String() != s {
			t.Fatalf("Parse(%q).String() = %q", s, a.String())
		}
	})
}
