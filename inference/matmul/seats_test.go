package matmul

import (
	"sync"
	"sync/atomic"
	"testing"
)

func TestSeatsAreTakenOnceEach(t *testing.T) {
	var s seats
	s.open(4)
	got := map[int]bool{}
	for range 3 {
		got[s.take()] = true
	}
	if len(got) != 3 || !got[1] || !got[2] || !got[3] || s.take() != 0 {
		t.Errorf("seats of 4: %v and then %d, want 1, 2, 3 and 0", got, s.take())
	}
	if s.leave() {
		t.Error("leave said that it was the last while others are at work")
	}
	s.close()
	if s.leave() || s.leave() || !s.leave() {
		t.Error("the last to leave is not the fourth")
	}
}

func TestClosedSeatsAreNotTaken(t *testing.T) {
	var s seats
	s.open(2)
	s.close()
	if n := s.take(); n != 0 {
		t.Errorf("take after close = %d, want 0", n)
	}
	if !s.leave() {
		t.Error("the only one to leave is not the last")
	}
}

// TestOneLeavesLast has many take and leave while the opener closes: exactly one
// is told that all have left, and then nobody is at work.
func TestOneLeavesLast(t *testing.T) {
	for range 2000 {
		var s seats
		var last, inside atomic.Int32
		s.open(3)
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				if s.take() == 0 {
					return
				}
				inside.Add(1)
				inside.Add(-1)
				if s.leave() {
					last.Add(1)
					if inside.Load() != 0 {
						t.Error("somebody works after the last has left")
					}
				}
			})
		}
		s.close()
		if s.leave() {
			last.Add(1)
		}
		group.Wait()
		if last.Load() != 1 {
			t.Fatalf("%d were last, want 1", last.Load())
		}
	}
}
