package chat

import (
	"strconv"
	"strings"
)

// member is x.name and x[i].
func (r *run) member(x, i value) value {
	switch x := x.(type) {
	case *dict:
		if key, ok := i.(text); ok {
			r.spend(len(x.keys))
			if v, ok := x.get(key.s); ok {
				return v
			}
			return undefined{short(key.s)}
		}
	case *place:
		if key, ok := i.(text); ok {
			return x.get(key.s)
		}
	case *list:
		if n, ok := number(i); ok {
			if n < 0 {
				n += int64(len(x.items))
			}
			if n >= 0 && n < int64(len(x.items)) {
				return x.items[n]
			}
		}
	case text:
		if n, ok := number(i); ok {
			list := r.items(x)
			if n < 0 {
				n += int64(len(list))
			}
			if n >= 0 && n < int64(len(list)) {
				return list[n]
			}
		}
	case undefined:
		r.fail("%q is undefined", x.name)
	}
	return undefined{short(r.printKey(i))}
}

func (r *run) printKey(v value) string {
	switch v := v.(type) {
	case text:
		return v.s
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return kindOf(v)
}

// short cuts a text for an error.
func short(s string) string {
	if len(s) > 60 {
		s = s[:60] + "..."
	}
	return strings.ToValidUTF8(s, "?")
}

// slice is Python's x[from:to:step].
func (r *run) slice(e slice) value {
	x := r.eval(e.x)
	_, isText := x.(text)
	if _, ok := x.(*list); !ok && !isText {
		r.fail("a part of %s", kindOf(x))
	}
	items := r.items(x)
	n := len(items)
	r.spend(n)
	bound := func(e expr, none int) (int, bool) {
		if e == nil {
			return none, false
		}
		v := r.eval(e)
		if v == nil {
			return none, false
		}
		i, ok := number(v)
		if !ok {
			r.fail("%s as a bound", kindOf(v))
		}
		return int(max(-1<<30, min(1<<30, i))), true
	}
	step, _ := bound(e.step, 1)
	if step == 0 {
		r.fail("a step of zero")
	}
	low, high := 0, n // what bounds are limited to
	from, to := 0, n
	if step < 0 {
		low, high = -1, n-1
		from, to = n-1, -1
	}
	fix := func(i int, given bool) int {
		if given && i < 0 {
			i += n
		}
		return max(low, min(high, i))
	}
	from = fix(bound(e.from, from))
	to = fix(bound(e.to, to))
	var out []value
	for i := from; step > 0 && i < to || step < 0 && i > to; i += step {
		out = append(out, items[i])
	}
	if !isText {
		return &list{out}
	}
	var b builder
	for _, c := range out {
		b.add(c.(text))
	}
	return b.text()
}

// args is the evaluated arguments of a call.
type args struct {
	r     *run
	what  string
	list  []value
	named map[string]value
	names []string // of named, in order
}

// get returns argument i, or the one called name, or otherwise.
func (a *args) get(i int, name string, otherwise value) value {
	if v, ok := a.named[name]; ok {
		return v
	}
	if i >= 0 && i < len(a.list) {
		return a.list[i]
	}
	return otherwise
}

// text returns a string argument.
func (a *args) text(i int, name string, otherwise value) text {
	v := a.get(i, name, otherwise)
	t, ok := v.(text)
	if !ok {
		a.r.fail("%s: argument %q is %s, want a string", a.what, name, kindOf(v))
	}
	return t
}

func (a *args) int(i int, name string, otherwise int64) int {
	v := a.get(i, name, otherwise)
	n, ok := number(v)
	if !ok {
		a.r.fail("%s: argument %q is %s, want a number", a.what, name, kindOf(v))
	}
	return int(max(-1<<30, min(1<<30, n)))
}

// call runs a function, method, filter or test.
func (r *run) call(c call) value {
	var x value
	if c.x != nil {
		x = r.eval(c.x)
	}
	a := &args{r: r, what: c.name}
	for i, e := range c.args {
		v := r.eval(e)
		if c.names[i] == "" {
			a.list = append(a.list, v)
			continue
		}
		if a.named == nil {
			a.named = make(map[string]value)
		}
		if _, ok := a.named[c.names[i]]; !ok {
			a.names = append(a.names, c.names[i])
		}
		a.named[c.names[i]] = v
	}
	switch c.kind {
	case method:
		if u, ok := x.(undefined); ok {
			r.fail("%q is undefined", u.name)
		}
		v, ok := methodFor(c.name)(r, x, a)
		if !ok {
			r.fail("%s has no method %q", kindOf(x), c.name)
		}
		return v
	case filter:
		return filterFor(c.name)(r, x, a)
	case test:
		return testFor(c.name)(r, x, a) != c.not
	}
	f := functionFor(c.name)
	if f == nil {
		r.fail("%q is undefined", c.name)
	}
	return f(r, a)
}

// functionFor returns a function, nil if there is none of that name. Tables are switches
// here: a map would cost the boot of every image that links the package.
func functionFor(name string) func(r *run, a *args) value {
	switch name {
	case "range":
		return func(r *run, a *args) value {
			from, to, step := 0, a.int(0, "stop", 0), a.int(2, "step", 1)
			if len(a.list) > 1 {
				from, to = to, a.int(1, "stop", 0)
			}
			if step == 0 {
				r.fail("range: a step of zero")
			}
			l := &list{}
			for i := from; step > 0 && i < to || step < 0 && i > to; i += step {
				r.spend(1)
				l.items = append(l.items, int64(i))
			}
			return l
		}
	case "namespace":
		return func(r *run, a *args) value { return newDict(a, true) }
	case "dict":
		return func(r *run, a *args) value { return newDict(a, false) }
	case "raise_exception":
		return func(r *run, a *args) value {
			r.fail("the template refuses: %s", short(a.text(0, "message", own("")).s))
			return nil
		}
	}
	return nil
}

// methodFor returns a method. It says false if x has none of that name.
func methodFor(name string) func(r *run, x value, a *args) (value, bool) {
	switch name {
	case "strip":
		return func(r *run, x value, a *args) (value, bool) { return strip(x, a, true, true) }
	case "lstrip":
		return func(r *run, x value, a *args) (value, bool) { return strip(x, a, true, false) }
	case "rstrip":
		return func(r *run, x value, a *args) (value, bool) { return strip(x, a, false, true) }
	case "upper":
		return func(r *run, x value, a *args) (value, bool) { return onText(r, x, strings.ToUpper) }
	case "lower":
		return func(r *run, x value, a *args) (value, bool) { return onText(r, x, strings.ToLower) }
	case "startswith":
		return func(r *run, x value, a *args) (value, bool) {
			t, ok := x.(text)
			return ok && strings.HasPrefix(t.s, a.text(0, "prefix", nil).s), ok
		}
	case "endswith":
		return func(r *run, x value, a *args) (value, bool) {
			t, ok := x.(text)
			return ok && strings.HasSuffix(t.s, a.text(0, "suffix", nil).s), ok
		}
	case "split":
		return func(r *run, x value, a *args) (value, bool) {
			t, ok := x.(text)
			if !ok {
				return nil, false
			}
			sep := ""
			if v := a.get(0, "sep", nil); v != nil {
				if sep = a.text(0, "sep", nil).s; sep == "" {
					r.fail("split: empty separator")
				}
			}
			r.spend(len(t.s))
			l := &list{}
			for _, part := range t.split(sep, a.int(1, "maxsplit", -1)) {
				l.items = append(l.items, part)
			}
			return l, true
		}
	case "replace":
		return func(r *run, x value, a *args) (value, bool) {
			if _, ok := x.(text); !ok {
				return nil, false
			}
			return replace(r, x, a), true
		}
	case "items":
		return func(r *run, x value, a *args) (value, bool) {
			if _, ok := x.(*dict); !ok {
				return nil, false
			}
			return pairs(r, x), true
		}
	case "keys":
		return func(r *run, x value, a *args) (value, bool) {
			if _, ok := x.(*dict); !ok {
				return nil, false
			}
			return &list{r.items(x)}, true
		}
	case "values":
		return func(r *run, x value, a *args) (value, bool) {
			d, ok := x.(*dict)
			if !ok {
				return nil, false
			}
			r.spend(len(d.values))
			return &list{append([]value(nil), d.values...)}, true
		}
	case "get":
		return func(r *run, x value, a *args) (value, bool) {
			d, ok := x.(*dict)
			if !ok {
				return nil, false
			}
			r.spend(len(d.keys))
			if v, ok := d.get(a.text(0, "key", nil).s); ok {
				return v, true
			}
			return a.get(1, "default", nil), true
		}
	}
	return nil
}

func strip(x value, a *args, left, right bool) (value, bool) {
	t, ok := x.(text)
	if !ok {
		return nil, false
	}
	cut := ""
	if v := a.get(0, "chars", nil); v != nil {
		if cut = a.text(0, "chars", nil).s; cut == "" {
			return t, true
		}
	}
	a.r.spend(len(t.s)/stepBytes*(1+len(cut)) + len(cut))
	return t.trim(cut, left, right), true
}

// onText changes a string as a whole.
func onText(r *run, x value, f func(string) string) (value, bool) {
	t, ok := x.(text)
	if !ok {
		return nil, false
	}
	r.spend(len(t.s) / stepBytes)
	return t.with(f(t.s)), true
}

func replace(r *run, x value, a *args) value {
	t := r.print(x)
	old, by := a.text(0, "old", nil), a.text(1, "new", nil)
	if old.s == "" {
		r.fail("replace: of nothing")
	}
	r.spend(len(t.s) / stepBytes)
	limit := a.int(2, "count", -1)
	n := strings.Count(t.s, old.s)
	if limit >= 0 {
		n = min(n, limit)
	}
	if n > 0 && len(by.s) > (MaxPrompt-len(t.s))/n {
		r.fail("more than %d bytes of text", MaxPrompt)
	}
	r.spend(n * (len(by.s)/stepBytes + 1))
	return t.replace(old.s, by, limit)
}

// pairs lists keys with values.
func pairs(r *run, x value) value {
	l := &list{}
	if _, ok := x.(undefined); ok {
		return l
	}
	d, ok := x.(*dict)
	if !ok {
		r.fail("items of %s", kindOf(x))
	}
	r.spend(len(d.keys))
	for i, k := range d.keys {
		l.items = append(l.items, &list{[]value{k, d.values[i]}})
	}
	return l
}

func newDict(a *args, space bool) *dict {
	d := &dict{space: space}
	for _, name := range a.names {
		d.set(own(name), a.named[name])
	}
	return d
}
