package chat

import (
	"strconv"
	"strings"
)

// expr is an expression.
type expr any

type (
	literal  struct{ v value }
	variable struct{ name string }
	listOf   struct{ items []expr }
	dictOf   struct{ keys, values []expr }
	unary    struct {
		op string // "-", "+" or "not"
		x  expr
	}
	binary struct {
		op   string
		x, y expr
	}
	compare struct { // a < b < c
		first expr
		ops   []string
		rest  []expr
	}
	cond      struct{ x, yes, no expr } // yes if x else no; no may be nil
	attribute struct {
		x    expr
		name string
	}
	index struct{ x, i expr }
	slice struct{ x, from, to, step expr } // nil where left out
	call  struct {
		name  string // of a function, method, filter or test
		x     expr   // of a method, filter or test
		kind  callKind
		args  []expr
		names []string // of the arguments; "" where they have none
		not   bool     // is not
	}
)

type callKind uint8

const (
	function callKind = iota
	method
	filter
	test
)

func (p *parser) expr() (expr, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	x, err := p.or()
	for err == nil && p.accept("if") {
		c := cond{yes: x}
		if c.x, err = p.or(); err != nil {
			return nil, err
		}
		if p.accept("else") {
			if c.no, err = p.expr(); err != nil {
				return nil, err
			}
		}
		x = c
	}
	return x, err
}

// tuple parses a, b, c, which is a list, or one expression.
func (p *parser) tuple() (expr, error) {
	x, err := p.expr()
	if err != nil || !p.is(",") {
		return x, err
	}
	list := listOf{[]expr{x}}
	for p.accept(",") {
		if p.is(")") || p.peek().kind == tokClose {
			break
		}
		if x, err = p.expr(); err != nil {
			return nil, err
		}
		list.items = append(list.items, x)
	}
	return list, nil
}

// left parses operands joined by any of ops, from the left.
func (p *parser) left(operand func() (expr, error), ops ...string) (expr, error) {
	x, err := operand()
	for err == nil {
		op := ""
		for _, o := range ops {
			if p.accept(o) {
				op = o
				break
			}
		}
		if op == "" {
			return x, nil
		}
		if p.row++; p.row > 4*MaxDepth { // a long chain is deep for who evaluates it
			return nil, p.errorf("more than %d operators in a row", 4*MaxDepth)
		}
		var y expr
		if y, err = operand(); err == nil {
			x = binary{op, x, y}
		}
	}
	return nil, err
}

// chain is left, with the length of rows as it was.
func (p *parser) chain(operand func() (expr, error), ops ...string) (expr, error) {
	row := p.row
	x, err := p.left(operand, ops...)
	p.row = row
	return x, err
}

func (p *parser) or() (expr, error)  { return p.chain(p.and, "or") }
func (p *parser) and() (expr, error) { return p.chain(p.not, "and") }

func (p *parser) not() (expr, error) {
	if !p.accept("not") {
		return p.comparison()
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	x, err := p.not()
	return unary{"not", x}, err
}

func (p *parser) comparison() (expr, error) {
	x, err := p.sum()
	c := compare{first: x}
	for err == nil {
		op := ""
		switch t := p.peek(); {
		case t.kind == tokSign && (t.text == "==" || t.text == "!=" || t.text == "<" || t.text == ">" || t.text == "<=" || t.text == ">="), p.is("in"):
			op = t.text
			p.pos++
		case p.is("not") && p.tokens[p.pos+1].kind == tokName && p.tokens[p.pos+1].text == "in":
			op = "not in"
			p.pos += 2
		case len(c.ops) == 0:
			return x, nil
		default:
			return c, nil
		}
		var y expr
		y, err = p.sum()
		c.ops, c.rest = append(c.ops, op), append(c.rest, y)
	}
	return nil, err
}

func (p *parser) sum() (expr, error)     { return p.chain(p.concat, "+", "-") }
func (p *parser) concat() (expr, error)  { return p.chain(p.product, "~") }
func (p *parser) product() (expr, error) { return p.chain(p.prefix, "*", "/", "//", "%") }

// prefix parses a value with its signs, members, filters and tests.
func (p *parser) prefix() (expr, error) {
	row := p.row
	defer func() { p.row = row }()
	x, err := p.signed()
	for err == nil {
		if p.row++; p.row > 4*MaxDepth {
			return nil, p.errorf("more than %d operators in a row", 4*MaxDepth)
		}
		switch {
		case p.accept("|"):
			x, err = p.named(x, filter)
		case p.accept("is"):
			not := p.accept("not")
			x, err = p.named(x, test)
			if c, ok := x.(call); ok {
				c.not = not
				x = c
			}
		case p.is("("):
			return nil, p.errorf("only functions and methods can be called")
		case p.is("**"):
			return nil, p.errorf("operator \"**\" is not supported")
		default:
			return x, nil
		}
	}
	return nil, err
}

// signed parses what filters apply to: signs, a primary, and its members.
func (p *parser) signed() (expr, error) {
	for _, op := range []string{"-", "+"} {
		if p.accept(op) {
			if err := p.enter(); err != nil {
				return nil, err
			}
			defer func() { p.depth-- }()
			x, err := p.signed()
			return unary{op, x}, err
		}
	}
	x, err := p.primary()
	for err == nil {
		if p.row++; p.row > 4*MaxDepth {
			return nil, p.errorf("more than %d operators in a row", 4*MaxDepth)
		}
		switch {
		case p.accept("."):
			x, err = p.member(x)
		case p.accept("["):
			x, err = p.subscript(x)
		default:
			return x, nil
		}
	}
	return nil, err
}

// member parses what follows a dot: an attribute, or a call of a method.
func (p *parser) member(x expr) (expr, error) {
	if t := p.peek(); t.kind == tokNumber && !strings.Contains(t.text, ".") { // a.0
		n, err := strconv.ParseInt(p.next().text, 10, 64)
		return index{x, literal{n}}, err
	}
	name, err := p.name()
	if err != nil || !p.is("(") {
		return attribute{x, name}, err
	}
	if methodFor(name) == nil {
		return nil, p.errorf("method %q is not supported", name)
	}
	return p.arguments(call{name: name, x: x, kind: method})
}

// subscript parses what follows "[".
func (p *parser) subscript(x expr) (expr, error) {
	var parts [3]expr
	n := 0
	for i := 0; ; i++ {
		if !p.is(":") && !p.is("]") {
			var err error
			if parts[i], err = p.expr(); err != nil {
				return nil, err
			}
		}
		if n = i; i == 2 || !p.accept(":") {
			break
		}
	}
	if err := p.expect("]"); err != nil {
		return nil, err
	}
	if n == 0 && parts[0] == nil {
		return nil, p.errorf("[] without an index")
	}
	if n == 0 {
		return index{x, parts[0]}, nil
	}
	return slice{x, parts[0], parts[1], parts[2]}, nil
}

// named parses the name and arguments of a filter or test.
func (p *parser) named(x expr, kind callKind) (expr, error) {
	name, err := p.name()
	if err != nil {
		return nil, err
	}
	known, what := filterFor(name) != nil, "filter"
	if kind == test {
		known, what = testFor(name) != nil, "test"
	}
	if !known {
		return nil, p.errorf("%s %q is not supported", what, name)
	}
	c := call{name: name, x: x, kind: kind}
	if p.is("(") {
		return p.arguments(c)
	}
	if kind == test && takesArgument(name) {
		arg, err := p.primary()
		c.args, c.names = []expr{arg}, []string{""}
		return c, err
	}
	return c, nil
}

// arguments parses (a, b, name=c).
func (p *parser) arguments(c call) (expr, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	for !p.accept(")") {
		name := ""
		if t := p.tokens[min(p.pos+1, len(p.tokens)-1)]; p.peek().kind == tokName && t.kind == tokSign && t.text == "=" {
			name = p.next().text
			p.pos++
		}
		x, err := p.expr()
		if err != nil {
			return nil, err
		}
		c.args, c.names = append(c.args, x), append(c.names, name)
		if !p.is(")") {
			if err := p.expect(","); err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}
