package mcp

import (
	"bytes"
	"context"
	"log/slog"
	"math"
	"sync"
)

// MCP server/utilities/logging "Log Levels": the eight of RFC 5424. The levels
// that slog does not name lie between and above its own.
const (
	LevelNotice    slog.Level = 2
	LevelCritical  slog.Level = 12
	LevelAlert     slog.Level = 16
	LevelEmergency slog.Level = 20

	// levelOff is above all: a client gets no messages before it asks for them.
	levelOff = math.MaxInt32
)

var levels = [...]struct {
	name  string
	level slog.Level
}{
	{"debug", slog.LevelDebug}, {"info", slog.LevelInfo}, {"notice", LevelNotice},
	{"warning", slog.LevelWarn}, {"error", slog.LevelError}, {"critical", LevelCritical},
	{"alert", LevelAlert}, {"emergency", LevelEmergency},
}

// levelName returns the name of the highest MCP level that is not above l.
func levelName(l slog.Level) string {
	name := levels[0].name
	for _, e := range levels {
		if e.level <= l {
			name = e.name
		}
	}
	return name
}

// setLevel answers logging/setLevel.
func (s *session) setLevel(r *request, dst []byte) ([]byte, *Error) {
	level := memberOf(r.params, "level")
	l, e := parseLevel(level)
	if e != nil {
		return dst, e
	}
	s.logLevel.Store(int32(l))
	return append(dst, "{}"...), nil
}

// parseLevel returns the level that v, JSON, names.
func parseLevel(v []byte) (slog.Level, *Error) {
	if !isString(v) {
		return levelOff, Errorf(CodeInvalidParams, "a log level must be a string")
	}
	for _, e := range levels {
		if isNamed(v, e.name) {
			return e.level, nil
		}
	}
	return levelOff, Errorf(CodeInvalidParams, "unknown log level: %s", clip(unquote(v)))
}

// wantsLog reports whether the client asked for messages of that level.
func (s *session) wantsLog(l slog.Level) bool {
	return s.ready.Load() && int64(l) >= int64(s.logLevel.Load())
}

// appendLog appends a notifications/message line; data is JSON.
func appendLog(dst []byte, l slog.Level, logger string, data []byte) []byte {
	dst = append(dst, `{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"`...)
	dst = append(dst, levelName(l)...)
	dst = append(dst, '"')
	dst = appendMember(dst, "logger", logger)
	dst = append(dst, `,"data":`...)
	dst = append(dst, data...)
	return append(dst, "}}\n"...)
}

// logQueueSize is how many log messages wait for a client that reads slowly.
const logQueueSize = 64

// logQueue carries the server's log messages to one client. The one who logs
// never waits: what does not fit is lost.
type logQueue struct {
	mu    sync.Mutex
	lines [][]byte // guarded by mu
	busy  bool     // guarded by mu; a goroutine is sending
}

// post queues a line and sees to it that it is sent.
func (q *logQueue) post(line []byte, send func([]byte) error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.lines) >= logQueueSize {
		return
	}
	q.lines = append(q.lines, line)
	if q.busy {
		return
	}
	q.busy = true
	go func() {
		for {
			q.mu.Lock()
			if len(q.lines) == 0 {
				q.busy, q.lines = false, nil
				q.mu.Unlock()
				return
			}
			line := q.lines[0]
			q.lines = q.lines[1:]
			q.mu.Unlock()
			_ = send(line) // a broken connection ends by itself
		}
	}()
}

// LogHandler returns a slog.Handler that sends records to the clients that asked for
// their level with logging/setLevel. logger names the source. It
// never waits for a client; one that reads slowly loses messages.
//
// Since revision 2026-07-28 clients ask per request: a record logged with the context of
// a call goes to the client of that call, as if by Log, which may wait for that client.
func (s *Server) LogHandler(logger string) slog.Handler {
	b := &logBuffer{}
	opts := &slog.HandlerOptions{Level: slog.Level(math.MinInt), ReplaceAttr: dropLevel}
	return &logHandler{srv: s, logger: logger, buf: b, json: slog.NewJSONHandler(&b.Buffer, opts)}
}

// dropLevel leaves out the level: it has a member of its own in the notification.
func dropLevel(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.LevelKey {
		return slog.Attr{}
	}
	return a
}

// logBuffer is where records become JSON, one at a time.
type logBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

type logHandler struct {
	srv    *Server
	logger string
	buf    *logBuffer
	json   slog.Handler // writes to buf
}

// Enabled reports whether any client wants that level.
func (h *logHandler) Enabled(ctx context.Context, l slog.Level) bool {
	if c := callOf(ctx); c != nil && c.rev.stateless && c.wantsLog(l) {
		return true
	}
	for _, s := range h.srv.openSessions() {
		if s.wantsLog(l) {
			return true
		}
	}
	return false
}

// Handle sends the record to the clients that want it.
func (h *logHandler) Handle(ctx context.Context, r slog.Record) error {
	h.buf.mu.Lock()
	h.buf.Reset()
	err := h.json.Handle(ctx, r)
	doc := bytes.Clone(bytes.TrimSpace(h.buf.Bytes()))
	h.buf.mu.Unlock()
	if err != nil {
		return err
	}
	if c := callOf(ctx); c != nil && c.rev.stateless {
		_ = c.log(r.Level, h.logger, doc) // over or not, there is the rest to do
	}
	line := appendLog(nil, r.Level, h.logger, doc)
	for _, s := range h.srv.openSessions() {
		if s.wantsLog(r.Level) {
			s.logs.post(line, func(b []byte) error { return s.out.send(b, true) })
		}
	}
	return nil
}

func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	c.json = h.json.WithAttrs(attrs)
	return &c
}

func (h *logHandler) WithGroup(name string) slog.Handler {
	c := *h
	c.json = h.json.WithGroup(name)
	return &c
}
