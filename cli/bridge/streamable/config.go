package streamable

import (
	"bytes"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/unikernel-ai/unikernel-ai/cli/bridge/keeper"
)

// Path is the MCP endpoint.
const Path = "/mcp"

// Config says what is served, to whom, and within which bounds. Guest and Log must be
// set; zero limits mean the default.
type Config struct {
	Guest keeper.Guest
	Log   func(format string, args ...any)

	// Token must be in each request's Authorization header as Bearer; "" lets all in.
	Token string
	// Exposed says that the address is not loopback: Host headers are not checked then,
	// unless Hosts are given.
	Exposed bool
	// Hosts are names that a Host header may have besides loopback ones.
	Hosts []string
	// Origins are web origins (scheme://host[:port]) whose pages may use the bridge: they
	// get CORS headers. Pages of loopback origins are let in without.
	Origins []string

	// MaxBody is the longest request and MaxMessage the longest message of the guest in
	// bytes; default 16 MiB both.
	MaxBody, MaxMessage int
	// MaxBuffered is how many bytes of bodies the bridge holds at once; default 256 MiB.
	MaxBuffered int64
	// MaxSessions is how many sessions there may be; default 48. One more ends the one
	// that has been idle longest, if that is a minute or more.
	MaxSessions int
	// MaxConnections is how many connections to the guest modern requests may use;
	// default 64. Of these, subscriptions may take three quarters.
	MaxConnections int

	// SessionIdle is how long a session may be without a request; default 30 min.
	SessionIdle time.Duration
	// Wait is how long a request may wait for the guest or a free connection; default 15 s.
	Wait time.Duration
	// KeepAlive is how long an answer may be silent before it gets an SSE comment, and
	// with it becomes a stream; default 15 s.
	KeepAlive time.Duration
	// StreamAfter is how long the answer to a POST of revisions up to 2025-11-25 may take
	// before it becomes a stream, which the client can take up again; default 500 ms.
	StreamAfter time.Duration
	// WriteTimeout is how long a client may leave what it is sent unread; default 30 s.
	WriteTimeout time.Duration
}

func (c *Config) complete() {
	set(&c.MaxBody, 16<<20)
	set(&c.MaxMessage, 16<<20)
	set(&c.MaxBuffered, 256<<20)
	set(&c.MaxSessions, 48)
	set(&c.MaxConnections, 64)
	set(&c.SessionIdle, 30*time.Minute)
	set(&c.Wait, 15*time.Second)
	set(&c.KeepAlive, 15*time.Second)
	set(&c.StreamAfter, 500*time.Millisecond)
	set(&c.WriteTimeout, 30*time.Second)
}

func set[T comparable](p *T, v T) {
	if zero := *new(T); *p == zero {
		*p = v
	}
}

// CheckListen says whether addr may be listened on: any but a loopback address needs
// TLS and a token. exposed is set for those.
func CheckListen(addr string, tls, token bool) (exposed bool, err error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false, fmt.Errorf("address %q: want HOST:PORT: %w", addr, err)
	}
	if isLoopback(host) {
		return false, nil
	}
	if !tls || !token {
		return true, errors.New("an address that is not loopback needs TLS and a token: others could read along and use the guest")
	}
	return true, nil
}

// isLoopback reports whether host is a name or address of this machine for itself.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && a.IsLoopback()
}

// CheckOrigin says what is wrong with a configured origin, or nil.
func CheckOrigin(origin string) error {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.Scheme == "" || u.Scheme+"://"+u.Host != origin {
		return fmt.Errorf("origin %q: want SCHEME://HOST[:PORT]", origin)
	}
	return nil
}

// Limits of the HTTP server itself.
const (
	maxHeader     = 64 << 10
	headerTimeout = 10 * time.Second
	bodyTimeout   = 60 * time.Second
	idleTimeout   = 2 * time.Minute
)

// logWriter is a writer of lines for Config.Log.
type logWriter func(format string, args ...any)

func (l logWriter) Write(b []byte) (int, error) {
	l("%s", bytes.TrimSpace(b))
	return len(b), nil
}

// NewHTTPServer returns an HTTP server for s with bounds on what clients may send. It
// has no timeouts for bodies: net/http takes the one for reading for the client's end when
// it comes while an answer is streamed. Server sets its own.
func NewHTTPServer(s *Server) *http.Server {
	return &http.Server{
		Handler: s, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: log.New(logWriter(s.Log), "", 0),
	}
}
