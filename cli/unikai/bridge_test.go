package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestBridgeRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := write("good", "0123456789abcdef\n", 0o600)
	tests := []struct {
		name string
		args []string
		err  string
		code int
	}{
		{"no guest", []string{"stdio"}, "no guest named", exitUsage},
		{"two guests", []string{"stdio", "--image", "x", "--addr", "unix:/x:1"}, "two guests", exitUsage},
		{"no image", []string{"http", "--listen", "127.0.0.1:0", "--image", "/nonexistent"}, "no such file", exitFailed},
		{"arguments", []string{"http", "x"}, "arguments", exitUsage},
		{"exposed", []string{"http", "--addr", "unix:/x:1", "--listen", "0.0.0.0:0"}, "needs TLS and a token", exitUsage},
		{"exposed without token", []string{"http", "--addr", "unix:/x:1", "--listen", ":0", "--tls-cert", "x", "--tls-key", "y"}, "needs TLS and a token", exitUsage},
		{"half of TLS", []string{"http", "--addr", "unix:/x:1", "--tls-cert", "x"}, "go together", exitUsage},
		{"no certificate", []string{"http", "--addr", "unix:/x:1", "--listen", "127.0.0.1:0", "--tls-cert", "/x", "--tls-key", "/y"}, "TLS", exitFailed},
		{"no address", []string{"http", "--addr", "unix:/x:1", "--listen", "80"}, "HOST:PORT", exitUsage},
		{"no origin", []string{"http", "--addr", "unix:/x:1", "--allow-origin", "*"}, "want SCHEME", exitUsage},
		{"no token file", []string{"http", "--addr", "unix:/x:1", "--token-file", "/nonexistent"}, "no such file", exitUsage},
		{"open token file", []string{"http", "--addr", "unix:/x:1", "--token-file", write("open", "0123456789abcdef", 0o644)}, "read by others", exitUsage},
		{"empty token file", []string{"http", "--addr", "unix:/x:1", "--token-file", write("empty", "\n", 0o600)}, "empty", exitUsage},
		{"short token", []string{"http", "--addr", "unix:/x:1", "--token-file", write("short", "abc", 0o600)}, "want 16 or more", exitUsage},
		{"nobody there", []string{"http", "--addr", "unix:/x:1", "--token-file", good, "--listen", "256.0.0.1:0"}, "TLS and a token", exitUsage},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := runApp(t.Context(), t, nil, "", append([]string{"bridge"}, tt.args...)...)
			if got.code != tt.code || !strings.Contains(got.err, tt.err) || got.out != "" && tt.name != "no image" {
				t.Errorf("code %d, output %q, errors %q; want %d, %q", got.code, got.out, got.err, tt.code, tt.err)
			}
		})
	}
}

func TestBridgeStdioWithoutImage(t *testing.T) {
	got := runApp(t.Context(), t, nil, initBody+"\n", "bridge", "stdio", "--image", "/nonexistent")
	if got.code != exitFailed || !strings.Contains(got.err, "no such file") || got.out != "" && !strings.Contains(got.out, `"id":1,"error":{"code":-31002`) {
		t.Errorf("code %d, output %q, errors %q", got.code, got.out, got.err)
	}
}

func TestBridgeStdio(t *testing.T) {
	in := `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}
{"jsonrpc":"2.0","method":"notifications/initialized"}
{"jsonrpc":"2.0","id":"two","method":"tools/call","params":{"name":"echo","arguments":{"text":"hello"}}}
`
	got := runApp(t.Context(), t, newFakeGuest(), in, "bridge", "stdio")
	lines := strings.Split(strings.TrimSpace(got.out), "\n")
	if got.code != 0 || len(lines) != 2 || !strings.Contains(lines[0], `"id":1`) || !strings.Contains(lines[1], `"id":"two"`) || !strings.Contains(lines[1], "hello") {
		t.Errorf("code %d, output %q, errors %q", got.code, got.out, got.err)
	}
}

// certificate writes a self-signed certificate for 127.0.0.1.
func certificate(t *testing.T) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for path, b := range map[string][]byte{cert: certPEM, key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})} {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM(certPEM)
	return cert, key, pool
}

// A httpRun is bridge http at work.
type httpRun struct {
	url  string
	errs bytes.Buffer
	done chan int
	stop context.CancelFunc
}

func startHTTP(t *testing.T, f *fakeGuest, args ...string) *httpRun {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &httpRun{done: make(chan int, 1), stop: cancel}
	out, w := io.Pipe()
	a := &app{in: strings.NewReader(""), out: w, err: &syncWriter{w: &r.errs}, addr: "unix:/fake:1024", dial: f.dial}
	go func() {
		r.done <- a.run(ctx, append([]string{"bridge", "http", "--listen", "127.0.0.1:0"}, args...))
		w.Close()
	}()
	line := make([]byte, 200)
	n, err := out.Read(line)
	if err != nil {
		t.Fatalf("no address: %v, %s", err, r.errs.String())
	}
	r.url = strings.TrimSpace(string(line[:n]))
	t.Cleanup(func() {
		cancel()
		if code := <-r.done; code != 0 {
			t.Errorf("exit code %d, %s", code, r.errs.String())
		}
	})
	return r
}

const initBody = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`

func TestBridgeHTTPWithTLSAndToken(t *testing.T) {
	cert, key, pool := certificate(t)
	t.Setenv("UNIKAI_TOKEN", "0123456789abcdef")
	r := startHTTP(t, newFakeGuest(), "--tls-cert", cert, "--tls-key", key)
	if !strings.HasPrefix(r.url, "https://127.0.0.1:") || !strings.HasSuffix(r.url, "/mcp") {
		t.Fatalf("address %q", r.url)
	}
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: protocol == "HTTP/2.0"}}
		for token, status := range map[string]int{"0123456789abcdef": 200, "wrong": 401} {
			q, _ := http.NewRequestWithContext(t.Context(), "POST", r.url, strings.NewReader(initBody))
			q.Header.Set("Content-Type", "application/json")
			q.Header.Set("Authorization", "Bearer "+token)
			resp, err := client.Do(q)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if resp.StatusCode != status || resp.Proto != protocol {
				t.Errorf("%s with token %q: %s %d %s, want %d", protocol, token, resp.Proto, resp.StatusCode, body, status)
			}
		}
		client.CloseIdleConnections()
	}
}

// An interrupt ends a bridge whose clients hold streams open.
func TestBridgeHTTPEndsWithOpenStreams(t *testing.T) {
	r := startHTTP(t, newFakeGuest(), "--grace", "100ms")
	post := func(body, session string) *http.Response {
		q, _ := http.NewRequestWithContext(t.Context(), "POST", r.url, strings.NewReader(body))
		q.Header.Set("Content-Type", "application/json")
		if session != "" {
			q.Header.Set("Mcp-Session-Id", session)
		}
		resp, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Error(err)
			return nil
		}
		return resp
	}
	session := post(initBody, "").Header.Get("Mcp-Session-Id")
	post(`{"jsonrpc":"2.0","method":"notifications/initialized"}`, session)
	q, _ := http.NewRequestWithContext(t.Context(), "GET", r.url, nil)
	q.Header.Set("Accept", "text/event-stream")
	q.Header.Set("Mcp-Session-Id", session)
	get, err := http.DefaultClient.Do(q)
	if err != nil || get.StatusCode != 200 {
		t.Fatalf("GET: %v, %v", get, err)
	}
	called := make(chan string, 1)
	go func() {
		resp := post(`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"wait","arguments":{}}}`, session)
		body, _ := io.ReadAll(resp.Body)
		called <- string(body)
	}()
	time.Sleep(50 * time.Millisecond) // the call may be at work by now, or not: both must end
	r.stop()
	if rest, err := io.ReadAll(get.Body); err != nil || strings.Contains(string(rest), "data") {
		t.Errorf("the GET stream ended with %q, %v", rest, err)
	}
	if body := <-called; !strings.Contains(body, `"id":2,"error"`) {
		t.Errorf("the call at work got %q", body)
	}
}
