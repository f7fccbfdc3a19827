package streamable

import (
	"time"

	"github.com/unikernel-ai/unikernel-ai/cli/bridge/rpc"
)

// route brings one message of the guest's to the stream where it belongs. On the guest's
// side there is one stream for all, so some of that is a guess:
//
//	response                the POST of its request
//	array of responses      the POST of the array
//	error without an id     the POST with the longest body: what is refused before its id
//	                        is read is too long, too deep or too much
//	progress                the POST of its token
//	anything else           the POST at work if it is the only one; else the GET stream if
//	                        somebody reads it; else the newest POST; else the GET
//	                        stream, where it waits for a reader
//
// "Anything else" are log messages, changes of lists and resources, and requests of the
// guest's. Clients take them from any stream (MCP 2025-11-25 basic/transports: those on
// a POST's SHOULD relate to its request), but no message goes to two.
func (x *session) route(line []byte) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.ended != nil {
		return
	}
	m := rpc.Peek(line)
	switch m.Kind {
	case rpc.Response:
		st := x.due[rpc.Key(m.ID)]
		if m.Nameless() {
			if st = x.longest(); st != nil {
				x.giveUp(st)
			}
		}
		if st == nil {
			return // cancelled, or nobody's
		}
		x.settle(st, m)
		x.push(st, line)
		x.checkOver(st)
	case rpc.Batch:
		x.routeBatch(line)
	default:
		x.push(x.streamFor(m), line)
	}
}

// routeBatch brings an array to the POST of its first response. Caller holds mu.
func (x *session) routeBatch(line []byte) {
	elements, _ := rpc.Elements(line, maxBatch)
	var st *stream
	for _, e := range elements {
		m := rpc.Peek(e)
		if m.Kind != rpc.Response {
			continue
		}
		if owner := x.due[rpc.Key(m.ID)]; owner != nil {
			st = owner
			x.settle(owner, m)
		}
	}
	if st != nil {
		x.push(st, line)
		x.checkOver(st)
	}
}

// settle notes that a request is answered. Caller holds mu.
func (x *session) settle(st *stream, m rpc.Message) {
	key := rpc.Key(m.ID)
	delete(x.due, key)
	delete(st.due, key)
	if m.Result == nil || x.revision != "" {
		return
	}
	if v, ok := rpc.Text(member(m.Result, "protocolVersion")); ok {
		x.revision = v
	}
}

// giveUp forgets what a stream waits for: an error without an id has answered it.
// Caller holds mu.
func (x *session) giveUp(st *stream) {
	for key := range st.due {
		delete(x.due, key)
	}
	clear(st.due)
}

// checkOver ends a stream that waits for nothing. Caller holds mu.
func (x *session) checkOver(st *stream) {
	if !st.posted || len(st.due) > 0 || st.over {
		return
	}
	for _, t := range st.tokens {
		if x.tokens[t] == st {
			delete(x.tokens, t)
		}
	}
	st.finish()
	if !st.read {
		x.forgetLater(st)
	}
}

// longest returns the POST at work with the longest body, or nil. Caller holds mu.
func (x *session) longest() (longest *stream) {
	for _, st := range x.streams {
		if len(st.due) > 0 && (longest == nil || st.size > longest.size || st.size == longest.size && st.number > longest.number) {
			longest = st
		}
	}
	return longest
}

// streamFor returns the stream for a notification or request of the guest's. Caller
// holds mu.
func (x *session) streamFor(m rpc.Message) *stream {
	if m.Method == "notifications/progress" {
		if st := x.tokens[rpc.Key(rpc.ParseParams(m.Params).Progress)]; st != nil && st.sse {
			return st
		}
	}
	var newest *stream
	posts := 0
	for _, st := range x.streams {
		if len(st.due) == 0 || !st.sse || !st.read && !st.named {
			continue
		}
		posts++
		if newest == nil || st.number > newest.number {
			newest = st
		}
	}
	get := x.streams[0]
	if posts == 0 || posts > 1 && get.read {
		return get
	}
	return newest
}

// push adds a message to a stream. While too many wait for a client that reads, the guest
// waits, for stallLimit at most: its own patience is longer, and the other requests of the
// session wait with it. A POST whose client is slower than that, or away, loses its
// stream; on the GET stream what is new takes the place of what is old. Caller holds mu,
// which may be open in between.
func (x *session) push(st *stream, line []byte) {
	most := 2 * x.s.MaxMessage
	var late <-chan time.Time
	for !st.broken && !st.push(line, false, most) {
		if st.posted && !st.asked {
			st = x.streams[0] // it cannot be read before the guest has its request
			continue
		}
		if st.read && late == nil {
			t := time.NewTimer(min(stallLimit, x.s.WriteTimeout))
			defer t.Stop()
			late = t.C
		}
		if st.read && x.awaitRoom(st, late) {
			continue
		}
		x.s.Log("a client does not read what the guest sends: messages are dropped")
		if !st.posted {
			st.take(st.sent)
			continue
		}
		st.events, st.bytes, st.broken = nil, 0, true
		st.base = st.sent
		x.giveUp(st)
		st.tell()
	}
}

// stallLimit is how long the guest waits for a client that does not read.
const stallLimit = 5 * time.Second

// awaitRoom waits until a stream's reader has taken something or is gone; false if it is
// late before. Caller holds mu.
func (x *session) awaitRoom(st *stream, late <-chan time.Time) bool {
	x.mu.Unlock()
	defer x.mu.Lock()
	select {
	case <-st.room:
		return true
	case <-late:
		return false
	}
}
