package mcp

import (
	"errors"
	"maps"
	"slices"
)

// catalog is what a server offers. A catalog in use never changes: adding
// makes a new one, so that calls need no lock.
type catalog struct {
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

// change replaces the catalog by a copy that edit has changed.
func (s *Server) change(edit func(c *catalog)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &catalog{
		tools: map[string]*tool{}, resources: map[string]*resource{}, prompts: map[string]*prompt{},
		templates: map[string]*template{}, completions: map[completion]CompleteFunc{},
	}
	if old := s.catalog.Load(); old != nil {
		maps.Copy(c.tools, old.tools)
		maps.Copy(c.resources, old.resources)
		maps.Copy(c.prompts, old.prompts)
		maps.Copy(c.templates, old.templates)
		maps.Copy(c.completions, old.completions)
	}
	edit(c)
	c.toolNames = slices.Sorted(maps.Keys(c.tools))
	c.resourceURIs = slices.Sorted(maps.Keys(c.resources))
	c.promptNames = slices.Sorted(maps.Keys(c.prompts))
	c.templateURIs = slices.Sorted(maps.Keys(c.templates))
	s.catalog.Store(c)
}

func (s *Server) addTool(t *tool) {
	s.change(func(c *catalog) { c.tools[t.Name] = t })
}

// CheckTools makes the schemas of all tools, which otherwise happens at first use, and
// returns what is wrong with them.
func (s *Server) CheckTools() error {
	cat := s.catalog.Load()
	var all []error
	for _, name := range cat.toolNames {
		all = append(all, cat.tools[name].makeSchemas())
	}
	return errors.Join(all...)
}
