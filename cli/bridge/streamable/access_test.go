package streamable

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/unikernel-ai/unikernel-ai/cli/bridge/rpc"
)

func answerAll(l *life, m rpc.Message, _ string) {
	if m.Kind == rpc.Request {
		l.says(`{"id":%s,"result":{}}`, m.ID)
	}
}

func TestHostAndOrigin(t *testing.T) {
	local := Config{Origins: []string{"https://app.example"}, Hosts: []string{"proxy.example"}}
	exposed := Config{Exposed: true, Origins: local.Origins}
	named := Config{Exposed: true, Hosts: []string{"mcp.example"}}
	tests := []struct {
		name    string
		c       Config
		headers []string
		status  int
	}{
		{"no origin", local, nil, 200},
		{"localhost", local, []string{"Host", "localhost:1", "Origin", "http://localhost:3000"}, 200},
		{"in capitals", local, []string{"Host", "LocalHost"}, 200},
		{"IPv4", local, []string{"Host", "127.0.0.1", "Origin", "https://127.0.0.1"}, 200},
		{"IPv6", local, []string{"Host", "[::1]:80", "Origin", "http://[::1]:80"}, 200},
		{"IPv6 without port", local, []string{"Host", "[::1]"}, 200},
		{"configured origin", local, []string{"Origin", "https://app.example"}, 200},
		{"configured host", local, []string{"Host", "proxy.example:80"}, 200},
		{"rebound", local, []string{"Host", "evil.example"}, 403},
		{"rebound with port", local, []string{"Host", "evil.example:8080", "Origin", "http://evil.example:8080"}, 403},
		{"looks like an address", local, []string{"Host", "127.0.0.1.evil.example"}, 403},
		{"looks like localhost", local, []string{"Host", "localhost.evil.example"}, 403},
		{"this machine from outside", local, []string{"Host", "0.0.0.0"}, 403},
		{"another page", local, []string{"Origin", "http://evil.example"}, 403},
		{"another scheme", local, []string{"Origin", "http://app.example"}, 403},
		{"origin null", local, []string{"Origin", "null"}, 403},
		{"file origin", local, []string{"Origin", "file://localhost"}, 403},
		{"user part", local, []string{"Origin", "http://localhost@evil.example"}, 403},
		{"two origins", local, []string{"Origin", "http://localhost", "+Origin", "http://evil.example"}, 403},
		{"exposed", exposed, []string{"Host", "any.example"}, 200},
		{"exposed, configured origin", exposed, []string{"Origin", "https://app.example"}, 200},
		{"exposed, local page", exposed, []string{"Origin", "http://localhost"}, 403},
		{"named", named, []string{"Host", "mcp.example:443"}, 200},
		{"named otherwise", named, []string{"Host", "evil.example"}, 403},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := serve(t, tt.c, stateless("", answerAll))
			for _, body := range []string{modernBody("1", "m", ""), `{"id":0,"method":"initialize"}`} {
				h := tt.headers
				if strings.Contains(body, "_meta") {
					h = append(modernHeaders("m"), h...)
				}
				if r := w.do("POST", body, h...); r.StatusCode != tt.status {
					t.Errorf("POST: %d %s, want %d", r.StatusCode, r.body, tt.status)
				}
			}
			if tt.status == 403 && w.guest.dials() > 0 {
				t.Error("the guest was dialled")
			}
		})
	}
}

func TestToken(t *testing.T) {
	const token = "0123456789abcdef"
	w := serve(t, Config{Token: token}, stateless("", answerAll))
	for _, c := range []struct {
		header, challenge string
		status            int
	}{
		{"Bearer " + token, "", 200},
		{"bearer  " + token, "", 200},
		{"", `Bearer realm="unikai"`, 401},
		{"Bearer", `Bearer realm="unikai", error="invalid_token"`, 401},
		{"Bearer " + token + "0", `Bearer realm="unikai", error="invalid_token"`, 401},
		{"Bearer " + token[1:], `Bearer realm="unikai", error="invalid_token"`, 401},
		{"Basic " + token, `Bearer realm="unikai", error="invalid_token"`, 401},
		{token, `Bearer realm="unikai", error="invalid_token"`, 401},
	} {
		for _, method := range []string{"POST", "GET", "DELETE"} {
			if c.status == 200 && method != "POST" {
				continue
			}
			r := w.do(method, modernBody("1", "m", ""), modernHeaders("m", "Authorization", c.header)...)
			if r.StatusCode != c.status || r.Header.Get("WWW-Authenticate") != c.challenge {
				t.Errorf("%s with %q: %d, challenge %q; want %d, %q", method, c.header, r.StatusCode, r.Header.Get("WWW-Authenticate"), c.status, c.challenge)
			}
		}
	}
}

// Pages of a configured origin get what Fetch asks for; others get nothing.
func TestCORS(t *testing.T) {
	w := serve(t, Config{Origins: []string{"https://app.example"}, Token: "0123456789abcdef"}, stateless("", answerAll))
	ask := []string{"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type, mcp-method, mcp-param-region, x-evil"}
	r := w.do("OPTIONS", "", append(ask, "Origin", "https://app.example")...).want(t, 204, "")
	if got := r.Header.Get("Access-Control-Allow-Origin"); got != "https://app.example" {
		t.Errorf("allowed origin %q", got)
	}
	allowed := strings.ToLower(r.Header.Get("Access-Control-Allow-Headers"))
	for _, want := range []string{"content-type", "authorization", "mcp-method", "mcp-param-region"} {
		if !strings.Contains(allowed, want) {
			t.Errorf("%s is not allowed: %s", want, allowed)
		}
	}
	if strings.Contains(allowed, "evil") {
		t.Errorf("allowed: %s", allowed)
	}
	r = w.do("POST", modernBody("1", "m", ""), modernHeaders("m", "Origin", "https://app.example", "Authorization", "Bearer 0123456789abcdef")...).want(t, 200, "{}")
	if r.Header.Get("Access-Control-Allow-Origin") == "" || !strings.Contains(r.Header.Get("Access-Control-Expose-Headers"), "Mcp-Session-Id") || r.Header.Get("Vary") != "Origin" {
		t.Errorf("headers %v", r.Header)
	}
	r = w.do("OPTIONS", "", append(ask, "Origin", "http://localhost:3000")...).want(t, 204, "")
	if got := r.Header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("an origin that nobody has configured is allowed: %q", got)
	}
	w.do("OPTIONS", "", append(ask, "Origin", "https://evil.example")...).want(t, 403, "")
}

func TestCheckListen(t *testing.T) {
	for _, c := range []struct {
		addr       string
		tls, token bool
		exposed    bool
		ok         bool
	}{
		{"127.0.0.1:0", false, false, false, true},
		{"localhost:80", false, false, false, true},
		{"[::1]:80", true, true, false, true},
		{"127.9.9.9:80", false, false, false, true},
		{":80", false, false, true, false},
		{"0.0.0.0:80", true, false, true, false},
		{"192.0.2.1:80", false, true, true, false},
		{"example.com:80", false, false, true, false},
		{"[::]:80", true, true, true, true},
		{"80", true, true, false, false},
	} {
		exposed, err := CheckListen(c.addr, c.tls, c.token)
		if (err == nil) != c.ok || exposed != c.exposed {
			t.Errorf("CheckListen(%s, %v, %v) = %v, %v", c.addr, c.tls, c.token, exposed, err)
		}
	}
	for origin, ok := range map[string]bool{"https://a.example": true, "http://a:1": true, "https://a.example/": false, "a.example": false, "*": false, "https://": false} {
		if err := CheckOrigin(origin); (err == nil) != ok {
			t.Errorf("CheckOrigin(%q) = %v", origin, err)
		}
	}
}

func TestBadRequests(t *testing.T) {
	w := serve(t, Config{MaxBody: 1000}, ordinary(legacy, answerAll))
	h := w.begin(legacy)
	ping := `{"id":1,"method":"ping"}`
	tests := []struct {
		name, method, body string
		headers            []string
		status             int
		part               string
	}{
		{"put", "PUT", ping, h, 405, ""},
		{"head", "HEAD", "", h, 405, ""},
		{"no content type", "POST", ping, append(h, "Content-Type", ""), 415, ""},
		{"text", "POST", ping, append(h, "Content-Type", "text/plain"), 415, ""},
		{"with charset", "POST", ping, append(h, "Content-Type", "application/json; charset=utf-8"), 200, ""},
		{"no accept", "POST", ping, append(h, "Accept", ""), 200, "{}"},
		{"accepts all", "POST", ping, append(h, "Accept", "*/*"), 200, "{}"},
		{"accepts JSON", "POST", ping, append(h, "Accept", "application/json"), 200, "{}"},
		{"accepts a stream", "POST", ping, append(h, "Accept", "text/event-stream;q=0.9"), 200, "data: {"},
		{"accepts neither", "POST", ping, append(h, "Accept", "text/html"), 406, ""},
		{"GET that accepts JSON", "GET", "", append(h, "Accept", "application/json"), 406, ""},
		{"GET of a revision without", "GET", "", append(h, headerVersion, modern), 405, ""},
		{"DELETE of a revision without", "DELETE", "", append(h, headerVersion, modern), 400, ""},
		{"unknown version", "POST", ping, append(h, headerVersion, "1999-01-01"), 400, "-326"},
		{"version of another session", "POST", ping, append(h, headerVersion, "2025-06-18"), 200, "{}"},
		{"session twice", "POST", ping, append(h, "+"+headerSession, "x"), 400, ""},
		{"empty", "POST", "", h, 400, "-32700"},
		{"not JSON", "POST", "{", h, 400, "-32700"},
		{"not a message", "POST", `{"id":5}`, h, 400, `"id":5,"error":{"code":-32600`},
		{"id is an object", "POST", `{"id":{},"method":"m"}`, h, 400, "-32600"},
		{"longest", "POST", `{"id":1,"method":"` + strings.Repeat("m", 200) + `","params":{"x":"` + strings.Repeat("x", 700) + `"}}`, h, 200, "{}"},
		{"too long", "POST", `{"id":1,"method":"m","params":{"x":"` + strings.Repeat("x", 1000) + `"}}`, h, 413, "1000 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w.do(tt.method, tt.body, tt.headers...).want(t, tt.status, tt.part)
		})
	}
	r, err := http.Get(strings.TrimSuffix(w.url, Path) + "/other")
	if err != nil || r.StatusCode != 404 {
		t.Errorf("another path: %v, %v", r, err)
	}
	req := w.request(t.Context(), "POST", "", h...)
	req.Body, req.ContentLength = io.NopCloser(io.MultiReader(strings.NewReader(`{"x":"`), strings.NewReader(strings.Repeat("x", 2000)))), -1
	if r, err := http.DefaultClient.Do(req); err != nil || r.StatusCode != 413 {
		t.Errorf("a long body of unknown length: %v, %v", r, err)
	}
	w.do("POST", ping, h...).want(t, 200, "{}")
}

func TestBodiesTogetherAreBounded(t *testing.T) {
	w := serve(t, Config{MaxBody: 1000, MaxBuffered: 1500}, stateless("", answerAll))
	u, _ := url.Parse(w.url)
	c, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = io.WriteString(c, "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{")
	waitFor(t, func() bool { return w.s.buffered.Load() == 900 })
	body := modernBody("1", "m", `"x":"`+strings.Repeat("x", 700)+`",`)
	w.do("POST", body, modernHeaders("m")...).want(t, 503, "-31003")
	c.Close()
	waitFor(t, func() bool { return w.s.buffered.Load() == 0 })
	w.do("POST", body, modernHeaders("m")...).want(t, 200, "{}")
}

func TestSessionsAreBounded(t *testing.T) {
	w := serve(t, Config{MaxSessions: 2, SessionIdle: 2 * time.Second}, ordinary(legacy, answerAll))
	a := w.begin(legacy)
	get := read(t, w.open("GET", "", a...)) // in use
	w.begin(legacy)
	w.do("POST", `{"id":0,"method":"initialize"}`).want(t, 503, "-31003")
	waitFor(t, func() bool { return len(w.sessions()) == 1 }) // the other was idle
	w.begin(legacy)
	w.do("DELETE", "", a...).want(t, 204, "")
	get.end()
	waitFor(t, func() bool { return len(w.sessions()) == 0 })
	waitFor(t, func() bool {
		w.guest.mu.Lock()
		defer w.guest.mu.Unlock()
		for _, l := range w.guest.lives {
			select {
			case <-l.gone:
			default:
				return false
			}
		}
		return true
	})
}

func TestCloseEndsAll(t *testing.T) {
	w := serve(t, Config{}, func(l *life) {
		ordinary(legacy, func(l *life, m rpc.Message, _ string) {
			if m.Method == "stream" {
				l.says(`{"method":"notifications/progress"}`)
			}
		})(l)
	})
	h := w.begin(legacy)
	get := read(t, w.open("GET", "", h...))
	post := read(t, w.open("POST", `{"id":1,"method":"stream"}`, h...))
	post.want("")
	post.want(`{"method":"notifications/progress"}`)
	stream := read(t, w.open("POST", modernBody("2", "stream", ""), modernHeaders("stream")...))
	stream.want(`{"method":"notifications/progress"}`)
	w.s.Close()
	get.end()
	for id, e := range map[string]*events{"1": post, "2": stream} {
		if _, data, _ := e.next(); !strings.Contains(data, `"id":`+id+`,"error"`) || !strings.Contains(data, "shutting down") {
			t.Errorf("stream of %s got %q", id, data)
		}
		e.end()
	}
	w.do("POST", `{"id":0,"method":"initialize"}`).want(t, 503, "")
}

// Requests of all kinds, well and badly ended, leave no goroutine behind.
func TestNothingIsLeftRunning(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("requests", func(t *testing.T) {
		w := serve(t, Config{}, func(l *life) {
			ordinary(legacy, func(l *life, m rpc.Message, line string) {
				switch m.Method {
				case "stream":
					l.says(`{"method":"notifications/progress"}`)
				case "die":
					l.c.Close()
				default:
					answerAll(l, m, line)
				}
			})(l)
		})
		for range 5 {
			h := w.begin(legacy)
			get := w.open("GET", "", h...)
			post := w.open("POST", `{"id":1,"method":"stream"}`, h...)
			stream := w.open("POST", modernBody("1", "stream", ""), modernHeaders("stream")...)
			w.do("POST", `{"id":2,"method":"m"}`, h...).want(t, 200, "{}")
			w.do("POST", modernBody("2", "m", ""), modernHeaders("m")...).want(t, 200, "{}")
			w.do("POST", modernBody("2", "die", ""), modernHeaders("die")...).want(t, 502, "-31001")
			stream.Body.Close()
			post.Body.Close()
			w.do("POST", `{"id":3,"method":"die"}`, h...).want(t, 502, "-31001")
			_, _ = io.Copy(io.Discard, get.Body)
			get.Body.Close()
		}
	})
	http.DefaultClient.CloseIdleConnections()
	waitFor(t, func() bool { return runtime.NumGoroutine() <= before })
}

// A client that stops reading loses its connection; the session and others go on.
func TestClientThatDoesNotRead(t *testing.T) {
	flood := strings.Repeat("x", 100<<10)
	w := serve(t, Config{WriteTimeout: time.Second, MaxMessage: 1 << 20}, ordinary(legacy, func(l *life, m rpc.Message, _ string) {
		if m.Method != "flood" {
			answerAll(l, m, "")
			return
		}
		for range 200 {
			l.says(`{"method":"notifications/message","params":{"x":"%s"}}`, flood)
		}
		l.says(`{"id":%s,"result":{}}`, m.ID)
	}))
	h := w.begin(legacy)
	u, _ := url.Parse(w.url)
	c, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	body := `{"id":1,"method":"flood"}`
	r := w.request(t.Context(), "POST", body, h...)
	if err := r.Write(c); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReaderSize(c, 16).ReadString('\n'); !strings.Contains(line, "200 OK") {
		t.Fatalf("%q, %v", line, err)
	}
	w.do("POST", `{"id":2,"method":"ping"}`, h...).want(t, 200, `"id":2`) // while the other stands
	waitFor(t, func() bool { return w.due(h[1]) == 0 })
	w.do("POST", `{"id":3,"method":"ping"}`, h...).want(t, 200, `"id":3`)
}

// A body of unknown length may become as long as is allowed; once it is read, only its
// bytes count, however long the request is at work.
func TestChunkedBodiesCountAsTheyAre(t *testing.T) {
	w := serve(t, Config{MaxBody: 1000, MaxBuffered: 2500}, stateless("", func(l *life, m rpc.Message, line string) {
		if m.Method == "subscriptions/listen" {
			l.says(`{"method":"notifications/subscriptions/acknowledged"}`)
			return
		}
		answerAll(l, m, line)
	}))
	for i := range 4 {
		q := w.request(t.Context(), "POST", modernBody(strconv.Itoa(i), "subscriptions/listen", ""), modernHeaders("subscriptions/listen")...)
		q.ContentLength = -1
		r, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		read(t, r).want(`{"method":"notifications/subscriptions/acknowledged"}`)
	}
	w.do("POST", modernBody("9", "m", ""), modernHeaders("m")...).want(t, 200, "{}")
}
