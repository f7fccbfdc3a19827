package rpc

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	long := strings.Repeat("x", maxMember)
	tests := []struct {
		name, in       string
		kind           Kind
		id, method, er string // er: part of the error; "" for none
	}{
		{"request", `{"jsonrpc":"2.0","id":1,"method":"a/b","params":{}}`, Request, "1", "a/b", ""},
		{"members in any order", `{"params":{"id":9,"method":"no"},"method":"m","id":"x"}`, Request, `"x"`, "m", ""},
		{"space everywhere", " {\r\n\t\"id\" : -7 , \"method\" : \"m\" } \n", Request, "-7", "m", ""},
		{"escaped name and value", `{"\u0069d":1,"method":"\u006d"}`, Request, "1", "m", ""},
		{"names are case sensitive", `{"id":1,"ID":2,"method":"m","Method":"n"}`, Request, "1", "m", ""},
		{"notification", `{"method":"notifications/x"}`, Notification, "", "notifications/x", ""},
		{"result", `{"id":1,"result":{"method":"no"}}`, Response, "1", "", ""},
		{"error", `{"id":1,"error":{"code":-1}}`, Response, "1", "", ""},
		{"error without id", `{"id":null,"error":{"code":-1}}`, Response, "null", "", ""},
		{"error with id absent", `{"error":{"code":-1}}`, Response, "", "", ""},
		{"result with id absent", `{"result":{}}`, Unknown, "", "", "neither"},
		{"batch", `[{"id":1,"method":"m"}]`, Batch, "", "", ""},
		{"id twice", `{"id":1,"method":"m","id":2}`, Unknown, "", "", `"id" is given twice`},
		{"method twice, once escaped", `{"id":1,"method":"m","\u006dethod":"n"}`, Unknown, "", "", `"method" is given twice`},
		{"null id", `{"id":null,"method":"m"}`, Request, "", "m", "id must be"},
		{"fraction", `{"id":1.5,"method":"m"}`, Request, "", "m", "id must be"},
		{"exponent", `{"id":1e3,"method":"m"}`, Request, "", "m", "id must be"},
		{"object id", `{"id":{},"method":"m"}`, Request, "", "m", "id must be"},
		{"long id", `{"id":"` + long + `","method":"m"}`, Request, "", "m", "id must be"},
		{"long method", `{"id":1,"method":"` + long + `"}`, Unknown, "1", "", "neither"},
		{"method is a number", `{"id":1,"method":7}`, Unknown, "1", "", "neither"},
		{"request and response", `{"id":1,"method":"m","result":1}`, Unknown, "1", "", "neither"},
		{"params is an array", `{"id":1,"method":"m","params":[]}`, Request, "1", "m", "params must be"},
		{"nothing", `{}`, Unknown, "", "", "neither"},
		{"string", `"x"`, Unknown, "", "", "not an object"},
		{"not JSON", `{"id":1,`, Unknown, "", "", "not JSON"},
		{"two texts", `{"method":"m"} {}`, Unknown, "", "", "not JSON"},
		{"not UTF-8", "{\"method\":\"\xff\"}", Unknown, "", "", "not JSON"},
		{"empty", ``, Unknown, "", "", "not JSON"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := Parse([]byte(tt.in))
			if m.Kind != tt.kind || string(m.ID) != tt.id || m.Method != tt.method {
				t.Errorf("Parse(%s) = %v, id %s, method %s; want %v, %s, %s", tt.in, m.Kind, m.ID, m.Method, tt.kind, tt.id, tt.method)
			}
			if (err != nil) != (tt.er != "") || err != nil && !strings.Contains(err.Error(), tt.er) {
				t.Errorf("Parse(%s): %v, want %q", tt.in, err, tt.er)
			}
		})
	}
}

func TestPeekTakesWhatItCan(t *testing.T) {
	tests := []struct {
		in   string
		kind Kind
	}{
		{`{"id":1,"method":"m","params":{"a":[{"b":"}]"}]}}` + "\n", Request},
		{`{"id":1.5,"method":"m"}`, Request},
		{`{"id":1,"id":1,"method":"m"}`, Unknown},
		{`{"id":1,"method":"m"`, Unknown},
		{`{"id":1 "method":"m"}`, Unknown},
		{`{"id":1,"method":"m\`, Unknown},
		{`[`, Batch},
		{`garbage`, Unknown},
		{``, Unknown},
	}
	for _, tt := range tests {
		if m := Peek([]byte(tt.in)); m.Kind != tt.kind {
			t.Errorf("Peek(%s) is of kind %v, want %v", tt.in, m.Kind, tt.kind)
		}
	}
}

func TestParseParams(t *testing.T) {
	p := ParseParams([]byte(`{"name":"n","uri":"u","taskId":"t","arguments":{"name":"x"},"requestId":4,"progressToken":5,` +
		`"_meta":{"progressToken":6,"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}`))
	for _, c := range []struct{ got, want string }{
		{string(p.Name), `"n"`},
		{string(p.URI), `"u"`},
		{string(p.TaskID), `"t"`},
		{string(p.Arguments), `{"name":"x"}`},
		{string(p.RequestID), "4"},
		{string(p.Progress), "5"},
		{string(p.Token), "6"},
		{string(p.Version), `"2026-07-28"`},
		{p.Twice, ""},
	} {
		if c.got != c.want {
			t.Errorf("ParseParams found %s, want %s", c.got, c.want)
		}
	}
	for _, in := range []string{
		`{"name":"a","name":"b"}`, `{"_meta":{},"_meta":{}}`, `{"uri":1,"\u0075ri":2}`,
		`{"_meta":{"io.modelcontextprotocol/protocolVersion":"a","io.modelcontextprotocol/protocolVersion":"b"}}`,
	} {
		if p := ParseParams([]byte(in)); p.Twice == "" {
			t.Errorf("ParseParams(%s) takes one of two", in)
		}
	}
	if p := ParseParams(nil); p.Name != nil || p.Twice != "" {
		t.Errorf("ParseParams(nil) = %+v", p)
	}
}

func TestKeyIsTheSameForTheSameID(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{`1`, `1`, true},
		{`1`, `"1"`, false},
		{`"a"`, `"\u0061"`, true},
		{`"a\"b"`, `"a\u0022b"`, true},
		{`"a"`, `"b"`, false},
	} {
		if got := Key([]byte(c.a)) == Key([]byte(c.b)); got != c.same {
			t.Errorf("Key(%s) == Key(%s) is %v", c.a, c.b, got)
		}
	}
}

func TestAppendError(t *testing.T) {
	got := AppendError(nil, []byte(`"x"`), -32001, "a \"b\"\n")
	var e struct {
		JSONRPC string
		ID      string
		Error   struct {
			Code    int
			Message string
		}
	}
	if err := json.Unmarshal(got, &e); err != nil || e.ID != "x" || e.Error.Code != -32001 || e.Error.Message != "a \"b\"\n" || e.JSONRPC != "2.0" {
		t.Errorf("AppendError made %s, %v", got, err)
	}
	if code, ok := ErrorCode(Peek(got)); code != -32001 || !ok {
		t.Errorf("ErrorCode(%s) = %d, %v", got, code, ok)
	}
	if m := Peek(AppendError(nil, nil, 1, "")); !m.Nameless() {
		t.Errorf("without an id: %+v", m)
	}
}

func TestOneLine(t *testing.T) {
	in := "{\r\n \"a\": \"b\\n\"\n}\n"
	if got, want := string(OneLine([]byte(in))), "{   \"a\": \"b\\n\" }"; got != want {
		t.Errorf("OneLine(%q) = %q, want %q", in, got, want)
	}
}

func TestElements(t *testing.T) {
	for _, c := range []struct {
		in   string
		most int
		n    int
		ok   bool
	}{
		{`[]`, 1, 0, true},
		{` [ {"a":1} , [2] ,"]", 3 ] `, 9, 4, true},
		{`[1,2,3]`, 2, 2, false},
		{`[1,2`, 9, 1, false},
		{`[1 2]`, 9, 0, false},
		{`{}`, 9, 0, false},
	} {
		e, ok := Elements([]byte(c.in), c.most)
		if len(e) != c.n || ok != c.ok {
			t.Errorf("Elements(%s, %d) = %q, %v, want %d of them, %v", c.in, c.most, e, ok, c.n, c.ok)
		}
	}
}

// What Parse takes for a message, encoding/json takes for the same object, name by name.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":[1,{"b":"\\\""}]}}`, `{"id":"\u00e9","result":{}}`, `[{}]`,
		`{"id":1,"\u0069d":2}`, `{"a":"\\","id":3,"method":"x"}`, " {\n}", `{"id":1,"method":"m","params":null}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		before := string(in)
		Peek(in)
		m, err := Parse(in)
		if string(in) != before {
			t.Fatal("Parse changes what it reads")
		}
		if errors.Is(err, ErrNotJSON) || err != nil {
			return
		}
		if m.Kind == Batch {
			var a []json.RawMessage
			if err := json.Unmarshal(in, &a); err != nil {
				t.Fatalf("%q is no array: %v", in, err)
			}
			if e, ok := Elements(in, len(a)); !ok || len(e) != len(a) {
				t.Fatalf("%q has %d elements, not %d", in, len(a), len(e))
			}
			return
		}
		var all map[string]json.RawMessage
		if err := json.Unmarshal(in, &all); err != nil {
			t.Fatalf("%q is no object: %v", in, err)
		}
		for name, got := range map[string][]byte{"id": m.ID, "params": m.Params, "result": m.Result, "error": m.Error} {
			if string(got) != string(all[name]) {
				t.Fatalf("%q: %s is %q, want %q", in, name, got, all[name])
			}
		}
		var method string
		if raw := all["method"]; raw != nil && (json.Unmarshal(raw, &method) != nil || method != m.Method) {
			t.Fatalf("%q: method is %q, want %q", in, m.Method, method)
		}
	})
}
