package mcp

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// catalog is what a server offers. A catalog in use never changes: adding
// makes a new one, so that calls need no lock.
type catalog struct {
	offers       offer
	tools        map[string]*tool
	toolNames    []string // sorted
	resources    map[string]*resource
	resourceURIs []string // sorted
	prompts      map[string]*prompt
	promptNames  []string // sorted
	templates    map[string]*template
	templateURIs []string // sorted
	completions  map[completion]CompleteFunc
}

// offer is a set of kinds of things a server has, each of which is a capability. What a
// server has had once it goes on to offer, if only an empty list: clients know it.
type offer uint8

const (
	offerTools offer = 1 << iota
	offerResources
	offerPrompts
	offerCompletions
	offerTasks // tools that can be called as tasks
)

func newCatalog() *catalog {
	return &catalog{
		tools: map[string]*tool{}, resources: map[string]*resource{}, prompts: map[string]*prompt{},
		templates: map[string]*template{}, completions: map[completion]CompleteFunc{},
	}
}

// change replaces the catalog by a copy that edit has changed, and tells the clients that
// listen. what is the kind of thing changed; edit returns false if nothing has. The copy
// shares maps and lists with the old one: edit changes them by put and remove.
func (s *Server) change(what offer, edit func(c *catalog) bool) bool {
	s.mu.Lock()
	old := s.catalog.Load()
	c := *old
	c.offers |= what
	changed := edit(&c)
	if changed {
		s.catalog.Store(&c)
	}
	s.mu.Unlock()
	if changed {
		s.hub.listChanged(what)
	}
	return changed
}

func (s *Server) addTool(t *tool) {
	what := offerTools
	if t.Task != TaskForbidden {
		what |= offerTasks
	}
	s.change(what, func(c *catalog) bool { return put(&c.tools, &c.toolNames, t.Name, t) })
}

// RemoveTool removes the tool of that name and reports whether there was one. Calls at
// work go on. Like AddTool it may be called at any time, and clients that listen are told.
func (s *Server) RemoveTool(name string) bool {
	return s.change(offerTools, func(c *catalog) bool { return remove(&c.tools, &c.toolNames, name) })
}

// RemoveResource removes the resource with that URI and reports whether there was one.
func (s *Server) RemoveResource(uri string) bool {
	return s.change(offerResources, func(c *catalog) bool { return remove(&c.resources, &c.resourceURIs, uri) })
}

// put replaces m by a copy with m[key] = v, and keys, which are sorted, likewise.
func put[V any](m *map[string]V, keys *[]string, key string, v V) bool {
	*m = maps.Clone(*m)
	(*m)[key] = v
	if i, found := slices.BinarySearch(*keys, key); !found {
		*keys = slices.Insert(slices.Clone(*keys), i, key)
	}
	return true
}

// remove replaces m and keys by copies without key, and reports whether it was there.
func remove[V any](m *map[string]V, keys *[]string, key string) bool {
	i, found := slices.BinarySearch(*keys, key)
	if !found {
		return false
	}
	*m = maps.Clone(*m)
	delete(*m, key)
	*keys = slices.Delete(slices.Clone(*keys), i, i+1)
	return true
}

// CheckTools makes the schemas of all tools, which otherwise happens at first use, and
// returns what is wrong with them, and which completions are of nothing that is there.
func (s *Server) CheckTools() error {
	cat := s.catalog.Load()
	var all []error
	for _, name := range cat.toolNames {
		all = append(all, cat.tools[name].makeSchemas())
	}
	for what := range cat.completions {
		if e := cat.has(what); e != nil {
			all = append(all, fmt.Errorf("mcp: completion of %s of %s: %s", what.argument, what.of, e.Message))
		}
	}
	return errors.Join(all...)
}
