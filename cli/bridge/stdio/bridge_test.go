package stdio

import (
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Lines pass as the bytes that came, whatever they are.
func TestLinesPassUnchanged(t *testing.T) {
	bubble(t, func(t *testing.T) {
		odd := []string{
			`{ "id" : 1 ,"method":"m","params":{"\u0061":1e-0,"a":2.50} }`, `not JSON at all`, "\xff\xfe bytes",
			`[{"jsonrpc":"2.0","id":7,"method":"x"},{"method":"y"}]`, "line\r", `{"id":1,"id":2,"method":"m"}`,
			`{"text":"` + strings.Repeat("long ", 100000) + `"}`,
		}
		c := start(t, func(l life) {
			for _, s := range odd {
				l.wants(s)
				l.says(s)
			}
			l.stays()
		})
		for _, s := range odd {
			c.says(s)
			c.wants(s)
		}
		c.in.Close()
		rest, _ := io.ReadAll(c.out) // the odd requests are never answered
		if !strings.Contains(string(rest), "the client has ended its stream") {
			t.Errorf("at the end: %q", rest)
		}
		<-c.done
	})
}

func TestEndOfInputWaitsForAnswers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := start(t, func(l life) {
			l.wants(`{"id":1,"method":"a"}`)
			l.wants(`{"id":2,"method":"subscriptions/listen"}`)
			time.Sleep(3 * time.Second)
			l.says(`{"method":"notifications/x"}`, `{"id":1,"result":{}}`)
			l.stays()
		})
		begin := time.Now()
		c.says(`{"id":1,"method":"a"}`, `{"id":2,"method":"subscriptions/listen"}`)
		c.in.Close()
		c.wants(`{"method":"notifications/x"}`, `{"id":1,"result":{}}`)
		c.wantsPart(`"id":2,"error":{"code":-31001`)
		c.ends(nil)
		if d := time.Since(begin); d != 3*time.Second {
			t.Errorf("it took %v, want the 3 s of the answer", d)
		}
	})
}

// A script's one line, and the end of its input, come long before the guest has booted.
func TestEndOfInputBeforeTheBoot(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := start(t)
		c.says(`{"id":1,"method":"a"}`)
		c.in.Close()
		time.Sleep(50 * time.Second)
		c.g.lives <- func(l life) {
			l.wants(`{"id":1,"method":"a"}`)
			time.Sleep(4 * time.Second)
			l.says(`{"id":1,"result":{}}`)
			l.stays()
		}
		c.wants(`{"id":1,"result":{}}`)
		c.ends(nil)
	})
}

func TestEndOfInputDoesNotWaitForever(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := start(t, func(l life) {
			l.wants(`{"id":1,"method":"a"}`)
			l.stays()
		})
		begin := time.Now()
		c.says(`{"id":1,"method":"a"}`)
		c.in.Close()
		c.wantsPart(`"id":1,"error"`, "ended its stream")
		c.ends(nil)
		if d := time.Since(begin); d != defaultDrain {
			t.Errorf("it took %v, want %v", d, defaultDrain)
		}
	})
}

func TestLastLineNeedsNoNewline(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := start(t, func(l life) {
			l.wants(`{"id":1,"method":"a"}`)
			l.says(`{"id":1,"result":{}}`)
			l.stays()
		})
		_, _ = io.WriteString(c.in, `{"id":1,"method":"a"}`)
		c.in.Close()
		c.wants(`{"id":1,"result":{}}`)
		c.ends(nil)
	})
}

// The guest is not dialled before the client speaks: it would hang up after its limit
// for a handshake.
func TestSilentClientHasNoConnection(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := start(t, func(l life) { t.Error("dialled") })
		time.Sleep(time.Hour)
		c.leaves()
	})
}

func TestPendingRequestsGetErrors(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := start(t, func(l life) {
			l.wants(`{"id":1,"method":"a"}`)
			l.wants(`{"id":"x\u0041","method":"b"}`)
			l.wants(`{"id":3,"method":"c"}`)
			l.says(`{"id":"xA","result":{}}`)
			_, _ = io.WriteString(l.c, `{"id":3,"resu`) // half a line is no message
		}, func(l life) {
			l.wants(`{"id":4,"method":"d"}`)
			l.says(`{"id":4,"result":{}}`)
			l.stays()
		})
		c.says(`{"id":1,"method":"a"}`, `{"id":"x\u0041","method":"b"}`, `{"id":3,"method":"c"}`)
		c.wants(`{"id":"xA","result":{}}`)
		both := c.wantsPart(`"error":{"code":-31001`, "exit code 3") + c.wantsPart(`"error":{"code":-31001`, "exit code 3")
		if !strings.Contains(both, `"id":1,`) || !strings.Contains(both, `"id":3,`) {
			t.Errorf("errors for others than 1 and 3: %s", both)
		}
		c.says(`{"id":4,"method":"d"}`)
		c.wants(`{"id":4,"result":{}}`)
		c.leaves()
	})
}

func TestPendingBatchGetsOneArray(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const batch = `[{"id":1,"method":"a"},{"method":"n"},{"id":2,"method":"b"}]`
		c := start(t, func(l life) { l.wants(batch) })
		c.says(batch)
		got := c.wantsPart(`[{`, `}]`, `"id":1,"error"`, `"id":2,"error"`)
		if strings.Count(got, `"id"`) != 2 {
			t.Errorf("answer to a batch of 2: %s", got)
		}
		c.leaves()
	})
}

func TestCancelledRequestsGetNoError(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const cancel = `{"method":"notifications/cancelled","params":{"requestId":1}}`
		c := start(t, func(l life) {
			l.wants(`{"id":1,"method":"a"}`)
			l.wants(cancel)
			l.wants(`{"id":2,"method":"a"}`)
		})
		c.says(`{"id":1,"method":"a"}`, cancel, `{"id":2,"method":"a"}`)
		c.wantsPart(`"id":2,"error"`)
		c.leaves()
	})
}

const mostBackoff = 10 * time.Second

// What the client says while no guest is there waits for the next one, up to a limit.
func TestMessagesWaitForTheGuest(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := startWith(t, Config{Wait: 10 * time.Second})
		c.says(`{"id":1,"method":"a"}`)
		time.Sleep(9 * time.Second)
		c.g.lives <- func(l life) {
			l.wants(`{"id":1,"method":"a"}`)
			l.says(`{"id":1,"result":{}}`)
		}
		c.wants(`{"id":1,"result":{}}`)
		time.Sleep(mostBackoff)
		c.says(`{"id":2,"method":"b"}`)
		begin := time.Now()
		c.wantsPart(`"id":2,"error":{"code":-31002`, "there is no guest")
		if d := time.Since(begin); d != 10*time.Second {
			t.Errorf("refused after %v, want 10 s", d)
		}
		c.says(`{"method":"n"}`, `{"id":3,"method":"b"}`)
		c.wantsPart(`"id":3,"error":{"code":-31002`)
		if d := time.Since(begin); d != 10*time.Second {
			t.Errorf("the next one took until %v, want to be refused at once", d)
		}
		c.g.lives <- func(l life) {
			l.wants(`{"id":4,"method":"a"}`)
			l.says(`{"id":4,"result":{}}`)
			l.stays()
		}
		synctest.Wait()
		c.says(`{"id":4,"method":"a"}`)
		c.wants(`{"id":4,"result":{}}`)
		c.leaves()
	})
}

// A guest that hangs up at once is not dialled as fast as it goes.
func TestGuestThatHangsUpIsNotHammered(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var dials atomic.Int64
		c := start(t, func(l life) { l.shakes() })
		c.shakes()
		for range 50 {
			c.g.lives <- func(l life) { dials.Add(1) }
		}
		time.Sleep(time.Minute)
		if n := dials.Load(); n < 3 || n > 20 {
			t.Errorf("dialled %d times in a minute", n)
		}
		c.stop()
		c.ends(nil)
	})
}

func TestGuestGivenUpEndsTheBridge(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := start(t)
		c.g.err = errors.New("the image is broken")
		c.says(`{"id":1,"method":"a"}`)
		synctest.Wait()
		close(c.g.gone)
		c.wantsPart(`"id":1,"error":{"code":-31002`, "the image is broken")
		c.ends(c.g.err)
	})
}

func TestInterruptEndsTheBridge(t *testing.T) {
	for name, play := range map[string]func(l life){
		"idle":       func(l life) { l.wants(`{"method":"x"}`); l.stays() },
		"not read":   func(l life) { time.Sleep(time.Hour) },
		"says much":  func(l life) { l.wants(`{"method":"x"}`); l.says(`{"method":"y"}`) },
		"never came": nil,
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				c := start(t)
				if play != nil {
					c.g.lives <- play
				}
				c.says(`{"method":"x"}`)
				synctest.Wait()
				c.stop()
				go func() { _, _ = io.Copy(io.Discard, c.out) }()
				if err := <-c.done; err != nil {
					t.Errorf("Run = %v", err)
				}
				time.Sleep(2 * time.Hour) // the guest that does not read
			})
		})
	}
}

// A client that does not read any more ends the bridge, which must end its guest.
func TestDeafClientEndsTheBridge(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var out brokenPipe
		inR, inW := io.Pipe()
		done := make(chan error, 1)
		g := &guests{t: t, lives: make(chan func(life), 1), gone: make(chan struct{})}
		g.lives <- func(l life) {
			l.wants(`{"id":1,"method":"a"}`)
			l.says(`{"id":1,"result":{}}`)
			l.stays()
		}
		go func() {
			done <- Run(t.Context(), Config{Guest: g, In: inR, Out: out, Log: func(string, ...any) {}})
			inR.Close()
		}()
		_, _ = io.WriteString(inW, `{"id":1,"method":"a"}`+"\n")
		if err := <-done; !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("Run = %v, want io.ErrClosedPipe", err)
		}
	})
}

// A client that neither reads nor leaves cannot keep the bridge from ending.
func TestClientThatDoesNotReadCannotHoldTheBridge(t *testing.T) {
	for name, end := range map[string]func(c *client){
		"signal": func(c *client) { c.stop() }, "end of input": func(c *client) { c.in.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				c := start(t, func(l life) {
					l.wants(`{"id":1,"method":"a"}`)
					_, _ = io.WriteString(l.c, strings.Repeat(`{"method":"x"}`+"\n", 1000))
				})
				c.says(`{"id":1,"method":"a"}`)
				time.Sleep(time.Minute)
				begin := time.Now()
				end(c)
				if err := <-c.done; err != nil {
					t.Errorf("Run = %v", err)
				}
				if d := time.Since(begin); d > defaultDrain+leaveLimit {
					t.Errorf("it took %v", d)
				}
				_, _ = io.Copy(io.Discard, c.out)
				c.stop()
			})
		})
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestLongLines(t *testing.T) {
	bubble(t, func(t *testing.T) {
		long := strings.Repeat("x", 101)
		c := startWith(t, Config{MaxLine: 100}, func(l life) {
			l.wants(`{"id":1,"method":"a"}`)
			l.says(long, `{"id":1,"result":{}}`)
			l.stays()
		})
		c.says(long)
		c.wantsPart(`{"jsonrpc":"2.0","error":{"code":-32600`, "100 bytes")
		c.says(`{"id":1,"method":"a"}`)
		c.wants(`{"id":1,"result":{}}`)
		c.leaves()
		if !strings.Contains(c.logged(), "line too long") {
			t.Errorf("logged: %s", c.logged())
		}
	})
}
