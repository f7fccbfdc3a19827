package inference

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/unikernel-ai/unikernel-ai/inference/models/kjv"
)

func loadKJV(t testing.TB, cfg Config) *Model {
	t.Helper()
	m, err := LoadConfig(kjv.Q8_0(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestShareOfAStep(t *testing.T) {
	for _, c := range []struct {
		name string
		left []int // tokens that each request has left
		room int
		want []int
	}{
		{"nobody", nil, 32, nil},
		{"lone token", []int{1}, 32, []int{1}},
		{"lone prompt", []int{100}, 32, []int{32}},
		{"short prompt", []int{7}, 32, []int{7}},
		{"tokens", []int{1, 1, 1, 1, 1}, 32, []int{1, 1, 1, 1, 1}},
		{"more tokens than room", []int{1, 1, 1, 1, 1}, 3, []int{1, 1, 1, 0, 0}},
		{"prompts", []int{100, 100, 100, 100}, 32, []int{8, 8, 8, 8}},
		{"long and short", []int{100, 5}, 32, []int{16, 5}},
		{"short and long", []int{5, 100}, 32, []int{5, 27}},
		{"more prompts than room", []int{9, 9, 9, 9}, 3, []int{1, 1, 1, 0}},
		{"prompt beside a token", []int{100, 1}, 32, []int{besideDecode - 1, 1}},
		{"prompts beside tokens", []int{100, 1, 100, 1}, 32, []int{7, 1, 7, 1}},
		{"prompt beside many tokens", append([]int{100}, slices.Repeat([]int{1}, 20)...), 32, append([]int{4}, slices.Repeat([]int{1}, 20)...)},
		{"no room for the prompt", append([]int{100}, slices.Repeat([]int{1}, 40)...), 32, append([]int{0}, append(slices.Repeat([]int{1}, 32), slices.Repeat([]int{0}, 8)...)...)},
	} {
		var waiting []*request
		for _, n := range c.left {
			waiting = append(waiting, &request{tokens: make([]int32, n)})
		}
		share(waiting, c.room)
		var got []int
		for _, r := range waiting {
			got = append(got, r.take)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: share(%v, %d) = %v, want %v", c.name, c.left, c.room, got, c.want)
		}
	}
}

// TestStepsAreShared lets four requests arrive while a step runs: the next one has them
// all.
func TestStepsAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := loadKJV(t, Config{Sessions: 5, Threads: 1})
		var list []*worker
		for range 5 {
			w, err := m.workers.make()
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, w)
		}
		running, release := make(chan bool), make(chan bool)
		list[0].request.logits = func(int, []float32) { running <- true; <-release }
		go m.steps.run(t.Context(), list[0].request, []int32{1}, 0)
		<-running
		steps, results := map[int]int{}, 0 // pieces per step of each result; written by leaders
		for i, w := range list[1:] {
			w.request.logits = func(int, []float32) { steps[len(m.steps.pieces)]++; results++ }
			go m.steps.run(t.Context(), w.request, make([]int32, 1+i/2*100), i/2*100)
		}
		synctest.Wait()
		if len(m.steps.waiting) != 5 {
			t.Errorf("%d requests wait, want 5", len(m.steps.waiting))
		}
		close(release)
		synctest.Wait()
		if steps[4] != 2 || steps[2] != 2 || results != 4 {
			t.Errorf("results by pieces of the step: %v, want 2 of four (two tokens beside prompts) and 2 of two (the prompts' ends)", steps)
		}
		if m.steps.leader != nil || len(m.steps.waiting) != 0 {
			t.Errorf("leader %p, %d requests wait when all are done", m.steps.leader, len(m.steps.waiting))
		}
	})
}

// TestSlowCallersStopNobody holds one generation in its callback for as long as the others
// take.
func TestSlowCallersStopNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := loadKJV(t, Config{Sessions: 3, Threads: 1})
		release, done := make(chan bool), make(chan bool)
		go func() {
			m.Generate(t.Context(), "a", Options{MaxTokens: 3}, func(Token) error { <-release; return nil })
			close(done)
		}()
		synctest.Wait()
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				if res, err := m.Generate(t.Context(), "In the beginning", Options{MaxTokens: 40}, nil); err != nil || len(res.Tokens) != 40 {
					t.Errorf("beside a slow one: %d tokens, %v", len(res.Tokens), err)
				}
			})
		}
		group.Wait()
		close(release)
		<-done
	})
}

// TestLeadersLetOthersRun has one processor, and a goroutine that is ready when a generation
// has begun. It has run long before the 10 ms are over that the runtime would give the
// generation, 80 tokens or so.
func TestLeadersLetOthersRun(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	m := loadKJV(t, Config{Sessions: 1})
	if _, err := m.Generate(t.Context(), "a", Options{MaxTokens: 1}, nil); err != nil {
		t.Fatal(err)
	}
	var ran atomic.Bool
	seen := -1
	start := time.Now()
	_, err := m.Generate(t.Context(), "In the beginning", Options{MaxTokens: 64}, func(tok Token) error {
		if tok.Index == 0 {
			go ran.Store(true)
		} else if ran.Load() && seen < 0 {
			seen = tok.Index
			t.Logf("after %d tokens, %v", seen, time.Since(start))
		}
		return nil
	})
	if err != nil || seen < 0 || seen > 32 {
		t.Errorf("another goroutine ran at token %d (-1 is never), %v", seen, err)
	}
}

// TestLostStepsAreErrors lets a step panic: its callers get an error or the panic, and the
// model can be used again.
func TestLostStepsAreErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := loadKJV(t, Config{Sessions: 3, Threads: 1})
		a, _ := m.workers.make()
		b, _ := m.workers.make()
		c, _ := m.workers.make()
		running, release := make(chan bool), make(chan bool)
		a.request.logits = func(int, []float32) { running <- true; <-release; panic("bug") }
		caught := make(chan any, 1)
		go func() {
			defer func() { caught <- recover() }()
			m.steps.run(t.Context(), a.request, []int32{1}, 0)
		}()
		<-running
		errs := make(chan error, 2)
		for _, w := range []*worker{b, c} {
			w.request.logits = w.keep
			go func() { errs <- m.steps.run(t.Context(), w.request, []int32{1}, 0) }()
		}
		synctest.Wait()
		close(release)
		if v := <-caught; v != "bug" {
			t.Errorf("the leader got %v", v)
		}
		for range 2 { // they were not in that step
			if err := <-errs; err != nil {
				t.Errorf("one that waited: %v", err)
			}
		}
		// One that was in it: b leads and panics with c's result.
		gate := make(chan bool)
		b.request.logits = func(int, []float32) { <-gate }
		c.request.logits = func(int, []float32) { panic("bug") }
		a.request.logits = a.keep
		go m.steps.run(t.Context(), b.request, []int32{1}, 0)
		synctest.Wait()
		go func() {
			defer func() { caught <- recover() }()
			m.steps.run(t.Context(), a.request, []int32{1}, 0)
		}()
		synctest.Wait()
		go func() { errs <- m.steps.run(t.Context(), c.request, []int32{1}, 0) }()
		synctest.Wait()
		close(gate)
		synctest.Wait()
		if err, v := <-errs, <-caught; !errors.Is(err, errLost) || v != "bug" {
			t.Errorf("in a step that panicked: %v, %v", err, v)
		}
		if _, err := m.Generate(t.Context(), "a", Options{MaxTokens: 2}, nil); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

// TestManyGenerationsOfAllKinds mixes long and short prompts, callers that are slow, that
// give up and whose context ends, embeddings and perplexities, on few sessions. What ends
// well has the tokens of a lone call; nothing is left behind.
func TestManyGenerationsOfAllKinds(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 2))
	before := runtime.NumGoroutine()
	m := loadKJV(t, Config{Sessions: 4, Threads: 1})
	long := "And it came to pass, that " + "the LORD spake unto Moses, saying, and the children of Israel went up, "
	prompts := []string{"", "In the beginning", long, long + long + "behold", "In the beginning God", long + long}
	o := Options{MaxTokens: 12, Temperature: 0.9, TopK: 40, Seed: 7}
	want := map[string][]int32{}
	for _, p := range prompts {
		res, err := m.Generate(t.Context(), p, o, nil)
		if err != nil {
			t.Fatal(err)
		}
		want[p] = res.Tokens
	}
	vector, err := m.Embed(t.Context(), long)
	if err != nil {
		t.Fatal(err)
	}
	enough := errors.New("enough")
	var group sync.WaitGroup
	for range 12 {
		r := rand.New(rand.NewPCG(r.Uint64(), 3))
		group.Go(func() {
			for range 15 {
				p := prompts[r.IntN(len(prompts))]
				switch kind := r.IntN(8); kind {
				case 0: // gives up
					n := r.IntN(12)
					res, err := m.Generate(t.Context(), p, o, func(tok Token) error {
						if tok.Index == n {
							return enough
						}
						return nil
					})
					if n < len(want[p]) && (err != enough || !slices.Equal(res.Tokens, want[p][:n+1])) {
						t.Errorf("seed %d: %q gave up after %d: %v, %v", seed, p, n, res.Tokens, err)
					}
				case 1: // is cancelled
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(r.IntN(3000))*time.Microsecond)
					res, err := m.Generate(ctx, p, o, nil)
					cancel()
					if err != nil && err != context.DeadlineExceeded || len(res.Tokens) > len(want[p]) || !slices.Equal(res.Tokens, want[p][:len(res.Tokens)]) {
						t.Errorf("seed %d: %q with a deadline: %v, %v", seed, p, res.Tokens, err)
					}
				case 2:
					if v, err := m.Embed(t.Context(), long); err != nil || !slices.Equal(v, vector) {
						t.Errorf("seed %d: another vector, %v", seed, err)
					}
				default:
					pause := kind == 3
					res, err := m.Generate(t.Context(), p, o, func(Token) error {
						if pause {
							time.Sleep(50 * time.Microsecond)
						}
						return nil
					})
					if err != nil || !slices.Equal(res.Tokens, want[p]) {
						t.Errorf("seed %d: %q beside others: %v, %v, want %v", seed, p, res.Tokens, err, want[p])
					}
				}
			}
		})
	}
	group.Wait()
	s := &m.steps
	if s.leader != nil || len(s.waiting)+len(s.away) != 0 || len(m.workers.free) != 4 || len(m.workers.queue) != 0 {
		t.Errorf("left behind: leader %p, %d wait, %d away, %d of 4 free", s.leader, len(s.waiting), len(s.away), len(m.workers.free))
	}
	for range 1000 { // those of the test end soon after they are done
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

// TestLongPromptsLetTokensPass generates beside a prompt of 240 tokens: it is read in parts
// beside the tokens, all of which are done before.
//
// One processor, and time that stands still: steps wait for who comes back, whatever else
// the machine does.
func TestLongPromptsLetTokensPass(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	synctest.Test(t, func(t *testing.T) {
		m := loadKJV(t, Config{Sessions: 2, Threads: 1})
		a, err := m.workers.make()
		if err != nil {
			t.Fatal(err)
		}
		running, release := make(chan bool), make(chan bool)
		read, parts := false, 0
		a.request.logits = func(i int, _ []float32) {
			if i == 0 {
				running <- true
				<-release
			}
			if i == 239 {
				read = true
			}
		}
		prompt := make([]int32, 240)
		go m.steps.run(t.Context(), a.request, prompt, 0)
		<-running // in the first step, which is the prompt's alone
		done := make(chan bool)
		go func() {
			res, err := m.Generate(t.Context(), "a", Options{MaxTokens: 7}, func(tok Token) error {
				if parts++; read {
					t.Errorf("token %d came after the prompt was read", tok.Index)
				}
				return nil
			})
			if err != nil || len(res.Tokens) != 7 {
				t.Errorf("%d tokens, %v", len(res.Tokens), err)
			}
			close(done)
		}()
		synctest.Wait()
		close(release)
		<-done
		synctest.Wait()
		if !read || parts != 7 {
			t.Errorf("prompt read: %v, %d tokens", read, parts)
		}
	})
}
