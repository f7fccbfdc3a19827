package mcp

import (
	"slices"
	"sync"
)

// Clients that listen are told of changes: that a list has changed, that a resource has,
// how a task is doing. Every message that no request asked for goes through here.
//
//	AddTool, ResourceUpdated, ...  ->  hub  ->  feed of a session with a handshake
//	                                        ->  feed of a subscriptions/listen request
//
// The one who reports a change never waits, and what a slow client has not read yet is
// bounded: per feed one message a topic waits, the latest. A client is thus never told of
// every change of a resource, but always of the last.

// event is a change. topic is what feeds subscribe to; params are the notification's,
// as JSON members without braces.
type event struct {
	topic  string
	method string
	params []byte
	// late, if not nil, appends the params when they are sent, and nothing if there is
	// nothing to tell any more. Then slow clients do not keep what may be long.
	late func(dst []byte) []byte
}

// Topics: of lists the method of the notification, of others a prefix and the name.
const (
	topicTools     = "notifications/tools/list_changed"
	topicResources = "notifications/resources/list_changed"
	topicPrompts   = "notifications/prompts/list_changed"
	topicResource  = "resource " // and the URI
	topicTask      = "task "     // and the id
)

// listTopics are the topics of what a server can offer.
var listTopics = [...]struct {
	offer offer
	topic string
	field string // of the filter in subscriptions/listen
}{
	{offerTools, topicTools, "toolsListChanged"},
	{offerPrompts, topicPrompts, "promptsListChanged"},
	{offerResources, topicResources, "resourcesListChanged"},
}

// hub passes events on to the feeds of all sessions.
type hub struct {
	mu    sync.Mutex
	feeds map[*feed]struct{} // guarded by mu
}

func (h *hub) add(f *feed) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.feeds == nil {
		h.feeds = map[*feed]struct{}{}
	}
	h.feeds[f] = struct{}{}
}

func (h *hub) remove(f *feed) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.feeds, f)
}

// publish tells the feeds that have subscribed to e.topic. It never waits for a client.
func (h *hub) publish(e event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for f := range h.feeds {
		f.post(e)
	}
}

// listChanged publishes that the lists of those kinds have changed.
func (h *hub) listChanged(what offer) {
	for _, t := range listTopics {
		if what&t.offer != 0 {
			h.publish(event{topic: t.topic, method: t.topic})
		}
	}
}

// ResourceUpdated tells the clients that have subscribed to uri that what it holds has
// changed. It never waits; several changes may become one message to a slow client.
func (s *Server) ResourceUpdated(uri string) {
	s.hub.publish(event{topic: topicResource + uri, method: "notifications/resources/updated", params: appendString([]byte(`"uri":`), uri)})
}

// feed carries the events of some topics to one client.
type feed struct {
	sess *session
	id   []byte // JSON id of the subscriptions/listen request; nil: of the session itself

	mu      sync.Mutex
	topics  map[string]struct{} // guarded by mu
	waiting []event             // guarded by mu; at most one a topic
	final   []byte              // guarded by mu; the last line to send; not nil if closed in good order
	closed  bool                // guarded by mu; takes no more events
	queued  bool                // guarded by mu; the sender of the session knows that something waits
}

// feedSender sends what waits in the feeds of one session. However many feeds a client
// opens, they cost one goroutine: a write waits for the client, whichever feed it is of.
type feedSender struct {
	mu    sync.Mutex
	queue []*feed // guarded by mu; those with something to send, each once
	busy  bool    // guarded by mu; a goroutine is sending
}

// newFeed returns a feed with the list topics of offers, not yet known to the hub.
func (s *session) newFeed(offers offer) *feed {
	f := &feed{sess: s, topics: map[string]struct{}{}}
	for _, t := range listTopics {
		if offers&t.offer != 0 {
			f.topics[t.topic] = struct{}{}
		}
	}
	return f
}

// post takes an event if f has subscribed to its topic.
func (f *feed) post(e event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, wanted := f.topics[e.topic]; !wanted || f.closed {
		return
	}
	if i := slices.IndexFunc(f.waiting, func(w event) bool { return w.topic == e.topic }); i >= 0 {
		f.waiting[i] = e
		return
	}
	f.waiting = append(f.waiting, e)
	f.wakeLocked()
}

// wakeLocked sees to it that somebody sends. Caller holds mu.
func (f *feed) wakeLocked() {
	if f.queued {
		return
	}
	f.queued = true
	q := &f.sess.feeds
	q.mu.Lock()
	defer q.mu.Unlock()
	q.queue = append(q.queue, f)
	if !q.busy {
		q.busy = true
		f.sess.work.Add(1)
		go f.sess.sendFeeds()
	}
}

// sendFeeds sends what waits in feeds, until nothing does.
func (s *session) sendFeeds() {
	defer s.work.Done()
	b := getBuffer()
	defer putBuffer(b)
	for q := &s.feeds; ; {
		q.mu.Lock()
		if len(q.queue) == 0 {
			q.busy, q.queue = false, nil
			q.mu.Unlock()
			return
		}
		f := q.queue[0]
		q.queue = q.queue[1:]
		q.mu.Unlock()
		f.mu.Lock()
		events, final := f.waiting, f.final
		f.waiting, f.final, f.queued = nil, nil, false
		f.mu.Unlock()
		*b = (*b)[:0]
		held := 0
		for i := range events { // without mu: late takes locks of its own
			head := len(*b)
			*b = events[i].appendTo(*b, f.id)
			// Many slow clients may listen to one long result; who finds no room can still
			// ask for it.
			if size := len(*b) - head; size > freeSize {
				if s.srv.budget.take(size) {
					held += size
				} else {
					*b = (*b)[:head]
				}
			}
		}
		if *b = append(*b, final...); len(*b) > 0 {
			_ = s.out.send(*b, true) // a broken connection ends by itself
		}
		s.srv.budget.give(held)
		if cap(*b) > freeSize {
			*b = nil
		}
	}
}

// close ends f: after what waits it sends final, a line, or if that is nil, it sends
// nothing more.
func (f *feed) close(final []byte) {
	f.sess.srv.hub.remove(f)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	f.closed = true
	if final == nil {
		f.waiting = nil
		return
	}
	f.final = final
	f.wakeLocked()
}

// appendTo appends the event as a notification line. id is that of the subscription or
// nil (MCP 2026-07-28 basic/patterns/subscriptions "Receiving Notifications").
func (e *event) appendTo(dst, id []byte) []byte {
	if e.late != nil {
		if e.params = e.late(nil); e.params == nil {
			return dst
		}
	}
	dst = append(dst, `{"jsonrpc":"2.0","method":"`...)
	dst = append(dst, e.method...)
	dst = append(dst, '"')
	if id == nil && e.params == nil {
		return append(dst, "}\n"...)
	}
	dst = append(dst, `,"params":{`...)
	dst = appendSubscription(dst, id)
	if id != nil && e.params != nil {
		dst = append(dst, ',')
	}
	dst = append(dst, e.params...)
	return append(dst, "}}\n"...)
}

// appendSubscription appends the member _meta that names the subscription, if there is one.
func appendSubscription(dst, id []byte) []byte {
	if id == nil {
		return dst
	}
	dst = append(dst, `"_meta":{"`+metaPrefix+`subscriptionId":`...)
	dst = append(dst, id...)
	return append(dst, '}')
}

// topic costs
const (
	// maxURISize bounds the URI of a subscription.
	maxURISize = 2048
	// topicCost is what a subscription takes of the budget beside its URI.
	topicCost = 256
)

// addTopic subscribes f to a topic. It is an error if that is one too many.
func (f *feed) addTopic(topic string) *Error {
	s := f.sess
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, there := f.topics[topic]; there {
		return nil
	}
	if len(topic) > maxURISize {
		return Errorf(CodeInvalidParams, "a URI to subscribe to may have %d bytes", maxURISize)
	}
	if most := s.srv.opts.Limits.MaxSubscriptions; s.topics >= most {
		return Errorf(CodeBusy, "this connection has %d subscriptions, which is the limit", most)
	}
	if !s.hold(topicCost + len(topic)) {
		return Errorf(CodeBusy, "no memory for a subscription now")
	}
	s.topics++
	f.topics[topic] = struct{}{}
	return nil
}

// dropTopic undoes addTopic.
func (f *feed) dropTopic(topic string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, there := f.topics[topic]; !there {
		return
	}
	delete(f.topics, topic)
	f.waiting = slices.DeleteFunc(f.waiting, func(e event) bool { return e.topic == topic })
	f.sess.topics--
	f.sess.release(topicCost + len(topic))
}

// subscribe answers resources/subscribe (MCP 2025-11-25 server/resources "Subscriptions").
func (s *session) subscribe(r *request, dst []byte) ([]byte, *Error) {
	if !isString(r.p.uri) {
		return dst, Errorf(CodeInvalidParams, "params.uri must be a string")
	}
	return append(dst, "{}"...), s.feed.addTopic(topicResource + unquote(r.p.uri))
}

// unsubscribe answers resources/unsubscribe.
func (s *session) unsubscribe(r *request, dst []byte) ([]byte, *Error) {
	if !isString(r.p.uri) {
		return dst, Errorf(CodeInvalidParams, "params.uri must be a string")
	}
	s.feed.dropTopic(topicResource + unquote(r.p.uri))
	return append(dst, "{}"...), nil
}
