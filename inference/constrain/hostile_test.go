package constrain

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// hostileSchemas are made to be slow or large, by those who send them.
func hostileSchemas() map[string]string {
	chain := func(n int, format string) string {
		var defs []string
		for i := range n {
			defs = append(defs, fmt.Sprintf(`"d%d":`+format, i, i+1))
		}
		return `{"$ref":"#/$defs/d0","$defs":{` + strings.Join(defs, ",") + fmt.Sprintf(`,"d%d":{"type":"null"}}}`, n)
	}
	many := func(n int, format string) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(format, i, i))
		}
		return strings.Join(list, ",")
	}
	return map[string]string{
		"chain of optional levels":   chain(900, `{"type":"array","items":{"$ref":"#/$defs/d%d"}}`),
		"chain of required levels":   chain(900, `{"type":"array","minItems":1,"items":{"$ref":"#/$defs/d%d"}}`),
		"chain of references":        chain(60, `{"$ref":"#/$defs/d%d"}`),
		"bounds that multiply":       strings.Repeat(`{"type":"array","minItems":4096,"items":`, 20) + "true" + strings.Repeat("}", 20),
		"alternatives at each level": `{"$defs":{"a":{"anyOf":[` + many(200, `{"type":"array","items":{"$ref":"#/$defs/a"},"minItems":%d,"maxItems":9%d}`) + `]}},"$ref":"#/$defs/a"}`,
		"patterns side by side":      `{"anyOf":[` + many(300, `{"type":"string","pattern":"^[a-z%d]*x%d$"}`) + `]}`,
		"strings side by side":       `{"anyOf":[` + many(500, `{"type":"string","minLength":1%d,"maxLength":9%d}`) + `]}`,
		"nested loops":               `{"type":"string","pattern":"^((((a*)*b*)*c*)*|(.*.*.*.*x)*)*$"}`,
		"counted anything":           `{"type":"string","pattern":"^(.|é|[^b]){500}$"}`,
		"optional letters":           `{"type":"string","pattern":"^` + strings.Repeat("[a-z]?", 250) + `$"}`,
		"a long pattern":             `{"type":"string","pattern":"^` + strings.Repeat("[a-z]{1000}", 8) + `$"}`,
		"empty groups":               `{"type":"string","pattern":"^` + strings.Repeat("(", 30) + strings.Repeat("){1000}", 30) + `$"}`,
		"many optional letters":      `{"type":"string","pattern":"^` + strings.Repeat("([a-z]?){1000}", 4) + `$","minLength":2,"maxLength":3000}`,
		"some optional letters":      `{"type":"string","pattern":"^([a-z]?){400}$","minLength":2,"maxLength":300}`,
		"a large class, often":       `{"type":"string","pattern":"^(` + gaps(10000) + `?){400}$"}`,
		"properties that are alike":  `{"type":"object","additionalProperties":false,"properties":{` + many(256, `"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa%d":{"minimum":%d}`) + `}}`,
		"one long name":              `{"type":"object","required":["` + strings.Repeat("a", 30000) + `"]}`,
		"values of everything":       `{"enum":[` + strings.TrimSuffix(strings.Repeat(`"aaaaaaaaaa",`, 4000), ",") + `]}`,
		"merged enums":               `{"allOf":[` + many(9, `{"enum":[%d,`+strings.TrimSuffix(strings.Repeat(`1,`, 800), ",")+`,%d]}`) + `]}`,
		"merged properties":          `{"allOf":[` + many(60, `{"type":"object","properties":{"a":{"type":"object","properties":{"b%d":{"minimum":%d}}}}}`) + `]}`,
	}
}

// TestHostileSchemasAreBounded compiles each, and writes some tokens if there is no error. Times are
// logged only: machines are slow. What has no bound does not get done.
func TestHostileSchemasAreBounded(t *testing.T) {
	v, pieces := testVocabulary()
	logits := make([]float32, len(pieces))
	for name, schema := range hostileSchemas() {
		t.Run(name, func(t *testing.T) {
			if len(schema) > MaxSchema {
				t.Fatalf("schema of %d bytes tests nothing", len(schema))
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			g, err := Compile(schema)
			var o *Output
			if err == nil {
				o, err = New(g, v)
			}
			made := time.Since(start)
			runtime.ReadMemStats(&after)
			allocated := (after.TotalAlloc - before.TotalAlloc) >> 20
			var worst time.Duration
			for i := 0; err == nil && i < 30 && !o.Final(); i++ {
				for id := range logits {
					logits[id] = float32((id*7919 + i*104729) % 1009)
				}
				start = time.Now()
				o.Mask(logits, 1000)
				best := 1
				for id, l := range logits {
					if l > logits[best] && id != endToken {
						best = id
					}
				}
				if logits[best] == none {
					break
				}
				if err := o.Next(int32(best)); err != nil {
					t.Fatal(err)
				}
				worst = max(worst, time.Since(start))
			}
			t.Logf("%v, %d MiB allocated, worst token %v, %v", made, allocated, worst, err)
			if allocated > 64 {
				t.Errorf("%d MiB to compile", allocated)
			}
			if o != nil && o.visits > 16*g.States() {
				t.Errorf("%d visits of %d states to find costs", o.visits, g.States())
			}
		})
	}
}

// gaps is a class of n characters that are not neighbours.
func gaps(n int) string {
	class := []rune{'['}
	for i := range n {
		class = append(class, rune(0x4E00+2*i))
	}
	return string(append(class, ']'))
}

// TestLargeClassesAreWhole: a class that is too much work to put together with others is not cut short.
// Beyond maxThreads ranges some ways are dropped.
func TestLargeClassesAreWhole(t *testing.T) {
	v, _ := testVocabulary()
	for _, n := range []int{100, 300, 400, 500} {
		g, err := Compile(`{"type":"string","pattern":"^` + gaps(n) + `*$"}`)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range []int{0, n / 2, n - 1} {
			text := `"` + string(rune(0x4E00+2*i)) + `"`
			if _, whole := reads(g, v, text); !whole {
				t.Errorf("class of %d characters: %s does not fit", n, text)
			}
		}
	}
}
