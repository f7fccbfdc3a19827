package dial

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/mdlayher/vsock"
)

const (
	// answerLimit is how long a guest may take to answer a CONNECT.
	answerLimit = 10 * time.Second
	// maxAnswer is the longest answer to a CONNECT in bytes; the daemon's is
	// "OK 4294967295\n".
	maxAnswer = 64
)

// Dial connects to the port of the guest that a names.
//
// The error tells apart: nothing behind the address (no such socket, nobody
// owns it), a guest that refuses the port, and a guest that does not answer
// within 10 s or before ctx ends.
func (a Addr) Dial(ctx context.Context) (net.Conn, error) {
	if a.Network == VSock {
		c, err := vsock.DialContext(ctx, a.CID, a.Port, nil)
		if err != nil {
			return nil, fmt.Errorf("dial: %v: %w", a, err)
		}
		return c, nil
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", a.Path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("dial: %v: there is no such socket; does the guest run? (%w)", a, err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return nil, fmt.Errorf("dial: %v: nobody owns this socket any more; does the guest run? (%w)", a, err)
	case err != nil:
		return nil, fmt.Errorf("dial: %v: %w", a, err)
	}
	if err := Connect(ctx, c, a.Port); err != nil {
		return nil, fmt.Errorf("dial: %v: %w", a, err)
	}
	return c, nil
}

// Connect does the CONNECT handshake for a guest's port on c, a fresh
// connection to the owner of a guest's Unix socket.
//
// It takes c over when it fails: c is closed, at once or, when ctx ended
// first, as soon as the guest has answered (at most 10 s later).
func Connect(ctx context.Context, c net.Conn, port uint32) error {
	done := make(chan error, 1)
	go func() { done <- handshake(c, port) }()
	select {
	case err := <-done:
		if err != nil {
			c.Close()
		}
		return err
	case <-ctx.Done():
		go func() { // see the package comment: leaving now would end the daemon
			<-done
			c.Close()
		}()
		return fmt.Errorf("no answer to CONNECT %d: %w", port, context.Cause(ctx))
	}
}

// handshake sends the CONNECT line and reads the answer.
func handshake(c net.Conn, port uint32) error {
	if err := c.SetDeadline(time.Now().Add(answerLimit)); err != nil {
		return err
	}
	if _, err := c.Write([]byte("CONNECT " + strconv.FormatUint(uint64(port), 10) + "\n")); err != nil {
		return fmt.Errorf("send CONNECT %d: %w", port, err)
	}
	line, err := readAnswer(c)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return fmt.Errorf("the guest refuses port %d: nothing listens there, or it has all the connections it takes (%w)", port, syscall.ECONNREFUSED)
	case err != nil:
		return fmt.Errorf("no answer to CONNECT %d: %w", port, err)
	case !isOK(line):
		return fmt.Errorf("CONNECT %d was answered with %q, want OK and a number", port, line)
	}
	return c.SetDeadline(time.Time{})
}

// readAnswer reads up to and without the first newline, and nothing after it.
// It returns io.EOF when the connection ends before.
func readAnswer(r io.Reader) (string, error) {
	var line []byte
	for b := make([]byte, 1); len(line) < maxAnswer; {
		if _, err := io.ReadFull(r, b); err != nil {
			return "", err
		}
		if b[0] == '\n' {
			return string(line), nil
		}
		line = append(line, b[0])
	}
	return "", fmt.Errorf("answer is longer than %d bytes: %q", maxAnswer, line)
}

// isOK reports whether line is "OK " and a port.
func isOK(line string) bool {
	number, ok := strings.CutPrefix(line, "OK ")
	if !ok {
		return false
	}
	_, err := strconv.ParseUint(number, 10, 32)
	return err == nil
}
