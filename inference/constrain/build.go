package constrain

import (
	"fmt"
	"slices"
	"strings"
)

// States are made from the end: what makes the states for a piece of text gets the state that
// follows it and returns the first.

// node adds a state.
func (c *compiler) node(n node) int32 {
	if len(c.g.nodes) >= MaxStates {
		if c.err == nil {
			c.err = fmt.Errorf("more than %d states", MaxStates)
		}
		return dead
	}
	c.g.nodes = append(c.g.nodes, n)
	return int32(len(c.g.nodes) - 1)
}

// split goes to a and to b.
func (c *compiler) split(a, b int32) int32 {
	if a == b || b == dead {
		return a
	}
	if a == dead {
		return b
	}
	return c.node(node{op: opSplit, next: a, alt: b, loop: -1})
}

func (c *compiler) union(starts []int32) int32 {
	all := dead
	for _, s := range slices.Backward(starts) {
		all = c.split(s, all)
	}
	return all
}

func (c *compiler) bytes(low, high byte, next int32) int32 {
	if next == dead {
		return dead
	}
	return c.node(node{op: opByte, low: low, high: high, next: next, loop: -1})
}

func (c *compiler) literal(text string, next int32) int32 {
	for _, b := range slices.Backward([]byte(text)) {
		next = c.bytes(b, b, next)
	}
	return next
}

// in puts the state n into a loop.
func (c *compiler) in(loop int32, o owes, n int32) int32 {
	if n > ret {
		c.g.nodes[n].loop, c.g.nodes[n].owes = loop, o
	}
	return n
}

// gap is text, which ends a piece, and a space that may be left out.
func (c *compiler) gap(loop int32, text string, next int32) int32 {
	next = c.in(loop, owesAfter, c.split(c.in(loop, owesAfter, c.bytes(' ', ' ', next)), next))
	for _, b := range slices.Backward([]byte(text)) {
		next = c.in(loop, owesAfter, c.bytes(b, b, next))
	}
	return next
}

// shape appends the starts of the states that read what sh says, one for each kind of value.
func (c *compiler) shape(sh *shape, starts *[]int32) error {
	if sh.enum != nil {
		*starts = append(*starts, c.enum(sh.enum))
		return nil
	}
	more := func(start int32, err error) error {
		*starts = append(*starts, start)
		return err
	}
	for k := kinds(1); k < kindAny; k <<= 1 {
		var err error
		switch sh.kinds & k {
		case kindNull:
			err = more(c.literal("null", ret), nil)
		case kindBoolean:
			err = more(c.split(c.literal("true", ret), c.literal("false", ret)), nil)
		case kindString:
			err = more(c.text(sh))
		case kindInteger:
			err = more(c.number(sh), nil)
		case kindFraction:
			if sh.kinds&kindInteger == 0 { // no schema says it: integers are numbers
				err = more(c.number(sh), nil)
			}
		case kindArray:
			err = more(c.array(sh))
		case kindObject:
			err = more(c.object(sh))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// enum reads one of the values, by a tree of their common beginnings.
func (c *compiler) enum(values []*value) int32 {
	if len(values) == 0 {
		return dead
	}
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v.appendTo(nil))
	}
	slices.Sort(texts)
	return c.tree(slices.Compact(texts), 0)
}

// tree reads the rest of one of the sorted texts, all alike up to byte i.
func (c *compiler) tree(texts []string, i int) int32 {
	start := i
	for first, last := texts[0], texts[len(texts)-1]; i < len(first) && first[i] == last[i]; {
		i++
	}
	all := dead
	rest := texts
	if len(texts[0]) == i {
		all, rest = ret, texts[1:]
	}
	for len(rest) > 0 {
		n := 1
		for n < len(rest) && rest[n][i] == rest[0][i] {
			n++
		}
		b := rest[0][i]
		all = c.split(c.bytes(b, b, c.tree(rest[:n], i+1)), all)
		rest = rest[n:]
	}
	return c.literal(texts[0][start:i], all)
}

// addLoop adds a loop; rule -1 is of characters.
func (c *compiler) addLoop(min, max int, rule int32) int32 {
	c.g.loops = append(c.g.loops, loop{min: int32(min), max: int32(max), item: rule})
	return int32(len(c.g.loops) - 1)
}

// text reads a string.
func (c *compiler) text(sh *shape) (int32, error) {
	if sh.minLength > maxLeast {
		return dead, fmt.Errorf("%s: minLength of more than %d", sh.at.at(), maxLeast)
	}
	if sh.maxLength >= 0 && sh.maxLength < sh.minLength {
		return dead, nil
	}
	if sh.pattern != nil || sh.format != nil {
		return c.patterned(sh)
	}
	l := c.addLoop(sh.minLength, sh.maxLength, -1)
	inside := c.in(l, owesRest, c.node(node{op: opString, next: ret}))
	return c.in(l, owesAll, c.bytes('"', '"', inside)), nil
}

// array reads an array.
//
//	[ item , item , ... ]       items with schemas of their own first, each a state that knows
//	^0    ^1     ^2   ^rest     how many came before; then a loop that counts
func (c *compiler) array(sh *shape) (int32, error) {
	n := sh.prefix()
	if n > maxProperties {
		return dead, fmt.Errorf("%s: more than %d items with schemas of their own", sh.at.at(), maxProperties)
	}
	if sh.minItems > maxLeast {
		return dead, fmt.Errorf("%s: minItems of more than %d", sh.at.at(), maxLeast)
	}
	if sh.maxItems >= 0 && sh.maxItems < sh.minItems {
		return dead, nil
	}
	rest, err := c.rule(sh.item(n)...)
	if err != nil {
		return dead, err
	}
	most := -1
	if sh.maxItems >= 0 {
		most = max(0, sh.maxItems-n)
	}
	l := c.addLoop(max(0, sh.minItems-n), most, rest)
	closing := c.bytes(']', ']', ret)
	inc := c.node(node{op: opInc, loop: l, owes: owesAfter})
	item := c.in(l, owesAfter, c.node(node{op: opCall, alt: rest, next: inc}))
	end := c.in(l, owesRest, c.node(node{op: opMin, next: closing}))
	again := c.in(l, owesRest, c.node(node{op: opMax, next: c.gap(l, ",", item)}))
	more := c.node(node{op: opSplit, next: end, alt: again, loop: -1})
	c.g.nodes[inc].next = more
	if n == 0 {
		again = c.in(l, owesRest, c.node(node{op: opMax, next: item}))
		more = c.node(node{op: opSplit, next: end, alt: again})
	} else {
		more = c.node(node{op: opSplit, next: more, alt: dead})
	}
	more = c.in(l, owesAll, more)
	for i := n - 1; i >= 0; i-- {
		r, err := c.rule(sh.item(i)...)
		if err != nil {
			return dead, err
		}
		next := dead
		if sh.maxItems < 0 || i < sh.maxItems {
			next = c.node(node{op: opCall, alt: r, next: more, loop: -1})
			if i > 0 {
				next = c.gap(-1, ",", next)
			}
		}
		if more = next; i >= sh.minItems {
			more = c.split(closing, next)
		}
	}
	return c.bytes('[', '[', more), nil
}

// object reads an object: declared properties in their order, then others.
func (c *compiler) object(sh *shape) (int32, error) {
	names := sh.declared()
	others, open := sh.others()
	n := len(names)
	switch {
	case n > maxProperties:
		return dead, fmt.Errorf("%s: more than %d properties", sh.at.at(), maxProperties)
	case open && n > maxFixed:
		return dead, fmt.Errorf("%s: more than %d properties beside additional ones", sh.at.at(), maxFixed)
	case sh.minProperties > max(1, len(sh.required)) && (n > 0 || !open || sh.minProperties > maxExtra):
		return dead, fmt.Errorf("%s: minProperties %d is not supported here", sh.at.at(), sh.minProperties)
	case sh.maxProperties >= 0 && sh.maxProperties < n:
		return dead, fmt.Errorf("%s: maxProperties below the number of properties is not supported", sh.at.at())
	}
	closing := c.bytes('}', '}', ret)
	choice, more := dead, closing // what a member is, after a comma; what follows one
	if open {
		var err error
		if choice, more, err = c.extras(sh, names, others, closing); err != nil {
			return dead, err
		}
	}
	end := true // no required one is left
	for i := n - 1; i >= 0; i-- {
		required := slices.Contains(sh.required, names[i])
		r, err := c.rule(sh.property(names[i])...)
		if err != nil {
			return dead, err
		}
		member := c.node(node{op: opCall, alt: r, next: more, loop: -1})
		member = c.literal(string(appendString(nil, names[i])), c.gap(-1, ":", member))
		if required {
			choice, end = member, false
		} else {
			choice = c.split(member, choice)
		}
		if more = c.gap(-1, ",", choice); end {
			more = c.split(closing, more)
		}
	}
	if end && sh.minProperties == 0 && (n > 0 || !open) {
		choice = c.split(closing, choice)
	}
	return c.bytes('{', '{', choice), nil
}

// extras returns the states for members that are not declared: choice reads one and what
// follows it, more what follows a member. At the start of an object without declared members
// choice reads the closing brace as well, if it may.
func (c *compiler) extras(sh *shape, names []string, others []*value, closing int32) (choice, more int32, err error) {
	r, err := c.rule(others...)
	if err != nil {
		return dead, dead, err
	}
	least, most := 0, maxExtra
	if sh.maxProperties >= 0 {
		most = min(most, sh.maxProperties-len(names))
	}
	if len(names) == 0 {
		least = sh.minProperties
	}
	l := c.addLoop(least, most, r)
	c.g.loops[l].member = true
	for _, name := range names {
		if !strings.ContainsAny(name, "\"\\") {
			c.g.loops[l].names = append(c.g.loops[l].names, hashName(name))
		}
	}
	inc := c.node(node{op: opInc, loop: l, owes: owesAfter})
	item := c.in(l, owesAfter, c.node(node{op: opCall, alt: r, next: inc}))
	key := c.in(l, owesAfter, c.node(node{op: opKey, next: c.gap(l, ":", item)}))
	key = c.in(l, owesAfter, c.bytes('"', '"', key))
	end := c.in(l, owesRest, c.node(node{op: opMin, next: closing}))
	again := c.in(l, owesRest, c.node(node{op: opMax, next: c.gap(l, ",", key)}))
	more = c.node(node{op: opSplit, next: end, alt: again, loop: -1})
	c.g.nodes[inc].next = more
	choice = c.in(l, owesRest, c.node(node{op: opMax, next: key}))
	if len(names) == 0 {
		choice = c.in(l, owesAll, c.node(node{op: opSplit, next: end, alt: choice}))
	}
	return choice, more, nil
}
