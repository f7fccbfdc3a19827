package mcp

import "testing"

// The id of a task is the only right to it: 128 bits or more, and never the same twice.
func TestTaskIDsCannotBeGuessed(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		s := NewServer(Implementation{Name: "x", Version: "1"}, nil) // another boot, as far as ids go
		id := s.tasks.newID()
		if seen[id] {
			t.Fatalf("id %q came twice", id)
		}
		seen[id] = true
		letters := map[rune]bool{}
		for _, r := range id {
			letters[r] = true
		}
		if len(id) < 26 || len(letters) < 8 { // base 32: 5 bits each
			t.Errorf("id %q is too short or too plain", id)
		}
	}
}
