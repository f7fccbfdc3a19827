package chat

import (
	"fmt"
	"strings"
)

// Message is one turn of a chat.
type Message struct {
	Role    string // "system", "user" or "assistant"; templates may know more
	Content string
}

// Input is what a template is given.
type Input struct {
	Messages []Message
	// Answer says that the model is to speak next (add_generation_prompt).
	Answer bool
	// BOS and EOS are the text of the model's special tokens.
	BOS, EOS string
	// Flags is variables of one template, as Qwen3's enable_thinking.
	Flags map[string]bool
}

// Prompt is what a template makes of messages.
type Prompt struct {
	Text string
	from string // as in text
}

// Trusted reports whether bytes [from, to) of Text are all the template's own.
func (p Prompt) Trusted(from, to int) bool {
	return p.from == "" || !strings.Contains(p.from[from:to], "\x01")
}

// stepBytes is how many bytes can be copied in a step.
const stepBytes = 16

// run is one Render. Its methods panic with a failure when the template cannot go on;
// nothing else of this package sees that, since Render recovers it.
type run struct {
	steps  int
	out    *builder
	scopes []map[string]value
}

type failure struct{ error }

func (r *run) fail(format string, args ...any) {
	panic(failure{fmt.Errorf("chat: "+format, args...)})
}

func (r *run) spend(n int) {
	if r.steps += n; r.steps > MaxSteps || n < 0 {
		r.fail("the template takes more than %d steps", MaxSteps)
	}
}

// put adds t to b.
func (r *run) put(b *builder, t text) {
	r.spend(len(t.s)/stepBytes + 1)
	if len(t.s) > MaxPrompt-b.s.Len() {
		r.fail("more than %d bytes of text", MaxPrompt)
	}
	b.add(t)
}

// Render runs the template. The error may be the template's own, for messages that it
// cannot arrange.
func (t *Template) Render(in Input) (p Prompt, err error) {
	r := &run{out: &builder{}, scopes: []map[string]value{in.variables()}}
	defer func() {
		switch e := recover().(type) {
		case nil:
		case failure:
			p, err = Prompt{}, e.error
		default:
			panic(e)
		}
	}()
	r.block(t.body)
	out := r.out.text()
	return Prompt{out.s, out.from}, nil
}

func (in Input) variables() map[string]value {
	messages := &list{}
	for _, m := range in.Messages {
		d := &dict{}
		d.set(own("role"), data(m.Role))
		d.set(own("content"), data(m.Content))
		messages.items = append(messages.items, d)
	}
	v := map[string]value{"messages": messages, "add_generation_prompt": in.Answer, "bos_token": own(in.BOS), "eos_token": own(in.EOS),
		"tools": nil, "documents": nil}
	for name, on := range in.Flags {
		v[name] = on
	}
	return v
}

// jumpTo is how a block ended.
type jumpTo uint8

const (
	onward jumpTo = iota
	breaks
	continues
)

func (r *run) block(list []node) jumpTo {
	for _, n := range list {
		r.spend(1)
		switch n := n.(type) {
		case output:
			r.put(r.out, r.print(r.eval(n.value)))
		case choice:
			body := n.rest
			if truth(r.eval(n.cond)) {
				body = n.then
			}
			if to := r.block(body); to != onward {
				return to
			}
		case loop:
			r.loop(n)
		case assignment:
			r.assign(n)
		case jump:
			if n.stop {
				return breaks
			}
			return continues
		}
	}
	return onward
}

// push opens a scope; pop closes it.
func (r *run) push() map[string]value {
	s := make(map[string]value)
	r.scopes = append(r.scopes, s)
	return s
}

func (r *run) pop() { r.scopes = r.scopes[:len(r.scopes)-1] }

func (r *run) loop(l loop) {
	items := r.items(r.eval(l.over))
	if l.filter != nil {
		var kept []value
		for _, item := range items {
			r.bind(r.push(), l.names, item)
			if truth(r.eval(l.filter)) {
				kept = append(kept, item)
			}
			r.pop()
		}
		items = kept
	}
	if len(items) == 0 {
		r.push()
		r.block(l.empty)
		r.pop()
		return
	}
	for i, item := range items {
		scope := r.push()
		scope["loop"] = &place{items, i}
		r.bind(scope, l.names, item)
		to := r.block(l.body)
		r.pop()
		if to == breaks {
			return
		}
	}
}

// bind gives names the values of item, or one name item itself.
func (r *run) bind(scope map[string]value, names []string, item value) {
	r.spend(len(names))
	if len(names) == 1 {
		scope[names[0]] = item
		return
	}
	parts := r.items(item)
	if len(parts) != len(names) {
		r.fail("%d values for %d names", len(parts), len(names))
	}
	for i, name := range names {
		scope[name] = parts[i]
	}
}

func (r *run) assign(a assignment) {
	var v value
	if a.value != nil {
		v = r.eval(a.value)
	} else {
		outer := r.out
		r.out = &builder{}
		r.push()
		r.block(a.body)
		r.pop()
		v, r.out = r.out.text(), outer
	}
	if a.attr == "" {
		r.bind(r.scopes[len(r.scopes)-1], a.names, v)
		return
	}
	d, ok := r.variable(a.name).(*dict)
	if !ok || !d.space {
		r.fail("%q is not a namespace", a.name)
	}
	r.spend(len(d.keys))
	d.set(own(a.attr), v)
}

func (r *run) variable(name string) value {
	for i := len(r.scopes) - 1; i >= 0; i-- {
		if v, ok := r.scopes[i][name]; ok {
			return v
		}
	}
	return undefined{name}
}

func (r *run) eval(e expr) value {
	r.spend(1)
	switch e := e.(type) {
	case literal:
		return e.v
	case variable:
		return r.variable(e.name)
	case listOf:
		l := &list{}
		for _, x := range e.items {
			l.items = append(l.items, r.eval(x))
		}
		return l
	case dictOf:
		d := &dict{}
		for i, k := range e.keys {
			key, ok := r.eval(k).(text)
			if !ok {
				r.fail("a key that is not a string")
			}
			r.spend(len(d.keys))
			d.set(key, r.eval(e.values[i]))
		}
		return d
	case unary:
		return r.unary(e)
	case binary:
		return r.binary(e)
	case compare:
		left := r.eval(e.first)
		for i, op := range e.ops {
			right := r.eval(e.rest[i])
			if !r.compare(op, left, right) {
				return false
			}
			left = right
		}
		return true
	case cond:
		if truth(r.eval(e.x)) {
			return r.eval(e.yes)
		}
		if e.no == nil {
			return undefined{"else"}
		}
		return r.eval(e.no)
	case attribute:
		return r.member(r.eval(e.x), own(e.name))
	case index:
		return r.member(r.eval(e.x), r.eval(e.i))
	case slice:
		return r.slice(e)
	case call:
		return r.call(e)
	}
	panic(fmt.Sprintf("chat: expression %T", e))
}
