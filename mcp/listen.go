package mcp

import "bytes"

// listen serves subscriptions/listen: it acknowledges, and from then on the request is
// open and its feed carries what the client has asked for (MCP 2026-07-28
// basic/patterns/subscriptions). It needs no goroutine while nothing happens.
//
//	client                                   server
//	  subscriptions/listen {notifications}  ->
//	                                        <-   notifications/subscriptions/acknowledged
//	                                        <-   notifications/tools/list_changed, ...
//	  notifications/cancelled               ->   (then nothing more comes)
//	                                        <-   SubscriptionsListenResult, if the server ends first
//
// basic/patterns/cancellation still has the server send notifications/cancelled to end a
// stream; the page on subscriptions and the schema have the result.
func (s *session) listen(r *request) *Error {
	if e := s.admit(r, false); e != nil {
		return e
	}
	f := s.newFeed(0)
	f.id = bytes.Clone(r.id)
	ack := append(s.scratch[:0], `{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{`...)
	ack = append(appendSubscription(ack, f.id), `,"notifications":{`...)
	ack, e := f.takeFilter(r, ack)
	s.scratch = ack
	if e != nil {
		f.drop()
		return e
	}
	c := &call{sess: s, rev: r.rev, id: f.id, feed: f}
	c.cancel = func() { s.endListen(c, nil) }
	s.mu.Lock()
	s.calls[string(idKey(c.id))] = c
	s.mu.Unlock()
	_ = s.out.send(append(ack, "}}}\n"...), false)
	s.srv.hub.add(f) // after it: the acknowledgement comes first
	return nil
}

// takeFilter subscribes f to what r asks for and appends to dst, as members of the filter,
// what of it the server has.
func (f *feed) takeFilter(r *request, dst []byte) ([]byte, *Error) {
	filter := memberOf(r.params, "notifications")
	if !isObject(filter) {
		return dst, Errorf(CodeInvalidParams, "params.notifications must be an object")
	}
	e := f.addTopic("listen")
	first := len(dst)
	offers := f.sess.srv.catalog.Load().offers
	eachMember(filter, func(name string, v []byte) {
		switch {
		case e != nil:
		case name == "resourceSubscriptions":
			dst, e = f.takeTopics(dst, first, name, v, topicResource, offers&offerResources != 0)
		case name == "taskIds":
			if r.caps&capTasks == 0 {
				e = errMissing(capTasks)
				return
			}
			dst, e = f.takeTopics(dst, first, name, v, topicTask, true)
		default:
			for _, t := range listTopics {
				if t.field != name {
					continue
				}
				if string(v) != "true" && string(v) != "false" {
					e = Errorf(CodeInvalidParams, "notifications.%s must be a boolean", name)
				} else if string(v) == "true" && offers&t.offer != 0 {
					f.topics[t.topic] = struct{}{}
					dst = appendField(dst, first, name)
					dst = append(dst, "true"...)
				}
			}
		}
	})
	return dst, e
}

// takeTopics subscribes f to prefix and each string of a list, and appends the list.
func (f *feed) takeTopics(dst []byte, first int, name string, list []byte, prefix string, offered bool) ([]byte, *Error) {
	if len(list) == 0 || list[0] != '[' {
		return dst, Errorf(CodeInvalidParams, "notifications.%s must be an array", name)
	}
	if !offered {
		return dst, nil
	}
	dst = append(appendField(dst, first, name), '[')
	start := len(dst)
	for w := walk(list); ; {
		v, ok := w.element()
		if !ok {
			return append(dst, ']'), nil
		}
		if !isString(v) {
			return dst, Errorf(CodeInvalidParams, "notifications.%s must hold strings", name)
		}
		if e := f.addTopic(prefix + unquote(v)); e != nil {
			return dst, e
		}
		if len(dst) > start {
			dst = append(dst, ',')
		}
		dst = append(dst, v...)
	}
}

// appendField appends the name of a member of an object whose first member is at first.
func appendField(dst []byte, first int, name string) []byte {
	if len(dst) > first {
		dst = append(dst, ',')
	}
	return append(append(append(dst, '"'), name...), '"', ':')
}

// drop gives back what f's topics have taken.
func (f *feed) drop() {
	for topic := range f.topics {
		if isList(topic) {
			continue
		}
		f.dropTopic(topic)
	}
}

// isList reports whether topic is that of a list; those cost nothing.
func isList(topic string) bool {
	return topic == topicTools || topic == topicResources || topic == topicPrompts
}

// endListen ends the subscription of c; see feed.close for final. For the reader.
func (s *session) endListen(c *call, final []byte) {
	s.mu.Lock()
	delete(s.calls, string(idKey(c.id)))
	s.mu.Unlock()
	c.feed.close(final)
	c.feed.drop()
}

// endFeeds ends all that s listens to. graceful: requests that are open get their result
// ("SubscriptionsListenResult" of MCP 2026-07-28 schema). For the reader.
func (s *session) endFeeds(graceful bool) {
	if s.feed != nil {
		s.feed.close(nil)
	}
	var open []*call
	s.mu.Lock()
	for _, c := range s.calls {
		if c.feed != nil {
			open = append(open, c)
		}
	}
	s.mu.Unlock()
	for _, c := range open {
		var final []byte
		if graceful {
			m := marks{meta: append([]byte(`"`+metaPrefix+`subscriptionId":`), c.id...)}
			final = s.srv.mark(append(appendResponse(nil, c.id, "result"), "{}"...), c.rev, &m)
			final = append(final, "}\n"...)
		}
		s.endListen(c, final)
	}
}
