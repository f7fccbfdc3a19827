package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestGenerateSendsTheSchema(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	f := newFakeGuest()
	got := runApp(t.Context(), t, f, "", "generate", "x", "--schema", write("ok.json", `{"type":"object", "maxProperties":2}`))
	f.mu.Lock()
	sent := f.arguments["json_schema"]
	f.mu.Unlock()
	if want := (object{"type": "object", "maxProperties": 2.0}); got.code != 0 || !reflect.DeepEqual(sent, want) {
		t.Errorf("sent %v, want %v; %+v", sent, want, got)
	}
	for _, c := range []struct{ path, want string }{
		{filepath.Join(dir, "none.json"), "no such file"},
		{write("bad.json", `{"type":`), "not JSON"},
		{write("big.json", `"`+strings.Repeat("a", maxSchema)+`"`), "more than 1048576 bytes"},
	} {
		if got := runApp(t.Context(), t, f, "", "generate", "x", "--schema", c.path); got.code == 0 || !strings.Contains(got.err, c.want) {
			t.Errorf("%s: %+v, want %q", c.path, got, c.want)
		}
	}
}
