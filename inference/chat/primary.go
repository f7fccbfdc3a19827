package chat

import (
	"strconv"
	"strings"
)

// primary parses a literal, a variable, a call of a function, or what is in brackets.
func (p *parser) primary() (expr, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	t := p.next()
	switch {
	case t.kind == tokString:
		s := t.text
		for p.peek().kind == tokString { // "a" "b"
			s += p.next().text
		}
		return literal{own(s)}, nil
	case t.kind == tokNumber:
		digits := strings.ReplaceAll(t.text, "_", "")
		if n, err := strconv.ParseInt(digits, 10, 64); err == nil {
			return literal{n}, nil
		}
		f, err := strconv.ParseFloat(digits, 64)
		if err != nil {
			return nil, p.errorf("number %v", t)
		}
		return literal{f}, nil
	case t.kind == tokName:
		return p.nameOrCall(t.text)
	case t.kind == tokSign && t.text == "(":
		if p.accept(")") {
			return listOf{}, nil
		}
		x, err := p.tuple()
		if err != nil {
			return nil, err
		}
		return x, p.expect(")")
	case t.kind == tokSign && t.text == "[":
		return p.list()
	case t.kind == tokSign && t.text == "{":
		return p.dict()
	}
	return nil, p.errorf("unexpected %v", t)
}

func (p *parser) nameOrCall(name string) (expr, error) {
	switch name {
	case "true", "True":
		return literal{true}, nil
	case "false", "False":
		return literal{false}, nil
	case "none", "None":
		return literal{nil}, nil
	case "and", "or", "in", "is", "if", "else", "not":
		return nil, p.errorf("unexpected %q", name)
	}
	if !p.is("(") {
		return variable{name}, nil
	}
	if functionFor(name) == nil && name != "strftime_now" { // which templates look for before they call it
		return nil, p.errorf("function %q is not supported", name)
	}
	return p.arguments(call{name: name})
}

func (p *parser) list() (expr, error) {
	var l listOf
	for !p.accept("]") {
		x, err := p.expr()
		if err != nil {
			return nil, err
		}
		l.items = append(l.items, x)
		if !p.is("]") {
			if err := p.expect(","); err != nil {
				return nil, err
			}
		}
	}
	return l, nil
}

func (p *parser) dict() (expr, error) {
	var d dictOf
	for !p.accept("}") {
		k, err := p.expr()
		if err != nil {
			return nil, err
		}
		if err := p.expect(":"); err != nil {
			return nil, err
		}
		v, err := p.expr()
		if err != nil {
			return nil, err
		}
		d.keys, d.values = append(d.keys, k), append(d.values, v)
		if !p.is("}") {
			if err := p.expect(","); err != nil {
				return nil, err
			}
		}
	}
	return d, nil
}
