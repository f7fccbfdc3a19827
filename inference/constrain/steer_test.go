package constrain

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// follow writes the value that begins with text, then always the allowed token that like gives the most, until it
// ends or most tokens came after text. It checks each mask against slow if check is set.
func follow(t *testing.T, pieces []string, schema, text string, most int, like func(so, piece string) float32, check bool) (string, bool) {
	t.Helper()
	v := vocabularyFor(pieces)
	g, err := Compile(schema)
	if err != nil {
		t.Fatal(err)
	}
	o, err := New(g, v)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []byte(text) {
		o.Mask(make([]float32, len(pieces)), 1<<30) // so that there is something to remember
		if err := o.Next(int32(b) + 1); err != nil {
			t.Fatal(err)
		}
	}
	if most <= 0 {
		most = o.Least() - most
	}
	logits := make([]float32, len(pieces))
	for left := most; left > 0 && !o.Final(); left-- {
		for id, piece := range pieces {
			logits[id] = like(text, piece)
		}
		if check {
			left = 1 << 30 // room for what slow takes
		}
		o.Mask(logits, left)
		best := slices.Index(logits, slices.Max(logits))
		if check {
			for id, piece := range pieces {
				if want := follows(g, v, text+piece); id != endToken && want != (logits[id] != none) {
					t.Fatalf("%s: %q after %q: want %v", schema, piece, text, want)
				}
			}
		}
		if best == endToken || check {
			break
		}
		text += pieces[best]
		if err := o.Next(int32(best)); err != nil {
			t.Fatal(err)
		}
	}
	return text, o.Complete()
}

// TestNamesThatAreTakenCostMore leaves just enough tokens where a name that is taken was begun. Tokens are bytes:
// then Least is exact.
func TestNamesThatAreTakenCostMore(t *testing.T) {
	const schema = `{"type":"object","properties":{"n":{"type":"null"}},"additionalProperties":{"type":"null"}}`
	for _, begun := range []string{`{"a": null, "`, `{"a": null, "a`, `{"n": null, "n`, `{"`, `{"": null, "a": null, "`, `{"n`} {
		for _, like := range []string{`a`, `n`, `"`, `na`, `\`} {
			for more := range 3 {
				text, whole := follow(t, testPieces()[:257], schema, begun, -more, func(_, piece string) float32 {
					if piece == like {
						return 2
					}
					return float32(len(piece) & 1)
				}, false)
				if _, err := parse(text); !whole || err != nil {
					t.Errorf("%s is complete: %v, %v", text, whole, err)
				}
			}
		}
	}
}

// TestNamesAreRememberedApart writes maps in a list: the same places, but with other names taken.
func TestNamesAreRememberedApart(t *testing.T) {
	const schema = `{"type":"array","items":{"type":"object","additionalProperties":{"type":"null"}}}`
	for _, text := range []string{`[{"a": null, `, `[{"a": null, "b": null}, {"b": null, `, `[{"b": null, "a": null}, {"b": null, "`, `[{"a": null, "b": null}, {}, {`, `[{"a": null}, {"b": `} {
		follow(t, testPieces(), schema, text, 1, func(_, piece string) float32 { return 0 }, true)
	}
}

// TestStringsSideBySide: what one may not read any more, another may.
func TestStringsSideBySide(t *testing.T) {
	const schema = `{"anyOf":[{"type":"string","maxLength":3},{"type":"string","pattern":"^xyzzy"},{"enum":["nametag"]}]}`
	var many []string
	for c := '#'; c < '~'; c++ {
		if c != '\\' {
			many = append(many, fmt.Sprintf(`{"const":"a%c"}`, c))
		}
	}
	follow(t, testPieces(), `{"anyOf":[`+strings.Join(many, ",")+`]}`, `"a`, 1, func(_, piece string) float32 { return 0 }, true)
	for _, text := range []string{`"`, `"x`, `"na`} {
		follow(t, testPieces(), schema, text, 1, func(_, piece string) float32 { return 0 }, true)
	}
}

// TestManyMapsKeepTheirNames writes more frames and names than are kept, and the same name whenever it may.
func TestManyMapsKeepTheirNames(t *testing.T) {
	const schema = `{"type":"array","items":{"type":"object","minProperties":2,"maxProperties":3,"additionalProperties":{"type":"array","items":{"type":"null"}}}}`
	text, whole := follow(t, testPieces(), schema, `[`, 4000, func(so, piece string) float32 {
		switch {
		case so == "[" && piece == "{":
			return 7
		case piece == `"` || piece == `":` && strings.HasSuffix(so, `"a`):
			return 5
		case piece == "a" && strings.HasSuffix(so, `"`):
			return 6
		case piece == "]" && !strings.HasSuffix(so, "}"):
			return 4
		case piece == "a" || piece == `,` || piece == "{":
			return 3
		}
		return 0
	}, false)
	var v []map[string][]any
	if _, err := parse(text); !whole || err != nil && !strings.Contains(err.Error(), "more than") || json.Unmarshal([]byte(text), &v) != nil || len(v) < 100 {
		t.Errorf("complete: %v, %v, %d items of %.300s", whole, err, len(v), text)
	}
}

// TestNestingEnds opens arrays and objects as long as it may.
func TestNestingEnds(t *testing.T) {
	for _, schema := range []string{`true`, `{"$defs":{"a":{"type":"object","properties":{"x":{"$ref":"#/$defs/b"}}},"b":{"type":"array","items":{"$ref":"#/$defs/a"}}},"$ref":"#/$defs/b"}`} {
		for _, open := range []string{"[", "{", `[{`} {
			text, whole := follow(t, testPieces(), schema, "", 2000, func(so, piece string) float32 {
				if strings.ContainsAny(piece, open) {
					return 2
				}
				return float32(strings.Count(piece, `"`))
			}, false)
			deepest, depth := 0, 0
			for d := json.NewDecoder(strings.NewReader(text)); whole; {
				token, err := d.Token()
				if err != nil {
					whole = err == io.EOF
					break
				}
				switch token {
				case json.Delim('['), json.Delim('{'):
					depth++
				case json.Delim(']'), json.Delim('}'):
					depth--
				}
				deepest = max(deepest, depth)
			}
			if !whole || deepest > maxDepth || deepest < maxDepth-1 {
				t.Errorf("%s, %s: complete JSON: %v, %d levels: %.100s", schema, open, whole, deepest, text)
			}
		}
	}
}
