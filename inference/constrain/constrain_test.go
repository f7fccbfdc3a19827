package constrain

import "testing"

func TestGrammarReadsWhatFits(t *testing.T) {
	v, _ := testVocabulary()
	for _, c := range []struct {
		name, schema string
		yes, no      []string
	}{
		{"null", `{"type":"null"}`, []string{`null`}, []string{`true`, `nul`, `null `, ` null`}},
		{"boolean", `{"type":"boolean"}`, []string{`true`, `false`}, []string{`null`, `1`}},
		{"two types", `{"type":["boolean","null"]}`, []string{`true`, `null`}, []string{`1`}},
		{"never", `{"anyOf":[false,{"type":"null"}]}`, []string{`null`}, []string{`1`}},
		{"integer", `{"type":"integer"}`, []string{`0`, `-1`, `10`, `123456789012345`}, []string{`-0`, `01`, `1.0`, `1e1`, `1234567890123456`, `-`}},
		{"number", `{"type":"number"}`, []string{`0`, `-1.5`, `0.001`, `1e5`, `2.5e-10`}, []string{`-0`, `-0.0`, `.5`, `1.`, `1e100`, `+1`, `00`}},
		{"integer range", `{"type":"integer","minimum":-12,"maximum":105}`, []string{`-12`, `-9`, `0`, `99`, `100`, `105`}, []string{`-13`, `106`, `110`, `200`, `1000`, `-20`}},
		{"exclusive range", `{"type":"integer","exclusiveMinimum":1,"exclusiveMaximum":4}`, []string{`2`, `3`}, []string{`1`, `4`, `0`, `-2`, `20`}},
		{"fractions bound integers", `{"type":"integer","minimum":1.5,"maximum":3.5}`, []string{`2`, `3`}, []string{`1`, `4`}},
		{"number range", `{"type":"number","minimum":0.25,"exclusiveMaximum":1.5}`, []string{`0.25`, `0.3`, `1`, `1.4999`, `0.250`}, []string{`0.2`, `0.24`, `1.5`, `1.50`, `2`, `0`, `-1`, `1e-1`}},
		{"negative range", `{"type":"number","minimum":-1.5,"maximum":-0.5}`, []string{`-1.5`, `-0.5`, `-1`, `-0.75`}, []string{`-1.6`, `-0.4`, `0`, `1`, `-0`}},
		{"exponents of bounds", `{"type":"integer","minimum":1e2,"maximum":1.2E2}`, []string{`100`, `120`}, []string{`99`, `121`}},
		{"multipleOf 1", `{"type":"number","multipleOf":1.0}`, []string{`3`}, []string{`3.5`}},
		{"string", `{"type":"string"}`, []string{`""`, `"a b"`, `"é日😀"`, `"\n\"\\\/"`, `"\u00e9"`, `"\ud83d\ude00"`, `"\uDBFF\uDFFF"`},
			[]string{"\"\n\"", `"\x"`, `"\ud83d"`, `"\ud83dx"`, `"\ude00"`, "\"\xff\"", "\"\xed\xa0\x80\"", "\"\xc0\x80\"", "\"\xf4\x90\x80\x80\"", `"\ud83d\u0041"`, `"a`}},
		{"lengths", `{"type":"string","minLength":2,"maxLength":3}`, []string{`"ab"`, `"é日"`, `"\ud83d\ude00\nx"`}, []string{`"a"`, `"abcd"`, `"\u0041"`}},
		{"enum", `{"enum":["a","ab",1,null,{"b":[1,2]}]}`, []string{`"a"`, `"ab"`, `1`, `null`, `{"b": [1, 2]}`}, []string{`"b"`, `2`, `{"b":[1,2]}`}},
		{"const", `{"const":"x\"\n"}`, []string{`"x\"\n"`}, []string{`"x"`}},
		{"enum and type", `{"type":"string","enum":["a",1,"bcd"],"maxLength":2}`, []string{`"a"`}, []string{`1`, `"bcd"`}},
		{"array", `{"type":"array","items":{"type":"integer"}}`, []string{`[]`, `[1]`, `[1, 2]`, `[1,2]`}, []string{`[1,  2]`, `[ 1]`, `[1 ]`, `["a"]`, `[1,]`}},
		{"counts", `{"type":"array","items":{"type":"null"},"minItems":1,"maxItems":2}`, []string{`[null]`, `[null,null]`}, []string{`[]`, `[null,null,null]`}},
		{"tuple", `{"type":"array","prefixItems":[{"type":"integer"},{"type":"string"}],"items":false,"minItems":2}`, []string{`[1, "a"]`}, []string{`[1]`, `[1, "a", 2]`, `["a", 1]`}},
		{"tuple of draft 7", `{"type":"array","items":[{"type":"integer"}],"additionalItems":{"type":"null"},"minItems":2,"maxItems":3}`, []string{`[1, null]`, `[1,null,null]`}, []string{`[1]`, `[1, 2]`, `[1,null,null,null]`}},
		{"object", `{"type":"object","properties":{"b":{"type":"integer"},"a":{"type":"null"}},"required":["b"]}`, []string{`{"b": 1}`, `{"b": 1, "a": null}`, `{"b":1,"a":null}`},
			[]string{`{}`, `{"a": null, "b": 1}`, `{"b": 1, "c": 2}`, `{"b": 1,}`, `{ "b": 1}`, `{"b" : 1}`}},
		{"all optional", `{"type":"object","properties":{"a":{"const":1},"b":{"const":2}}}`, []string{`{}`, `{"a": 1}`, `{"b": 2}`, `{"a": 1, "b": 2}`}, []string{`{,}`, `{"b": 2, "a": 1}`}},
		{"not empty", `{"type":"object","properties":{"a":{"const":1},"b":{"const":2}},"minProperties":1}`, []string{`{"a": 1}`, `{"b": 2}`}, []string{`{}`}},
		{"nothing declared, closed", `{"type":"object","additionalProperties":false}`, []string{`{}`}, []string{`{"a": 1}`}},
		{"required, not declared", `{"type":"object","required":["a"]}`, []string{`{"a": 1}`, `{"a": null, "b": 1}`}, []string{`{}`, `{"b": 1}`}},
		{"map", `{"type":"object","additionalProperties":{"type":"integer"},"minProperties":1,"maxProperties":2}`, []string{`{"a": 1}`, `{"a": 1, "b": 2}`, `{"": 1}`}, []string{`{}`, `{"a": 1, "b": 2, "c": 3}`, `{"a": 1, "a": 2}`, `{"a": "x"}`, `{"\u0061": 1}`}},
		{"others behind", `{"type":"object","properties":{"a":{"const":1}},"additionalProperties":{"type":"null"}}`, []string{`{}`, `{"a": 1, "b": null}`, `{"b": null}`, `{"ab": null, "c": null}`}, []string{`{"a": null}`, `{"b": null, "a": 1}`, `{"b": 1}`}},
		{"impossible property", `{"type":"object","properties":{"a":false,"b":{"const":2}}}`, []string{`{}`, `{"b": 2}`}, []string{`{"a": 1}`}},
		{"any", `{}`, []string{`{}`, `{"a": [1, {"b": null}]}`, `"x"`, `-1.5e3`, `[[], {}]`}, []string{``, `{"a"}`, `{"a": 1, "a": 1}`}},
		{"true", `true`, []string{`1`}, []string{`x`}},
		{"anyOf", `{"anyOf":[{"type":"integer"},{"type":"string","maxLength":1}]}`, []string{`1`, `"a"`}, []string{`"ab"`, `null`}},
		{"anyOf that begin alike", `{"anyOf":[{"type":"object","properties":{"kind":{"const":"a"},"x":{"type":"integer"}},"required":["kind","x"]},{"type":"object","properties":{"kind":{"const":"ab"},"y":{"type":"null"}},"required":["kind","y"]}]}`,
			[]string{`{"kind": "a", "x": 1}`, `{"kind": "ab", "y": null}`}, []string{`{"kind": "a", "y": null}`, `{"kind": "ab", "x": 1}`}},
		{"beside anyOf", `{"type":"integer","anyOf":[{"minimum":5},{"maximum":2},{"type":"string"}]}`, []string{`5`, `2`, `-7`}, []string{`3`, `"a"`}},
		{"oneOf", `{"oneOf":[{"type":"object","properties":{"t":{"const":"a"}},"required":["t"]},{"type":"object","properties":{"t":{"enum":["b","c"]},"n":{"type":"null"}},"required":["t"]},{"type":"null"}]}`,
			[]string{`{"t": "a"}`, `{"t": "c", "n": null}`, `null`}, []string{`{"t": "a", "n": null}`}},
		{"allOf", `{"allOf":[{"type":"object","properties":{"a":{"type":"number"}},"required":["a"]},{"properties":{"b":{"const":1},"a":{"minimum":3,"type":"integer"}}}]}`,
			[]string{`{"a": 3}`, `{"a": 4, "b": 1}`}, []string{`{"a": 2}`, `{"a": 3.5}`, `{}`}},
		{"reference beside others", `{"$defs":{"n":{"type":"integer"}},"$ref":"#/$defs/n","maximum":3}`, []string{`3`}, []string{`4`, `"a"`}},
		{"recursion", `{"$ref":"#/definitions/t","definitions":{"t":{"type":"object","properties":{"v":{"type":"integer"},"kids":{"type":"array","items":{"$ref":"#/definitions/t"}}},"required":["v"]}}}`,
			[]string{`{"v": 1}`, `{"v": 1, "kids": [{"v": 2, "kids": []}, {"v": 3}]}`}, []string{`{"kids": []}`, `{"v": 1, "kids": [1]}`}},
		{"pointer escapes", `{"properties":{"a/b~":{"const":1}},"type":"object","required":["c"],"additionalProperties":{"$ref":"#/properties/a~1b~0"}}`, []string{`{"c": 1}`}, []string{`{"c": 2}`}},
		{"pattern", `{"type":"string","pattern":"^[a-c]+\\d{2,3}(x|yz)?$"}`, []string{`"a12"`, `"cb123yz"`}, []string{`"12"`, `"a1"`, `"a1234"`, `"a12y"`, `"a12"x`}},
		{"pattern anywhere", `{"type":"string","pattern":"ab"}`, []string{`"ab"`, `"xxaby"`, `"é\"ab"`}, []string{`"a"`, `"ba"`}},
		{"pattern and length", `{"type":"string","pattern":"^a*$","minLength":2,"maxLength":3}`, []string{`"aa"`, `"aaa"`}, []string{`"a"`, `"aaaa"`, `""`}},
		{"pattern of loops", `{"type":"string","pattern":"^(a*b?)*$"}`, []string{`""`, `"abba"`}, []string{`"c"`}},
		{"pattern beyond ASCII", `{"type":"string","pattern":"^[à-ÿ日\\u{0}]?.$"}`, nil, nil},
		{"pattern of characters", `{"type":"string","pattern":"^[^\"\\\\a-y]\\t.$"}`, []string{`"z\té"`, `"日\t😀"`}, []string{`"a\tx"`, `"\"\tx"`, "\"z\\t\u2028\""}},
		{"date", `{"type":"string","format":"date"}`, []string{`"2024-02-29"`, `"2000-02-29"`, `"1999-12-31"`, `"2023-04-30"`}, []string{`"2023-02-29"`, `"1900-02-29"`, `"2023-04-31"`, `"2023-13-01"`, `"2023-00-01"`}},
		{"date-time", `{"type":"string","format":"date-time"}`, []string{`"2024-02-29T23:59:59Z"`, `"2024-01-01T00:00:00.123+01:30"`}, []string{`"2024-01-01T24:00:00Z"`, `"2024-01-01"`, `"2024-01-01T00:00:00"`}},
		{"uuid", `{"type":"string","format":"uuid"}`, []string{`"123e4567-e89b-12d3-a456-426614174000"`}, []string{`"123e4567-e89b-12d3-a456-42661417400"`}},
		{"ipv4", `{"type":"string","format":"ipv4"}`, []string{`"10.0.255.1"`}, []string{`"256.0.0.1"`, `"1.2.3"`, `"01.2.3.4"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.yes == nil {
				if _, err := Compile(c.schema); err == nil {
					t.Fatal("is accepted")
				}
				return
			}
			g, err := Compile(c.schema)
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range c.yes {
				if _, whole := reads(g, v, text); !whole {
					t.Errorf("%s is refused", text)
				}
			}
			for _, text := range c.no {
				if _, whole := reads(g, v, text); whole {
					t.Errorf("%s is accepted", text)
				}
			}
		})
	}
}

// TestTokensAllocateNothing writes the inside of a string, in a list, once memory is warm.
func TestTokensAllocateNothing(t *testing.T) {
	v, pieces := testVocabulary()
	g, err := Compile(`{"type":"array","items":{"type":"string"}}`)
	if err != nil {
		t.Fatal(err)
	}
	o, err := New(g, v)
	if err != nil {
		t.Fatal(err)
	}
	logits := make([]float32, len(pieces))
	write := func(text string) {
		for i := range len(text) {
			o.Mask(logits, 1000)
			if err := o.Next(int32(text[i]) + 1); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(`["begin", "` + "again")
	for range 200 {
		write(`x", "`)
	}
	// Every hundredth time frames are compacted, with two allocations.
	if n := testing.AllocsPerRun(100, func() { write(`x", "`) }); n > 0.5 {
		t.Errorf("%v allocations", n)
	}
}
