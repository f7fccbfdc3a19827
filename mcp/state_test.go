package mcp

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestStateIsSealed(t *testing.T) {
	s := NewServer(Implementation{}, nil)
	params := []byte(`{"name":"t","arguments":{"a":1}}`)
	request := digest(&revisions[0], "tools/call", params)
	want := state{expiry: time.Hour, round: 3, request: request, answers: []byte(`{"aname":{"action":"accept"}}`)}
	text := s.sealer.seal(&want)
	if strings.Contains(text, "name") || text == s.sealer.seal(&want) {
		t.Error("a state can be read, or is the same twice")
	}
	got, e := s.openState(text, &revisions[0], "tools/call", params)
	if e != nil || got.round != 3 || got.expiry != time.Hour || string(got.answers) != string(want.answers) {
		t.Fatalf("openState = %+v, %v", got, e)
	}
	refuse := func(what, text string) {
		t.Helper()
		if _, e := s.openState(text, &revisions[0], "tools/call", params); e == nil || e.Code != CodeInvalidParams {
			t.Errorf("%s: %v, want error -32602", what, e)
		}
	}
	for i := range text { // every character counts
		b := []byte(text)
		b[i] ^= 1
		refuse("changed", string(b))
		refuse("cut", text[:i])
	}
	refuse("longer", text+"A")
	refuse("tampered", text+"-TAMPERED")
	refuse("newline", text[:10]+"\n"+text[10:])
	refuse("padded", text+"=")
	refuse("foreign", NewServer(Implementation{}, nil).sealer.seal(&want))
	refuse("long", strings.Repeat("A", s.opts.Limits.MaxState+1))
	for _, other := range []struct {
		rev    int
		method string
		params string
	}{
		{1, "tools/call", `{"name":"t","arguments":{"a":1}}`},
		{0, "prompts/get", `{"name":"t","arguments":{"a":1}}`},
		{0, "tools/call", `{"name":"u","arguments":{"a":1}}`},
		{0, "tools/call", `{"name":"t","arguments":{"a":2}}`},
		{0, "tools/call", `{"name":"t"}`},
		{0, "resources/read", `{"uri":"t"}`},
	} {
		if _, e := s.openState(text, &revisions[other.rev], other.method, []byte(other.params)); e == nil || e.Code != CodeInvalidParams {
			t.Errorf("state of another request is taken for %v: %v", other, e)
		}
	}
}

func TestStateExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(Implementation{}, nil)
		request := digest(&revisions[0], "tools/call", nil)
		text := s.sealer.seal(&state{expiry: time.Since(s.stats.start) + time.Minute, request: request})
		time.Sleep(time.Minute)
		if _, e := s.openState(text, &revisions[0], "tools/call", nil); e != nil {
			t.Errorf("after a minute: %v", e)
		}
		time.Sleep(time.Nanosecond)
		if _, e := s.openState(text, &revisions[0], "tools/call", nil); e == nil || !strings.Contains(e.Message, "expired") {
			t.Errorf("after more: %v, want an error", e)
		}
	})
}

// TestDigest: how a request is written does not matter, what it says does.
func TestDigest(t *testing.T) {
	sum := func(params string) [32]byte { return digest(&revisions[0], "tools/call", []byte(params)) }
	base := sum(`{"name":"t","arguments":{"a":"x","b":[1,{"c":null}]},"_meta":{"k":1}}`)
	for _, same := range []string{
		`{ "arguments" : {"b":[1, {"c" : null} ] , "a":"\u0078"}, "name":"t"}`,
		`{"name":"t","requestState":"s","inputResponses":{"k":{}},"arguments":{"a":"x","b":[1,{"c":null}]}}`,
	} {
		if sum(same) != base {
			t.Errorf("%s counts as another request", same)
		}
	}
	for _, other := range []string{
		`{"name":"t","arguments":{"a":"x","b":[1,{"c":0}]}}`, `{"name":"t","arguments":{"a":"x","b":[1,{}]}}`,
		`{"name":"t","arguments":{"a":"x","b":[{"c":null},1]}}`, `{"name":"t","arguments":{"a":"x"}}`, `{"name":"t"}`,
		`{"name":"t","arguments":{"a":"x","b":"[1,{\"c\":null}]"}}`, `{"name":"t","arguments":{"a":"x\",\"b","b":[1,{"c":null}]}}`,
	} {
		if sum(other) == base {
			t.Errorf("%s counts as the same request", other)
		}
	}
	if sum(`{"name":"t"}`) != sum(`{"name":"t","arguments":{ }}`) {
		t.Error("no arguments are not the same as none")
	}
}

// TestDigestOfDeepParams: what nests deep costs what it would cost flat, not that for each
// level.
func TestDigestOfDeepParams(t *testing.T) {
	cost := func(depth int) time.Duration {
		params := []byte(`{"arguments":{"a":` + strings.Repeat("[", depth) + strings.Repeat(" ", 1<<20) + strings.Repeat("]", depth) + `}}`)
		least := time.Hour
		for range 5 {
			start := time.Now()
			digest(&revisions[0], "tools/call", params)
			least = min(least, time.Since(start))
		}
		return least
	}
	if flat, deep := cost(1), cost(60); deep > 10*flat {
		t.Errorf("%v deep, %v flat", deep, flat)
	}
	a := digest(&revisions[0], "tools/call", []byte(`{"arguments":{"o":[{"b":{"d":1,"c":2},"a":3},4]}}`))
	b := digest(&revisions[0], "tools/call", []byte(`{"arguments":{"o":[{"a":3,"b":{"c":2,"d":1}},4]}}`))
	if a != b {
		t.Error("the order of nested members makes another request")
	}
}

// FuzzState: no state that was not sealed is taken, and space changes no digest.
func FuzzState(f *testing.F) {
	s := NewServer(Implementation{}, nil)
	f.Add("AAAA", `{"a":[1,"\n",{}]}`)
	f.Fuzz(func(t *testing.T, text, params string) {
		if check([]byte(params), 64, 1000) != nil || !isObject([]byte(params)) {
			return
		}
		request := digest(&revisions[0], "tools/call", []byte(params))
		if _, e := s.openState(text, &revisions[0], "tools/call", []byte(params)); e == nil {
			t.Fatalf("state %q is taken", text)
		}
		if again := digest(&revisions[0], "tools/call", []byte(" "+params+" ")); again != request {
			t.Fatal("space changes the digest")
		}
	})
}
