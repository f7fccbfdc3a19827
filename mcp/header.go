package mcp

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
)

// headerKeyword marks a parameter whose value clients repeat in an HTTP header, so that
// what lies between can route by it (MCP 2026-07-28 server/tools "x-mcp-header"). The
// server's part is to say so in a way that clients accept; headers are the bridge's.
const headerKeyword = "x-mcp-header"

// tagHeaders marks the properties inferred from fields with a tag such as `header:"Region"`.
func tagHeaders(t reflect.Type, s *jsonschema.Schema) {
	if t.Kind() != reflect.Struct {
		return
	}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if header := f.Tag.Get("header"); header != "" && s.Properties[name] != nil {
			s.Properties[name].Extra = map[string]any{headerKeyword: header}
		}
	}
}

// checkHeaders reports what is wrong with the marks in an input schema: clients drop a tool
// that has a bad one.
func checkHeaders(root *jsonschema.Schema) error {
	seen := map[string]bool{}
	var visit func(s *jsonschema.Schema, path string, static bool) error
	visit = func(s *jsonschema.Schema, path string, static bool) (err error) {
		if mark, ok := s.Extra[headerKeyword]; ok {
			name, _ := mark.(string)
			switch key := strings.ToLower(name); {
			case !isToken(name):
				return fmt.Errorf("%s: %s %v is no HTTP field name", path, headerKeyword, mark)
			case seen[key]:
				return fmt.Errorf("%s: %s %s is there twice", path, headerKeyword, name)
			case !static || path == "":
				return fmt.Errorf("%s: %s at a place that is not reached by properties alone", path, headerKeyword)
			case s.Type != "string" && s.Type != "integer" && s.Type != "boolean":
				return fmt.Errorf("%s: %s at what is no string, integer or boolean", path, headerKeyword)
			default:
				seen[key] = true
			}
		}
		eachSub(s, func(pointer string, at place, sub *jsonschema.Schema) {
			if err == nil && sub != nil {
				err = visit(sub, path+pointer, static && strings.HasPrefix(pointer, "/properties/"))
			}
		})
		return err
	}
	return visit(root, "", true)
}

// isToken reports whether s is a token (RFC 9110 section 5.6.2).
func isToken(s string) bool {
	for _, x := range []byte(s) {
		if !isAlphanumeric(x) && strings.IndexByte("!#$%&'*+-.^_`|~", x) < 0 {
			return false
		}
	}
	return s != ""
}
