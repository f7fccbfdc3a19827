package bridge

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/cli/dial"
	"github.com/unikernel-ai/unikernel-ai/mcp"
)

// What a bridge costs: the same call of the same server, with 1 and with 8 clients a CPU, on a
// connection of its own and by HTTP in each of its shapes; and what HTTP costs alone, with an
// answer that is always the same.
//
//	go test -bench Bridge ./tests/bridge
//	UNIKAI_ADDR=unix:/tmp/guest:1024 go test -bench Bridge ./tests/bridge      # of a guest that runs

func BenchmarkBridge(b *testing.B) {
	addr := os.Getenv("UNIKAI_ADDR")
	if addr == "" {
		addr = Host(b, echoServer(mcp.Limits{}))
	}
	a, err := dial.Parse(addr)
	if err != nil {
		b.Fatal(err)
	}
	url := web(b, addr)
	alone := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"hello"}]}}`)
	}))
	defer alone.Close()
	for _, clients := range []int{1, 8} { // times GOMAXPROCS
		b.Run(fmt.Sprintf("direct/%d", clients), func(b *testing.B) {
			b.SetParallelism(clients)
			b.RunParallel(func(pb *testing.PB) {
				c, err := a.Dial(b.Context())
				if err != nil {
					b.Error(err)
					return
				}
				defer c.Close()
				directCalls(b, c, pb)
			})
		})
		b.Run(fmt.Sprintf("http alone/%d", clients), func(b *testing.B) {
			b.SetParallelism(clients)
			b.RunParallel(func(pb *testing.PB) { httpCalls(b, alone.URL, false, pb) })
		})
		for _, era := range []string{"session", "stateless"} {
			b.Run(fmt.Sprintf("http %s/%d", era, clients), func(b *testing.B) {
				b.SetParallelism(clients)
				b.RunParallel(func(pb *testing.PB) { httpCalls(b, url, era == "session", pb) })
			})
		}
	}
}

func directCalls(b *testing.B, c net.Conn, pb *testing.PB) {
	in := bufio.NewReader(c)
	call := func(line string) {
		if _, err := io.WriteString(c, line+"\n"); err != nil {
			b.Error(err)
		}
		if answer, err := in.ReadSlice('\n'); err != nil || !bytes.Contains(answer, []byte(`"result"`)) {
			b.Errorf("answer %s, %v", answer, err)
		}
	}
	call(initialize)
	_, _ = io.WriteString(c, initialized+"\n")
	for pb.Next() {
		call(echo(1))
	}
}

func httpCalls(b *testing.B, url string, session bool, pb *testing.PB) {
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	headers := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}}
	post := func(body string, status int) http.Header {
		r, err := http.NewRequestWithContext(b.Context(), "POST", url, strings.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		r.Header = headers
		resp, err := client.Do(r)
		if err != nil {
			b.Error(err)
			return nil
		}
		defer resp.Body.Close()
		if text, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != status {
			b.Errorf("%d %s, %v", resp.StatusCode, text, err)
		}
		return resp.Header
	}
	body := modern(echo(1))
	if session {
		headers["Mcp-Session-Id"] = post(initialize, 200)["Mcp-Session-Id"]
		post(initialized, 202)
		body = echo(1)
		defer func() {
			r, _ := http.NewRequest("DELETE", url, nil)
			r.Header = headers
			if resp, err := client.Do(r); err != nil || resp.StatusCode != 204 {
				b.Errorf("DELETE: %v, %v", resp, err)
			}
		}()
	} else {
		headers["Mcp-Protocol-Version"], headers["Mcp-Method"], headers["Mcp-Name"] = []string{"2026-07-28"}, []string{"tools/call"}, []string{"echo"}
	}
	for pb.Next() {
		post(body, 200)
	}
}
