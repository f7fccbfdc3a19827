package mcp

import (
	"bufio"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// TestPeerHearsOfChanges: the official Go SDK's client is told of lists that change, and
// of resources where its revision lets it subscribe to one.
func TestPeerHearsOfChanges(t *testing.T) {
	for _, revision := range Revisions() {
		t.Run(revision, func(t *testing.T) {
			heard := make(chan string, 10)
			s := newFixture(nil)
			cs := connect(t, s, revision, &sdk.ClientOptions{
				ToolListChangedHandler:     func(context.Context, *sdk.ToolListChangedRequest) { heard <- "tools" },
				ResourceListChangedHandler: func(context.Context, *sdk.ResourceListChangedRequest) { heard <- "resources" },
				ResourceUpdatedHandler: func(_ context.Context, r *sdk.ResourceUpdatedNotificationRequest) {
					heard <- r.Params.URI
				},
			})
			if _, err := cs.ListTools(t.Context(), nil); err != nil { // after it both sides are ready
				t.Fatal(err)
			}
			want := func(what string) {
				t.Helper()
				if got := <-heard; got != what {
					t.Errorf("heard of %s, want %s", got, what)
				}
			}
			AddTool(s, Tool{Name: "new"}, func(context.Context, struct{}) (Text, error) { return "", nil })
			want("tools")
			s.RemoveResource("test://blob")
			want("resources")
			if err := cs.Subscribe(t.Context(), &sdk.SubscribeParams{URI: "test://text"}); err != nil {
				t.Fatalf("subscribe: %v", err)
			}
			if findRevision(revision).stateless { // the SDK does not wait for the acknowledgement
				if _, err := cs.ListTools(t.Context(), nil); err != nil {
					t.Fatal(err)
				}
			}
			s.ResourceUpdated("test://text")
			want("test://text")
			if err := cs.Unsubscribe(t.Context(), &sdk.UnsubscribeParams{URI: "test://text"}); err != nil {
				t.Fatalf("unsubscribe: %v", err)
			}
			for s.hub.listeners(topicResource+"test://text") > 0 { // the SDK cancels behind our back
				time.Sleep(time.Millisecond)
			}
			s.ResourceUpdated("test://text")
			s.RemoveTool("new")
			want("tools")
		})
	}
}

// listeners returns how many feeds have subscribed to a topic.
func (h *hub) listeners(topic string) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for f := range h.feeds {
		f.mu.Lock()
		if _, there := f.topics[topic]; there {
			n++
		}
		f.mu.Unlock()
	}
	return n
}

// TestTraceParent: a tool may know to which trace a call belongs.
func TestTraceParent(t *testing.T) {
	s := newFixture(nil)
	echo := func(ctx context.Context, _ struct{}) (Text, error) { return Text("<" + TraceParent(ctx) + ">"), nil }
	AddTool(s, Tool{Name: "trace"}, echo)
	AddTool(s, Tool{Name: "trace-inline", Inline: true}, echo)
	const id = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"
	for _, tool := range []string{"trace", "trace-inline"} {
		for meta, want := range map[string]string{
			`"traceparent":"` + id + `","progressToken":7,`: "<" + id + ">", `"traceparent":7,`: "<>", "": "<>",
			`"traceparent":"` + strings.Repeat("x", 300) + `",`: "<>",
		} {
			c, _ := pipe(t, s)
			say(t, c, strings.Replace(modern("1", "tools/call", `"name":"`+tool+`",`), `"_meta":{`, `"_meta":{`+meta, 1))
			line, err := bufio.NewReader(c).ReadString('\n')
			if err != nil || !strings.Contains(line, `"text":"`+want+`"`) {
				t.Errorf("%s with %s: %s, %v; want %s", tool, meta, line, err, want)
			}
		}
	}
}

// TestLogHandlerInCall: a record logged with the context of a call reaches the client of
// the call if the request asks for its level, and nobody else.
func TestLogHandlerInCall(t *testing.T) {
	s := newFixture(nil)
	log := slog.New(s.LogHandler("app"))
	AddTool(s, Tool{Name: "log"}, func(ctx context.Context, _ struct{}) (Text, error) {
		log.InfoContext(ctx, "too low")
		log.WarnContext(ctx, "heard", "n", 1)
		log.Warn("of no call")
		return "done", nil
	})
	c, _ := pipe(t, s)
	heard := listen(c)
	call := modern("1", "tools/call", `"name":"log",`)
	say(t, c, call+strings.Replace(strings.Replace(call, `"id":1`, `"id":2`, 1), `"_meta":{`, `"_meta":{"io.modelcontextprotocol/logLevel":"warning",`, 1))
	var lines []string
	for len(lines) < 3 {
		lines = append(lines, heard()...)
	}
	all := strings.Join(lines, "\n")
	if len(lines) != 3 || strings.Count(all, "notifications/message") != 1 || !strings.Contains(all, `"level":"warning","logger":"app","data":{`) || !strings.Contains(all, `"n":1`) {
		t.Errorf("heard %s", all)
	}
}
