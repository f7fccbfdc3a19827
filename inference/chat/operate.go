package chat

import "strings"

// unary is -x, +x and not x.
func (r *run) unary(e unary) value {
	x := r.eval(e.x)
	if e.op == "not" {
		return !truth(x)
	}
	if n, ok := number(x); ok {
		if e.op == "-" {
			return -n
		}
		return n
	}
	f, ok := x.(float64)
	if !ok {
		r.fail("%s%s", e.op, kindOf(x))
	}
	if e.op == "-" {
		return -f
	}
	return f
}

func (r *run) binary(e binary) value {
	x := r.eval(e.x)
	switch {
	case e.op == "and" && !truth(x), e.op == "or" && truth(x):
		return x
	case e.op == "and" || e.op == "or":
		return r.eval(e.y)
	}
	y := r.eval(e.y)
	if e.op == "~" {
		return r.join(r.print(x), r.print(y))
	}
	if a, ok := x.(text); ok && e.op == "+" {
		if b, ok := y.(text); ok {
			return r.join(a, b)
		}
	}
	if a, ok := x.(*list); ok && e.op == "+" {
		if b, ok := y.(*list); ok {
			r.spend(len(a.items) + len(b.items))
			return &list{append(append([]value(nil), a.items...), b.items...)}
		}
	}
	return r.arithmetic(e.op, x, y)
}

// join puts strings together, within the bounds.
func (r *run) join(list ...text) text {
	var b builder
	for _, t := range list {
		r.put(&b, t)
	}
	return b.text()
}

func (r *run) arithmetic(op string, x, y value) value {
	a, ok1 := number(x)
	b, ok2 := number(y)
	f, ok3 := float(x)
	g, ok4 := float(y)
	if !ok3 || !ok4 {
		r.fail("%s %s %s", kindOf(x), op, kindOf(y))
	}
	whole := ok1 && ok2
	if g == 0 && strings.Contains("//%", op) {
		r.fail("division by zero")
	}
	switch {
	case op == "/":
		return f / g
	case !whole && op != "//" && op != "%":
		return map[string]float64{"+": f + g, "-": f - g, "*": f * g}[op]
	case !whole:
		r.fail("%q of fractions is not supported", op)
	case op == "+":
		return a + b
	case op == "-":
		return a - b
	case op == "*":
		return a * b
	}
	quotient, rest := a/b, a%b
	if rest != 0 && rest < 0 != (b < 0) { // Python rounds down
		quotient, rest = quotient-1, rest+b
	}
	if op == "%" {
		return rest
	}
	return quotient
}

func (r *run) compare(op string, x, y value) bool {
	switch op {
	case "==":
		return r.equal(x, y, 0)
	case "!=":
		return !r.equal(x, y, 0)
	case "in":
		return r.contains(y, x)
	case "not in":
		return !r.contains(y, x)
	}
	order := 0
	if a, ok := float(x); ok {
		b, ok := float(y)
		if !ok {
			r.fail("%s %s %s", kindOf(x), op, kindOf(y))
		}
		switch {
		case a < b:
			order = -1
		case a > b:
			order = 1
		}
	} else {
		a, ok1 := x.(text)
		b, ok2 := y.(text)
		if !ok1 || !ok2 {
			r.fail("%s %s %s", kindOf(x), op, kindOf(y))
		}
		r.spend(min(len(a.s), len(b.s)) / stepBytes)
		order = strings.Compare(a.s, b.s)
	}
	switch op {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

// contains is Python's x in all.
func (r *run) contains(all, x value) bool {
	switch all := all.(type) {
	case text:
		part, ok := x.(text)
		if !ok {
			r.fail("%s in a string", kindOf(x))
		}
		r.spend(len(all.s) / stepBytes)
		return strings.Contains(all.s, part.s)
	case *dict:
		key, ok := x.(text)
		r.spend(len(all.keys))
		if ok {
			_, ok = all.get(key.s)
		}
		return ok
	case *list, undefined:
		for _, item := range r.items(all) {
			if r.equal(item, x, 0) {
				return true
			}
		}
		return false
	}
	r.fail("%s in %s", kindOf(x), kindOf(all))
	return false
}
