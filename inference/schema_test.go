package inference_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/unikernel-ai/unikernel-ai/inference"
	"github.com/unikernel-ai/unikernel-ai/inference/models/modeltest"
)

const personSchema = `{"type":"object","properties":{"name":{"type":"string","minLength":1,"maxLength":20},"age":{"type":"integer","minimum":0,"maximum":150},
	"tribe":{"enum":["Levi","Judah","Dan"]},"sons":{"type":"array","items":{"type":"string"},"maxItems":3}},"required":["name","age","tribe"]}`

// checkJSON says what is wrong with text as a value of the schema.
func checkJSON(t *testing.T, schema, text string) {
	t.Helper()
	var s jsonschema.Schema
	if err := json.Unmarshal([]byte(schema), &s); err != nil {
		t.Fatal(err)
	}
	resolved, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Errorf("%q: %v", text, err)
	} else if err := resolved.Validate(v); err != nil {
		t.Errorf("%q: %v", text, err)
	}
}

func TestSchemaMakesTextFit(t *testing.T) {
	m := load(t, inference.Config{})
	for _, schema := range []string{personSchema, `true`, `{"type":"string"}`, `{"type":"array","items":{"type":"number"},"minItems":2}`, `{"type":"integer"}`, `{"enum":["Moses","Aaron"]}`} {
		for _, o := range []inference.Options{{}, {Temperature: 1, Seed: 7}, {Temperature: 3, Seed: 8, TopK: 50, TopP: 0.9}, {MaxTokens: 200}} {
			o.Schema = []byte(schema)
			streamed := ""
			res, err := m.Generate(context.Background(), "And the name of the man was", o, func(t inference.Token) error {
				streamed += t.Text
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if res.Stop != inference.StopEOS || res.Text != streamed {
				t.Errorf("%s: stop %q, %q, streamed %q", schema, res.Stop, res.Text, streamed)
			}
			checkJSON(t, schema, res.Text)
			again, err := m.Generate(context.Background(), "And the name of the man was", o, nil)
			if err != nil || again.Text != res.Text {
				t.Errorf("%s: %q, then %q, %v", schema, res.Text, again.Text, err)
			}
		}
	}
}

// TestSchemaFitsWhatIsLeft makes the room smaller, by max tokens and by context.
func TestSchemaFitsWhatIsLeft(t *testing.T) {
	schema := `{"type":"array","items":{"type":"string"},"minItems":1}`
	for _, most := range []int{1, 2, 3, 4, 5, 6, 8, 12, 20, 40} {
		for _, cfg := range []inference.Config{{}, {Context: 8 + most - 1}} { // the last token needs no place
			o := inference.Options{Schema: []byte(schema), MaxTokens: most}
			if cfg.Context > 0 {
				o.MaxTokens = 1000
			}
			res, err := load(t, cfg).Generate(context.Background(), "In the beginning", o, nil)
			if err != nil {
				t.Fatal(err)
			}
			if most >= 4 { // [ " " ]
				if res.Stop != inference.StopEOS {
					t.Errorf("%d tokens: stop %q, %q", most, res.Stop, res.Text)
				}
				checkJSON(t, schema, res.Text)
			} else if most < 2 && (res.Stop != inference.StopLength && cfg.Context == 0 || res.Stop != inference.StopContext && cfg.Context > 0) {
				t.Errorf("%d tokens: stop %q, %q", most, res.Stop, res.Text)
			}
		}
	}
}

func TestBadSchemaIsRefused(t *testing.T) {
	m := load(t, inference.Config{})
	for schema, want := range map[string]string{
		`{"type":`: "not a JSON text", `{"not":true}`: `keyword "not" is not supported`, `false`: "no value", ``: "not a JSON text",
		`{"type":"string","format":"email"}`: "#/format",
	} {
		_, err := m.Generate(context.Background(), "a", inference.Options{Schema: []byte(schema)}, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", schema, err)
		}
	}
}

// TestSmolLM2AnswersInJSON asks a model that knows something; it needs its file.
func TestSmolLM2AnswersInJSON(t *testing.T) {
	m := smollm2(t)
	schema := `{"type":"object","properties":{"country":{"type":"string"},"capital":{"type":"string"},"population":{"type":"integer","minimum":1},
		"continent":{"enum":["Africa","America","Asia","Europe","Oceania"]}},"required":["country","capital","continent"]}`
	res, err := m.Chat(context.Background(), []inference.Message{{Role: "user", Content: "What is the capital of France? Answer in JSON with country, capital and continent."}},
		inference.Options{Schema: []byte(schema), MaxTokens: 60}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", res.Text)
	checkJSON(t, schema, res.Text)
	var v struct{ Country, Capital, Continent string }
	if err := json.Unmarshal([]byte(res.Text), &v); err != nil || !strings.EqualFold(v.Country, "France") || v.Capital != "Paris" || v.Continent != "Europe" || res.Stop != inference.StopEOS {
		t.Errorf("%+v, stop %q, %v", v, res.Stop, err)
	}
}

// smollm2 loads the model that is not in the repository.
func smollm2(t testing.TB) *inference.Model {
	t.Helper()
	m, err := inference.Load(modeltest.Read(t, "smollm2-135m-instruct"))
	if err != nil {
		t.Fatal(err)
	}
	return m
}
