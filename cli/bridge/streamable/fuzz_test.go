package streamable

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/unikernel-ai/unikernel-ai/cli/bridge/rpc"
)

// Whatever a client posts, it gets an answer, the guest gets one line of JSON or nothing,
// and the next client is served.
func FuzzPost(f *testing.F) {
	for _, body := range []string{
		modernBody("1", "tools/call", `"name":"t","arguments":{"a":[1]},`), `{"id":1,"method":"initialize"}`, `[{"id":1,"method":"m"}]`,
		`{"method":"notifications/cancelled","params":{"requestId":1}}`, "{\n\"id\":\"\\u0041\"\r}", `{"error":{}}`, "\xff", `{"id":1,"id":2}`,
	} {
		f.Add(body, modern, "tools/call", "t", "")
		f.Add(body, legacy, "", "", "x")
	}
	lines := make(chan string, 1000)
	guest := &fakeGuest{play: func(l *life) {
		l.serve(func(m rpc.Message, line string) {
			lines <- line
			if m.Kind == rpc.Request {
				l.says(`{"id":%s,"result":{}}`, m.ID)
			} else if m.Kind == rpc.Batch {
				l.says(`{"error":{"code":-32600}}`)
			}
		})
	}}
	s := New(Config{Guest: guest, Log: func(string, ...any) {}, KeepAlive: 50 * time.Millisecond, MaxSessions: 1 << 20})
	f.Cleanup(s.Close)
	f.Fuzz(func(t *testing.T, body, version, method, name, session string) {
		r := httptest.NewRequest("POST", "http://localhost"+Path, strings.NewReader(body))
		for k, v := range map[string]string{headerVersion: version, headerMethod: method, headerName: name, headerSession: session} {
			if v != "" {
				r.Header.Set(k, v)
			}
		}
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code < 200 || w.Code > 503 {
			t.Fatalf("status %d", w.Code)
		}
		if id := w.Header().Get(headerSession); id != "" {
			r := httptest.NewRequest("DELETE", "http://localhost"+Path, nil)
			r.Header.Set(headerSession, id)
			w := httptest.NewRecorder()
			if s.ServeHTTP(w, r); w.Code != http.StatusNoContent {
				t.Fatalf("DELETE: %d", w.Code)
			}
		}
		for len(lines) > 0 {
			line := <-lines
			if !json.Valid([]byte(line)) || strings.ContainsAny(line, "\r\n") {
				t.Fatalf("the guest got %q", line)
			}
		}
	})
}
