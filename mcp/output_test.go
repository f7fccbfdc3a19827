package mcp

import (
	"context"
	"encoding/json"
	"log/slog"
	"math/big"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"testing/quick"
	"time"

	oldrand "math/rand"

	"github.com/google/jsonschema-go/jsonschema"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

type named string

type shouting string

func (s shouting) MarshalText() ([]byte, error) { return []byte(strings.ToUpper(string(s))), nil }

type lying struct{ N int }

func (lying) MarshalJSON() ([]byte, error) { return []byte(`"text"`), nil }

type quoted struct {
	N int `json:"n,string"`
}

type deep struct {
	B   bool               `json:"b"`
	I8  int8               `json:"i8,omitempty"`
	U64 uint64             `json:"u64"`
	F   float32            `json:"f,omitzero"`
	S   named              `json:"s"`
	P   *int               `json:"p"`
	L   []string           `json:"l"`
	A   [3]int             `json:"a"`
	M   map[string][]inner `json:"m"`
	N   *inner             `json:"n"`
	X   []byte             `json:"x"`
	T   time.Time          `json:"t"`
	Any any                `json:"any"`
	Raw json.RawMessage    `json:"raw"`
	No  int                `json:"-"`
}

// TestTrustedTypesFitTheirSchemas: what json.Marshal makes of any value of a type that is
// trusted fits the schema inferred from it, so that results need no check.
func TestTrustedTypesFitTheirSchemas(t *testing.T) {
	seed := rand.Int64()
	rnd := oldrand.New(oldrand.NewSource(seed))
	for _, c := range []struct {
		typ     reflect.Type
		trusted bool
	}{
		{reflect.TypeFor[addOut](), true},
		{reflect.TypeFor[deep](), true},
		{reflect.TypeFor[[]deep](), true},
		{reflect.TypeFor[map[string]*deep](), true},
		{reflect.TypeFor[named](), true},
		{reflect.TypeFor[float64](), true},
		{reflect.TypeFor[shouting](), false},
		{reflect.TypeFor[lying](), false},
		{reflect.TypeFor[[]*lying](), false},
		{reflect.TypeFor[quoted](), false},
		{reflect.TypeFor[struct{ inner }](), false},
		{reflect.TypeFor[map[shouting]int](), false},
		{reflect.TypeFor[struct{ X []uint8 }](), true},
		{reflect.TypeFor[struct{ X json.Number }](), false},
		{reflect.TypeFor[big.Int](), false},
	} {
		if got := trusted(c.typ); got != c.trusted {
			t.Errorf("trusted(%v) = %v", c.typ, got)
		}
		if !c.trusted {
			continue
		}
		s, err := jsonschema.ForType(c.typ, inferOptions())
		if err != nil {
			t.Fatal(err)
		}
		allowNilMaps(s)
		check, err := compile(s)
		if err != nil {
			t.Fatal(err)
		}
		tried := 0
		for range 300 {
			v, ok := randomOf(c.typ, rnd)
			if !ok {
				t.Fatalf("no random %v", c.typ)
			}
			doc, err := json.Marshal(v)
			if err != nil {
				continue // a number that JSON has not
			}
			if c.typ.Kind() == reflect.Map && string(doc) == "null" {
				doc = noArguments // as tool.marshal does
			}
			if tried++; check.validate(doc) != nil {
				t.Fatalf("seed %d: %s of %v: %v", seed, doc, c.typ, check.validate(doc))
			}
		}
		if tried < 100 {
			t.Errorf("only %d values of %v", tried, c.typ)
		}
	}
}

// randomOf returns a random value. quick knows no interfaces, times and raw JSON: of a
// struct they stay what they are.
func randomOf(typ reflect.Type, rnd *oldrand.Rand) (any, bool) {
	v := reflect.New(typ).Elem()
	fill(v, rnd, 4)
	return v.Interface(), true
}

func fill(v reflect.Value, rnd *oldrand.Rand, depth int) {
	switch {
	case depth == 0 || rnd.Intn(8) == 0:
		return // zero: nil slices, maps and pointers
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Unix(rnd.Int63n(1<<33), 0)))
	case v.Type() == reflect.TypeFor[json.RawMessage]():
		v.SetBytes([]byte(`{"k":[1,null]}`))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), rnd, depth-1)
			}
		}
	case v.Kind() == reflect.Interface:
		v.Set(reflect.ValueOf([]any{1, "x", nil}[rnd.Intn(2)]))
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), rnd.Intn(3), 3))
		for i := range v.Len() {
			fill(v.Index(i), rnd, depth-1)
		}
	case v.Kind() == reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		e := reflect.New(v.Type().Elem()).Elem()
		fill(e, rnd, depth-1)
		v.SetMapIndex(reflect.ValueOf("k\xff").Convert(v.Type().Key()), e)
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), rnd, depth-1)
	default:
		if x, ok := quick.Value(v.Type(), rnd); ok {
			v.Set(x)
		}
	}
}

// TestMisfitIsLoggedNotSent: the client learns that there is a bug, the log which one.
func TestMisfitIsLoggedNotSent(t *testing.T) {
	var log strings.Builder
	s := newFixture(&Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	AddTool(s, Tool{Name: "lies"}, func(context.Context, struct{}) (lying, error) { return lying{}, nil })
	AddTool(s, Tool{Name: "nan"}, func(context.Context, struct{}) (map[string]func(), error) { return nil, nil })
	cs := connect(t, s, "2025-11-25", nil)
	_, err := cs.CallTool(t.Context(), &sdk.CallToolParams{Name: "lies"})
	if err == nil || !strings.Contains(err.Error(), "does not fit its output schema") || strings.Contains(err.Error(), "text") {
		t.Errorf("lies: %v", err)
	}
	if !strings.Contains(log.String(), "wrong type") || !strings.Contains(log.String(), "tool=lies") {
		t.Errorf("log: %s", log.String())
	}
	if _, err = cs.CallTool(t.Context(), &sdk.CallToolParams{Name: "nan"}); err == nil {
		t.Error("a tool without an output schema answers")
	}
}

// TestOutputSchemaOfTextIsABug: text is not what the schema promises.
func TestOutputSchemaOfTextIsABug(t *testing.T) {
	s := NewServer(Implementation{Name: "s", Version: "1"}, nil)
	AddTool(s, Tool{Name: "text", OutputSchema: &jsonschema.Schema{Type: "string"}}, func(context.Context, struct{}) (Text, error) { return "", nil })
	if err := s.CheckTools(); err == nil || !strings.Contains(err.Error(), "output schema") {
		t.Errorf("CheckTools = %v", err)
	}
}

// TestHeaderTag: a field says in its tag that clients repeat it in a header.
func TestHeaderTag(t *testing.T) {
	s := NewServer(Implementation{Name: "s", Version: "1"}, nil)
	type in struct {
		Region string `json:"region" header:"Region"`
	}
	AddTool(s, Tool{Name: "t"}, func(context.Context, in) (Text, error) { return "", nil })
	schema, _ := s.catalog.Load().tools["t"].schemas()
	if !strings.Contains(string(schema), `"x-mcp-header":"Region"`) {
		t.Errorf("schema %s", schema)
	}
	if c := s.catalog.Load().tools["t"].check; c.resolved != nil {
		t.Error("the mark makes arguments be checked the slow way")
	}
	type bad struct {
		Region float64 `json:"region" header:"Region"`
	}
	AddTool(s, Tool{Name: "t"}, func(context.Context, bad) (Text, error) { return "", nil })
	if err := s.CheckTools(); err == nil {
		t.Error("a number in a header is accepted")
	}
}

// BenchmarkResultCheck is what the check of a result costs beside making it.
func BenchmarkResultCheck(b *testing.B) {
	list := make([]inner, 100)
	for name, v := range map[string]any{"small": addOut{3}, "list of 100": map[string]any{"l": list}} {
		doc, err := json.Marshal(v)
		if err != nil {
			b.Fatal(err)
		}
		schemas := map[string]*jsonschema.Schema{"small": SchemaFor[addOut](nil), "list of 100": SchemaFor[struct {
			L []inner `json:"l"`
		}](nil)}
		c, err := compile(schemas[name])
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name+"/marshal", func(b *testing.B) {
			for b.Loop() {
				_, _ = json.Marshal(v)
			}
		})
		b.Run(name+"/check", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := c.validate(doc); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPrepare is what the first call of a tool pays for its schemas.
func BenchmarkPrepare(b *testing.B) {
	for b.Loop() {
		s := NewServer(Implementation{Name: "s", Version: "1"}, nil)
		AddTool(s, Tool{Name: "add"}, func(context.Context, addIn) (addOut, error) { return addOut{}, nil })
		if err := s.CheckTools(); err != nil {
			b.Fatal(err)
		}
	}
}
