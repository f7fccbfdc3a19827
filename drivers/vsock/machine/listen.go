package machine

// anyPort is VMADDR_PORT_ANY: never a real port.
const anyPort = 1<<32 - 1

// A Listener takes the requests for one port. It is used through its Machine.
type Listener struct {
	// Owner is the caller's own. NextEvent returns it.
	Owner any

	port    uint32
	backlog queue
	waiting int // connections in backlog
	closed  bool

	nextNews *Listener
	inNews   bool
}

// Listen takes requests for port from now on.
func (m *Machine) Listen(port uint32) (*Listener, error) {
	if port == anyPort {
		return nil, ErrBadPort
	}
	if m.listeners[port] != nil {
		return nil, ErrInUse
	}
	l := &Listener{port: port}
	m.listeners[port] = l
	return l, nil
}

// Accept takes the oldest connection that waits, or returns nil.
func (m *Machine) Accept(l *Listener) *Conn {
	c := l.backlog.pop(backlogLink)
	if c != nil {
		l.waiting--
		c.listener = nil
	}
	return c
}

// CloseListener takes no more requests, and resets those not accepted.
func (m *Machine) CloseListener(l *Listener) {
	if l.closed {
		return
	}
	l.closed = true
	delete(m.listeners, l.port)
	for c := m.Accept(l); c != nil; c = m.Accept(l) {
		m.Abort(c)
	}
	l.Owner = nil
}

// CloseListeners closes every listener and reports it to their owners.
func (m *Machine) CloseListeners() {
	for _, l := range m.listeners {
		owner := l.Owner
		m.CloseListener(l)
		l.Owner = owner
		m.announce(l)
	}
}

// enqueue puts c into l's backlog.
func (m *Machine) enqueue(l *Listener, c *Conn) {
	c.listener = l
	l.backlog.push(c, &c.backlogLink, backlogLink)
	l.waiting++
	m.announce(l)
}

// announce makes NextEvent tell l's owner.
func (m *Machine) announce(l *Listener) {
	if !l.inNews {
		l.inNews = true
		l.nextNews, m.news = m.news, l
	}
}

// remove takes c out of the backlog, wherever in it it is.
func (l *Listener) remove(c *Conn) {
	var kept queue
	for d := l.backlog.pop(backlogLink); d != nil; d = l.backlog.pop(backlogLink) {
		if d != c {
			kept.push(d, &d.backlogLink, backlogLink)
		}
	}
	l.backlog = kept
	l.waiting--
	c.listener = nil
}
