package stdio

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"reflect"
	"time"

	"github.com/unikernel-ai/unikernel-ai/cli/bridge/rpc"
)

// A client of revisions up to 2025-11-25 has a session, which a new guest knows nothing
// of. The bridge brings it to where the old one was, by the client's own lines:
//
//	initialize                 the answer must be the one that the client has
//	notifications/initialized
//	logging/setLevel           the last that succeeded
//	resources/subscribe        those that succeeded and were not taken back
//
// The answers are kept from the client, which has had them. A guest that now answers
// initialize differently is not the server that the client knows: the session ends.
//
// Requests of 2026-07-28 need none of that. Its subscriptions are requests that wait:
// they are answered with an error when the guest ends, and the client subscribes again
// (basic/transports/stdio "Unexpected Termination").

// errChanged ends a session that cannot be taken up again.
var errChanged = errors.New("the guest that came back is not the one that the client knows")

const (
	replayLimit = 30 * time.Second
	// maxSubscriptions bounds what is kept for a replay; more are not taken up again.
	maxSubscriptions = 1 << 10
)

// past is what of a session a new guest must be told.
type past struct {
	initialize  waiting           // line is nil before the handshake
	answer      []byte            // result of initialize
	initialized []byte            // the notification; nil before
	level       waiting           // logging/setLevel; line is nil if there was none
	subscribed  map[string][]byte // by URI: the line of resources/subscribe
}

func (p *past) reset() { p.subscribed = map[string][]byte{} }

// keeps reports whether requests of that method are kept for a replay.
func keeps(method string) bool {
	switch method {
	case "initialize", "logging/setLevel", "resources/subscribe", "resources/unsubscribe":
		return true
	}
	return false
}

// add notes a request that succeeded.
func (p *past) add(w waiting, result []byte) {
	params := rpc.ParseParams(rpc.Peek(w.line).Params)
	if params.Version != nil {
		return // stateless
	}
	uri := string(params.URI)
	switch w.method {
	case "initialize":
		p.initialize, p.answer = w, bytes.Clone(result)
	case "logging/setLevel":
		p.level = w
	case "resources/subscribe":
		if len(p.subscribed) < maxSubscriptions {
			p.subscribed[uri] = w.line
		}
	case "resources/unsubscribe":
		delete(p.subscribed, uri)
	}
}

// shaken reports whether there is a session to take up.
func (s *state) shaken() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.past.initialize.line != nil
}

// replay brings a new guest to where the old one was. errChanged ends the session, any
// other error the connection.
func (b *bridge) replay(c net.Conn, in *rpc.Reader) error {
	if !b.shaken() {
		return nil
	}
	b.mu.Lock()
	p := b.past
	lines := [][]byte{}
	if p.level.line != nil {
		lines = append(lines, p.level.line)
	}
	for _, line := range p.subscribed {
		lines = append(lines, line)
	}
	b.mu.Unlock()

	if err := c.SetDeadline(time.Now().Add(replayLimit)); err != nil {
		return err
	}
	m, err := b.again(c, in, p.initialize.line)
	if err != nil {
		return err
	}
	if !sameJSON(m.Result, p.answer) {
		return fmt.Errorf("%w: it answered initialize with %.500s", errChanged, m.Result)
	}
	if p.initialized != nil {
		if err := send(c, p.initialized); err != nil {
			return err
		}
	}
	for _, line := range lines {
		m, err := b.again(c, in, line)
		if err != nil {
			return err
		}
		if m.Result == nil {
			b.Log("the new guest refuses %.200s: %.500s", line, m.Error)
		}
	}
	b.Log("the session goes on with the new guest")
	return c.SetDeadline(time.Time{})
}

// again sends a request of the client's once more and returns its answer. All else
// that the guest says meanwhile is passed on.
func (b *bridge) again(c net.Conn, in *rpc.Reader, line []byte) (rpc.Message, error) {
	key := rpc.Key(rpc.Peek(line).ID)
	if err := send(c, line); err != nil {
		return rpc.Message{}, err
	}
	for {
		answer, err := in.Next()
		if err != nil {
			return rpc.Message{}, err
		}
		if m := rpc.Peek(answer); m.Kind == rpc.Response && rpc.Key(m.ID) == key {
			return m, nil
		}
		b.pass(b.fromGuest(answer))
	}
}

// send writes one line. Lines that came in an array have no newline of their own.
func send(w io.Writer, line []byte) error {
	if !bytes.HasSuffix(line, []byte("\n")) {
		line = append(bytes.Clone(line), '\n')
	}
	_, err := w.Write(line)
	return err
}

// sameJSON reports whether two texts are the same value.
func sameJSON(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}
