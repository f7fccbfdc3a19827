package streamable

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/unikernel-ai/unikernel-ai/cli/bridge/rpc"
)

const (
	// maxUnsent is how many messages may wait for a stream's client, keptEvents and
	// keptBytes how much that is sent is kept for one that comes back.
	maxUnsent  = 1 << 10
	keptEvents = 128
	keptBytes  = 256 << 10
)

// A stream is what a session's client is to be sent in answer to one POST, or on its GET
// stream. It outlives the HTTP request that reads it: a client that lost its connection
// takes it up again by GET with Last-Event-ID (MCP 2025-11-25 basic/transports
// "Resumability and Redelivery"). All fields are guarded by the session's mu.
type stream struct {
	number int               // 0 is the GET stream
	posted bool              // it answers a POST
	asked  bool              // the guest has its requests
	sse    bool              // messages besides responses may go here
	size   int               // of the POST's body
	due    map[string][]byte // requests without an answer: rpc.Key of the id -> id
	tokens []string          // progress tokens of its requests

	events []event
	base   int           // number of events[0]; ids count from 1
	sent   int           // number of the event to be sent next
	bytes  int           // of events
	over   bool          // no event will follow
	broken bool          // events were lost, so no more are sent
	news   chan struct{} // told of changes; capacity 1
	room   chan struct{} // told when events are taken, or nobody reads; capacity 1
	reader int           // which HTTP request reads it: the last to come
	read   bool          // some HTTP request reads it
	named  bool          // its client has been sent event ids
}

// An event is one message on a stream.
type event struct {
	message []byte
	ours    bool // an error of the bridge's
}

func newStream(number int, posted bool) *stream {
	return &stream{number: number, posted: posted, due: map[string][]byte{}, base: 1, sent: 1, news: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// push adds a message. It returns false if too many wait.
func (st *stream) push(message []byte, ours bool, maxBytes int) bool {
	unsent := st.base + len(st.events) - st.sent
	if unsent >= maxUnsent || unsent > 0 && st.bytes+len(message) > maxBytes {
		return false
	}
	st.events = append(st.events, event{message, ours})
	st.bytes += len(message)
	st.tell()
	return true
}

// finish says that nothing will follow.
func (st *stream) finish() {
	st.over = true
	st.tell()
}

// giveTo makes an HTTP request the stream's reader, and wakes the one before, which finds
// that the stream is not its own. It returns the new reader's number.
func (st *stream) giveTo() int {
	close(st.news)
	st.news = make(chan struct{}, 1)
	st.reader++
	st.read = true
	return st.reader
}

func (st *stream) tellRoom() {
	select {
	case st.room <- struct{}{}:
	default:
	}
}

func (st *stream) tell() {
	select {
	case st.news <- struct{}{}:
	default:
	}
}

// take marks an event as sent and forgets old ones.
func (st *stream) take(number int) {
	st.sent = max(st.sent, number+1)
	st.tellRoom()
	for st.base < st.sent && (len(st.events) > keptEvents || st.bytes > keptBytes || !st.named) {
		st.bytes -= len(st.events[0].message)
		st.events[0] = event{}
		st.events = st.events[1:]
		st.base++
	}
}

// eventID names an event for Last-Event-ID: stream and number.
func (st *stream) eventID(number int) string {
	return strconv.Itoa(st.number) + "-" + strconv.Itoa(number)
}

// parseEventID is the inverse of eventID.
func parseEventID(s string) (stream, number int, ok bool) {
	a, b, ok := strings.Cut(s, "-")
	stream, err1 := strconv.Atoi(a)
	number, err2 := strconv.Atoi(b)
	return stream, number, ok && err1 == nil && err2 == nil
}

// requests calls f for each request of a message or batch.
func requests(m rpc.Message, line []byte, f func(m rpc.Message)) {
	if m.Kind == rpc.Request {
		f(m)
	}
	if m.Kind != rpc.Batch {
		return
	}
	elements, _ := rpc.Elements(bytes.TrimSpace(line), maxBatch)
	for _, e := range elements {
		if m := rpc.Peek(e); m.Kind == rpc.Request {
			f(m)
		}
	}
}

// maxBatch bounds the messages of an array.
const maxBatch = 1 << 10
