package streamable

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/unikernel-ai/unikernel-ai/cli/bridge/rpc"
)

const legacy = "2025-11-25"

// echo answers each request with its own line.
func echo(l *life, m rpc.Message, line string) {
	if m.Kind == rpc.Request {
		l.says(`{"jsonrpc":"2.0","id":%s,"result":{"line":%q}}`, m.ID, line)
	}
}

func TestSessionLifeCycle(t *testing.T) {
	w := serve(t, Config{}, ordinary(legacy, echo))
	h := w.begin(legacy)
	body := "{\n \"id\" : \"x\\u0041\",\r\n \"method\":\"m\", \"params\":{\"a\":1.50}}\n"
	r := w.do("POST", body, h...).want(t, 200, `"id":"x\u0041"`)
	if want := `{  \"id\" : \"x\\u0041\",   \"method\":\"m\", \"params\":{\"a\":1.50}}`; !strings.Contains(r.body, want) {
		t.Errorf("the guest got %s, want %s", r.body, want)
	}
	if r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("a response alone comes as %s", r.Header.Get("Content-Type"))
	}
	other := w.begin(legacy)
	if other[1] == h[1] {
		t.Error("two sessions with one id")
	}
	w.do("DELETE", "", h...).want(t, 204, "")
	w.do("POST", `{"id":1,"method":"m"}`, h...).want(t, 404, "no such session")
	w.do("GET", "", h...).want(t, 404, "no such session")
	w.do("DELETE", "", h...).want(t, 404, "no such session")
	w.do("POST", `{"id":1,"method":"m"}`, other...).want(t, 200, "line")
	w.do("POST", `{"id":1,"method":"m"}`).want(t, 400, headerSession)
	w.do("POST", `{"id":1,"method":"m"}`, headerSession, "guessed").want(t, 404, "no such session")
}

func TestRefusedInitializeLeavesNoSession(t *testing.T) {
	w := serve(t, Config{}, func(l *life) {
		l.serve(func(m rpc.Message, _ string) {
			l.says(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32602,"message":"no"}}`, m.ID)
		})
	})
	r := w.do("POST", `{"id":0,"method":"initialize"}`).want(t, 200, "-32602")
	if id := r.Header.Get(headerSession); id != "" {
		t.Errorf("session %s of a refused initialize", id)
	}
	waitFor(t, func() bool { return len(w.sessions()) == 0 })
}

func (w *web) sessions() []string {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	var all []string
	for id := range w.s.sessions {
		all = append(all, id)
	}
	return all
}

// waitFor waits until a condition holds that another goroutine is about to bring about.
func waitFor(t *testing.T, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not happen")
		}
	}
}

// Messages before the response make the answer a stream, whose first event has no message
// from 2025-11-25 on and no ids before.
func TestStreamOfAPost(t *testing.T) {
	for _, revision := range []string{"2025-03-26", "2025-06-18", "2025-11-25"} {
		t.Run(revision, func(t *testing.T) {
			w := serve(t, Config{}, ordinary(revision, func(l *life, m rpc.Message, _ string) {
				l.says(`{"method":"notifications/message","params":{"n":1}}`)
				l.says(`{"method":"notifications/message","params":{"n":2}}`)
				l.says(`{"id":%s,"result":{}}`, m.ID)
			}))
			h := w.begin(revision)
			r := w.open("POST", `{"id":1,"method":"m"}`, h...)
			e := read(t, r)
			if revision == legacy {
				if id := e.want(""); id != "2-0" {
					t.Errorf("the first event has id %q, want 2-0", id)
				}
			}
			e.want(`{"method":"notifications/message","params":{"n":1}}`)
			e.want(`{"method":"notifications/message","params":{"n":2}}`)
			if id := e.want(`{"id":1,"result":{}}`); (id != "") != (revision == legacy) {
				t.Errorf("the last event has id %q", id)
			}
			e.end()
			if r.Header.Get("X-Accel-Buffering") != "no" || !strings.Contains(r.Header.Get("Cache-Control"), "no-cache") {
				t.Errorf("headers %v", r.Header)
			}
		})
	}
}

// A slow answer is a stream from early on, so that its client can take it up again.
func TestSlowAnswerIsAStream(t *testing.T) {
	release := make(chan struct{})
	w := serve(t, Config{StreamAfter: time.Millisecond}, ordinary(legacy, func(l *life, m rpc.Message, _ string) {
		<-release
		l.says(`{"id":%s,"result":{}}`, m.ID)
	}))
	h := w.begin(legacy)
	e := read(t, w.open("POST", `{"id":1,"method":"m"}`, h...))
	e.want("")
	close(release)
	e.want(`{"id":1,"result":{}}`)
	e.end()
}

// Several requests at work at once get their own answers and progress, whatever the order.
func TestRequestsAreToldApart(t *testing.T) {
	var mu sync.Mutex
	waiting := map[string]string{} // id -> token
	w := serve(t, Config{}, ordinary(legacy, func(l *life, m rpc.Message, _ string) {
		mu.Lock()
		defer mu.Unlock()
		waiting[string(m.ID)] = string(rpc.ParseParams(m.Params).Token)
		if len(waiting) < 3 {
			return
		}
		for _, id := range []string{"3", "1", `"2"`} {
			l.says(`{"method":"notifications/progress","params":{"progressToken":%s,"of":%s}}`, waiting[id], id)
		}
		for _, id := range []string{`"2"`, "3", "1"} {
			l.says(`{"id":%s,"result":{}}`, id)
		}
	}))
	h := w.begin(legacy)
	var over sync.WaitGroup
	for _, id := range []string{"1", `"2"`, "3"} {
		over.Go(func() {
			token := `"token ` + strings.Trim(id, `"`) + `"`
			e := read(t, w.open("POST", `{"id":`+id+`,"method":"m","params":{"_meta":{"progressToken":`+token+`}}}`, h...))
			e.want("")
			e.want(fmt.Sprintf(`{"method":"notifications/progress","params":{"progressToken":%s,"of":%s}}`, token, id))
			e.want(`{"id":` + id + `,"result":{}}`)
			e.end()
		})
	}
	over.Wait()
}

// The guest asks the client something while it works on a request: the question comes on
// the request's stream, the answer by a POST.
func TestGuestAsksTheClient(t *testing.T) {
	w := serve(t, Config{}, ordinary(legacy, func(l *life, m rpc.Message, line string) {
		switch {
		case m.Method == "tools/call":
			l.says(`{"id":0,"method":"elicitation/create","params":{}}`)
		case m.Kind == rpc.Response:
			l.says(`{"id":7,"result":{"heard":%q}}`, line)
		}
	}))
	h := w.begin(legacy)
	e := read(t, w.open("POST", `{"id":7,"method":"tools/call"}`, h...))
	e.want("")
	e.want(`{"id":0,"method":"elicitation/create","params":{}}`)
	w.do("POST", `{"id":0,"result":{"action":"accept"}}`, h...).want(t, 202, "")
	e.want(`{"id":7,"result":{"heard":"{\"id\":0,\"result\":{\"action\":\"accept\"}}"}}`)
	e.end()
}

// What belongs to no request goes to the GET stream, or waits for it; no message comes
// twice.
func TestGetStream(t *testing.T) {
	w := serve(t, Config{}, ordinary(legacy, func(l *life, m rpc.Message, _ string) {
		switch m.Method {
		case "notifications/poke":
			l.says(`{"method":"notifications/tools/list_changed"}`)
		}
	}))
	h := w.begin(legacy)
	poke := func() { w.do("POST", `{"method":"notifications/poke"}`, h...).want(t, 202, "") }
	poke()
	first := read(t, w.open("GET", "", h...))
	if id := first.want(`{"method":"notifications/tools/list_changed"}`); id != "0-1" {
		t.Errorf("event id %q, want 0-1", id)
	}
	poke()
	first.want(`{"method":"notifications/tools/list_changed"}`)
	second := read(t, w.open("GET", "", h...)) // the client believes the first one dead
	first.end()
	poke()
	if id := second.want(`{"method":"notifications/tools/list_changed"}`); id != "0-3" {
		t.Errorf("event id %q, want 0-3", id)
	}
	third := read(t, w.open("GET", "", append(h, "Last-Event-ID", "0-1")...))
	if id := third.want(`{"method":"notifications/tools/list_changed"}`); id != "0-2" {
		t.Errorf("after 0-1 comes %q", id)
	}
	third.want(`{"method":"notifications/tools/list_changed"}`)
	w.do("DELETE", "", h...).want(t, 204, "")
	third.end()
}

// A client that loses a POST's stream takes it up again, and has missed nothing.
func TestStreamIsTakenUpAgain(t *testing.T) {
	release := make(chan struct{})
	w := serve(t, Config{}, ordinary(legacy, func(l *life, m rpc.Message, _ string) {
		l.says(`{"method":"notifications/message","params":{"n":1}}`)
		go func() {
			<-release
			l.says(`{"method":"notifications/message","params":{"n":2}}`)
			l.says(`{"id":%s,"result":{}}`, m.ID)
		}()
	}))
	h := w.begin(legacy)
	r := w.open("POST", `{"id":1,"method":"m"}`, h...)
	e := read(t, r)
	e.want("")
	id := e.want(`{"method":"notifications/message","params":{"n":1}}`)
	r.Body.Close()
	close(release)
	e = read(t, w.open("GET", "", append(h, "Last-Event-ID", id)...))
	e.want(`{"method":"notifications/message","params":{"n":2}}`)
	e.want(`{"id":1,"result":{}}`)
	e.end()
	w.do("GET", "", append(h, "Last-Event-ID", "99-1")...).want(t, 400, "over")
}

func TestBatches(t *testing.T) {
	const batch = `[{"id":1,"method":"a"},{"method":"n"},{"id":2,"method":"b"}]`
	play := func(l *life, m rpc.Message, line string) {
		switch {
		case m.Kind == rpc.Batch && strings.Contains(line, `"id"`):
			l.says(`[{"id":2,"result":{}},{"id":1,"result":{}}]`)
		case m.Kind == rpc.Request:
			l.says(`{"id":%s,"result":{}}`, m.ID)
		}
	}
	w := serve(t, Config{}, ordinary("2025-03-26", play))
	h := w.begin("2025-03-26")
	w.do("POST", batch, h...).want(t, 200, `[{"id":2,"result":{}},{"id":1,"result":{}}]`)
	w.do("POST", `[{"method":"n"}]`, h...).want(t, 202, "")
	w.do("POST", `{"id":3,"method":"m"}`, h...).want(t, 200, `"id":3`)

	w = serve(t, Config{}, ordinary(legacy, play))
	w.do("POST", batch, w.begin(legacy)...).want(t, 400, "-32600")
}

// An array that a guest answers message by message is still one answer for a client that
// takes JSON only.
func TestBatchAnsweredOneByOne(t *testing.T) {
	w := serve(t, Config{}, ordinary("2025-03-26", func(l *life, m rpc.Message, _ string) {
		l.says(`{"id":1,"result":{}}`)
		l.says(`{"id":2,"result":{}}`)
	}))
	h := w.begin("2025-03-26")
	w.do("POST", `[{"id":1,"method":"a"},{"id":2,"method":"b"}]`, append(h, "Accept", "application/json")...).
		want(t, 200, `[{"id":1,"result":{}},{"id":2,"result":{}}]`)
}

// An error without an id can only mean the request at work; of several, the longest.
func TestErrorWithoutID(t *testing.T) {
	t.Run("null", func(t *testing.T) { testErrorWithoutID(t, `"id":null,`) })
	t.Run("absent", func(t *testing.T) { testErrorWithoutID(t, "") })
}

func testErrorWithoutID(t *testing.T, null string) {
	w := serve(t, Config{}, ordinary(legacy, func(l *life, m rpc.Message, line string) {
		if len(line) > 1000 {
			l.says(`{"jsonrpc":"2.0",%s"error":{"code":-32600,"message":"too long"}}`, null)
			l.says(`{"id":1,"result":{}}`)
		}
	}))
	h := w.begin(legacy)
	small := make(chan reply, 1)
	go func() { small <- w.do("POST", `{"id":1,"method":"m"}`, h...) }()
	waitFor(t, func() bool {
		w.s.mu.Lock()
		x := w.s.sessions[h[1]]
		w.s.mu.Unlock()
		x.mu.Lock()
		defer x.mu.Unlock()
		return len(x.due) == 1
	})
	w.do("POST", `{"id":2,"method":"m","params":{"x":"`+strings.Repeat("x", 1000)+`"}}`, h...).want(t, 200, "too long")
	(<-small).want(t, 200, `{"id":1,"result":{}}`)
}

func TestCancelledPostEnds(t *testing.T) {
	got := make(chan string, 1)
	w := serve(t, Config{}, ordinary(legacy, func(l *life, m rpc.Message, line string) {
		if m.Method == "notifications/cancelled" {
			got <- line
		}
	}))
	h := w.begin(legacy)
	done := make(chan reply, 1)
	go func() { done <- w.do("POST", `{"id":1,"method":"slow"}`, h...) }()
	waitFor(t, func() bool { return w.guest.dials() == 1 && w.due(h[1]) == 1 })
	w.do("POST", `{"method":"notifications/cancelled","params":{"requestId":1}}`, h...).want(t, 202, "")
	if line := <-got; !strings.Contains(line, `"requestId":1`) {
		t.Errorf("the guest got %s", line)
	}
	if r := <-done; r.StatusCode != 200 || strings.Contains(r.body, "id\":1") {
		t.Errorf("the cancelled POST got %d %q", r.StatusCode, r.body)
	}
}

// due returns how many requests of a session are not answered.
func (w *web) due(id string) int {
	w.s.mu.Lock()
	x := w.s.sessions[id]
	w.s.mu.Unlock()
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.due)
}

func TestSameIDTwiceAtWork(t *testing.T) {
	w := serve(t, Config{}, ordinary(legacy, func(*life, rpc.Message, string) {}))
	h := w.begin(legacy)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { _, _ = http.DefaultClient.Do(w.request(ctx, "POST", `{"id":"a","method":"m"}`, h...)) }()
	waitFor(t, func() bool { return w.due(h[1]) == 1 })
	w.do("POST", `{"id":"\u0061","method":"m"}`, h...).want(t, 400, "id is at work")
}

func TestLegacySurvivesTheGuest(t *testing.T) {
	w := serve(t, Config{}, ordinary(legacy, func(l *life, m rpc.Message, line string) {
		switch m.Method {
		case "die":
			l.c.Close()
		case "stream":
			l.says(`{"method":"notifications/message"}`)
		default:
			echo(l, m, line)
		}
	}))
	h := w.begin(legacy)
	get := read(t, w.open("GET", "", h...))
	e := read(t, w.open("POST", `{"id":"s","method":"stream"}`, h...))
	e.want("")
	e.want(`{"method":"notifications/message"}`)
	w.do("POST", `{"id":1,"method":"die"}`, h...).want(t, 502, `"id":1,"error":{"code":-31001`)
	if _, data, _ := e.next(); !strings.Contains(data, `"id":"s","error":{"code":-31001`) || !strings.Contains(data, "exit code 3") {
		t.Errorf("the open stream got %s", data)
	}
	e.end()
	get.end()
	w.do("POST", `{"id":2,"method":"m"}`, h...).want(t, 404, "no such session")
	w.do("POST", `{"id":2,"method":"m"}`, w.begin(legacy)...).want(t, 200, "line")
}
