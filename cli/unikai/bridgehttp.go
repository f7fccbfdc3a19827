package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/unikernel-ai/unikernel-ai/cli/bridge/streamable"
)

// An httpBridge is what the flags of bridge http say.
type httpBridge struct {
	bridged
	streamable.Config
	listen    string
	cert, key string
	tokenFile string
	grace     time.Duration
}

func (a *app) bridgeHTTPCommand() *cobra.Command {
	var h httpBridge
	cmd := &cobra.Command{
		Use:   "http",
		Short: "Serve a guest's MCP by Streamable HTTP",
		Long: "Serve a guest's MCP by Streamable HTTP, revisions 2025-03-26 to 2026-07-28, at /mcp, and print\n" +
			"the address on standard output. Only this machine can reach it, unless --listen names another\n" +
			"address; that needs --tls-cert, --tls-key and a token (--token-file or UNIKAI_TOKEN).",
		Example: "  unikai bridge http --image image.elf\n" +
			"  unikai bridge http --addr unix:/tmp/guest:1024 --listen 0.0.0.0:8443 --tls-cert cert.pem --tls-key key.pem --token-file token",
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ignoreBrokenPipes()
			a.err = &syncWriter{w: a.err}
			return a.bridgeHTTP(cmd, &h)
		},
	}
	bridgeFlags(cmd, &h.bridged)
	f := cmd.Flags()
	f.StringVar(&h.listen, "listen", "127.0.0.1:8080", "where to listen, HOST:PORT; port 0 is a free one")
	f.StringVar(&h.cert, "tls-cert", "", "certificate chain, PEM")
	f.StringVar(&h.key, "tls-key", "", "its private key, PEM")
	f.StringVar(&h.tokenFile, "token-file", "", "file with the bearer token that requests must have (default: $UNIKAI_TOKEN)")
	f.StringArrayVar(&h.Origins, "allow-origin", nil, "web origin whose pages may use the bridge, such as https://app.example; may be given again")
	f.StringArrayVar(&h.Hosts, "allow-host", nil, "name that a Host header may have, besides loopback ones; may be given again")
	f.IntVar(&h.MaxBody, "max-body", 16<<20, "the longest request in bytes")
	f.IntVar(&h.MaxMessage, "max-message", 16<<20, "the longest message of the guest in bytes")
	f.IntVar(&h.MaxSessions, "max-sessions", 48, "sessions at once (revisions up to 2025-11-25)")
	f.IntVar(&h.MaxConnections, "max-connections", 64, "connections to the guest for requests of 2026-07-28; a guest takes 128 in all unless it says otherwise")
	f.DurationVar(&h.SessionIdle, "session-idle", 30*time.Minute, "end sessions that are idle for so long")
	f.DurationVar(&h.Wait, "wait", 15*time.Second, "how long a request waits for the guest")
	f.DurationVar(&h.grace, "grace", 5*time.Second, "how long requests may take after Ctrl-C or SIGTERM")
	return cmd
}

// bridgeHTTP serves until the context ends or the guest is gone for good.
func (a *app) bridgeHTTP(cmd *cobra.Command, h *httpBridge) error {
	if err := h.complete(); err != nil {
		return usage(err)
	}
	l, err := h.open()
	if err != nil {
		return err
	}
	defer l.Close()
	h.Log = a.logger(&h.bridged)
	g, stop, err := a.open(cmd, &h.bridged, h.Log)
	if err != nil {
		return err
	}
	defer stop()
	h.Guest = g
	bridge := streamable.New(h.Config)
	defer bridge.Close()
	server := streamable.NewHTTPServer(bridge)
	fmt.Fprintln(a.out, h.url(l.Addr()))
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-g.Gone():
		err = g.Err()
	case <-cmd.Context().Done():
	}
	h.end(server, bridge)
	return err
}

// end lets requests at work finish, for a while, and ends streams that would not.
func (h *httpBridge) end(server *http.Server, bridge *streamable.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), h.grace)
	defer cancel()
	bridge.Drain()
	if server.Shutdown(ctx) == nil {
		return
	}
	bridge.Close()
	ctx, cancel = context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		_ = server.Close()
	}
}

// complete checks the flags and reads what they name.
func (h *httpBridge) complete() (err error) {
	if h.Token, err = readToken(h.tokenFile); err != nil {
		return err
	}
	if (h.cert == "") != (h.key == "") {
		return errors.New("--tls-cert and --tls-key go together")
	}
	for _, o := range h.Origins {
		if err := streamable.CheckOrigin(o); err != nil {
			return err
		}
	}
	h.Exposed, err = streamable.CheckListen(h.listen, h.cert != "", h.Token != "")
	return err
}

// open listens.
func (h *httpBridge) open() (net.Listener, error) {
	var config *tls.Config
	if h.cert != "" {
		pair, err := tls.LoadX509KeyPair(h.cert, h.key)
		if err != nil {
			return nil, fmt.Errorf("TLS: %w", err)
		}
		config = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	}
	l, err := net.Listen("tcp", h.listen)
	if err != nil {
		return nil, err
	}
	l = streamable.Limit(l, maxClients)
	if config != nil {
		l = tls.NewListener(l, config)
	}
	return l, nil
}

// maxClients bounds the connections of clients: each costs memory before its first byte.
const maxClients = 1024

// url returns the endpoint's address.
func (h *httpBridge) url(at net.Addr) string {
	scheme := "http"
	if h.cert != "" {
		scheme = "https"
	}
	return scheme + "://" + at.String() + streamable.Path
}
