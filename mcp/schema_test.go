package mcp

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
)

type everything struct {
	S  string            `json:"s"`
	O  string            `json:"o,omitempty"`
	I  int               `json:"i,omitempty"`
	U  uint8             `json:"u,omitempty"`
	F  float64           `json:"f,omitempty"`
	B  bool              `json:"b,omitempty"`
	P  *string           `json:"p,omitempty"`
	L  []int             `json:"l,omitempty"`
	M  map[string]string `json:"m,omitempty"`
	N  inner             `json:"n,omitempty"`
	NL []inner           `json:"nl,omitempty"`
	A  any               `json:"a,omitempty"`
}

type inner struct {
	X int    `json:"x"`
	Y string `json:"y,omitempty"`
}

func everythingSchema() *jsonschema.Schema {
	return SchemaFor[everything](func(p map[string]*jsonschema.Schema) {
		p["i"].Minimum, p["i"].ExclusiveMaximum = jsonschema.Ptr(-2.0), jsonschema.Ptr(3.0)
		p["o"].Enum = []any{"a", "b"}
		p["s"].MinLength, p["s"].MaxLength = jsonschema.Ptr(1), jsonschema.Ptr(3)
		p["l"].MaxItems = jsonschema.Ptr(2)
	})
}

// randomValue returns JSON that often fits everything, and often nearly.
func randomValue(rnd *rand.Rand, depth int) string {
	words := []string{`"a"`, `"b"`, `"éé"`, `""`, `"long text"`, "0", "1", "-3", "2.0", "1.5", "1e400", "300", "null", "true", "[]", "{}", "[1]", "[1,2,3]", `["x"]`, `{"x":1}`, `{"x":"1"}`, `{"y":"q"}`, `[{"x":1,"y":"z"}]`, `{"k":"v"}`}
	if depth == 0 || rnd.IntN(8) == 0 {
		return words[rnd.IntN(len(words))]
	}
	var b strings.Builder
	b.WriteByte('{')
	names := []string{"s", "o", "i", "u", "f", "b", "p", "l", "m", "n", "nl", "a", "zz"}
	rnd.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for i, name := range names[:rnd.IntN(4)] {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"` + name + `":` + randomValue(rnd, 0))
	}
	if rnd.IntN(4) > 0 && !strings.Contains(b.String(), `"s":`) {
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		b.WriteString(`"s":"a"`)
	}
	return b.String() + "}"
}

// TestValidateAgreesWithJSONSchema compares the compiled check with the library's.
func TestValidateAgreesWithJSONSchema(t *testing.T) {
	s := everythingSchema()
	c, err := compile(s)
	if err != nil {
		t.Fatal(err)
	}
	if c.resolved != nil {
		t.Error("the schema of a plain struct is not compiled in full")
	}
	resolved, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 1))
	fits := 0
	for range 20000 {
		text := randomValue(rnd, 1)
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			continue // a number that encoding/json refuses
		}
		want := resolved.Validate(v)
		got := c.validate([]byte(text))
		if (got == nil) != (want == nil) {
			t.Fatalf("seed %d: validate(%s) = %v, jsonschema says %v", seed, text, got, want)
		}
		if got == nil {
			fits++
		}
	}
	if fits < 500 {
		t.Errorf("seed %d: only %d of 20000 samples fit: the test says little", seed, fits)
	}
}

func TestValidateRefusesNamesThatDifferInCase(t *testing.T) {
	open := SchemaFor[textIn](nil)
	open.AdditionalProperties = nil // other names may be there
	c, err := compile(open)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.validate([]byte(`{"text":"a","other":1}`)); err != nil {
		t.Errorf("other name: %v", err)
	}
	if err := c.validate([]byte(`{"text":"a","TEXT":"b"}`)); err == nil {
		t.Error(`"TEXT" beside "text" is accepted: encoding/json would take it for "text"`)
	}
}

func TestValidateFallsBackToJSONSchema(t *testing.T) {
	s := SchemaFor[textIn](func(p map[string]*jsonschema.Schema) { p["text"].Pattern = "^a+$" })
	c, err := compile(s)
	if err != nil || c.resolved == nil {
		t.Fatalf("compile = %+v, %v; want the library for pattern", c, err)
	}
	if err := c.validate([]byte(`{"text":"aa"}`)); err != nil {
		t.Errorf("aa: %v", err)
	}
	for _, bad := range []string{`{"text":"b"}`, `{"TEXT":"a"}`, `{"text":1}`} {
		if c.validate([]byte(bad)) == nil {
			t.Errorf("%s fits", bad)
		}
	}
}
