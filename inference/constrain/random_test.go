package constrain

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv"
)

var seedFlag = flag.Uint64("seed", 4, "seed of the random tests")

// schemas writes random schemas.
type schemas struct {
	r    *rand.Rand
	defs int
}

func (s *schemas) one(of ...string) string { return of[s.r.IntN(len(of))] }

func (s *schemas) maybe() bool { return s.r.IntN(2) == 0 }

// write returns a schema with up to depth levels of values.
func (s *schemas) write(depth int) string {
	n := 12
	if depth == 0 {
		n = 6
	}
	switch s.r.IntN(n) {
	case 0:
		return s.one(`{"type":"null"}`, `{"type":"boolean"}`, `{"type":["null","integer"]}`, `{"const":"x"}`, `{"type":"string","maxLength":5}`)
	case 1:
		return s.number()
	case 2:
		return s.text()
	case 3:
		return s.one(`{"enum":["red","rede",1.5,null]}`, `{"enum":["\"quoted\"","日本",[1,{"a":2}]]}`, `{"type":"string","enum":["name","na",7]}`)
	case 4:
		return s.one(`{"type":"string","pattern":"^[a-f]{2,4}(-\\d+)?$"}`, `{"type":"string","pattern":"é.b"}`, `{"type":"string","pattern":"^(\\w+ ?)*$","maxLength":9}`,
			`{"type":"string","pattern":"^\\S[^a-z\\s]{0,3}\\W$"}`, `{"type":"string","format":"date"}`)
	case 5:
		return s.one(`true`, `{}`, `{"type":"object"}`, `{"type":"array"}`)
	case 6, 7:
		return s.array(depth - 1)
	case 8:
		return fmt.Sprintf(`{"anyOf":[%s,%s,%s]}`, s.write(depth-1), s.write(depth-1), s.write(depth-1))
	case 9:
		if s.defs > 0 {
			return fmt.Sprintf(`{"$ref":"#/$defs/d%d"}`, s.r.IntN(s.defs))
		}
		return fmt.Sprintf(`{"allOf":[%s,%s]}`, s.object(depth-1), s.object(depth-1))
	}
	return s.object(depth - 1)
}

func (s *schemas) number() string {
	low := s.r.IntN(2000) - 1000
	high := low + s.r.IntN(300)
	kind := s.one("integer", "number")
	f := fmt.Sprintf
	switch s.r.IntN(5) {
	case 0:
		return f(`{"type":"%s"}`, kind)
	case 1:
		return f(`{"type":"%s","minimum":%d,"maximum":%d}`, kind, low, high)
	case 2:
		return f(`{"type":"%s","exclusiveMinimum":%d.%d}`, kind, low, s.r.IntN(100))
	case 3:
		return f(`{"type":"%s","maximum":%d.0%d}`, kind, low, s.r.IntN(100))
	}
	return f(`{"type":"number","minimum":%g,"exclusiveMaximum":%g}`, float64(low)/1000, float64(high)/1000+0.001)
}

func (s *schemas) text() string {
	min := s.r.IntN(12)
	return s.one(`{"type":"string"}`, fmt.Sprintf(`{"type":"string","minLength":%d}`, min), fmt.Sprintf(`{"type":"string","minLength":%d,"maxLength":%d}`, min, min+s.r.IntN(20)))
}

func (s *schemas) array(depth int) string {
	out := `{"type":"array"`
	if s.maybe() {
		out += `,"items":` + s.write(depth)
	}
	if s.maybe() {
		out += `,"prefixItems":[` + s.write(depth) + "," + s.write(depth) + `]`
	}
	min := s.r.IntN(4)
	if s.maybe() {
		out += fmt.Sprintf(`,"minItems":%d`, min)
	}
	if s.maybe() {
		out += fmt.Sprintf(`,"maxItems":%d`, min+s.r.IntN(4))
	}
	return out + "}"
}

func (s *schemas) object(depth int) string {
	var members, required []string
	for _, name := range []string{"name", "na", "items", "x y", `q"`, "日"} {
		if s.maybe() {
			members = append(members, fmt.Sprintf("%q:%s", name, s.write(depth)))
			if s.maybe() {
				required = append(required, fmt.Sprintf("%q", name))
			}
		}
	}
	out := `{"type":"object","properties":{` + strings.Join(members, ",") + `},"required":[` + strings.Join(required, ",") + "]"
	switch s.r.IntN(4) {
	case 0:
		out += `,"additionalProperties":false`
	case 1:
		out += `,"additionalProperties":` + s.write(depth)
	}
	return out + "}"
}

// whole returns a schema with definitions that may refer to each other.
func (s *schemas) whole() string {
	var defs []string
	s.defs = s.r.IntN(3)
	for i := range s.defs {
		defs = append(defs, fmt.Sprintf(`"d%d":%s`, i, s.write(3)))
	}
	return `{"$defs":{` + strings.Join(defs, ",") + `},"allOf":[` + s.write(3) + "]}"
}

// TestWhatIsGeneratedFits generates values of random schemas with random tokens, some with plenty of
// tokens and some with just enough, and has another implementation of JSON Schema check them.
func TestWhatIsGeneratedFits(t *testing.T) {
	seed := *seedFlag
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	v, pieces := testVocabulary()
	rounds, made, nothing, refused := 400, 0, 0, 0
	if testing.Short() {
		rounds = 100
	}
	for range rounds {
		s := &schemas{r: r}
		text := s.whole()
		g, err := Compile(text)
		if errors.Is(err, ErrNothing) {
			nothing++
			continue
		}
		if err != nil {
			if !slices.ContainsFunc([]string{"refers to itself", "beside", "such a value"}, func(known string) bool { return strings.Contains(err.Error(), known) }) {
				t.Fatalf("seed %d: Compile(%s): %v", seed, text, err)
			}
			refused++
			continue
		}
		var oracle jsonschema.Schema
		if err := json.Unmarshal([]byte(text), &oracle); err != nil {
			t.Fatalf("seed %d: %s: %v", seed, text, err)
		}
		resolved, err := oracle.Resolve(nil)
		if err != nil {
			t.Fatalf("seed %d: %s: %v", seed, text, err)
		}
		for _, most := range []int{0, 5, 30, 300} {
			got, whole := generate(t, g, v, pieces, r, most, true)
			if !whole {
				t.Fatalf("seed %d: %s: %s is not complete", seed, text, got)
			}
			var value any
			if err := json.Unmarshal([]byte(got), &value); err != nil {
				t.Fatalf("seed %d: %s: %s: %v", seed, text, got, err)
			}
			if _, err := parse(got); err != nil && !strings.Contains(err.Error(), "more than") { // sees members given twice
				t.Fatalf("seed %d: %s: %s: %v", seed, text, got, err)
			}
			if err := resolved.Validate(value); err != nil {
				t.Fatalf("seed %d: %s: %s: %v", seed, text, got, err)
			}
			made++
		}
	}
	t.Logf("%d values; of %d schemas %d fit nothing, %d were refused", made, rounds, nothing, refused)
	if made < rounds {
		t.Errorf("only %d values of %d schemas", made, rounds)
	}
}

// TestMaskEqualsBruteForce compares Mask, where there is room, with reading each token byte by byte: a token
// is allowed if and only if something can follow its text, or nothing need. It does so for a
// vocabulary of odd pieces and for a model's.
func TestMaskEqualsBruteForce(t *testing.T) {
	seed := *seedFlag
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	v, pieces := testVocabulary()
	bruteForce(t, r, v, pieces, 40)
	v, tok := vocabularyOf(t, kjv.Q8_0())
	pieces = make([]string, tok.Len())
	for id := range pieces {
		pieces[id] = string(tok.AppendText(nil, int32(id)))
	}
	bruteForce(t, r, v, pieces, 10)
}

func bruteForce(t *testing.T, r *rand.Rand, v *Vocabulary, pieces []string, rounds int) {
	t.Helper()
	logits := make([]float32, len(pieces))
	compared := 0
	for range rounds {
		text := (&schemas{r: r}).whole()
		g, err := Compile(text)
		if err != nil {
			continue
		}
		o, err := New(g, v)
		if err != nil {
			t.Fatal(err)
		}
		so := ""
		for range 25 {
			clear(logits)
			o.Mask(logits, 1<<30)
			var allowed []int32
			for id, piece := range pieces {
				want := o.Complete()
				if end := slices.Contains(v.ends, int32(id)); !end {
					if want = piece != "" && follows(g, v, so+piece); want {
						allowed = append(allowed, int32(id))
					}
				}
				if got := logits[id] == 0; got != want {
					t.Fatalf("%s: %q after %q: allowed is %v, want %v", text, piece, so, got, want)
				}
				compared++
			}
			if len(allowed) == 0 {
				break
			}
			id := allowed[r.IntN(len(allowed))]
			so += pieces[id]
			if err := o.Next(id); err != nil {
				t.Fatal(err)
			}
		}
	}
	if compared < 500*rounds {
		t.Errorf("compared %d tokens only", compared)
	}
}
