package streamable

import (
	"bytes"
	"errors"
	"net/http"
	"time"

	"github.com/unikernel-ai/unikernel-ai/cli/bridge/rpc"
)

// firstPrimed is the first revision whose SSE streams begin with an event without a
// message (2025-11-25 basic/transports "Sending Messages to the Server"); clients of
// those before may take it for a broken message.
const firstPrimed = "2025-11-25"

// serve answers a POST from its stream: with JSON if the responses are all there is and
// come soon, else with SSE.
func (x *session) serve(w http.ResponseWriter, r *http.Request, c *call, st *stream) {
	x.mu.Lock()
	st.asked = true
	me := st.giveTo()
	x.mu.Unlock()
	defer x.leave(st, me)
	late := false
	slow := time.NewTimer(x.s.StreamAfter)
	defer slow.Stop()
	for {
		v := x.peek(st, me)
		switch {
		case !v.mine:
			panic(http.ErrAbortHandler)
		case v.over && c.json && (v.left == 1 || v.left > 0 && !c.sse):
			x.serveJSON(w, c, st)
			return
		case (v.over || v.left > 0 || late) && c.sse:
			out := startSSE(w, x.s.WriteTimeout)
			if x.name(st) && out.prime(st.eventID(0)) != nil {
				return
			}
			x.pump(r, out, st, me)
			return
		case v.over: // cancelled
			w.WriteHeader(http.StatusAccepted)
			return
		}
		select {
		case <-v.news:
		case <-slow.C:
			late = c.Method != "initialize" // whose answer settles what the stream may be like
		case <-r.Context().Done():
			return
		}
	}
}

// name gives the events of a stream ids, if the client's revision begins its streams
// with one.
func (x *session) name(st *stream) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	st.named = x.revision >= firstPrimed
	return st.named
}

// serveJSON sends all of a stream that is over: one message as it is, several, which
// answer an array, as an array.
func (x *session) serveJSON(w http.ResponseWriter, c *call, st *stream) {
	x.mu.Lock()
	var messages [][]byte
	status := http.StatusOK
	for st.sent < st.base+len(st.events) {
		e := st.events[st.sent-st.base]
		messages = append(messages, e.message)
		if e.ours {
			status = http.StatusBadGateway
		}
		st.take(st.sent)
	}
	x.mu.Unlock()
	body := messages[0]
	if len(messages) > 1 {
		body = append(append([]byte{'['}, bytes.Join(messages, []byte{','})...), ']')
	}
	if c.Method == "initialize" && rpc.Peek(body).Error != nil && w.Header().Get(headerSession) != "" {
		w.Header().Del(headerSession)
		defer x.end(errors.New("the guest refused initialize"))
	}
	x.s.writeJSON(w, status, body)
}

// pump sends a stream's events until it is over, another reads it, or the client is gone.
func (x *session) pump(r *http.Request, out *sse, st *stream, me int) {
	quiet := time.NewTimer(x.s.KeepAlive)
	defer quiet.Stop()
	for {
		v := x.pop(st, me)
		switch {
		case !v.mine && st.posted:
			panic(http.ErrAbortHandler) // not in order: the client must not think it has all
		case !v.mine:
			return
		case v.left > 0:
			id := ""
			if v.named {
				id = st.eventID(v.number)
			}
			if out.event(id, v.message) != nil {
				return
			}
			quiet.Reset(x.s.KeepAlive)
			continue
		case v.over:
			return
		}
		select {
		case <-v.news:
		case <-quiet.C:
			if out.comment() != nil {
				return
			}
			quiet.Reset(x.s.KeepAlive)
		case <-r.Context().Done():
			return
		}
	}
}
