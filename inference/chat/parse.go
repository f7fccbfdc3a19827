package chat

import "fmt"

// Template is a parsed template. It is read-only and safe for concurrent use.
type Template struct{ body []node }

// node is a statement: output, loop, choice, assignment or jump.
type node any

type (
	output struct{ value expr }
	loop   struct {
		names  []string // one, or as many as each item has
		over   expr
		filter expr // nil: all
		body   []node
		empty  []node // else
	}
	choice struct {
		cond       expr
		then, rest []node
	}
	assignment struct {
		name, attr string // attr "" for a variable
		names      []string
		value      expr
		body       []node // {% set x %}...{% endset %}
	}
	jump struct{ stop bool } // break or continue
)

// parser turns tokens into nodes.
type parser struct {
	tokens []token
	pos    int
	depth  int // statements and parentheses
	row    int // operators one after the other, which are as deep for who evaluates them
	loops  int
}

// Parse parses a template. It refuses what it could not run.
func Parse(src string) (*Template, error) {
	if len(src) > MaxTemplate {
		return nil, fmt.Errorf("chat: template of %d bytes, at most %d", len(src), MaxTemplate)
	}
	tokens, err := lex(src)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	body, err := p.block()
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != tokEnd {
		return nil, p.errorf("unexpected %v", t)
	}
	return &Template{body}, nil
}

func (p *parser) peek() token { return p.tokens[p.pos] }

func (p *parser) next() token {
	t := p.tokens[p.pos]
	if t.kind != tokEnd {
		p.pos++
	}
	return t
}

// is reports whether the next token is the sign or keyword s.
func (p *parser) is(s string) bool {
	t := p.peek()
	return (t.kind == tokSign || t.kind == tokName) && t.text == s
}

// accept takes the next token if it is the sign or keyword s.
func (p *parser) accept(s string) bool {
	if p.is(s) {
		p.pos++
		return true
	}
	return false
}

func (p *parser) expect(s string) error {
	if !p.accept(s) {
		return p.errorf("%v, want %q", p.peek(), s)
	}
	return nil
}

func (p *parser) name() (string, error) {
	if t := p.peek(); t.kind == tokName {
		return p.next().text, nil
	}
	return "", p.errorf("%v, want a name", p.peek())
}

// close takes the end of a tag.
func (p *parser) close() error {
	if t := p.peek(); t.kind != tokClose {
		return p.errorf("unexpected %v", t)
	}
	p.pos++
	return nil
}

func (p *parser) errorf(format string, args ...any) error {
	return fmt.Errorf("chat: template line %d: %s", p.peek().line, fmt.Sprintf(format, args...))
}

// enter counts depth; the caller decrements it.
func (p *parser) enter() error {
	if p.depth++; p.depth > MaxDepth {
		return p.errorf("more than %d levels", MaxDepth)
	}
	return nil
}

// block parses statements up to one that only the caller knows (endfor, else, ...),
// which it leaves there with its opening consumed.
func (p *parser) block() ([]node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	var list []node
	for {
		switch t := p.peek(); {
		case t.kind == tokEnd:
			return list, nil
		case t.kind == tokText:
			p.pos++
			list = append(list, output{literal{own(t.text)}})
		case t.text == "{{":
			p.pos++
			e, err := p.expr()
			if err != nil {
				return nil, err
			}
			list = append(list, output{e})
			if err := p.close(); err != nil {
				return nil, err
			}
		default: // {%
			p.pos++
			n, ends, err := p.statement()
			if err != nil || ends {
				return list, err
			}
			if n != nil {
				list = append(list, n)
			}
		}
	}
}

// statement parses what follows {%. ends says that it belongs to the caller's.
func (p *parser) statement() (n node, ends bool, err error) {
	t := p.peek()
	if t.kind != tokName {
		return nil, false, p.errorf("unexpected %v", t)
	}
	switch t.text {
	case "endfor", "endif", "endset", "else", "elif", "endgeneration":
		return nil, true, nil
	}
	p.pos++
	switch t.text {
	case "for":
		n, err = p.loop()
	case "if":
		n, err = p.choice()
	case "set":
		n, err = p.assignment()
	case "break", "continue":
		if p.loops == 0 {
			return nil, false, p.errorf("%s outside a loop", t.text)
		}
		n, err = jump{t.text == "break"}, p.close()
	case "generation": // marks the model's own words, for training
		if err = p.close(); err == nil {
			var body []node
			if body, err = p.block(); err == nil {
				n, err = choice{cond: literal{true}, then: body}, p.end("endgeneration")
			}
		}
	default:
		p.pos--
		err = p.errorf("statement %q is not supported", t.text)
	}
	return n, false, err
}

// end takes the rest of a closing tag.
func (p *parser) end(name string) error {
	if err := p.expect(name); err != nil {
		return err
	}
	return p.close()
}

func (p *parser) loop() (node, error) {
	var l loop
	var err error
	if l.names, err = p.names(); err != nil {
		return nil, err
	}
	if err = p.expect("in"); err != nil {
		return nil, err
	}
	if l.over, err = p.or(); err != nil { // a whole expression would take the "if"
		return nil, err
	}
	if p.accept("if") {
		if l.filter, err = p.expr(); err != nil {
			return nil, err
		}
	}
	p.accept("recursive") // without the function loop() it changes nothing
	if err = p.close(); err != nil {
		return nil, err
	}
	p.loops++
	l.body, err = p.block()
	p.loops--
	if err != nil {
		return nil, err
	}
	if p.accept("else") {
		if err = p.close(); err != nil {
			return nil, err
		}
		if l.empty, err = p.block(); err != nil {
			return nil, err
		}
	}
	return l, p.end("endfor")
}

// names parses a, b, c.
func (p *parser) names() ([]string, error) {
	var list []string
	for {
		name, err := p.name()
		if err != nil {
			return nil, err
		}
		if list = append(list, name); !p.accept(",") {
			return list, nil
		}
	}
}

// choice parses what follows if or elif.
func (p *parser) choice() (node, error) {
	if err := p.enter(); err != nil { // an elif is a choice in the rest
		return nil, err
	}
	defer func() { p.depth-- }()
	var c choice
	var err error
	if c.cond, err = p.expr(); err != nil {
		return nil, err
	}
	if err = p.close(); err != nil {
		return nil, err
	}
	if c.then, err = p.block(); err != nil {
		return nil, err
	}
	switch {
	case p.accept("elif"):
		n, err := p.choice()
		c.rest = []node{n}
		return c, err
	case p.accept("else"):
		if err = p.close(); err != nil {
			return nil, err
		}
		if c.rest, err = p.block(); err != nil {
			return nil, err
		}
	}
	return c, p.end("endif")
}

func (p *parser) assignment() (node, error) {
	names, err := p.names()
	if err != nil {
		return nil, err
	}
	a := assignment{name: names[0], names: names}
	if len(names) == 1 && p.accept(".") {
		if a.attr, err = p.name(); err != nil {
			return nil, err
		}
	}
	if p.accept("=") {
		if a.value, err = p.tuple(); err != nil {
			return nil, err
		}
		return a, p.close()
	}
	if len(names) > 1 || a.attr != "" {
		return nil, p.errorf("%v, want \"=\"", p.peek())
	}
	if err = p.close(); err != nil {
		return nil, err
	}
	if a.body, err = p.block(); err != nil {
		return nil, err
	}
	return a, p.end("endset")
}
