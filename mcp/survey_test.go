package mcp

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
)

func schemaOfText(t testing.TB, text string) *jsonschema.Schema {
	var s jsonschema.Schema
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	return &s
}

// nested returns {"a":{"a":...}} so deep.
func nested(depth int) string {
	return strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth)
}

func TestCompileRefusesSchemas(t *testing.T) {
	for _, c := range []struct{ name, schema, want string }{
		{"a reference to the network", `{"type":"object","properties":{"a":{"$ref":"https://example.com/s.json"}}}`, "leads to no place"},
		{"a reference to a file", `{"type":"object","properties":{"a":{"$ref":"other.json#/x"}}}`, "leads to no place"},
		{"a reference to nothing", `{"type":"object","properties":{"a":{"$ref":"#/$defs/none"}}}`, "leads to no place"},
		{"a dynamic reference to nothing", `{"type":"object","properties":{"a":{"$dynamicRef":"#none"}}}`, "leads to no place"},
		{"a loop", `{"type":"object","allOf":[{"$ref":"#"}]}`, "refers to itself"},
		{"a loop of two", `{"type":"object","$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"not":{"$ref":"#/$defs/a"}}}}`, "refers to itself"},
		{"an unknown dialect", `{"$schema":"https://example.com/dialect","type":"object"}`, "schema"},
		{"a nested $id", `{"type":"object","properties":{"a":{"$id":"https://example.com/a"}}}`, "$id"},
		{"too deep", `{"type":"object","properties":{"a":` + strings.Repeat(`{"items":`, 70) + "{}" + strings.Repeat("}", 70) + `}}`, "deeper"},
		{"too many", `{"type":"object","properties":{"a":{"anyOf":[{}` + strings.Repeat(",{}", 5000) + `]}}}`, "more than"},
		{"a bad pattern", `{"type":"object","properties":{"a":{"pattern":"("}}}`, "pattern"},
	} {
		if _, err := compile(schemaOfText(t, c.schema)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want one with %q", c.name, err, c.want)
		}
	}
	loop := &jsonschema.Schema{Type: "object"}
	loop.Properties = map[string]*jsonschema.Schema{"a": loop, "b": loop}
	if _, err := compile(loop); err == nil {
		t.Error("a schema that holds itself is accepted")
	}
	if _, err := compile(&jsonschema.Schema{Type: "object", AllOf: []*jsonschema.Schema{nil}}); err == nil {
		t.Error("a schema with a nil in it is accepted")
	}
}

// TestCompileTakesAllKeywords: MCP 2026-07-28 basic "JSON Schema Usage".
func TestCompileTakesAllKeywords(t *testing.T) {
	for _, c := range []struct{ name, schema, good, bad string }{
		{"draft 7", `{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","definitions":{"n":{"type":"number"}},"properties":{"a":{"$ref":"#/definitions/n"}}}`, `{"a":1}`, `{"a":"1"}`},
		{"2020-12", `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","required":["a"]}`, `{"a":1}`, `{}`},
		{"one of two ways", `{"type":"object","oneOf":[{"required":["id"]},{"required":["name"]}]}`, `{"id":1}`, `{"id":1,"name":2}`},
		{"condition", `{"type":"object","if":{"properties":{"a":{"const":1}}},"then":{"required":["b"]},"else":{"required":["c"]}}`, `{"a":1,"b":1}`, `{"a":1,"c":1}`},
		{"anchor", `{"type":"object","$defs":{"x":{"$anchor":"n","type":"number"}},"properties":{"a":{"$ref":"#n"}}}`, `{"a":1}`, `{"a":"1"}`},
		{"dynamic reference", `{"$dynamicAnchor":"node","type":"object","properties":{"a":{"$dynamicRef":"#node"}},"additionalProperties":false}`, `{"a":{"a":{}}}`, `{"a":{"b":1}}`},
		{"tree", `{"type":"object","properties":{"a":{"$ref":"#"},"left":{"$ref":"#"}},"additionalProperties":{"type":"number"}}`, `{"a":{"left":{"x":1}}}`, `{"a":{"left":{"x":"1"}}}`},
		{"pointer with escapes", `{"type":"object","$defs":{"a/b~c":{"type":"number"}},"properties":{"a":{"$ref":"#/$defs/a~1b~0c"}}}`, `{"a":1}`, `{"a":"1"}`},
		{"dependent", `{"type":"object","dependentRequired":{"a":["b"]}}`, `{"a":1,"b":1}`, `{"a":1}`},
		{"unevaluated", `{"type":"object","allOf":[{"properties":{"a":{}}}],"unevaluatedProperties":false}`, `{"a":1}`, `{"b":1}`},
		{"choice without type", `{"type":"object","properties":{"a":{"enum":["x"]}}}`, `{"a":"x"}`, `{"a":["x"]}`},
		{"unknown keyword", `{"type":"object","x-mcp-header":"A","properties":{"a":{"x-other":[1],"type":"number"}}}`, `{"a":1}`, `{"a":"1"}`},
	} {
		s, err := compile(schemaOfText(t, c.schema))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if err := s.validate([]byte(c.good)); err != nil {
			t.Errorf("%s: %s: %v", c.name, c.good, err)
		}
		if s.validate([]byte(c.bad)) == nil {
			t.Errorf("%s: %s fits", c.name, c.bad)
		}
	}
}

// sameHash returns an array of n arrays, all different, for which jsonschema makes the
// same hash: it runs their strings together.
func sameHash(n int) string {
	const text = "abcdefghijklmnopqrstuvwxyz0123456789"
	b := []byte(`{"a":[`)
	for i := 1; i < len(text) && n > 0; i++ {
		for j := i; j < len(text) && n > 0; j++ {
			for k := j; k < len(text) && n > 0; k++ {
				b = fmt.Appendf(b, `[%q,%q,%q,%q],`, text[:i], text[i:j], text[j:k], text[k:])
				n--
			}
		}
	}
	return string(b[:len(b)-1]) + "]}"
}

// TestValidateBoundsItsWork: with alternatives that lead back to the schema by two ways each
// level doubles the work. What would take too long is refused at once; what the schema is
// made for passes.
func TestValidateBoundsItsWork(t *testing.T) {
	bomb := `{"type":"object","anyOf":[{"properties":{"a":{"anyOf":[{"type":"string"},{"$ref":"#"}]}},"required":["x"]},{"properties":{"a":{"anyOf":[{"type":"string"},{"$ref":"#"}]}},"required":["y"]},{"required":["a"]}]}`
	json := `{"type":"object","properties":{"a":{"$ref":"#/$defs/v"}},"$defs":{"v":{"anyOf":[{"type":["string","number"]},{"type":"array","items":{"$ref":"#/$defs/v"}},{"type":"object","additionalProperties":{"$ref":"#/$defs/v"}}]}}}`
	wide := `{"a":[1` + strings.Repeat(",1", 20000) + `]}`
	for _, c := range []struct {
		name, schema, value string
		refused             bool
	}{
		{"bomb, shallow", bomb, nested(5), false},
		{"bomb, deep", bomb, nested(60), true},
		{"any JSON, deep", json, nested(60), false},
		{"any JSON, wide", json, wide, false},
		{"many alternatives, wide", `{"type":"object","properties":{"a":{"items":{"anyOf":[{"type":"string"}` + strings.Repeat(`,{"type":"string"}`, 2000) + `,{}]}}}}`, wide, true},
		{"any JSON, wide and deep", json, `{"a":` + strings.Repeat("[", 60) + strings.Repeat("1,", 100000) + "1" + strings.Repeat("]", 60) + "}", true},
		{"any JSON, long text and deep", json, `{"a":` + strings.Repeat("[", 60) + `"` + strings.Repeat("x", 3<<20) + `"` + strings.Repeat("]", 60) + "}", true},
		{"any JSON, long text", json, `{"a":"` + strings.Repeat("x", 400<<10) + `"}`, false},
		{"unique, wide", `{"type":"object","properties":{"a":{"uniqueItems":true}}}`, wide, false},
		{"unique, of one hash", `{"type":"object","properties":{"a":{"uniqueItems":true}}}`, sameHash(10000), true},
		{"unique, few of one hash", `{"type":"object","properties":{"a":{"uniqueItems":true}}}`, sameHash(1000), false},
	} {
		s, err := compile(schemaOfText(t, c.schema))
		if err != nil || s.resolved == nil {
			t.Fatalf("%s: %v, %v", c.name, s, err)
		}
		start := time.Now()
		err = s.validate([]byte(c.value))
		if d := time.Since(start); c.refused && d > 10*time.Second {
			t.Errorf("%s: took %v to be refused", c.name, d)
		}
		if refused := err == errTooMuchWork; refused != c.refused {
			t.Errorf("%s: %v, want refused: %v", c.name, err, c.refused)
		}
		if err != nil && len(err.Error()) > maxReason {
			t.Errorf("%s: an error of %d bytes", c.name, len(err.Error()))
		}
	}
}

func TestCheckHeaders(t *testing.T) {
	for _, c := range []struct{ name, schema, want string }{
		{"good", `{"type":"object","properties":{"a":{"type":"string","x-mcp-header":"A"},"b":{"type":"object","properties":{"c":{"type":"integer","x-mcp-header":"b-C!"}}}}}`, ""},
		{"none", `{"type":"object","properties":{"a":{}}}`, ""},
		{"empty", `{"type":"object","properties":{"a":{"type":"string","x-mcp-header":""}}}`, "field name"},
		{"no string", `{"type":"object","properties":{"a":{"type":"string","x-mcp-header":1}}}`, "field name"},
		{"line feed", `{"type":"object","properties":{"a":{"type":"string","x-mcp-header":"A\n"}}}`, "field name"},
		{"space", `{"type":"object","properties":{"a":{"type":"string","x-mcp-header":"A B"}}}`, "field name"},
		{"colon", `{"type":"object","properties":{"a":{"type":"string","x-mcp-header":"A:"}}}`, "field name"},
		{"not ASCII", `{"type":"object","properties":{"a":{"type":"string","x-mcp-header":"Ä"}}}`, "field name"},
		{"twice", `{"type":"object","properties":{"a":{"type":"string","x-mcp-header":"A"},"b":{"type":"string","x-mcp-header":"a"}}}`, "twice"},
		{"number", `{"type":"object","properties":{"a":{"type":"number","x-mcp-header":"A"}}}`, "no string"},
		{"object", `{"type":"object","properties":{"a":{"type":"object","x-mcp-header":"A"}}}`, "no string"},
		{"root", `{"type":"object","x-mcp-header":"A"}`, "properties alone"},
		{"items", `{"type":"object","properties":{"a":{"items":{"type":"string","x-mcp-header":"A"}}}}`, "properties alone"},
		{"composition", `{"type":"object","anyOf":[{"properties":{"a":{"type":"string","x-mcp-header":"A"}}}]}`, "properties alone"},
		{"$defs", `{"type":"object","$defs":{"a":{"type":"string","x-mcp-header":"A"}}}`, "properties alone"},
	} {
		err := checkHeaders(schemaOfText(t, c.schema))
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// FuzzCompile: no schema makes compile or validate panic or run away, and what a schema
// says of a value does not depend on the way it is found out.
func FuzzCompile(f *testing.F) {
	for _, s := range []string{
		`{"type":"object","properties":{"a":{"anyOf":[{"type":"string"},{"$ref":"#"}]}}}`,
		`{"type":"object","allOf":[{"$ref":"#/$defs/x"}],"$defs":{"x":{"$anchor":"y","not":{"required":["a"]}}}}`,
		`{"type":"object","properties":{"a":{"type":"integer","minimum":1,"enum":[1,2]}},"required":["a"],"additionalProperties":false}`,
		`{"type":["object","null"],"prefixItems":[{}],"contains":{"const":1},"unevaluatedItems":false,"dependentSchemas":{"a":{"$dynamicRef":"#z"}}}`,
	} {
		for _, v := range []string{nested(3), `{"a":"x"}`, `[1,[2]]`, "null"} {
			f.Add(s, v)
		}
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		var s jsonschema.Schema
		if json.Unmarshal([]byte(text), &s) != nil || check([]byte(value), 64, 1<<17) != nil {
			return
		}
		value = strings.TrimSpace(value)
		start := time.Now()
		c, err := compile(&s)
		if err != nil {
			return
		}
		_ = checkHeaders(&s)
		_, _ = defaultsOf(&s)
		got := c.validate([]byte(value))
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("took %v", d)
		}
		if c.resolved != nil {
			return
		}
		r, err := s.Resolve(nil)
		var v any
		if err != nil || json.Unmarshal([]byte(value), &v) != nil {
			return
		}
		if want := r.Validate(v); want != nil && got == nil {
			t.Errorf("%s fits %s, but %v", value, text, want)
		}
	})
}
