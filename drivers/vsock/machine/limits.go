package machine

import (
	"errors"
	"time"
)

// Why a call failed or a connection ended.
var (
	ErrWouldBlock = errors.New("vsock: would block")
	ErrRefused    = errors.New("vsock: connection refused")
	ErrReset      = errors.New("vsock: connection reset by peer")
	ErrPipe       = errors.New("vsock: peer takes no more")
	ErrTimeout    = errors.New("vsock: no answer")
	ErrClosed     = errors.New("vsock: closed")
	ErrInUse      = errors.New("vsock: port in use")
	ErrNoRoom     = errors.New("vsock: too many connections")
	ErrBadPort    = errors.New("vsock: not a port")
	ErrBadPeer    = errors.New("vsock: peer cannot be reached")
)

// Limits bound what a Machine holds, whatever its peer does. A zero field
// takes the value of DefaultLimits; windows and budget are bytes.
type Limits struct {
	Conns   int // connections of any state, also those that wait for accept
	Backlog int // connections that wait for accept, each listener
	Replies int // RST packets that wait to be sent to nobody's connections

	// A connection's window is what its receive buffer may grow to. It starts
	// at FirstWindow while less than half of Budget is promised and at MinWindow
	// after that, and doubles up to MaxWindow as its application keeps up and
	// three quarters of Budget last. The windows of all connections never exceed Budget. Windows
	// are rounded down to powers of two, and to the next larger window.
	MinWindow, FirstWindow, MaxWindow uint32
	Budget                            uint32

	// SendLimit caps how much may be on its way to a peer, whatever buffer it
	// claims to have.
	SendLimit uint32

	ConnectTimeout  time.Duration // REQUEST without an answer
	ShutdownTimeout time.Duration // SHUTDOWN(both) without an RST
	StallTimeout    time.Duration // no credit for so long: CREDIT_REQUEST
	DoubtTimeout    time.Duration // no progress with a peer that made no sense

	// AnyPeer takes packets from and connects to every CID. Otherwise only the
	// host is talked to.
	AnyPeer bool
}

// DefaultLimits suit a guest with 40 MiB of memory or more.
var defaultLimits = Limits{
	Conns:           2048,
	Backlog:         1024,
	Replies:         256,
	MinWindow:       4 << 10,
	FirstWindow:     64 << 10,
	MaxWindow:       512 << 10,
	Budget:          16 << 20,
	SendLimit:       1 << 20,
	ConnectTimeout:  5 * time.Second,
	ShutdownTimeout: 8 * time.Second,
	StallTimeout:    100 * time.Millisecond,
	DoubtTimeout:    10 * time.Second,
}

// DefaultLimits returns the limits that zero fields stand for.
func DefaultLimits() Limits { return defaultLimits }

func (l Limits) withDefaults() Limits {
	d := defaultLimits
	pick(&l.Conns, d.Conns)
	pick(&l.Backlog, d.Backlog)
	pick(&l.Replies, d.Replies)
	pick(&l.MinWindow, d.MinWindow)
	pick(&l.FirstWindow, d.FirstWindow)
	pick(&l.MaxWindow, d.MaxWindow)
	pick(&l.Budget, d.Budget)
	pick(&l.SendLimit, d.SendLimit)
	pick(&l.ConnectTimeout, d.ConnectTimeout)
	pick(&l.ShutdownTimeout, d.ShutdownTimeout)
	pick(&l.StallTimeout, d.StallTimeout)
	pick(&l.DoubtTimeout, d.DoubtTimeout)
	l.MaxWindow = floorPower(l.MaxWindow)
	l.FirstWindow = min(floorPower(l.FirstWindow), l.MaxWindow)
	l.MinWindow = min(floorPower(l.MinWindow), l.FirstWindow)
	return l
}

func pick[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// floorPower returns the greatest power of two that is not above n, or 1.
func floorPower(n uint32) uint32 {
	p := uint32(1)
	for p <= n/2 {
		p *= 2
	}
	return p
}
