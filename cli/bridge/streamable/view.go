package streamable

import (
	"slices"
	"time"
)

// A stream that is over waits forgetAfter for a client that has lost its end; a session
// has keptStreams of them, and of several no more than Config.MaxMessage bytes.
const (
	forgetAfter = time.Minute
	keptStreams = 8
)

// A view is what there is to send on a stream.
type view struct {
	event       // to be sent next, if left is not 0
	number int  // of event
	left   int  // events to be sent
	over   bool // no more will come
	mine   bool // the stream has not been given to another reader
	named  bool
	news   <-chan struct{} // told of changes
}

// peek shows what is to be sent next.
func (x *session) peek(st *stream, me int) view {
	x.mu.Lock()
	defer x.mu.Unlock()
	return st.view(me)
}

// pop is peek for who sends the event. It counts as sent before it is: a message must not
// go out twice, and a client that misses it asks for it by Last-Event-ID.
func (x *session) pop(st *stream, me int) view {
	x.mu.Lock()
	defer x.mu.Unlock()
	v := st.view(me)
	if v.mine && v.left > 0 {
		st.take(v.number)
	}
	return v
}

func (st *stream) view(me int) view {
	v := view{number: st.sent, left: st.base + len(st.events) - st.sent, over: st.over, mine: st.reader == me && !st.broken, named: st.named, news: st.news}
	if v.left > 0 {
		v.event = st.events[st.sent-st.base]
	}
	return v
}

// leave is the end of an HTTP request that reads a stream. A client that goes away does
// not cancel (MCP 2025-11-25 basic/transports: disconnection SHOULD NOT be taken for that).
func (x *session) leave(st *stream, me int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if st.reader != me {
		return
	}
	st.read = false
	st.tellRoom()
	if st.posted && (st.over || st.broken) {
		x.forgetLater(st)
	}
}

// forgetLater drops a stream that is over, unless its client may take it up again: then
// it is kept for forgetAfter, or until too much has ended after it. Caller holds mu.
func (x *session) forgetLater(st *stream) {
	if !st.named || st.broken {
		delete(x.streams, st.number)
		return
	}
	if slices.Contains(x.finished, st.number) {
		return // it has been taken up again meanwhile
	}
	x.finished = append(x.finished, st.number)
	for len(x.finished) > keptStreams || len(x.finished) > 1 && x.finishedBytes() > x.s.MaxMessage {
		x.forget(x.finished[0])
	}
	number := st.number // not st, which the timer would hold though it is forgotten before
	time.AfterFunc(forgetAfter, func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.forget(number)
	})
}

// finishedBytes is what the streams hold that wait to be taken up again. Caller holds mu.
func (x *session) finishedBytes() (n int) {
	for _, number := range x.finished {
		if st := x.streams[number]; st != nil {
			n += st.bytes
		}
	}
	return n
}

// forget drops a stream, unless it is being read again: then its end will. Caller holds mu.
func (x *session) forget(number int) {
	x.finished = slices.DeleteFunc(x.finished, func(n int) bool { return n == number })
	if st := x.streams[number]; st != nil && !st.read {
		delete(x.streams, number)
	}
}
