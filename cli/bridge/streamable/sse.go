package streamable

import (
	"bytes"
	"net/http"
	"time"
)

// An sse writes Server-Sent Events (WHATWG HTML "Server-sent events"). Each event goes
// out at once.
type sse struct {
	w       http.ResponseWriter
	rc      *http.ResponseController
	timeout time.Duration // for the client to take one event
	buf     []byte
}

// startSSE sends the head of a stream.
func startSSE(w http.ResponseWriter, timeout time.Duration) *sse {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache, no-transform")
	h.Set("X-Accel-Buffering", "no") // MCP 2026-07-28 transports/streamable-http "Receiving Messages"
	s := &sse{w: w, rc: http.NewResponseController(w), timeout: timeout}
	_ = s.rc.SetWriteDeadline(time.Now().Add(timeout))
	w.WriteHeader(http.StatusOK)
	_ = s.rc.Flush()
	return s
}

// event sends one message. id may be "". A carriage return, which may stand between
// JSON's tokens, would end the line for SSE and becomes a space.
func (s *sse) event(id string, message []byte) error {
	message = bytes.TrimSpace(message)
	s.buf = s.buf[:0]
	if id != "" {
		s.buf = append(append(append(s.buf, "id: "...), id...), '\n')
	}
	s.buf = append(s.buf, "data: "...)
	at := len(s.buf)
	s.buf = append(s.buf, message...)
	for i, x := range s.buf[at:] {
		if x == '\r' || x == '\n' {
			s.buf[at+i] = ' '
		}
	}
	s.buf = append(s.buf, "\n\n"...)
	return s.send()
}

// prime sends an event without a message, and how long a client that loses the stream
// should wait (MCP 2025-11-25 basic/transports "Sending Messages to the Server").
func (s *sse) prime(id string) error {
	s.buf = append(s.buf[:0], "id: "...)
	s.buf = append(append(s.buf, id...), "\nretry: 1000\ndata: \n\n"...)
	return s.send()
}

// comment keeps the stream alive: middlemen close those that are silent.
func (s *sse) comment() error {
	s.buf = append(s.buf[:0], ": alive\n\n"...)
	return s.send()
}

func (s *sse) send() error {
	if err := s.rc.SetWriteDeadline(time.Now().Add(s.timeout)); err != nil {
		return err
	}
	if _, err := s.w.Write(s.buf); err != nil {
		return err
	}
	return s.rc.Flush()
}
