package streamable

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/unikernel-ai/unikernel-ai/cli/bridge/rpc"
)

// newTestPool returns a pool of a guest that answers, inside a bubble.
func newTestPool(connections int) (*pool, *fakeGuest) {
	g := &fakeGuest{play: func(l *life) {
		l.serve(func(m rpc.Message, _ string) { l.says(`{"id":%s,"result":{}}`, m.ID) })
	}}
	c := &Config{Guest: g, Log: func(string, ...any) {}, MaxConnections: connections}
	c.complete()
	return newPool(c), g
}

// roundTrip makes one request on a link.
func roundTrip(t *testing.T, l *link) {
	t.Helper()
	if err := l.send([]byte(`{"id":1,"method":"m"}` + "\n")); err != nil {
		t.Fatal(err)
	}
	if line, err := l.next(t.Context(), nil); err != nil || string(line) != `{"id":1,"result":{}}`+"\n" {
		t.Fatalf("answer %q, %v", line, err)
	}
}

func mustGet(t *testing.T, p *pool) *link {
	t.Helper()
	l, err := p.get(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLinksAreUsedAgainForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, g := newTestPool(4)
		a, b := mustGet(t, p), mustGet(t, p)
		roundTrip(t, a)
		roundTrip(t, b)
		p.put(a, true, false)
		p.put(b, true, false)
		for range 5 { // keeps one of the two busy
			time.Sleep(linkIdle / 2)
			l := mustGet(t, p)
			roundTrip(t, l)
			p.put(l, true, false)
		}
		synctest.Wait()
		open := 0
		for _, l := range []*link{a, b} {
			select {
			case <-l.ended:
			default:
				open++
			}
		}
		if n := g.dials(); n != 2 || open != 1 {
			t.Errorf("%d dials, %d links open; want 2, and 1 that was in use", n, open)
		}
		time.Sleep(3 * linkIdle)
		synctest.Wait()
		if len(p.idle) != 0 {
			t.Errorf("%d links idle after a long silence", len(p.idle))
		}
		p.close()
	})
}

func TestLinkThatEndedIsNotUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, g := newTestPool(4)
		l := mustGet(t, p)
		roundTrip(t, l)
		p.put(l, true, false)
		g.dies()
		synctest.Wait()
		l = mustGet(t, p)
		roundTrip(t, l)
		p.put(l, false, false) // its request was cancelled
		l = mustGet(t, p)
		roundTrip(t, l)
		if n := g.dials(); n != 3 {
			t.Errorf("%d dials, want 3", n)
		}
		p.put(l, true, false)
		p.close()
	})
}

func TestPoolIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, g := newTestPool(2)
		a, b := mustGet(t, p), mustGet(t, p)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := p.get(ctx, false); !errors.Is(err, errFull) {
			t.Errorf("a third of two: %v", err)
		}
		time.AfterFunc(time.Second, func() { p.put(a, true, false) })
		c := mustGet(t, p) // waits for it
		if c != a {
			t.Error("the free link was not used")
		}
		p.put(b, true, false)
		p.put(c, true, false)
		// A subscription that cannot be dialled gives its place back.
		g.down = true
		p.close()
		for range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if _, err := p.get(ctx, true); err == nil || errors.Is(err, errFull) {
				t.Errorf("without a guest: %v", err)
			}
			cancel()
		}
	})
}

// A guest that sends what nobody takes waits, and one that is left is not waited for.
func TestLinkHoldsTheGuestBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		g := &fakeGuest{play: func(l *life) {
			for range 100 {
				l.says(`{"method":"x"}`)
				sent++
			}
		}}
		c := &Config{Guest: g, Log: func(string, ...any) {}}
		c.complete()
		p := newPool(c)
		l := mustGet(t, p)
		synctest.Wait()
		if len(l.lines) != linkQueue || sent > 2*linkQueue {
			t.Errorf("%d messages wait, %d were sent", len(l.lines), sent)
		}
		p.put(l, true, false) // not as good as new
		synctest.Wait()
		select {
		case <-l.ended:
		default:
			t.Error("the link lives on with messages for nobody")
		}
		p.close()
	})
}

// The guest may answer a notification that it does not like, or hang up: that is not for
// the next request.
func TestLinkOfANotificationIsNotKept(t *testing.T) {
	w := serve(t, Config{}, stateless("", func(l *life, m rpc.Message, _ string) {
		if m.Kind == rpc.Notification {
			time.Sleep(20 * time.Millisecond)
			l.says(`{"error":{"code":-32600,"message":"for another"}}`)
			return
		}
		l.says(`{"id":%s,"result":{}}`, m.ID)
	}))
	for range 3 {
		w.do("POST", modernBody("1", "m", ""), modernHeaders("m")...).want(t, 200, `"id":1,"result"`)
		w.do("POST", `{"jsonrpc":"2.0","method":"notifications/x","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"`+modern+`"}}}`, modernHeaders("notifications/x")...).want(t, 202, "")
	}
}

// A request must not leave a timer behind, of which there would be ever more.
func TestUsedLinksCostNothing(t *testing.T) {
	p, _ := newTestPool(2)
	defer p.close()
	turn := func() { p.put(mustGet(t, p), true, false) }
	turn()
	if n := testing.AllocsPerRun(100, turn); n != 0 {
		t.Errorf("%v allocations to use a connection once more, want 0", n)
	}
}

// A stream that is over is kept for a minute at most, and only the last few are.
func TestForgottenStreamsAreFree(t *testing.T) {
	x := &session{s: New(Config{}), streams: map[int]*stream{}, ended: errors.New("no session at all")}
	var all []weak.Pointer[stream]
	for n := range 4 * keptStreams {
		st := newStream(n, true)
		st.named = true
		x.streams[n] = st
		x.forgetLater(st)
		all = append(all, weak.Make(st))
	}
	runtime.GC()
	kept := 0
	for _, p := range all {
		if p.Value() != nil {
			kept++
		}
	}
	if kept != keptStreams {
		t.Errorf("%d streams are held, want %d", kept, keptStreams)
	}
	runtime.KeepAlive(x)
}

// Answers that no client has taken are kept up to the size of one message.
func TestForgottenStreamsAreBoundedInBytes(t *testing.T) {
	x := &session{s: New(Config{MaxMessage: 1000}), streams: map[int]*stream{}}
	for n := range keptStreams {
		st := newStream(n, true)
		st.named = true
		st.push(make([]byte, 400), false, 1000)
		x.streams[n] = st
		x.forgetLater(st)
	}
	if len(x.streams) != 2 || x.streams[keptStreams-1] == nil || x.streams[keptStreams-2] == nil || len(x.finished) != 2 {
		t.Errorf("%d streams of 400 bytes are kept, %v, want the last 2", len(x.streams), x.finished)
	}
	big := newStream(100, true)
	big.named = true
	big.push(make([]byte, 5000), false, 1000)
	x.streams[100] = big
	x.forgetLater(big)
	if len(x.streams) != 1 || x.streams[100] == nil {
		t.Errorf("%v are kept, want the last alone", x.finished)
	}
}
