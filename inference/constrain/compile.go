package constrain

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Bounds of a schema. What goes beyond is refused.
const (
	MaxSchema = 64 << 10 // bytes of text
	MaxValues = 8 << 10  // values in the text
	MaxStates = 32 << 10 // states of the automaton

	maxNesting      = 64      // levels of the schema's text
	maxChain        = 64      // schemas that apply to one value through references and allOf
	maxAlternatives = 512     // of one value
	maxExpansions   = 2 << 10 // alternatives of all values together
	maxRules        = 1024    // different values
	maxProperties   = 256     // declared ones of an object
	maxLeast        = 4096    // minItems and minLength
	maxCount        = 1 << 24 // larger bounds of lengths are as this one
	maxExtra        = 32      // members of an object that are not declared, at most
	maxFixed        = 60      // properties of an object that may have others
)

// ErrNothing is returned by Compile for a schema that no value fits, as far as this package can make
// them.
var ErrNothing = errors.New("no value that can be generated fits the schema")

// compiler makes a Grammar of a schema.
type compiler struct {
	root       *value
	schemas    map[*value]*schema
	choices    int
	expansions int

	g       *Grammar
	rules   map[string]int32 // by the schemas that apply, as ruleKey writes them
	work    []job            // rules to be made
	numbers map[string]int32 // states that read numbers, by bounds
	sets    map[[4]uint64]int32
	err     error // the first of those without a better place
}

// job is a rule to be made: of a value to which all the schemas apply.
type job struct {
	rule int32
	set  set
}

// Compile makes the automaton of a JSON Schema, given as JSON text. The error names the place in the
// schema, as a JSON Pointer, and what is wrong or not supported there.
func Compile(text string) (*Grammar, error) {
	root, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("constrain: %w", err)
	}
	c := &compiler{root: root, schemas: make(map[*value]*schema), rules: make(map[string]int32), numbers: make(map[string]int32), sets: make(map[[4]uint64]int32)}
	c.g = newGrammar()
	first, err := c.rule(root)
	for err == nil && len(c.work) > 0 {
		j := c.work[0]
		c.work = c.work[1:]
		if c.g.rules[j.rule], err = c.value(j.set); err == nil {
			err = c.err
		}
	}
	if err != nil {
		return nil, fmt.Errorf("constrain: schema: %w", err)
	}
	c.g.start = c.g.rules[first]
	c.g.findAlive()
	if !c.g.alive[c.g.start] {
		return nil, fmt.Errorf("constrain: schema: %w", ErrNothing)
	}
	return c.g, nil
}

// set is schemas that apply to one value together.
type set struct {
	bases   []*schema
	choices []pending
}

// pending is a choice that is still to be made.
type pending struct {
	*choice
	path []*value // what leads to it without a value between
}

func (s set) clone() set { return set{slices.Clone(s.bases), slices.Clone(s.choices)} }

// add adds the schema v and what it refers to. path is what leads to v.
func (c *compiler) add(s *set, v *value, path []*value) error {
	if slices.Contains(path, v) {
		return fmt.Errorf("%s: refers to itself without a value between", v.at())
	}
	sc, err := c.readSchema(v)
	if err != nil || slices.Contains(s.bases, sc) {
		return err
	}
	s.bases = append(s.bases, sc)
	if len(s.bases) > maxChain || len(path) > maxChain {
		return fmt.Errorf("%s: more than %d schemas apply to one value", v.at(), maxChain)
	}
	path = append(slices.Clip(path), v)
	for _, ch := range sc.choices {
		s.choices = append(s.choices, pending{ch, path})
	}
	for _, sub := range sc.all {
		if err := c.add(s, sub, path); err != nil {
			return err
		}
	}
	return nil
}

// rule returns the number of the rule for a value to which all of vs apply, which is made later if
// it is new.
func (c *compiler) rule(vs ...*value) (int32, error) {
	var s set
	for _, v := range vs {
		if err := c.add(&s, v, nil); err != nil {
			return 0, err
		}
	}
	key := ruleKey(s)
	if r, ok := c.rules[key]; ok {
		return r, nil
	}
	r := int32(len(c.g.rules))
	if r >= maxRules {
		return 0, fmt.Errorf("more than %d different values", maxRules)
	}
	c.rules[key] = r
	c.g.rules = append(c.g.rules, dead)
	c.work = append(c.work, job{r, s})
	return r, nil
}

// ruleKey writes which schemas are in s.
func ruleKey(s set) string {
	ids := make([]int, len(s.bases))
	for i, b := range s.bases {
		ids[i] = b.id
	}
	slices.Sort(ids)
	var key strings.Builder
	for _, id := range ids {
		key.WriteString(string(rune(id+1)) + ",")
	}
	return key.String()
}

// value makes the states that read a value to which s applies.
func (c *compiler) value(s set) (int32, error) {
	var starts []int32
	if err := c.expand(s, &starts); err != nil {
		return dead, err
	}
	return c.union(starts), nil
}

// expand appends the starts of the alternatives of s.
func (c *compiler) expand(s set, starts *[]int32) error {
	if c.expansions++; len(*starts) > maxAlternatives || c.expansions > maxExpansions {
		return fmt.Errorf("%s: too many alternatives", s.bases[0].v.at())
	}
	if len(s.choices) == 0 {
		sh, err := c.join(s.bases)
		if err != nil {
			return err
		}
		return c.shape(sh, starts)
	}
	ch := s.choices[0]
	s.choices = s.choices[1:]
	for i, alt := range ch.alts {
		next := s.clone()
		if err := c.add(&next, alt, ch.path); err != nil {
			return err
		}
		if ch.one {
			if err := c.onlyOne(next, ch, i); err != nil {
				return err
			}
		}
		if err := c.expand(next, starts); err != nil {
			return err
		}
	}
	return nil
}
