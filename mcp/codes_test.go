package mcp

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// brackets returns n arrays in each other.
func brackets(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

// codeCases are messages that are no good, with the code that each era has for them; 0
// means a result. In a line META stands for the _meta of the era, with the other members of
// params before it. id is what the answer must bear, "" if it cannot be told.
var codeCases = []struct {
	name, line     string
	id             string
	legacy, modern int64
}{
	// -32700 Parse error: not JSON.
	{"half a message", `{"jsonrpc":"2.0","id":1`, "", -32700, -32700},
	{"two messages on a line", `{"jsonrpc":"2.0","id":1,"method":"x"}{}`, "", -32700, -32700},
	{"bytes that are not UTF-8", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}", "", -32700, -32700},
	{"a surrogate in UTF-8", "{\"jsonrpc\":\"2.0\",\"id\":\"\xed\xa0\x80\",\"method\":\"x\"}", "", -32700, -32700},
	{"an overlong NUL", "{\"jsonrpc\":\"2.0\",\"id\":\"\xc0\x80\",\"method\":\"x\"}", "", -32700, -32700},
	{"a NUL byte", "{\"jsonrpc\":\"2.0\",\"id\":\"\x00\",\"method\":\"x\"}", "", -32700, -32700},
	{"a byte order mark", "\ufeff{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\"}", "", -32700, -32700},
	{"a comma too many", `{"jsonrpc":"2.0","id":1,"method":"x",}`, "", -32700, -32700},
	{"single quotes", `{'jsonrpc':'2.0','id':1}`, "", -32700, -32700},
	{"a number with a leading zero", `{"jsonrpc":"2.0","id":01,"method":"x"}`, "", -32700, -32700},
	{"NaN", `{"jsonrpc":"2.0","id":NaN,"method":"x"}`, "", -32700, -32700},
	{"a million brackets that never close", strings.Repeat("[", 1<<20), "", -32600, -32600},

	// -32600 Invalid request: JSON, but no message we can take.
	{"a number", `1`, "", -32600, -32600},
	{"null", `null`, "", -32600, -32600},
	{"nested too deep", `{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":` + brackets(63) + `}}`, "", -32600, -32600},
	{"too many values", `{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":[` + strings.Repeat("0,", 1<<17) + `0]}}`, "", -32600, -32600},
	{"longer than the limit", `{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":"` + strings.Repeat("x", 4<<20) + `"}}`, "", -32600, -32600},
	{"another version", `{"jsonrpc":"1.0","id":1,"method":"x"}`, "1", -32600, -32600},
	{"id null", `{"jsonrpc":"2.0","id":null,"method":"x"}`, "", -32600, -32600},
	{"id true", `{"jsonrpc":"2.0","id":true,"method":"x"}`, "", -32600, -32600},
	{"id a fraction", `{"jsonrpc":"2.0","id":1.0,"method":"x"}`, "", -32600, -32600},
	{"id with an exponent", `{"jsonrpc":"2.0","id":1e3,"method":"x"}`, "", -32600, -32600},
	{"id an array", `{"jsonrpc":"2.0","id":[1],"method":"x"}`, "", -32600, -32600},
	{"id too long, a string", `{"jsonrpc":"2.0","id":"` + strings.Repeat("x", 255) + `","method":"x"}`, "", -32600, -32600},
	{"id too long, a number", `{"jsonrpc":"2.0","id":` + strings.Repeat("9", 257) + `,"method":"x"}`, "", -32600, -32600},
	{"id given twice", `{"jsonrpc":"2.0","id":1,"id":1,"method":"x"}`, "", -32600, -32600},
	{"method given twice", `{"jsonrpc":"2.0","id":1,"method":"x","method":"x"}`, "", -32600, -32600},
	{"neither method nor result", `{"jsonrpc":"2.0","id":1}`, "1", -32600, -32600},
	{"method a number", `{"jsonrpc":"2.0","id":1,"method":7}`, "1", -32600, -32600},
	{"method too long", `{"jsonrpc":"2.0","id":1,"method":"` + strings.Repeat("x", 300) + `"}`, "1", -32600, -32600},
	{"params a string", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":"x"}`, "1", -32600, -32600},
	{"an empty batch", `[]`, "", -32600, -32600},
	{"a batch", `[{"jsonrpc":"2.0","id":1,"method":"ping"}]`, "", -32600, -32600},

	// -32601 Method not found.
	{"no such method", `{"jsonrpc":"2.0","id":1,"method":"no/such","params":{META}}`, "1", -32601, -32601},
	{"method of no name", `{"jsonrpc":"2.0","id":1,"method":"","params":{META}}`, "1", -32601, -32601},
	{"method in capitals", `{"jsonrpc":"2.0","id":1,"method":"Tools/List","params":{META}}`, "1", -32601, -32601},
	{"what the server does not offer", `{"jsonrpc":"2.0","id":1,"method":"prompts/list","params":{META}}`, "1", -32601, -32601},
	{"tasks that the server does not offer", `{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"taskId":"x",META}}`, "1", -32601, -32601},
	{"what the other era has: ping", `{"jsonrpc":"2.0","id":1,"method":"ping","params":{META}}`, "1", 0, -32601},
	{"what the other era has: discover", `{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{META}}`, "1", -32601, 0},
	{"what the other era has: setLevel", `{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"info",META}}`, "1", 0, -32601},
	{"what the other era has: subscribe", `{"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":"test://text",META}}`, "1", 0, -32601},

	// -32602 Invalid params.
	{"params an array", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":[]}`, "1", -32602, -32602},
	{"_meta no object", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":1}}`, "1", -32602, -32602},
	{"progress token no token", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"progressToken":1.5}}}`, "1", -32602, -32602},
	{"no such tool", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"none",META}}`, "1", -32602, -32602},
	{"no name of a tool", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{META}}`, "1", -32602, -32602},
	{"name no string", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":{},META}}`, "1", -32602, -32602},
	{"arguments no object", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":[],META}}`, "1", -32602, -32602},
	{"arguments that do not fit are a result", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":1},META}}`, "1", 0, 0},
	{"cursor no string", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":1,META}}`, "1", -32602, -32602},
	{"cursor none of ours", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"!",META}}`, "1", -32602, -32602},
	{"uri no string", `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":1,META}}`, "1", -32602, -32602},
	{"level none", `{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"loud",META}}`, "1", -32602, -32601},
	{"a state none of ours", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"x"},"requestState":"x",META}}`, "1", 0, -32602},

	// Codes of MCP, and ours.
	{"no such resource", `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"test://none",META}}`, "1", -32002, -32602},
	{"a resource that fails", `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"test://broken",META}}`, "1", -32603, -32603},
	{"a tool that panics", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"panic",META}}`, "1", -32603, -32603},
	{"a version that does not exist", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"1999-01-01"}}}`, "1", -32022, -32022},
	{"a version that is no string", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":1}}}`, "1", -32602, -32602},
	{"no capabilities", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`, "1", -32602, -32602},

	// What is strange and good.
	{"id as long as it may be", `{"jsonrpc":"2.0","id":"` + strings.Repeat("x", 254) + `","method":"tools/list","params":{META}}`, `"` + strings.Repeat("x", 254) + `"`, 0, 0},
	{"id a huge number", `{"jsonrpc":"2.0","id":` + strings.Repeat("9", 256) + `,"method":"tools/list","params":{META}}`, strings.Repeat("9", 256), 0, 0},
	{"id below zero", `{"jsonrpc":"2.0","id":-1,"method":"tools/list","params":{META}}`, "-1", 0, 0},
	{"id empty", `{"jsonrpc":"2.0","id":"","method":"tools/list","params":{META}}`, `""`, 0, 0},
	{"id with escapes", `{"jsonrpc":"2.0","id":"\u0000\"\ud83d","method":"tools/list","params":{META}}`, `"\u0000\"\ud83d"`, 0, 0},
	{"as deep as it may be", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"x":` + brackets(62) + `,META}}`, "1", 0, 0},
	{"space everywhere", " \t{ \"jsonrpc\" : \"2.0\" , \"id\" : 1 , \"method\" : \"tools/list\" , \"params\" : { META } }\r", "1", 0, 0},
}

// TestCodes: each bad message gets the code that is meant for it, in either era, with the
// id if it could be told, and the connection goes on.
func TestCodes(t *testing.T) {
	for _, modern := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newFixture(nil)
			c := newClient(t, s)
			meta := `"x-y":1`
			if modern {
				meta = noTasks
			} else {
				for _, l := range hello("2025-11-25") {
					c.say(l)
				}
			}
			ask := `{"jsonrpc":"2.0","id":"next","method":"tools/call","params":{"name":"echo","arguments":{"text":"goes on"},` + meta + `}}`
			for _, cs := range codeCases {
				want := cs.legacy
				if modern {
					want = cs.modern
				}
				checkCode(t, fmt.Sprintf("%s, modern %v", cs.name, modern), c.say(strings.ReplaceAll(cs.line, "META", meta)), cs.id, want)
				wantHeard(t, cs.name+", next", c.say(ask), "goes on")
			}
			c.close()
		})
	}
}

// checkCode checks that what was heard is one answer with that id and code, 0 for a result.
func checkCode(t *testing.T, name, heard, id string, code int64) {
	t.Helper()
	var m struct {
		JSONRPC string
		ID      json.RawMessage
		Result  json.RawMessage
		Error   *Error
	}
	if err := json.Unmarshal([]byte(heard), &m); err != nil {
		t.Errorf("%s: heard %q: %v", name, heard, err)
		return
	}
	got := int64(0)
	if m.Error != nil {
		got = m.Error.Code
	}
	if got != code || string(m.ID) != id || (m.Result == nil) != (code != 0) {
		t.Errorf("%s: heard %.300s, want code %d and id %q", name, heard, code, id)
	}
}

// stream reports progress every second, ten times.
func stream(ctx context.Context, _ struct{}) (Text, error) {
	for i := range 10 {
		time.Sleep(time.Second) // and does not look at ctx
		if err := Progress(ctx, float64(i+1), 10, ""); err != nil && ctx.Err() == nil {
			return "", err
		}
	}
	return "done", nil
}

// TestCancelledStreamIsSilent: after a call that reports progress was cancelled, nothing
// more comes of it, and what else the connection does goes on.
func TestCancelledStreamIsSilent(t *testing.T) {
	for _, modern := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newFixture(nil)
			AddTool(s, Tool{Name: "stream"}, stream)
			c := newClient(t, s)
			meta := `"_meta":{"progressToken":%s}`
			if modern {
				meta = strings.TrimSuffix(noTasks, "}") + `,"progressToken":%s}`
			} else {
				for _, l := range hello("2025-06-18") {
					c.say(l)
				}
			}
			call := func(id string) string {
				return c.say(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":"tools/call","params":{"name":"stream",`+meta+`}}`, id, id))
			}
			call("1")
			call("2")
			time.Sleep(5500 * time.Millisecond)
			synctest.Wait()
			if n := strings.Count(strings.Join(c.heard(), "\n"), `"progressToken":1`); n != 5 {
				t.Errorf("%d messages of the first call in 5 s, want 5", n)
			}
			c.say(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
			time.Sleep(20 * time.Second)
			synctest.Wait()
			got := strings.Join(c.heard(), "\n")
			if strings.Contains(got, `"progressToken":1`) || strings.Contains(got, `"id":1`) {
				t.Errorf("modern %v: heard of the cancelled call:\n%s", modern, got)
			}
			wantHeard(t, "the other", got, `"progressToken":2,"progress":6`, `"id":2,"result"`)
			c.close()
		})
	}
}

// TestManyDuplicates: of many requests with one id only one is at work at a time, and each
// has its answer.
func TestManyDuplicates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFixture(nil)
		c := newClient(t, s)
		line := `{"jsonrpc":"2.0","id":"same","method":"tools/call","params":{"name":"wait",` + noTasks + `}}` + "\n"
		escaped := strings.Replace(line, `"same"`, `"s\u0061me"`, 1)
		if _, err := io.WriteString(c.c, strings.Repeat(line+escaped, 500)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second)
		synctest.Wait()
		got := strings.Join(c.heard(), "\n")
		if n, ok := strings.Count(got, `"error":{"code":-32600`), strings.Count(got, `"waited"`); n != 999 || ok != 1 {
			t.Errorf("%d refused and %d answered, want 999 and 1", n, ok)
		}
		c.close()
	})
}
