package mcp

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// TestPeerIsAsked: the official SDK's client answers what tools ask, in every revision.
func TestPeerIsAsked(t *testing.T) {
	for _, revision := range Revisions() {
		t.Run(revision, func(t *testing.T) {
			s := newFixture(nil)
			addAsks(s)
			turns := 0
			cs := connect(t, s, revision, &sdk.ClientOptions{
				ElicitationHandler: func(_ context.Context, r *sdk.ElicitRequest) (*sdk.ElicitResult, error) {
					content := map[string]any{"name": "Ada"}
					if strings.Contains(r.Params.Message, "sure") {
						content = map[string]any{"ok": true}
					}
					return &sdk.ElicitResult{Action: "accept", Content: content}, nil
				},
				CreateMessageWithToolsHandler: func(_ context.Context, r *sdk.CreateMessageWithToolsRequest) (*sdk.CreateMessageWithToolsResult, error) {
					res := &sdk.CreateMessageWithToolsResult{Model: "m", Role: "assistant", Content: []sdk.Content{&sdk.TextContent{Text: "Hi."}}}
					if turns++; len(r.Params.Tools) > 0 && len(r.Params.Messages) < 3 {
						res.Content = []sdk.Content{&sdk.ToolUseContent{ID: "u", Name: "weather", Input: map[string]any{}}}
					}
					return res, nil
				},
			})
			can := findRevision(revision).asks
			for _, c := range []struct {
				tool, want string
				need       clientCaps
			}{
				{"greet", "Hello, Ada", capElicitForm},
				{"think", "m: Hi.", capSampling},
				{"agent", "Hi.", capSamplingTools},
				{"where", "[]", capRoots},
				{"all", "1AdaHi.[] true", capElicitForm},
			} {
				res, err := cs.CallTool(t.Context(), &sdk.CallToolParams{Name: c.tool})
				if err != nil {
					t.Errorf("%s: %v", c.tool, err)
					continue
				}
				got := res.Content[0].(*sdk.TextContent).Text
				if able := can&c.need != 0; able != (got == c.want) || able == res.IsError {
					t.Errorf("%s = %q, error %v; want %q: %v", c.tool, got, res.IsError, c.want, able)
				}
			}
			if can&capElicitForm != 0 {
				if res, err := cs.GetPrompt(t.Context(), &sdk.GetPromptParams{Name: "letter"}); err != nil || len(res.Messages) != 1 {
					t.Errorf("prompt = %+v, %v", res, err)
				}
			}
			if res, err := cs.ReadResource(t.Context(), &sdk.ReadResourceParams{URI: "test://home"}); err != nil || res.Contents[0].Text != "[]" {
				t.Errorf("resource = %+v, %v", res, err)
			}
		})
	}
}

// asker is a client of revision 2025-11-25 that is asked things.
type asker struct {
	t *testing.T
	c net.Conn
	r *bufio.Reader
}

func newAsker(t *testing.T, s *Server) *asker {
	c, _ := pipe(t, s)
	a := &asker{t, c, bufio.NewReaderSize(c, 1<<20)}
	a.say(`{"jsonrpc":"2.0","id":"i","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"elicitation":{},"roots":{}},"clientInfo":{"name":"a","version":"1"}}}`)
	a.hear()
	a.say(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	return a
}

func (a *asker) say(format string, args ...any) {
	a.t.Helper()
	if _, err := fmt.Fprintf(a.c, format+"\n", args...); err != nil {
		a.t.Fatal(err)
	}
}

func (a *asker) hear() string {
	a.t.Helper()
	_ = a.c.SetReadDeadline(time.Now().Add(10 * time.Second))
	line, err := a.r.ReadString('\n')
	if err != nil {
		a.t.Fatal(err)
	}
	return line
}

// TestQuestionsAreBounded: a client that does not answer gets so many questions and no
// more, and all of them together hold at most half of the calls.
func TestQuestionsAreBounded(t *testing.T) {
	s := newFixture(&Options{Limits: Limits{MaxCalls: 2*maxWaiting + 8}})
	addAsks(s)
	one, two := newAsker(t, s), newAsker(t, s)
	for i := range maxWaiting {
		one.say(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"greet"}}`, i)
		if got := one.hear(); !strings.Contains(got, "elicitation/create") {
			t.Fatalf("question %d: %s", i, got)
		}
	}
	one.say(`{"jsonrpc":"2.0","id":100,"method":"tools/call","params":{"name":"greet"}}`)
	if got := one.hear(); !strings.Contains(got, `"id":100,"error":{"code":-31000`) {
		t.Errorf("one question more: %s", got)
	}
	for i := range 4 { // of the 20 that may wait in all, 16 are taken
		two.say(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"greet"}}`, i)
		if got := two.hear(); !strings.Contains(got, "elicitation/create") {
			t.Fatalf("question %d of the other client: %s", i, got)
		}
	}
	two.say(`{"jsonrpc":"2.0","id":100,"method":"tools/call","params":{"name":"greet"}}`)
	if got := two.hear(); !strings.Contains(got, `"id":100,"error":{"code":-31000`) {
		t.Errorf("more than half of the calls wait: %s", got)
	}
	two.say(`{"jsonrpc":"2.0","id":1,"result":{"action":"decline"}}`)
	two.hear()
	two.say(`{"jsonrpc":"2.0","id":101,"method":"tools/call","params":{"name":"greet"}}`)
	if got := two.hear(); !strings.Contains(got, "elicitation/create") {
		t.Errorf("after an answer: %s", got)
	}
}

// TestAnswersAreBounded: a long answer counts as long messages do.
func TestAnswersAreBounded(t *testing.T) {
	s := newFixture(&Options{Limits: Limits{MaxBuffered: 400 << 10}})
	addAsks(s)
	a := newAsker(t, s)
	for _, c := range []struct {
		size int
		want string
	}{{100 << 10, "Hello, xxx"}, {1000, "Hello, xxx"}, {180 << 10, "-31000"}, {1000, "Hello, xxx"}} {
		a.say(`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"greet"}}`)
		q := a.hear()
		_, id, _ := strings.Cut(q, `"id":`)
		id, _, _ = strings.Cut(id, ",")
		a.say(`{"jsonrpc":"2.0","id":%s,"result":{"action":"accept","content":{"name":"%s"}}}`, id, strings.Repeat("x", c.size))
		if got := a.hear(); !strings.Contains(got, c.want) {
			t.Errorf("answer of %d bytes: %.200s, want %s", c.size, got, c.want)
		}
	}
	for end := time.Now().Add(5 * time.Second); s.budget.used.Load() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d bytes are held for ever", s.budget.used.Load())
		}
	}
}

// modernCall makes a call of revision 2026-07-28 and returns its result.
func modernCall(t *testing.T, a *asker, params string) (r struct {
	Result struct {
		ResultType, RequestState string
		InputRequests            map[string]json.RawMessage
		Content                  []struct{ Text string }
	}
	Error *Error
}) {
	t.Helper()
	a.say(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{%s,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{},"sampling":{},"roots":{}}}}}`, params)
	if err := json.Unmarshal([]byte(a.hear()), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestStateIsBounded: neither answers nor what they add up to may be longer than MaxState.
func TestStateIsBounded(t *testing.T) {
	s := newFixture(&Options{Limits: Limits{MaxState: 2000}})
	addAsks(s)
	a := newAsker(t, s)
	name := func(n int) string {
		return `"inputResponses":{"who":{"action":"accept","content":{"name":"` + strings.Repeat("x", n) + `"}}}`
	}
	if r := modernCall(t, a, `"name":"all",`+name(1000)); r.Result.ResultType != "input_required" || len(r.Result.RequestState) > 2000 {
		t.Errorf("1000 bytes: %+v", r)
	}
	if r := modernCall(t, a, `"name":"all",`+name(1700)); r.Error == nil || r.Error.Code != CodeInvalidParams {
		t.Errorf("a state too long: %+v", r)
	}
	if r := modernCall(t, a, `"name":"all",`+name(2000)); r.Error == nil || r.Error.Code != CodeInvalidParams {
		t.Errorf("answers too long: %+v", r)
	}
}

// TestRoundsAreBounded: a function that never has enough is ended.
func TestRoundsAreBounded(t *testing.T) {
	s := newFixture(nil)
	AddTool(s, Tool{Name: "curious"}, func(ctx context.Context, _ struct{}) (Text, error) {
		for i := 0; ; i++ {
			if _, err := Elicit[okIn](ctx, fmt.Sprint("q", i), "More?"); err != nil {
				return "", err
			}
		}
	})
	a := newAsker(t, s)
	more := ""
	for i := range maxRounds + 1 {
		r := modernCall(t, a, `"name":"curious"`+more)
		if r.Error != nil {
			if i < maxRounds {
				t.Errorf("round %d: %v", i, r.Error)
			}
			return
		}
		more = fmt.Sprintf(`,"inputResponses":{"q%d":{"action":"accept","content":{"ok":true}}},"requestState":"%s"`, i, r.Result.RequestState)
	}
	t.Error("it never ends")
}

// TestAskMistakes are those of the author.
func TestAskMistakes(t *testing.T) {
	var v nameIn
	var roots []Root
	form := func(edit func(p map[string]*jsonschema.Schema)) func(context.Context) error {
		return func(ctx context.Context) error { return AskAll(ctx, AskForm("k", "m", &v, edit)) }
	}
	sample := func(messages ...SampleMessage) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := Sample(ctx, "k", SampleRequest{Messages: messages, MaxTokens: 1})
			return err
		}
	}
	use, result := ToolUse{ID: "u", Name: "n"}, ToolResult{ToolUseID: "u"}
	for name, c := range map[string]struct {
		ask  func(ctx context.Context) error
		want string
	}{
		"no key":         {func(ctx context.Context) error { return AskAll(ctx, AskRoots("", &roots)) }, "a key has"},
		"long key":       {func(ctx context.Context) error { return AskAll(ctx, AskRoots(strings.Repeat("k", 129), &roots)) }, "a key has"},
		"empty Ask":      {func(ctx context.Context) error { return AskAll(ctx, Ask{}) }, "a key has"},
		"key twice":      {func(ctx context.Context) error { return AskAll(ctx, AskRoots("k", &roots), AskForm("k", "m", &v)) }, "two questions"},
		"no object":      {func(ctx context.Context) error { _, err := Elicit[string](ctx, "k", "m"); return err }, "type object"},
		"nested":         {func(ctx context.Context) error { _, err := Elicit[struct{ A nameIn }](ctx, "k", "m"); return err }, `type "object"`},
		"list":           {func(ctx context.Context) error { _, err := Elicit[struct{ A []string }](ctx, "k", "m"); return err }, "list without choices"},
		"no schema":      {func(ctx context.Context) error { _, err := ElicitSchema(ctx, "k", "m", nil); return err }, "type object"},
		"several types":  {form(func(p map[string]*jsonschema.Schema) { p["name"].Types = []string{"string", "number"} }), "several types"},
		"URL":            {func(ctx context.Context) error { _, err := ElicitURL(ctx, "k", "m", "not a url", ""); return err }, "no absolute URL"},
		"no messages":    {sample(), "needs messages"},
		"no role":        {sample(Say("system", Text("x"))), "neither role"},
		"empty message":  {sample(Say(User)), "neither role"},
		"embedded":       {sample(Say(User, Embedded{})), "holds a"},
		"use undone":     {sample(Say(Assistant, use)), "without result"},
		"use unanswered": {sample(Say(Assistant, use), Say(User, Text("x"))), "without result"},
		"user uses":      {sample(Say(User, use), Say(User, result)), "user use tools"},
		"mixed":          {sample(Say(Assistant, use), Say(User, result, Text("x"))), "more than results"},
		"result alone":   {sample(Say(User, result)), "does not ask for"},
		"result twice":   {sample(Say(Assistant, use), Say(User, result, result)), "does not ask for"},
	} {
		for _, rev := range []string{"2026-07-28", "2025-11-25"} {
			t.Run(rev+"/"+name, func(t *testing.T) {
				var got error
				s := newFixture(nil)
				AddTool(s, Tool{Name: "mistake"}, func(ctx context.Context, _ struct{}) (Text, error) {
					got = c.ask(ctx)
					return "", got
				})
				cs := connect(t, s, rev, &sdk.ClientOptions{Capabilities: &sdk.ClientCapabilities{
					Elicitation: &sdk.ElicitationCapabilities{Form: &sdk.FormElicitationCapabilities{}, URL: &sdk.URLElicitationCapabilities{}},
					Sampling:    &sdk.SamplingCapabilities{Tools: &sdk.SamplingToolsCapabilities{}},
				}})
				if _, err := cs.CallTool(t.Context(), &sdk.CallToolParams{Name: "mistake"}); err != nil && strings.Contains(err.Error(), "internal") {
					t.Error(err)
				}
				if got == nil || !strings.Contains(got.Error(), c.want) {
					t.Errorf("error %v, want one with %q", got, c.want)
				}
			})
		}
	}
	if err := AskAll(t.Context(), AskRoots("k", &roots)); !errors.Is(err, errNoCall) {
		t.Errorf("outside a call: %v", err)
	}
}

// TestAskedOnceAtATime: of questions asked one after the other without waiting for the
// answer, only the first goes out; asked by several goroutines, one of them does.
func TestAskedOnceAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFixture(nil)
		AddTool(s, Tool{Name: "both"}, func(ctx context.Context, _ struct{}) (Text, error) {
			done := make(chan error)
			for _, key := range []string{"a", "b"} {
				go func() { _, err := Roots(ctx, key); done <- err }()
			}
			for range 2 {
				if err := <-done; !errors.Is(err, ErrInputRequired) {
					t.Errorf("asking: %v", err)
				}
			}
			return "never seen", nil
		})
		a := newAsker(t, s)
		if r := modernCall(t, a, `"name":"both"`); len(r.Result.InputRequests) != 1 {
			t.Errorf("%+v, want one question", r)
		}
		a.c.Close()
		synctest.Wait()
	})
}

// TestAnsweredReadIsPrivate: what a user's answers went into is for no cache, whatever
// the server says of other reads.
func TestAnsweredReadIsPrivate(t *testing.T) {
	s := newFixture(&Options{Caching: Caching{Reads: time.Hour, PublicReads: true}})
	addAsks(s)
	a := newAsker(t, s)
	read := func(uri, more string) string {
		a.say(`{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"%s"%s,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"roots":{}}}}}`, uri, more)
		return a.hear()
	}
	if got := read("test://text", ""); !strings.Contains(got, `"ttlMs":3600000,"cacheScope":"public"`) {
		t.Errorf("without answers: %s", got)
	}
	if got := read("test://home", `,"inputResponses":{"roots":{"roots":[]}}`); !strings.Contains(got, `"ttlMs":0,"cacheScope":"private"`) {
		t.Errorf("with answers: %s", got)
	}
	if got := read("test://home", ""); strings.Contains(got, "cacheScope") {
		t.Errorf("questions: %s", got)
	}
}

// FuzzAnswer: whatever a client answers, each question takes it or says what is wrong, and
// what it takes is what was asked for.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"action":"accept","content":{"size":"l","count":2,"extras":["milk"],"gift":null}}`, `{"action":"decline"}`,
		`{"role":"assistant","content":[{"type":"text","text":"x"},{"type":"image","data":"AQ==","mimeType":"m"},{"type":"tool_use","id":"i","name":"n","input":{}}],"model":"m"}`,
		`{"roots":[{"uri":"file:///a","name":"n"}]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		if check([]byte(answer), 64, 1000) != nil {
			return
		}
		order := orderForm{Count: -1}
		var roots []Root
		var said SampleResult
		for _, a := range []Ask{
			AskForm("order", "m", &order, tightenOrder), AskRoots("roots", &roots), AskSample("said", SampleRequest{}, &said),
		} {
			v := []byte(strings.TrimSpace(answer))
			err := a.accept(v)
			var bad badAnswer
			if err != nil && !errors.As(err, &bad) && !errors.Is(err, ErrDeclined) && !errors.Is(err, ErrDismissed) {
				t.Fatalf("%s: %v", a.key, err)
			}
			if (err == nil) != map[string]bool{"order": order.Count != -1, "roots": roots != nil, "said": said.Role != ""}[a.key] {
				t.Fatalf("%s: error %v, but stored %+v %+v %+v", a.key, err, order, roots, said)
			}
		}
		if order.Count != -1 && (order.Count < 1 || order.Count > 9 || order.Size != "s" && order.Size != "l" || len(order.Extras) > 2) {
			t.Fatalf("taken: %+v", order)
		}
		for _, r := range roots {
			if !strings.HasPrefix(r.URI, "file://") {
				t.Fatalf("taken: %+v", r)
			}
		}
	})
}
