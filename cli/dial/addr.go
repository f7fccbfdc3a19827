package dial

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ErrAddr is wrapped by every error about an address that cannot be parsed.
var ErrAddr = errors.New("want unix:PATH:PORT or vsock:CID:PORT")

// MaxPath is the longest path of a Unix socket in bytes: sun_path has 108
// with its final zero (unix(7)).
const MaxPath = 107

// A Network says by which way a guest is reached.
type Network string

const (
	// Unix is a Unix socket with the CONNECT handshake.
	Unix Network = "unix"
	// VSock is the host's AF_VSOCK.
	VSock Network = "vsock"
)

// An Addr is a port of a guest, as seen from the host.
type Addr struct {
	Network Network
	Path    string // of the Unix socket; Unix only
	CID     uint32 // context identifier of the guest; VSock only
	Port    uint32 // vsock port inside the guest
}

// String returns the address as Parse reads it.
func (a Addr) String() string {
	if a.Network == VSock {
		return fmt.Sprintf("vsock:%d:%d", a.CID, a.Port)
	}
	return fmt.Sprintf("unix:%s:%d", a.Path, a.Port)
}

// Parse reads an address of the form unix:PATH:PORT or vsock:CID:PORT.
//
// PATH may contain colons; the port is what follows the last one. A path must
// fit a Unix socket's address (MaxPath). CID must be a guest's (3 and up), the
// port any but the wildcard. Errors wrap ErrAddr.
func Parse(s string) (Addr, error) {
	network, rest, ok := strings.Cut(s, ":")
	i := strings.LastIndexByte(rest, ':')
	if !ok || i < 0 {
		return Addr{}, fmt.Errorf("dial: address %q: %w", s, ErrAddr)
	}
	host, portText := rest[:i], rest[i+1:]
	port, err := parseNumber(portText)
	if err != nil || port == math.MaxUint32 { // VMADDR_PORT_ANY (vsock(7))
		return Addr{}, fmt.Errorf("dial: address %q: %q is not a port: %w", s, portText, ErrAddr)
	}
	a := Addr{Network: Network(network), Port: port}
	switch a.Network {
	case Unix:
		a.Path = host
		if err := CheckPath(host); err != nil {
			return Addr{}, fmt.Errorf("dial: address %q: %w: %w", s, err, ErrAddr)
		}
	case VSock:
		// 0 is the hypervisor, 1 loopback, 2 the host, 2^32-1 any (vsock(7)).
		a.CID, err = parseNumber(host)
		if err != nil || a.CID < 3 || a.CID == math.MaxUint32 {
			return Addr{}, fmt.Errorf("dial: address %q: %q is not a guest's CID: %w", s, host, ErrAddr)
		}
	default:
		return Addr{}, fmt.Errorf("dial: address %q: %q is not a network: %w", s, network, ErrAddr)
	}
	return a, nil
}

// CheckPath reports why path cannot be the path of a Unix socket, or nil.
func CheckPath(path string) error {
	switch {
	case path == "":
		return errors.New("the path is empty")
	case strings.IndexByte(path, 0) >= 0:
		return errors.New("the path contains a zero byte")
	case len(path) > MaxPath:
		return fmt.Errorf("the path is %d bytes long, a Unix socket's may have %d", len(path), MaxPath)
	}
	return nil
}

// parseNumber reads a decimal number as it is printed: no sign, no leading
// zero, so that each address has one spelling.
func parseNumber(s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0, err
	}
	if len(s) > 1 && s[0] == '0' {
		return 0, strconv.ErrSyntax
	}
	return uint32(n), nil
}
