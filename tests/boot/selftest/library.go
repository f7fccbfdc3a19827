package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
)

func jsonRoundTrip() error {
	b, err := json.Marshal(map[string]any{"a": 1.5, "b": []string{"x", "y"}, "c": map[string]int{"z": 3}})
	if err != nil {
		return err
	}
	if want := `{"a":1.5,"b":["x","y"],"c":{"z":3}}`; string(b) != want {
		return fmt.Errorf("%s, want %s", b, want)
	}
	var v map[string]any
	return json.Unmarshal(b, &v)
}

// compress takes random bytes, which must not be equal, there and back.
func compress() error {
	b := make([]byte, 1<<20)
	rand.Read(b[:1<<18])
	rand.Read(b[1<<18 : 1<<19])
	if bytes.Equal(b[:1<<18], b[1<<18:1<<19]) {
		return errors.New("random bytes repeat")
	}
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	w.Write(b)
	w.Close()
	r, err := gzip.NewReader(&z)
	if err != nil {
		return err
	}
	c, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if sha256.Sum256(b) != sha256.Sum256(c) {
		return errors.New("other bytes came back")
	}
	return nil
}

// oneConn is a listener with a single connection.
type oneConn struct{ c chan net.Conn }

func (l oneConn) Accept() (net.Conn, error) {
	if c, ok := <-l.c; ok {
		return c, nil
	}
	return nil, io.EOF
}
func (l oneConn) Close() error   { return nil }
func (l oneConn) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func httpPipe() error {
	c, s := net.Pipe()
	l := oneConn{make(chan net.Conn, 1)}
	l.c <- s
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "you asked for %s", r.URL.Path)
	}))
	dial := func(context.Context, string, string) (net.Conn, error) { return c, nil }
	r, err := (&http.Client{Transport: &http.Transport{DialContext: dial}}).Get("http://kernel/hello")
	if err != nil {
		return err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if string(b) != "you asked for /hello" {
		return fmt.Errorf("got %q", b)
	}
	return nil
}

func noSockets() error {
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		return fmt.Errorf("listening on %v", l.Addr())
	}
	return nil
}

func noFiles() error {
	if _, err := os.ReadFile("/etc/passwd"); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("reading a file: %v, want %v", err, os.ErrNotExist)
	}
	return nil
}
