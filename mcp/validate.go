package mcp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// validate checks JSON text that check has passed. The error says where and why.
func (c *schema) validate(text []byte) error {
	if err := c.root.validate(text); err != nil || c.resolved == nil {
		return err
	}
	work, err := c.survey.work(text)
	if err != nil {
		return err
	}
	if work > littleWork { // it takes memory, too: one at a time
		c.mu.Lock()
		defer c.mu.Unlock()
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		return err
	}
	if err := c.resolved.Validate(v); err != nil {
		reason := err.Error() // it quotes the value
		return errors.New(reason[:min(len(reason), maxReason)])
	}
	return nil
}

// maxReason is how long an error may be in bytes that says why arguments do not fit.
const maxReason = 400

// decodeArguments stores checked arguments in *in. encoding/json alone would take
// "TEXT" for "text"; a node refuses names that differ only in case.
func decodeArguments(args []byte, in any) error {
	err := json.Unmarshal(args, in)
	var t *json.UnmarshalTypeError
	if errors.As(err, &t) {
		return fmt.Errorf("%s: %s does not fit", t.Field, t.Value)
	}
	return err
}

func (n *node) validate(v []byte) error {
	if n == anyNode {
		return nil
	}
	k := kindOf(v)
	if k&n.kinds == 0 {
		return fmt.Errorf("is of the wrong type, want %s", n.kinds)
	}
	if n.enum != nil && k != kindString {
		return fmt.Errorf("is none of %q", n.enum)
	}
	switch k {
	case kindString:
		if n.enum != nil || n.sized {
			return n.validateString(unquote(v))
		}
	case kindInteger, kindNumber:
		if n.numeric {
			return n.validateNumber(v)
		}
	case kindArray:
		return n.validateArray(v)
	case kindObject:
		return n.validateObject(v)
	}
	return nil
}

// kindOf returns the type of a checked value. JSON Schema 2020-12 "type": a number
// with zero fraction is an integer.
func kindOf(v []byte) kinds {
	switch v[0] {
	case '"':
		return kindString
	case '{':
		return kindObject
	case '[':
		return kindArray
	case 't', 'f':
		return kindBoolean
	case 'n':
		return kindNull
	}
	if isInteger(v) {
		return kindInteger
	}
	if f, err := strconv.ParseFloat(string(v), 64); err == nil && f == math.Trunc(f) {
		return kindInteger
	}
	return kindNumber
}

// String lists the types in k.
func (k kinds) String() string {
	var names []string
	for _, name := range []string{"null", "boolean", "string", "number", "integer", "array", "object"} {
		if kk := kindNames[name]; k&kk == kk {
			names = append(names, name)
			k &^= kk
		}
	}
	return strings.Join(names, " or ")
}

func (n *node) validateString(s string) error {
	size := utf8.RuneCountInString(s)
	if m := n.schema.MinLength; m != nil && size < *m {
		return fmt.Errorf("is shorter than %d characters", *m)
	}
	if m := n.schema.MaxLength; m != nil && size > *m {
		return fmt.Errorf("is longer than %d characters", *m)
	}
	if n.enum == nil {
		return nil
	}
	for _, e := range n.enum {
		if e == s {
			return nil
		}
	}
	return fmt.Errorf("is none of %q", n.enum)
}

func (n *node) validateNumber(v []byte) error {
	f, err := strconv.ParseFloat(string(v), 64)
	s := n.schema
	switch {
	case err != nil:
		return errors.New("is out of range")
	case s.Minimum != nil && f < *s.Minimum:
		return fmt.Errorf("is less than %v", *s.Minimum)
	case s.Maximum != nil && f > *s.Maximum:
		return fmt.Errorf("is greater than %v", *s.Maximum)
	case s.ExclusiveMinimum != nil && f <= *s.ExclusiveMinimum:
		return fmt.Errorf("is not greater than %v", *s.ExclusiveMinimum)
	case s.ExclusiveMaximum != nil && f >= *s.ExclusiveMaximum:
		return fmt.Errorf("is not less than %v", *s.ExclusiveMaximum)
	}
	return nil
}

func (n *node) validateArray(v []byte) error {
	count := 0
	for w := walk(v); ; count++ {
		e, ok := w.element()
		if !ok {
			break
		}
		if err := n.items.validate(e); err != nil {
			return fmt.Errorf("[%d] %w", count, err)
		}
	}
	if m := n.schema; m != nil && n.sized {
		if m.MinItems != nil && count < *m.MinItems {
			return fmt.Errorf("has fewer than %d items", *m.MinItems)
		}
		if m.MaxItems != nil && count > *m.MaxItems {
			return fmt.Errorf("has more than %d items", *m.MaxItems)
		}
	}
	return nil
}

func (n *node) validateObject(v []byte) error {
	var seen uint64
	for w := walk(v); ; {
		name, value, ok := w.member()
		if !ok {
			break
		}
		sub := n.rest
		if i := n.find(name); i >= 0 {
			if seen&(1<<i) != 0 {
				return fmt.Errorf("%s is given twice", clip(name))
			}
			seen |= 1 << i
			sub = n.properties[i].node
		} else if err := n.unknown(name); err != nil {
			return err
		}
		if err := sub.validate(value); err != nil {
			return fmt.Errorf("%s %w", clip(name), err)
		}
	}
	for i := range n.properties {
		if p := &n.properties[i]; p.required && seen&(1<<i) == 0 {
			return fmt.Errorf("%s is missing", p.name)
		}
	}
	return nil
}

// unknown returns the error for a name that is no property, nil if it may be there.
func (n *node) unknown(name []byte) error {
	for i := range n.properties {
		if p := n.properties[i].name; bytes.EqualFold(name, []byte(p)) {
			return fmt.Errorf("%s is unknown: did you mean %s?", clip(name), p)
		}
	}
	if n.rest == nil {
		return fmt.Errorf("%s is unknown", clip(name))
	}
	return nil
}
