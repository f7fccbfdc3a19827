package mcp

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

var jsonSamples = []string{
	`{}`, `[]`, `null`, `true`, `false`, `0`, `-0`, `-1.5e+10`, `1E5`, `""`, `"a\"\\\/\b\f\n\r\t\u00e9"`, `"é"`,
	`{"a":{"b":[1,2,{"c":null}]}}`, " \t{ \"a\" : [ 1 , 2 ] } \r\n", `{"a\u0062":1}`, `"\ud800"`,
	``, ` `, `nul`, `tru`, `01`, `1.`, `.5`, `+1`, `1e`, `-`, `"`, `"a`, `"\x"`, `"\u12"`, "\"\x01\"", `[1,]`, `[,1]`, `{"a"}`,
	`{"a":}`, `{"a":1,}`, `{a:1}`, `{"a":1 "b":2}`, `[1 2]`, `1 2`, `[`, `{`, `]`, `[}`, `{"a":1]`, "\"\xff\"", "\xef\xbb\xbf{}", `NaN`,
}

// TestCheckAgreesWithEncodingJSON: check accepts exactly what encoding/json does, in UTF-8.
func TestCheckAgreesWithEncodingJSON(t *testing.T) {
	for _, s := range jsonSamples {
		want := json.Valid([]byte(s)) && utf8.ValidString(s)
		if got := check([]byte(s), 100, 1000) == nil; got != want {
			t.Errorf("check(%q) accepts: %v, want %v", s, got, want)
		}
	}
}

func TestCheckBoundsDepthAndValues(t *testing.T) {
	nest := func(n int) []byte { return []byte(strings.Repeat("[", n) + strings.Repeat("]", n)) }
	if err := check(nest(64), 64, 1000); err != nil {
		t.Errorf("depth 64 of 64: %v", err)
	}
	if err := check(nest(65), 64, 1000); !errors.Is(err, errTooDeep) {
		t.Errorf("depth 65 of 64: %v, want %v", err, errTooDeep)
	}
	if err := check(nest(1<<20), 64, 1<<30); !errors.Is(err, errTooDeep) {
		t.Errorf("depth 2^20: %v, want %v", err, errTooDeep)
	}
	if err := check([]byte(`[1,2,3]`), 64, 4); err != nil {
		t.Errorf("4 values of 4: %v", err)
	}
	if err := check([]byte(`[1,2,3]`), 64, 3); !errors.Is(err, errTooMany) {
		t.Errorf("4 values of 3: %v, want %v", err, errTooMany)
	}
}

// rebuild writes a checked value again, by way of the walker.
func rebuild(dst, v []byte) []byte {
	switch v[0] {
	case '{':
		dst = append(dst, '{')
		for w, first := walk(v), true; ; first = false {
			name, value, ok := w.member()
			if !ok {
				return append(dst, '}')
			}
			if !first {
				dst = append(dst, ',')
			}
			dst = rebuild(append(appendUnescaped(dst, name), ':'), value)
		}
	case '[':
		dst = append(dst, '[')
		for w, first := walk(v), true; ; first = false {
			value, ok := w.element()
			if !ok {
				return append(dst, ']')
			}
			if !first {
				dst = append(dst, ',')
			}
			dst = rebuild(dst, value)
		}
	case '"':
		return appendString(dst, unquote(v))
	}
	return append(dst, v...)
}

// appendUnescaped appends a name from the walker, which has resolved escapes only
// if there were any.
func appendUnescaped(dst, name []byte) []byte { return appendString(dst, name) }

// FuzzCheck: check agrees with encoding/json, and what the walker sees is what
// encoding/json sees.
func FuzzCheck(f *testing.F) {
	for _, s := range jsonSamples {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<16 {
			return
		}
		err := check(b, 1000, 1<<20)
		if errors.Is(err, errTooDeep) {
			return
		}
		if want := json.Valid(b) && utf8.Valid(b); (err == nil) != want {
			t.Fatalf("check = %v, encoding/json accepts: %v", err, want)
		}
		if err != nil {
			return
		}
		trimmed := bytes.TrimSpace(b)
		again := rebuild(nil, trimmed)
		var x, y any
		if e1, e2 := json.Unmarshal(b, &x), json.Unmarshal(again, &y); (e1 == nil) != (e2 == nil) {
			t.Fatalf("%s: %v, rebuilt %s: %v", b, e1, again, e2)
		}
		p, _ := json.Marshal(x)
		q, _ := json.Marshal(y)
		if !bytes.Equal(p, q) {
			t.Fatalf("%s became %s", p, q)
		}
	})
}

func TestAppendStringIsAlwaysJSON(t *testing.T) {
	for _, s := range []string{"", "plain", "\"\\\n\r\t\x00\x1f\x7f", "é\u2028🜁", "\xff", "a\xc3", "\xed\xa0\x80", "\xc3\xa9\xff\xc3"} {
		got := appendString(nil, s)
		if again := appendString(nil, []byte(s)); !bytes.Equal(got, again) {
			t.Errorf("appendString(%q) of string %s, of bytes %s", s, got, again)
		}
		var back string
		if err := json.Unmarshal(got, &back); err != nil || back != strings.ToValidUTF8(s, "\ufffd") && utf8.ValidString(s) {
			t.Errorf("appendString(%q) = %s: %q, %v", s, got, back, err)
		}
		if !utf8.Valid(got) {
			t.Errorf("appendString(%q) is not UTF-8", s)
		}
	}
}

// FuzzDecode: a message that decode takes has the parts that encoding/json finds in it, and
// the request made of it finds its own.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"ping"}`, `{"jsonrpc":"2.0","method":"x","params":{}}`, `{"jsonrpc":"2.0","id":"a","result":{}}`,
		`{"jsonrpc":"2.0","id":null,"method":"x"}`, `{"id":1,"id":2}`, `[]`, `{"jsonrpc":"2.0","id":-1,"meth\u006fd":"\u0000"}`,
		`{"jsonrpc":"2.0","id":1,"method":"x","params":{"name":"n","arguments":{},"uri":"u","cursor":"c","task":{},"_meta":{"progressToken":1},"n\u0061me":"m"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"x","params":{"inputResponses":{"a":{}},"requestState":"s","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		b = bytes.TrimSpace(b)
		if check(b, 64, 1000) != nil {
			return
		}
		m, e := decode(b)
		if m.id != nil && !validID(m.id) {
			t.Fatalf("id %s", m.id)
		}
		if e == nil && m.method == nil && m.id == nil {
			t.Fatal("neither method nor id")
		}
		if e == nil && m.params != nil && !isObject(m.params) {
			t.Fatalf("params %s", m.params)
		}
		if e != nil {
			if !json.Valid(appendError(nil, m.id, e)) {
				t.Fatalf("error response %s", appendError(nil, m.id, e))
			}
			return
		}
		var parts map[string]json.RawMessage
		if err := json.Unmarshal(b, &parts); err != nil {
			t.Fatal(err)
		}
		var method string
		_ = json.Unmarshal(parts["method"], &method)
		if string(m.id) != string(parts["id"]) || string(m.method) != method || string(m.params) != string(parts["params"]) {
			t.Fatalf("id %s, method %q, params %s of %s", m.id, m.method, m.params, b)
		}
		var r request
		if m.method == nil || r.parse(&m) != nil {
			return
		}
		var params map[string]json.RawMessage
		_ = json.Unmarshal(m.params, &params)
		for name, got := range map[string][]byte{
			"_meta": r.p.meta, "name": r.p.name, "arguments": r.p.arguments, "uri": r.p.uri, "cursor": r.p.cursor,
			"inputResponses": r.p.inputResponses, "requestState": r.p.requestState, "task": r.p.task,
		} {
			if string(got) != string(params[name]) {
				t.Fatalf("%s is %s in %s", name, got, m.params)
			}
		}
	})
}
