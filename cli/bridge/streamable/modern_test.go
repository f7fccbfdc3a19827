package streamable

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/unikernel-ai/unikernel-ai/cli/bridge/rpc"
)

const modern = "2026-07-28"

// modernBody is a modern request; params has members, with a comma behind each.
func modernBody(id, method, params string) string {
	return `{"jsonrpc":"2.0","id":` + id + `,"method":"` + method + `","params":{` + params + `"_meta":{"io.modelcontextprotocol/protocolVersion":"` + modern + `"}}}`
}

func modernHeaders(method string, more ...string) []string {
	return append([]string{headerVersion, modern, headerMethod, method}, more...)
}

// stateless is a guest without sessions: it answers tools/list with tools and all else
// with f.
func stateless(tools string, f func(l *life, m rpc.Message, line string)) func(l *life) {
	return func(l *life) {
		l.serve(func(m rpc.Message, line string) {
			if m.Method == "tools/list" {
				l.says(`{"id":%s,"result":{"tools":[%s],"ttlMs":60000}}`, m.ID, tools)
				return
			}
			f(l, m, line)
		})
	}
}

func TestModernStatus(t *testing.T) {
	tests := []struct {
		answer string
		status int
	}{
		{`"result":{"resultType":"complete"}`, 200},
		{`"error":{"code":-32601,"message":""}`, 404},
		{`"error":{"code":-32602,"message":""}`, 400},
		{`"error":{"code":-32600,"message":""}`, 400},
		{`"error":{"code":-32700,"message":""}`, 400},
		{`"error":{"code":-32020,"message":""}`, 400},
		{`"error":{"code":-32021,"message":""}`, 400},
		{`"error":{"code":-32022,"message":""}`, 400},
		{`"error":{"code":-32603,"message":""}`, 200},
		{`"error":{"code":7,"message":""}`, 200},
	}
	for _, tt := range tests {
		w := serve(t, Config{}, stateless("", func(l *life, m rpc.Message, _ string) { l.says(`{"id":%s, %s}`, m.ID, tt.answer) }))
		w.do("POST", modernBody("1", "m", ""), modernHeaders("m")...).want(t, tt.status, `{"id":1, `+tt.answer+`}`)
	}
}

// Bytes pass unchanged, both ways.
func TestModernBytes(t *testing.T) {
	got := make(chan string, 1)
	const answer = `{ "result" : {"a":1.50,"\u0062":"\u00e9"} , "id":"\u0041"}`
	w := serve(t, Config{}, stateless("", func(l *life, m rpc.Message, line string) {
		got <- line
		l.says("%s", answer)
	}))
	body := strings.Replace(modernBody(`"\u0041"`, "m", `"x":1e-0, "y" : [ ] ,`), `"params"`, "\n \"params\"", 1)
	r := w.do("POST", body, modernHeaders("m")...).want(t, 200, answer)
	if r.body != answer {
		t.Errorf("the client got %s, want %s", r.body, answer)
	}
	if line, want := <-got, strings.ReplaceAll(body, "\n", " "); line != want {
		t.Errorf("the guest got %s, want %s", line, want)
	}
}

func TestModernHeaders(t *testing.T) {
	call := modernBody("1", "tools/call", `"name":"t",`)
	enc := func(s string) string { return "=?base64?" + base64.StdEncoding.EncodeToString([]byte(s)) + "?=" }
	tests := []struct {
		name, body string
		headers    []string
		status     int
		part       string
	}{
		{"good", call, modernHeaders("tools/call", headerName, "t"), 200, "{}"},
		{"name encoded", call, modernHeaders("tools/call", headerName, enc("t")), 200, "{}"},
		{"resource", modernBody("1", "resources/read", `"uri":"a://b",`), modernHeaders("resources/read", headerName, "a://b"), 200, "{}"},
		{"prompt", modernBody("1", "prompts/get", `"name":"\u00e9",`), modernHeaders("prompts/get", headerName, enc("é")), 200, "{}"},
		{"task", modernBody("1", "tasks/get", `"taskId":"7",`), modernHeaders("tasks/get", headerName, "7"), 200, "{}"},
		{"task without name", modernBody("1", "tasks/get", `"taskId":"7",`), modernHeaders("tasks/get"), 200, "{}"},
		{"name of others is not looked at", modernBody("1", "m", ""), modernHeaders("m", headerName, "x"), 200, "{}"},
		{"session is not looked at", call, modernHeaders("tools/call", headerName, "t", headerSession, "none"), 200, "{}"},
		{"another task", modernBody("1", "tasks/get", `"taskId":"7",`), modernHeaders("tasks/get", headerName, "8"), 400, "-32020"},
		{"no version", call, modernHeaders("tools/call", headerName, "t", headerVersion, ""), 400, "-32020"},
		{"another version", call, modernHeaders("tools/call", headerName, "t", headerVersion, "2027-01-01"), 400, "-32020"},
		{"old version", call, modernHeaders("tools/call", headerName, "t", headerVersion, legacy), 400, "-32020"},
		{"version twice", call, modernHeaders("tools/call", headerName, "t", "+"+headerVersion, modern), 400, "-32020"},
		{"no method", call, modernHeaders("tools/call", headerName, "t", headerMethod, ""), 400, "-32020"},
		{"another method", call, modernHeaders("tools/list", headerName, "t"), 400, "-32020"},
		{"method in capitals", call, modernHeaders("TOOLS/CALL", headerName, "t"), 400, "-32020"},
		{"method twice", call, modernHeaders("tools/call", headerName, "t", "+"+headerMethod, "tools/call"), 400, "-32020"},
		{"no name", call, modernHeaders("tools/call"), 400, "-32020"},
		{"another name", call, modernHeaders("tools/call", headerName, "u"), 400, "-32020"},
		{"name twice", call, modernHeaders("tools/call", headerName, "t", "+"+headerName, "t"), 400, "-32020"},
		{"bad encoding", call, modernHeaders("tools/call", headerName, "=?base64?!?="), 400, "-32020"},
		{"name in the header alone", modernBody("1", "tools/call", ""), modernHeaders("tools/call", headerName, "t"), 400, "-32020"},
		{"name is a number", modernBody("1", "tools/call", `"name":5,`), modernHeaders("tools/call", headerName, "t"), 400, "-32020"},
		{"version in the header alone", `{"id":1,"method":"tools/list","params":{}}`, modernHeaders("tools/list"), 400, "-32602"},
		{"version is a number", `{"id":1,"method":"m","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":1}}}`, modernHeaders("m"), 400, "-32020"},
		{"batch", `[` + call + `]`, modernHeaders("tools/call", headerName, "t"), 400, "-32600"},
		{"response", `{"id":1,"result":{}}`, modernHeaders("x"), 400, "-32600"},
		{"name twice in the body", modernBody("1", "tools/call", `"name":"t","n\u0061me":"u",`), modernHeaders("tools/call", headerName, "t"), 400, "given twice"},
		{"meta twice", modernBody("1", "m", `"_meta":{},`), modernHeaders("m"), 400, "given twice"},
		{"not JSON", `{`, modernHeaders("m"), 400, "-32700"},
	}
	w := serve(t, Config{}, stateless("", func(l *life, m rpc.Message, _ string) { l.says(`{"id":%s,"result":{}}`, m.ID) }))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w.do("POST", tt.body, tt.headers...).want(t, tt.status, tt.part)
		})
	}
}

const annotatedTool = `{"name":"sql","inputSchema":{"type":"object","properties":{
"region":{"type":"string","x-mcp-header":"Region"},"n":{"type":"integer","x-mcp-header":"N"},"b":{"type":"boolean","x-mcp-header":"B"},
"in":{"type":"object","properties":{"deep":{"type":"string","x-mcp-header":"Deep"}}},
"bad":{"type":"number","x-mcp-header":"Bad"},"list":{"type":"array","items":{"properties":{"x":{"type":"string","x-mcp-header":"Item"}}}},
"q":{"type":"string"}}}}`

func TestParamHeaders(t *testing.T) {
	tests := []struct {
		name, arguments string
		headers         []string
		ok              bool
	}{
		{"none", `{}`, nil, true},
		{"null", `{"region":null}`, nil, true},
		{"string", `{"region":"eu"}`, []string{"Mcp-Param-Region", "eu"}, true},
		{"name in any case", `{"region":"eu"}`, []string{"MCP-PARAM-REGION", "eu"}, true},
		{"encoded", `{"region":" é"}`, []string{"Mcp-Param-Region", "=?base64?IMOp?="}, true},
		{"half a marker is literal", `{"region":"=?base64?SGVs"}`, []string{"Mcp-Param-Region", "=?base64?SGVs"}, true},
		{"integer", `{"n":-7}`, []string{"Mcp-Param-N", "-7"}, true},
		{"integers are compared as numbers", `{"n":42}`, []string{"Mcp-Param-N", "42.0"}, true},
		{"boolean", `{"b":true}`, []string{"Mcp-Param-B", "true"}, true},
		{"nested", `{"in":{"deep":"x"}}`, []string{"Mcp-Param-Deep", "x"}, true},
		{"not annotated as it must", `{"bad":1.5,"list":[{"x":"y"}]}`, nil, true},
		{"unknown header", `{}`, []string{"Mcp-Param-Other", "x"}, true},
		{"missing", `{"region":"eu"}`, nil, false},
		{"another", `{"region":"eu"}`, []string{"Mcp-Param-Region", "us"}, false},
		{"without a value", `{}`, []string{"Mcp-Param-Region", "us"}, false},
		{"with null", `{"region":null}`, []string{"Mcp-Param-Region", "null"}, false},
		{"bad padding", `{"region":"Hello"}`, []string{"Mcp-Param-Region", "=?base64?SGVsbG8?="}, false},
		{"bad characters", `{"region":"Hello"}`, []string{"Mcp-Param-Region", "=?base64?SGVs!!!bG8=?="}, false},
		{"another integer", `{"n":42}`, []string{"Mcp-Param-N", "43"}, false},
		{"integer as string", `{"n":"42"}`, []string{"Mcp-Param-N", "42"}, true},
		{"boolean in capitals", `{"b":true}`, []string{"Mcp-Param-B", "TRUE"}, false},
		{"nested missing", `{"in":{"deep":"x"}}`, nil, false},
		{"twice", `{"region":"eu"}`, []string{"Mcp-Param-Region", "eu", "+Mcp-Param-Region", "eu"}, false},
	}
	tool := strings.ReplaceAll(annotatedTool, "\n", "")
	w := serve(t, Config{}, stateless(tool, func(l *life, m rpc.Message, _ string) { l.says(`{"id":%s,"result":{}}`, m.ID) }))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := append(modernHeaders("tools/call", headerName, "sql"), tt.headers...)
			status, part := 200, `{"id":1,"result":{}}`
			if !tt.ok {
				status, part = 400, "-32020"
			}
			w.do("POST", modernBody("1", "tools/call", `"name":"sql","arguments":`+tt.arguments+`,`), h...).want(t, status, part)
		})
	}
}

// A tool that has changed does not make the bridge refuse what fits its new schema.
func TestParamHeadersFollowTheTools(t *testing.T) {
	var mu sync.Mutex
	tool := strings.ReplaceAll(annotatedTool, "\n", "")
	w := serve(t, Config{}, func(l *life) {
		l.serve(func(m rpc.Message, _ string) {
			mu.Lock()
			defer mu.Unlock()
			if m.Method == "tools/list" {
				l.says(`{"id":%s,"result":{"tools":[%s]}}`, m.ID, tool)
			} else {
				l.says(`{"id":%s,"result":{}}`, m.ID)
			}
		})
	})
	body := modernBody("1", "tools/call", `"name":"sql","arguments":{"region":"eu"},`)
	w.do("POST", body, modernHeaders("tools/call", headerName, "sql")...).want(t, 400, "Mcp-Param-Region")
	mu.Lock()
	tool = `{"name":"sql","inputSchema":{}}`
	mu.Unlock()
	time.Sleep(listFresh + 10*time.Millisecond)
	w.do("POST", body, modernHeaders("tools/call", headerName, "sql")...).want(t, 200, "{}")
}

func TestModernStream(t *testing.T) {
	w := serve(t, Config{}, stateless("", func(l *life, m rpc.Message, _ string) {
		l.says(`{"method":"notifications/progress"}`)
		l.says("{\"method\":\r\"notifications/message\"}")
		l.says(`{"id":%s,"result":{}}`, m.ID)
	}))
	for range 3 {
		e := read(t, w.open("POST", modernBody("1", "m", ""), modernHeaders("m")...))
		if id := e.want(`{"method":"notifications/progress"}`); id != "" {
			t.Errorf("event with id %q: streams of this revision cannot be taken up again", id)
		}
		e.want(`{"method": "notifications/message"}`)
		e.want(`{"id":1,"result":{}}`)
		e.end()
	}
	if n := w.guest.dials(); n != 1 {
		t.Errorf("%d connections for 3 requests in a row, want 1", n)
	}
	w.do("POST", modernBody("1", "m", ""), modernHeaders("m", "Accept", "application/json")...).want(t, 200, `{"id":1,"result":{}}`)
}

// Ids and tokens of different clients are the same, and they are not told apart by them.
func TestClientsWithTheSameIDs(t *testing.T) {
	var over sync.WaitGroup
	arrived := make(chan struct{}, 8)
	w := serve(t, Config{}, stateless("", func(l *life, m rpc.Message, line string) {
		arrived <- struct{}{}
		for len(arrived) < cap(arrived) {
			time.Sleep(time.Millisecond)
		}
		x := member(m.Params, "x")
		l.says(`{"method":"notifications/progress","params":{"progressToken":1,"x":%s}}`, x)
		l.says(`{"id":1,"result":%s}`, x)
	}))
	for i := range cap(arrived) {
		over.Go(func() {
			e := read(t, w.open("POST", modernBody("1", "m", fmt.Sprintf(`"x":%d,`, i)), modernHeaders("m")...))
			e.want(fmt.Sprintf(`{"method":"notifications/progress","params":{"progressToken":1,"x":%d}}`, i))
			e.want(fmt.Sprintf(`{"id":1,"result":%d}`, i))
			e.end()
		})
	}
	over.Wait()
}

func TestClosingTheStreamCancels(t *testing.T) {
	cancelled := make(chan string, 2)
	w := serve(t, Config{}, stateless("", func(l *life, m rpc.Message, line string) {
		switch m.Method {
		case "notifications/cancelled":
			cancelled <- line
			l.says(`{"method":"notifications/late"}`) // for nobody
		case "stream":
			l.says(`{"method":"notifications/progress"}`)
		case "m":
			l.says(`{"id":%s,"result":{}}`, m.ID)
		}
	}))
	r := w.open("POST", modernBody(`"s"`, "stream", ""), modernHeaders("stream")...)
	read(t, r).want(`{"method":"notifications/progress"}`)
	r.Body.Close()
	if line := <-cancelled; !strings.Contains(line, `"requestId":"s"`) {
		t.Errorf("the guest got %s", line)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		waitFor(t, func() bool { return w.guest.dials() == 2 })
		cancel()
	}()
	if _, err := http.DefaultClient.Do(w.request(ctx, "POST", modernBody("2", "silent", ""), modernHeaders("silent")...)); err == nil {
		t.Error("a response to a request that was given up")
	}
	if line := <-cancelled; !strings.Contains(line, `"requestId":2`) {
		t.Errorf("the guest got %s", line)
	}
	w.do("POST", modernBody("3", "m", ""), modernHeaders("m")...).want(t, 200, `"id":3`)
	if n := w.guest.dials(); n != 3 {
		t.Errorf("%d connections, want 3: one whose request was cancelled is not used again", n)
	}
}

func TestSubscription(t *testing.T) {
	w := serve(t, Config{KeepAlive: 5 * time.Millisecond, MaxConnections: 2}, stateless("", func(l *life, m rpc.Message, _ string) {
		if m.Method == "subscriptions/listen" {
			l.says(`{"method":"notifications/subscriptions/acknowledged"}`)
			time.Sleep(50 * time.Millisecond)
			l.says(`{"method":"notifications/tools/list_changed"}`)
		} else {
			l.says(`{"id":%s,"result":{}}`, m.ID)
		}
	}))
	h := modernHeaders("subscriptions/listen")
	listen := modernBody("1", "subscriptions/listen", "")
	e := read(t, w.open("POST", listen, h...))
	e.want(`{"method":"notifications/subscriptions/acknowledged"}`)
	e.want(`{"method":"notifications/tools/list_changed"}`)
	w.do("POST", listen, h...).want(t, 503, "-31003") // the other connection is for requests
	w.do("POST", modernBody("2", "m", ""), modernHeaders("m")...).want(t, 200, `"id":2`)
	w.do("POST", listen, append(h, "Accept", "application/json")...).want(t, 406, "")
	w.s.Drain()
	e.end()
}

// An answer that is long in coming becomes a stream, which is kept alive.
func TestSlowModernAnswerIsAStream(t *testing.T) {
	w := serve(t, Config{KeepAlive: 5 * time.Millisecond}, stateless("", func(l *life, m rpc.Message, _ string) {
		time.Sleep(50 * time.Millisecond)
		l.says(`{"id":%s,"result":{}}`, m.ID)
	}))
	r := w.do("POST", modernBody("1", "m", ""), modernHeaders("m")...).want(t, 200, "data: {\"id\":1,\"result\":{}}\n\n")
	if !strings.HasPrefix(r.body, ": alive\n\n") {
		t.Errorf("the stream was not kept alive: %q", r.body)
	}
	w.do("POST", modernBody("1", "m", ""), modernHeaders("m", "Accept", "application/json")...).want(t, 200, `{"id":1,"result":{}}`)
}

// A guest that does not list its tools delays calls once, not each of them.
func TestToolsThatCannotBeListed(t *testing.T) {
	lists := make(chan string, 100)
	w := serve(t, Config{}, func(l *life) {
		l.serve(func(m rpc.Message, line string) {
			if m.Method == "tools/list" {
				lists <- line
				l.says(`{"id":%s,"error":{"code":-32601,"message":"no"}}`, m.ID)
				return
			}
			l.says(`{"id":%s,"result":{}}`, m.ID)
		})
	})
	for range 10 {
		w.do("POST", modernBody("1", "tools/call", `"name":"t",`), modernHeaders("tools/call", headerName, "t")...).want(t, 200, "{}")
	}
	if len(lists) > 2 {
		t.Errorf("asked %d times", len(lists))
	}
}

func TestModernNotifications(t *testing.T) {
	got := make(chan string, 1)
	w := serve(t, Config{}, stateless("", func(l *life, m rpc.Message, line string) {
		if m.Kind == rpc.Notification {
			got <- m.Method
		} else {
			l.says(`{"id":%s,"result":{}}`, m.ID)
		}
	}))
	notify := func(method string) string {
		return strings.Replace(modernBody("0", method, ""), `"id":0,`, "", 1)
	}
	w.do("POST", notify("notifications/extension"), headerVersion, modern).want(t, 202, "")
	if m := <-got; m != "notifications/extension" {
		t.Errorf("the guest got %s", m)
	}
	w.do("POST", notify("notifications/cancelled"), headerVersion, modern).want(t, 202, "")
	w.do("POST", notify("notifications/x"), modernHeaders("notifications/y")...).want(t, 400, "-32020")
	w.do("POST", modernBody("2", "m", ""), modernHeaders("m")...).want(t, 200, `"id":2`)
	if len(got) > 0 {
		t.Errorf("the guest got %s", <-got)
	}
}

func TestModernSurvivesTheGuest(t *testing.T) {
	w := serve(t, Config{Wait: time.Second}, stateless("", func(l *life, m rpc.Message, _ string) {
		switch m.Method {
		case "die":
			l.c.Close()
		case "stream":
			l.says(`{"method":"notifications/progress"}`)
			l.c.Close()
		default:
			l.says(`{"id":%s,"result":{}}`, m.ID)
		}
	}))
	w.do("POST", modernBody("0", "m", ""), modernHeaders("m")...).want(t, 200, `"id":0`)
	w.do("POST", modernBody("1", "die", ""), modernHeaders("die")...).want(t, 502, `"id":1,"error":{"code":-31001`)
	e := read(t, w.open("POST", modernBody("2", "stream", ""), modernHeaders("stream")...))
	e.want(`{"method":"notifications/progress"}`)
	if _, data, _ := e.next(); !strings.Contains(data, `"id":2,"error":{"code":-31001`) || !strings.Contains(data, "exit code 3") {
		t.Errorf("the stream got %s", data)
	}
	e.end()
	w.do("POST", modernBody("3", "m", ""), modernHeaders("m")...).want(t, 200, `"id":3`)
	w.guest.dies() // while nobody asks
	waitFor(t, w.idleEnded)
	w.do("POST", modernBody("4", "m", ""), modernHeaders("m")...).want(t, 200, `"id":4`)
	w.guest.dies()
	waitFor(t, w.idleEnded)
	w.guest.mu.Lock()
	w.guest.down = true
	w.guest.mu.Unlock()
	r := w.do("POST", modernBody("5", "m", ""), modernHeaders("m")...).want(t, 503, `"id":5,"error":{"code":-31002`)
	if r.Header.Get("Retry-After") == "" {
		t.Error("503 without Retry-After")
	}
}

// idleEnded reports whether all idle connections to the guest have ended.
func (w *web) idleEnded() bool {
	w.s.pool.mu.Lock()
	defer w.s.pool.mu.Unlock()
	for _, l := range w.s.pool.idle {
		select {
		case <-l.ended:
		default:
			return false
		}
	}
	return true
}

// A guest that talks and does not listen: its request cannot be written.
func TestGuestThatDoesNotListen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &fakeGuest{play: func(l *life) {
			for range 100 {
				l.says(`{"method":"x"}`)
			}
		}}
		s := New(Config{Guest: g, Log: func(string, ...any) {}})
		r := httptest.NewRequest("POST", "http://localhost"+Path, strings.NewReader(modernBody("1", "m", "")))
		for i, h := 0, modernHeaders("m", "Content-Type", "application/json"); i < len(h); i += 2 {
			r.Header.Set(h[i], h[i+1])
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != 502 || !strings.Contains(w.Body.String(), "-31001") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		s.Close()
	})
}

// A message that is too long for the bridge is named as the reason, and costs the others
// nothing.
func TestGuestThatSaysTooMuch(t *testing.T) {
	play := func(l *life, m rpc.Message, _ string) {
		text := "short"
		if m.Method == "long" {
			text = strings.Repeat("x", 2000)
		}
		l.says(`{"id":%s,"result":%q}`, m.ID, text)
	}
	w := serve(t, Config{MaxMessage: 1000}, stateless("", play))
	w.do("POST", modernBody("1", "long", ""), modernHeaders("long")...).want(t, 502, "longer than the bridge takes")
	w.do("POST", modernBody("2", "m", ""), modernHeaders("m")...).want(t, 200, "short")
	w = serve(t, Config{MaxMessage: 1000}, ordinary(legacy, play))
	w.do("POST", `{"id":1,"method":"long"}`, w.begin(legacy)...).want(t, 502, "longer than the bridge takes")
	w.do("POST", `{"id":1,"method":"m"}`, w.begin(legacy)...).want(t, 200, "short")
}

// A connection whose requests the guest has all refused is not kept: the guest still waits
// for a handshake there, and hangs up when that does not come.
func TestUnprovenLinksAreNotKept(t *testing.T) {
	w := serve(t, Config{}, stateless("", func(l *life, m rpc.Message, _ string) {
		if m.Method == "bad" {
			l.says(`{"id":%s,"error":{"code":-32602}}`, m.ID)
		} else {
			l.says(`{"id":%s,"result":{}}`, m.ID)
		}
	}))
	for i, step := range []struct {
		method string
		dials  int
	}{{"bad", 1}, {"bad", 2}, {"good", 3}, {"bad", 3}, {"good", 3}} {
		w.do("POST", modernBody("1", step.method, ""), modernHeaders(step.method)...)
		if n := w.guest.dials(); n != step.dials {
			t.Errorf("after request %d: %d connections, want %d", i, n, step.dials)
		}
	}
}

// A guest that says something after its response ends that connection; the next client
// does not hear it.
func TestUnaskedMessagesReachNobody(t *testing.T) {
	w := serve(t, Config{}, stateless("", func(l *life, m rpc.Message, _ string) {
		l.says(`{"id":%s,"result":{"first":true}}`, m.ID)
		l.says(`{"id":%s,"result":{"second":true}}`, m.ID)
	}))
	for range 20 {
		w.do("POST", modernBody("1", "m", ""), modernHeaders("m")...).want(t, 200, "first")
		waitFor(t, w.idleEnded)
	}
}
