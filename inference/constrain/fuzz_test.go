package constrain

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzCompile: any text is refused with an error of a sane size or gives a bounded automaton, and what that
// writes is JSON. TestHostileSchemasAreBounded counts what it costs.
func FuzzCompile(f *testing.F) {
	for _, seed := range []string{
		`true`, `{"type":"object","properties":{"a":{"$ref":"#"}},"additionalProperties":{"type":"integer","minimum":-3.5,"exclusiveMaximum":1e3}}`,
		`{"anyOf":[{"type":"string","pattern":"^(a|[^b-d\\W]){2,5}\\d*$"},{"enum":[1,"x",[null]]},{"type":"array","prefixItems":[true],"minItems":2}]}`,
		`{"$defs":{"a":{"allOf":[{"$ref":"#/$defs/b"},{"minLength":2}]},"b":{"type":["string","null"],"maxLength":3}},"$ref":"#/$defs/a"}`,
		`{"oneOf":[{"type":"string","format":"date"},{"type":"integer"}]}`, `{"type":"object","minProperties":3}`,
	} {
		f.Add(seed)
	}
	v, pieces := testVocabulary()
	f.Fuzz(func(t *testing.T, schema string) {
		g, err := Compile(schema)
		if err != nil {
			if text := err.Error(); !strings.HasPrefix(text, "constrain: ") || len(text) > 2000 || !utf8.ValidString(text) {
				t.Fatalf("error %q", text)
			}
			return
		}
		if g.States() > MaxStates {
			t.Fatalf("%d states", g.States())
		}
		o, err := New(g, v)
		if err != nil || o.Least() > 2000 {
			return
		}
		text, whole := generate(t, g, v, pieces, rand.New(rand.NewPCG(1, 1)), 20, true)
		if !whole || !json.Valid([]byte(text)) {
			t.Fatalf("%s: %q, complete: %v", schema, text, whole)
		}
	})
}

// FuzzRead reads bytes with several grammars: what is taken as a whole value is one for encoding/json, and
// a token is allowed exactly if slow can read it.
func FuzzRead(f *testing.F) {
	var grammars []*Grammar
	for _, schema := range []string{
		`true`, `{"type":"string","minLength":1,"maxLength":3}`, `{"type":"number","minimum":-1.25,"maximum":30}`,
		`{"type":"object","properties":{"a":{"type":"array","items":{"$ref":"#"},"maxItems":2},"b":{"enum":["x","xy",null]}},"additionalProperties":{"type":"integer"}}`,
		`{"type":"array","items":{"anyOf":[{"type":"integer"},{"type":"string","pattern":"^[aé]{2}|\\\\$"}]},"minItems":1}`,
	} {
		g, err := Compile(schema)
		if err != nil {
			f.Fatal(err)
		}
		grammars = append(grammars, g)
	}
	for i, text := range []string{`{"a": [1, "x\ud83d\ude00"], "b": null}`, `"é\n"`, `-1.25`, `{"a": [{}, {"a": []}], "c": 1}`, `["aé", 12]`} {
		f.Add(uint8(i), []byte(text))
	}
	v, _ := testVocabulary()
	f.Fuzz(func(t *testing.T, which uint8, text []byte) {
		if len(text) > 200 {
			return
		}
		g := grammars[int(which)%len(grammars)]
		begins, whole := reads(g, v, string(text))
		if want := follows(g, v, string(text)); begins != want {
			t.Fatalf("%q begins a value: %v, want %v", text, begins, want)
		}
		if whole && (!json.Valid(text) || !utf8.Valid(text)) {
			t.Fatalf("%q is taken for a value", text)
		}
	})
}
