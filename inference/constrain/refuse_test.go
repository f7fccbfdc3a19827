package constrain

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestCompileRefusesByNameAndPlace(t *testing.T) {
	deep := strings.Repeat(`{"type":"array","items":`, 70) + "true" + strings.Repeat("}", 70)
	var names, alternatives []string
	for i := range 600 {
		names = append(names, fmt.Sprintf(`"p%d":true`, i))
		alternatives = append(alternatives, fmt.Sprintf(`{"type":"string","maxLength":%d}`, i))
	}
	for _, c := range []struct{ name, schema, want string }{
		{"not JSON", `{"type":}`, "byte 8: not a JSON text"},
		{"nothing", ``, "not a JSON text"},
		{"not UTF-8", "\"\xff\"", "not UTF-8"},
		{"lone surrogate", `{"const":"\ud800"}`, "not a JSON text"},
		{"more behind", `{} {}`, "not a JSON text"},
		{"member twice", `{"type":"null","type":"null"}`, `member "type" is given twice`},
		{"not a schema", `3`, "#: not a schema"},
		{"inner", `{"type":"object","properties":{"a/b":{"items":7,"type":"array"}}}`, "#/properties/a~1b/items: not a schema"},
		{"unknown keyword", `{"type":"array","items":{"not":{}}}`, `#/items: keyword "not" is not supported`},
		{"misspelt keyword", `{"type":"string","maxLenght":3}`, `#: keyword "maxLenght" is not supported`},
		{"patternProperties", `{"patternProperties":{}}`, `"patternProperties" is not supported`},
		{"if", `{"if":true}`, `"if" is not supported`},
		{"unique items", `{"uniqueItems":true}`, "#/uniqueItems: only false is supported"},
		{"multipleOf", `{"multipleOf":0.1}`, "#/multipleOf: only 1 is supported"},
		{"type", `{"type":"float"}`, "#/type: want one of null"},
		{"bound", `{"minimum":"1"}`, "#/minimum: want a number"},
		{"draft 4", `{"minimum":1,"exclusiveMinimum":true}`, "#/exclusiveMinimum: want a number"},
		{"huge bound", `{"minimum":1e999}`, "#/minimum: number is too large"},
		{"length", `{"minLength":-1}`, "#/minLength: want an integer"},
		{"length of a fraction", `{"minLength":1.5}`, "#/minLength: want an integer"},
		{"too long", `{"type":"string","minLength":5000}`, "minLength of more than 4096"},
		{"too many", `{"type":"array","minItems":1e20}`, "minItems of more than 4096"},
		{"format", `{"type":"string","format":"email"}`, `#/format: format "email" is not supported`},
		{"pattern", `{"type":"string","pattern":"(?=a)"}`, "#/pattern: pattern \"(?=a)\": byte"},
		{"back reference", `{"type":"string","pattern":"(a)\\1"}`, "#/pattern: pattern"},
		{"class of nothing", `{"type":"string","pattern":"^a[^\\s\\S]$"}`, "#/pattern: pattern"},
		{"open group", `{"type":"string","pattern":"(a"}`, "#/pattern: pattern"},
		{"anchor inside", `{"type":"string","pattern":"a(^b)"}`, "^ and $ are supported at the ends"},
		{"repeats", `{"type":"string","pattern":"((a{1000}){1000}){1000}"}`, "more than 8192 states"},
		{"repeat", `{"type":"string","pattern":"a{1001}"}`, "#/pattern: pattern"},
		{"two patterns", `{"type":"string","pattern":"a","allOf":[{"pattern":"b"}]}`, "#/allOf/0/pattern: beside #/pattern"},
		{"reference outside", `{"$ref":"https://example.com/x"}`, "#/$ref: \"https://example.com/x\" is not supported"},
		{"reference to nothing", `{"$ref":"#/$defs/x"}`, "leads nowhere"},
		{"reference to itself", `{"$ref":"#"}`, "refers to itself without a value between"},
		{"circle", `{"$defs":{"a":{"anyOf":[{"type":"null"},{"$ref":"#/$defs/b"}]},"b":{"allOf":[{"$ref":"#/$defs/a"}]}},"$ref":"#/$defs/a"}`, "refers to itself"},
		{"dialect", `{"$schema":"http://json-schema.org/draft-04/schema#"}`, "#/$schema"},
		{"inner $id", `{"items":{"$id":"x"}}`, "#/items/$id"},
		{"oneOf that overlaps", `{"oneOf":[{"type":"integer"},{"type":"number"}]}`, "#/oneOf: a value for alternative 0 may fit 1 too"},
		{"oneOf of open objects", `{"oneOf":[{"type":"object","properties":{"a":{"type":"null"}}},{"type":"object","properties":{"b":{"type":"null"}}}]}`, "#/oneOf: a value"},
		{"maxProperties", `{"type":"object","properties":{"a":true,"b":true},"maxProperties":1}`, "maxProperties below"},
		{"minProperties", `{"type":"object","properties":{"a":true,"b":true},"minProperties":2}`, "minProperties 2"},
		{"enum beside properties", `{"enum":[{"a":1}],"properties":{"a":{"type":"null"}}}`, "#/enum/0: such a value"},
		{"many properties", `{"type":"object","additionalProperties":false,"properties":{` + strings.Join(names, ",") + `}}`, "more than 256 properties"},
		{"many alternatives", `{"anyOf":[` + strings.Join(alternatives, ",") + `]}`, "too many alternatives"},
		{"exponential alternatives", `{"allOf":[` + strings.TrimSuffix(strings.Repeat(`{"anyOf":[{"minLength":1},{"minLength":2},{"minLength":3}]},`, 20), ",") + `]}`, "too many alternatives"},
		{"deep text", deep, "nested more than 64 deep"},
		{"long text", `"` + strings.Repeat("a", MaxSchema) + `"`, "schema of 65538 bytes"},
		{"many values", `[` + strings.Repeat("1,", MaxValues) + `1]`, "more than 8192 values"},
		{"states", `{"type":"string","pattern":"^([a-zé-ÿ一-龥]{1000}){6}$","maxLength":5999}`, "more than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Compile(c.schema)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "constrain: ") || len(err.Error()) > 1000 {
				t.Errorf("Compile: %v, want %q", err, c.want)
			}
		})
	}
}

func TestCompileSaysThatNothingFits(t *testing.T) {
	for _, schema := range []string{
		`false`, `{"type":[]}`, `{"enum":[]}`, `{"type":"null","const":1}`, `{"type":"integer","minimum":2,"maximum":1}`, `{"type":"integer","minimum":1.2,"maximum":1.8}`,
		`{"type":"string","minLength":2,"maxLength":1}`, `{"type":"string","pattern":"^a$","minLength":2}`, `{"type":"array","items":false,"minItems":1}`,
		`{"type":"object","required":["a"],"properties":{"a":false}}`, `{"type":"object","required":["a"],"additionalProperties":false}`,
		`{"allOf":[{"type":"string"},{"type":"null"}]}`, `{"type":"array","items":{"$ref":"#"},"minItems":1}`, `{"type":"integer","minimum":1e20}`,
		`{"type":"array","minItems":3,"maxItems":2}`, `{"type":"number","exclusiveMinimum":1,"maximum":1}`,
	} {
		if _, err := Compile(schema); !errors.Is(err, ErrNothing) {
			t.Errorf("Compile(%s): %v", schema, err)
		}
	}
}

// TestNewRefusesWhatTheVocabularyCannotWrite takes the closing brace away.
func TestNewRefusesWhatTheVocabularyCannotWrite(t *testing.T) {
	pieces := []string{"{", "1", "null", "\""}
	v := NewVocabulary(len(pieces), func(dst []byte, id int32) []byte { return append(dst, pieces[id]...) }, func(int32) bool { return false })
	for _, c := range []struct {
		schema string
		ok     bool
	}{{`{"type":"object"}`, false}, {`{"type":"null"}`, true}, {`{"type":"boolean"}`, false}, {`{"type":"integer"}`, true}, {`true`, true}} {
		g, err := Compile(c.schema)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := New(g, v); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.schema, err)
		}
	}
	deep := strings.Repeat(`{"type":"array","minItems":1,"items":`, 30)
	g, err := Compile(`{"$defs":{"a":` + deep + `{"$ref":"#/$defs/b"}` + strings.Repeat("}", 30) + `,"b":` + deep + `{"type":"array","minItems":1,"items":{"type":"array","minItems":1,"items":{"type":"array","minItems":1,"items":{"type":"array","minItems":1,"items":{"type":"array","minItems":1}}}}}` + strings.Repeat("}", 30) + `},"$ref":"#/$defs/a"}`)
	if err != nil {
		t.Fatal(err)
	}
	full, _ := testVocabulary()
	if _, err := New(g, full); err == nil || !strings.Contains(err.Error(), "nested more than 64 deep") {
		t.Errorf("65 levels: %v", err)
	}
}
