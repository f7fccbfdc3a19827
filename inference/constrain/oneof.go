package constrain

import (
	"fmt"
	"slices"
)

// A value of a oneOf must fit one alternative and no other. A union does as long as what is
// generated for one never fits another, and that is all that is supported.

// maxApart bounds how deep schemas are compared.
const maxApart = 4

// onlyOne returns an error if what s, which has alternative i of the choice, makes may fit
// another alternative.
func (c *compiler) onlyOne(s set, ch pending, i int) error {
	mine, err := c.join(s.bases)
	if err != nil {
		return err
	}
	for j, alt := range ch.alts {
		if j == i {
			continue
		}
		apart, err := c.apart(mine, maxApart, alt)
		if err != nil {
			return err
		}
		if !apart {
			return fmt.Errorf("%s: a value for alternative %d may fit %d too, which is not supported; anyOf is", ch.v.at(), i, j)
		}
	}
	return nil
}

// apart reports whether it is plain that no value generated for mine fits all of the schemas.
func (c *compiler) apart(mine *shape, depth int, schemas ...*value) (bool, error) {
	if c.expansions++; c.expansions > maxExpansions {
		return false, fmt.Errorf("%s: too many alternatives", schemas[0].at())
	}
	var other set
	for _, v := range schemas {
		if err := c.add(&other, v, nil); err != nil {
			return false, err
		}
	}
	theirs, err := c.join(other.bases)
	if err != nil {
		return false, err
	}
	common := mine.kinds & theirs.kinds
	if mine.enum != nil || theirs.enum != nil {
		return c.enumsApart(mine, theirs)
	}
	if common&(kindInteger|kindFraction) != 0 && rangesApart(mine, theirs) {
		common &^= kindInteger | kindFraction
	}
	if common&kindObject != 0 && depth > 0 {
		apart, err := c.objectsApart(mine, theirs, depth)
		if err != nil {
			return false, err
		}
		if apart {
			common &^= kindObject
		}
	}
	return common == 0, nil
}

// enumsApart is apart where one of both is an enum.
func (c *compiler) enumsApart(mine, theirs *shape) (bool, error) {
	list, other := mine.enum, theirs
	if list == nil {
		list, other = theirs.enum, mine
	}
	var in []*value
	if other.enum != nil {
		in = both(list, other.enum)
	} else {
		in = list
	}
	for _, v := range in {
		k, _, err := kindOf(v)
		if err != nil {
			return false, err
		}
		if k&other.kinds != 0 {
			return false, nil
		}
	}
	return true, nil
}

// rangesApart reports whether no number is in both ranges.
func rangesApart(a, b *shape) bool {
	below := func(high, low *bound) bool {
		if high == nil || low == nil {
			return false
		}
		c := high.at.compare(low.at)
		return c < 0 || c == 0 && (high.open || low.open)
	}
	return below(a.high, b.low) || below(b.high, a.low)
}

// objectsApart looks for a required member that tells both apart.
func (c *compiler) objectsApart(mine, theirs *shape, depth int) (bool, error) {
	names := mine.declared()
	_, open := mine.others()
	for _, name := range theirs.required {
		if !slices.Contains(names, name) && !open {
			return true, nil // mine never has it
		}
	}
	for _, name := range mine.required {
		vs := theirs.property(name)
		if len(vs) == 0 {
			continue
		}
		var s set
		for _, v := range mine.property(name) {
			if err := c.add(&s, v, nil); err != nil {
				return false, err
			}
		}
		here, err := c.join(s.bases)
		if err != nil {
			return false, err
		}
		if apart, err := c.apart(here, depth-1, vs...); apart || err != nil {
			return apart, err
		}
	}
	return false, nil
}
