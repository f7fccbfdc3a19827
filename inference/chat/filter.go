package chat

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// filterFor returns a filter, nil if there is none of that name.
func filterFor(name string) func(r *run, x value, a *args) value {
	switch name {
	case "trim":
		return func(r *run, x value, a *args) value { v, _ := strip(r.print(x), a, true, true); return v }
	case "upper":
		return func(r *run, x value, a *args) value { v, _ := onText(r, r.print(x), strings.ToUpper); return v }
	case "lower":
		return func(r *run, x value, a *args) value { v, _ := onText(r, r.print(x), strings.ToLower); return v }
	case "capitalize":
		return func(r *run, x value, a *args) value { v, _ := onText(r, r.print(x), capitalize); return v }
	case "string":
		return func(r *run, x value, a *args) value { return r.print(x) }
	case "safe":
		return func(r *run, x value, a *args) value { return x }
	case "length":
		return func(r *run, x value, a *args) value { return int64(r.length(x)) }
	case "count":
		return func(r *run, x value, a *args) value { return int64(r.length(x)) }
	case "items":
		return func(r *run, x value, a *args) value { return pairs(r, x) }
	case "replace":
		return replace
	case "default":
		return otherwise
	case "d":
		return otherwise
	case "tojson":
		return func(r *run, x value, a *args) value {
			var b builder
			r.json(&b, x, min(a.int(0, "indent", -1), 16), 0)
			return b.text()
		}
	case "int":
		return func(r *run, x value, a *args) value {
			if f, ok := float(x); ok {
				return int64(f)
			}
			n, err := strconv.ParseInt(r.print(x).trim("", true, true).s, 10, 64)
			if err != nil {
				return a.get(0, "default", int64(0))
			}
			return n
		}
	case "list":
		return func(r *run, x value, a *args) value {
			items := r.items(x)
			r.spend(len(items))
			return &list{append([]value(nil), items...)}
		}
	case "first":
		return func(r *run, x value, a *args) value { return end(r.items(x), true) }
	case "last":
		return func(r *run, x value, a *args) value { return end(r.items(x), false) }
	case "reverse":
		return func(r *run, x value, a *args) value {
			items := r.items(x)
			r.spend(len(items))
			l := &list{}
			for i := len(items) - 1; i >= 0; i-- {
				l.items = append(l.items, items[i])
			}
			if _, ok := x.(text); !ok {
				return l
			}
			var b builder
			for _, c := range l.items {
				b.add(c.(text))
			}
			return b.text()
		}
	case "join":
		return func(r *run, x value, a *args) value {
			var b builder
			sep := a.text(0, "d", own(""))
			for i, item := range r.items(x) {
				if i > 0 {
					r.put(&b, sep)
				}
				if key, ok := a.get(1, "attribute", nil).(text); ok {
					item = r.member(item, key)
				}
				r.put(&b, r.print(item))
			}
			return b.text()
		}
	case "map":
		return func(r *run, x value, a *args) value {
			l := &list{}
			key, byKey := a.get(-1, "attribute", nil).(text)
			for _, item := range r.items(x) {
				r.spend(1)
				if byKey {
					l.items = append(l.items, r.member(item, key))
					continue
				}
				f := filterFor(a.text(0, "filter", nil).s)
				if f == nil {
					r.fail("map: no filter %q", short(a.text(0, "filter", nil).s))
				}
				l.items = append(l.items, f(r, item, &args{r: r, what: "map", list: a.list[min(1, len(a.list)):]}))
			}
			return l
		}
	case "selectattr":
		return func(r *run, x value, a *args) value { return selectAttr(r, x, a, true) }
	case "rejectattr":
		return func(r *run, x value, a *args) value { return selectAttr(r, x, a, false) }
	}
	return nil
}

func capitalize(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return strings.ToUpper(s[:n]) + strings.ToLower(s[n:])
}

// otherwise is the filter default.
func otherwise(r *run, x value, a *args) value {
	if _, ok := x.(undefined); ok || truth(a.get(1, "boolean", false)) && !truth(x) {
		return a.get(0, "default_value", own(""))
	}
	return x
}

func end(items []value, first bool) value {
	switch {
	case len(items) == 0:
		return undefined{"item"}
	case first:
		return items[0]
	}
	return items[len(items)-1]
}

// selectAttr keeps items whose attribute passes a test, or fails it.
func selectAttr(r *run, x value, a *args, keep bool) value {
	l := &list{}
	for _, item := range r.items(x) {
		r.spend(1)
		v := r.member(item, a.text(0, "attribute", nil))
		pass := truth(v)
		if len(a.list) > 1 {
			f := testFor(a.text(1, "test", nil).s)
			if f == nil {
				r.fail("selectattr: no test %q", short(a.text(1, "test", nil).s))
			}
			pass = f(r, v, &args{r: r, what: "test", list: a.list[2:]})
		}
		if pass == keep {
			l.items = append(l.items, item)
		}
	}
	return l
}

// takesArgument reports whether a test does.
func takesArgument(test string) bool {
	switch test {
	case "divisibleby", "equalto", "eq", "ne", "in":
		return true
	}
	return false
}

// testFor returns a test, nil if there is none of that name.
func testFor(name string) func(r *run, x value, a *args) bool {
	switch name {
	case "defined":
		return func(r *run, x value, a *args) bool { _, ok := x.(undefined); return !ok }
	case "undefined":
		return func(r *run, x value, a *args) bool { _, ok := x.(undefined); return ok }
	case "none":
		return func(r *run, x value, a *args) bool { return x == nil }
	case "boolean":
		return func(r *run, x value, a *args) bool { _, ok := x.(bool); return ok }
	case "true":
		return func(r *run, x value, a *args) bool { return x == true }
	case "false":
		return func(r *run, x value, a *args) bool { return x == false }
	case "string":
		return func(r *run, x value, a *args) bool { _, ok := x.(text); return ok }
	case "number":
		return func(r *run, x value, a *args) bool { _, ok := float(x); return ok }
	case "integer":
		return func(r *run, x value, a *args) bool { _, ok := x.(int64); return ok }
	case "float":
		return func(r *run, x value, a *args) bool { _, ok := x.(float64); return ok }
	case "mapping":
		return func(r *run, x value, a *args) bool { _, ok := x.(*dict); return ok }
	case "sequence":
		return iterable
	case "iterable":
		return iterable
	case "odd":
		return func(r *run, x value, a *args) bool { return remainder(r, x, 2) == 1 }
	case "even":
		return func(r *run, x value, a *args) bool { return remainder(r, x, 2) == 0 }
	case "divisibleby":
		return func(r *run, x value, a *args) bool {
			return remainder(r, x, int64(a.int(0, "num", 0))) == 0
		}
	case "equalto":
		return func(r *run, x value, a *args) bool { return r.equal(x, a.get(0, "other", nil), 0) }
	case "eq":
		return func(r *run, x value, a *args) bool { return r.equal(x, a.get(0, "other", nil), 0) }
	case "ne":
		return func(r *run, x value, a *args) bool { return !r.equal(x, a.get(0, "other", nil), 0) }
	case "in":
		return func(r *run, x value, a *args) bool { return r.contains(a.get(0, "seq", nil), x) }
	}
	return nil
}

func iterable(r *run, x value, a *args) bool {
	switch x.(type) {
	case text, *list, *dict, undefined:
		return true
	}
	return false
}

func remainder(r *run, x value, n int64) int64 {
	rest, _ := number(r.arithmetic("%", x, n))
	return rest
}
