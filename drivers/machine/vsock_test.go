package machine

import (
	"errors"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/drivers/virtio"
	"github.com/unikernel-ai/unikernel-ai/drivers/vsock"
)

func TestReadyPort(t *testing.T) {
	for _, c := range []struct {
		name, word string
		port       uint32
		ok         bool
	}{
		{"left out", "", ReadyPort, true},
		{"off", "off", 0, true},
		{"a port", "5000", 5000, true},
		{"largest port", "4294967294", 1<<32 - 2, true},
		{"any port is no port", "4294967295", 0, false},
		{"zero", "0", 0, false},
		{"too large", "4294967296", 0, false},
		{"negative", "-1", 0, false},
		{"a word", "on", 0, false},
	} {
		if port, err := readyPort(c.word); port != c.port || (err == nil) != c.ok {
			t.Errorf("%s: readyPort(%q) = %d, %v, want %d, ok=%v", c.name, c.word, port, err, c.port, c.ok)
		}
	}
}

func TestOpenVsockWithoutDevice(t *testing.T) {
	if _, err := OpenVsock(virtio.Platform{}, nil, vsock.Config{}); !errors.Is(err, ErrNoSocket) {
		t.Errorf("OpenVsock without devices = %v, want %v", err, ErrNoSocket)
	}
}
