package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"time"
)

// chunk is how much is read or written at once.
const chunk = 64 << 10

// serveRaw serves the raw port until the listener fails.
func serveRaw(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			if err := raw(c); err != nil && err != io.EOF {
				fmt.Println("bench: raw port:", err)
			}
		}()
	}
}

// raw does what one client asks, line by line.
func raw(c net.Conn) error {
	r := bufio.NewReaderSize(c, chunk)
	buf := make([]byte, chunk)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return err
		}
		var verb string
		var n int64
		if _, err := fmt.Sscanf(line, "%s %d\n", &verb, &n); err != nil {
			return fmt.Errorf("%q: %w", line, err)
		}
		switch verb {
		case "SINK":
			err = sink(r, buf, n)
		case "SOURCE":
			if err := source(c, buf, n); err != nil {
				return err
			}
			continue
		case "SLEEP":
			time.Sleep(time.Duration(n) * time.Millisecond)
		default:
			err = fmt.Errorf("unknown verb %q", verb)
		}
		if err == nil {
			_, err = io.WriteString(c, "OK\n")
		}
		if err != nil {
			return err
		}
	}
}

func sink(r io.Reader, buf []byte, n int64) error {
	for n > 0 {
		k, err := r.Read(buf[:min(n, chunk)])
		if err != nil {
			return err
		}
		n -= int64(k)
	}
	return nil
}

func source(w io.Writer, buf []byte, n int64) error {
	for n > 0 {
		k, err := w.Write(buf[:min(n, chunk)])
		if err != nil {
			return err
		}
		n -= int64(k)
	}
	return nil
}
