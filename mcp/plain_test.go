package mcp

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
)

type plain struct {
	S   string  `json:"s"`
	B   bool    `json:"b,omitempty"`
	I   int     `json:"i"`
	I8  int8    `json:"i8"`
	U   uint64  `json:"u"`
	U8  uint8   `json:"u8"`
	F   float64 `json:"f"`
	F32 float32 `json:"f32"`
	X   string  `json:"-"`
	un  int
}

// TestDecodePlainAgreesWithEncodingJSON compares both decoders on random objects, by case
// sensitive names, since there encoding/json differs on purpose.
func TestDecodePlainAgreesWithEncodingJSON(t *testing.T) {
	fields := plainFields(reflect.TypeFor[plain]())
	if len(fields) != 8 {
		t.Fatalf("plainFields = %v, want 8", fields)
	}
	names := []string{"s", "b", "i", "i8", "u", "u8", "f", "f32", "other", "\\u0073"}
	values := []string{
		`""`, `"a"`, `"\u00e9\n"`, `"\ud800"`, "true", "false", "null", "0", "-1", "127", "128", "255", "256", "1.5", "1.0", "1e2", "1e400",
		"1e39", "18446744073709551615", "18446744073709551616", "-9223372036854775808", "9223372036854775808", "[]", `{"s":1}`, `"1"`,
	}
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 2))
	fits := 0
	for range 20000 {
		var members []string
		for range rnd.IntN(4) {
			members = append(members, `"`+names[rnd.IntN(len(names))]+`": `+values[rnd.IntN(len(values))])
		}
		text := "{" + strings.Join(members, " , ") + "}"
		var got, want plain
		gotErr := decodePlain([]byte(text), reflect.ValueOf(&got).Elem(), fields)
		wantErr := json.Unmarshal([]byte(text), &want)
		if (gotErr == nil) != (wantErr == nil) || gotErr == nil && got != want {
			t.Fatalf("seed %d: %s = %+v, %v; encoding/json %+v, %v", seed, text, got, gotErr, want, wantErr)
		}
		if gotErr == nil {
			fits++
		}
	}
	if fits < 2000 {
		t.Errorf("seed %d: only %d samples fit: the test says little", seed, fits)
	}
}

func TestPlainFieldsLeavesTheRestToEncodingJSON(t *testing.T) {
	type embedded struct{ plain }
	for _, v := range []any{
		embedded{}, struct {
			T time.Time `json:"t"`
		}{}, struct {
			N json.Number `json:"n"`
		}{}, struct{ Untagged string }{}, struct {
			Q int `json:"q,string"`
		}{}, struct {
			P *int `json:"p"`
		}{}, map[string]string{},
	} {
		if f := plainFields(reflect.TypeOf(v)); f != nil {
			t.Errorf("plainFields(%T) = %v, want nil", v, f)
		}
	}
	if f := plainFields(reflect.TypeFor[struct{}]()); f == nil || len(f) != 0 {
		t.Errorf("plainFields(struct{}) = %v, want none but not nil", f)
	}
}
