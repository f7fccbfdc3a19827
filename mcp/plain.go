package mcp

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Most tools take a struct of strings, numbers and booleans. Such arguments are stored
// without encoding/json, which would scan the text twice more and allocate five times.

// plainField is a field of such a struct.
type plainField struct {
	name  string // in JSON
	index int
	kind  reflect.Kind
}

var (
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// plainFields returns the fields of t if all of them are plain, else nil.
func plainFields(t reflect.Type) []plainField {
	if t.Kind() != reflect.Struct || reflect.PointerTo(t).Implements(jsonUnmarshaler) {
		return nil
	}
	fields := []plainField{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		p := reflect.PointerTo(f.Type)
		switch {
		case name == "-" && options == "":
			continue
		case !f.IsExported() && !f.Anonymous:
			continue
		case f.Anonymous || name == "" || options != "" && options != "omitempty" && options != "omitzero":
			return nil
		case p.Implements(jsonUnmarshaler) || p.Implements(textUnmarshaler) || f.Type == reflect.TypeFor[json.Number]():
			return nil
		}
		switch k := f.Type.Kind(); k {
		case reflect.String, reflect.Bool, reflect.Float32, reflect.Float64,
			reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
			reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
			fields = append(fields, plainField{name, i, k})
		default:
			return nil
		}
	}
	return fields
}

// decodePlain stores a checked object in v, a struct with those fields. As with
// encoding/json other members are ignored and null changes nothing; names are case
// sensitive.
func decodePlain(args []byte, v reflect.Value, fields []plainField) error {
	for w := walk(args); ; {
		name, value, ok := w.member()
		if !ok {
			return nil
		}
		for i := range fields {
			if fields[i].name != string(name) {
				continue
			}
			if value[0] != 'n' && !setPlain(v.Field(fields[i].index), fields[i].kind, value) {
				return fmt.Errorf("%s: %s does not fit", name, clip(value))
			}
			break
		}
	}
}

// setPlain stores a checked value other than null in f, and reports whether it fits.
func setPlain(f reflect.Value, kind reflect.Kind, value []byte) bool {
	switch kind {
	case reflect.String:
		if !isString(value) {
			return false
		}
		f.SetString(unquote(value))
		return true
	case reflect.Bool:
		f.SetBool(value[0] == 't')
		return value[0] == 't' || value[0] == 'f'
	case reflect.Float32, reflect.Float64:
		x, err := strconv.ParseFloat(string(value), f.Type().Bits())
		f.SetFloat(x)
		return err == nil && isNumber(value)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		x, err := strconv.ParseUint(string(value), 10, f.Type().Bits())
		f.SetUint(x)
		return err == nil
	}
	x, err := strconv.ParseInt(string(value), 10, f.Type().Bits())
	f.SetInt(x)
	return err == nil
}

// isNumber reports whether v, a checked value, is a number.
func isNumber(v []byte) bool { return v[0] == '-' || '0' <= v[0] && v[0] <= '9' }
