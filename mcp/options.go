package mcp

import (
	"log/slog"
	"time"
)

// Implementation names a program to its peer, as serverInfo.
type Implementation struct {
	Name        string
	Version     string
	Title       string // for people; from revision 2025-06-18
	Description string // one line; from revision 2025-11-25
	WebsiteURL  string // from revision 2025-11-25
	Icons       []Icon // since 2026-07-28 all of this goes with every result: no large data: URIs
}

// Options configure a server. The zero value is good.
type Options struct {
	// Instructions tell the model how to use the server; sent in the handshake.
	Instructions string
	// Logger gets what happens to the server itself: refused connections,
	// panics of tools. Nil discards it.
	Logger *slog.Logger
	// Caching is told with lists and with what is read; from revision 2026-07-28.
	Caching Caching
	// PageSize is how many tools or resources one list response holds; default 100.
	PageSize int
	// Limits bound what a client can take. A zero field means its default.
	Limits Limits
}

// Limits are the bounds on one client and on all of them together. A field that
// is zero has its default. Together they bound the memory of a server:
// MaxConnections x about 30 KiB, MaxCalls x about 10 KiB, and four times MaxBuffered: a
// long message is there as text, as arguments and as result.
type Limits struct {
	// MaxLine is the longest message in bytes, without its newline; default 4 MiB.
	// A longer one is discarded as it comes and answered with error -32600.
	MaxLine int
	// MaxBuffered is how many bytes of messages and results the server holds at once, all
	// connections together: those longer than 32 KiB while they are read and sent, and longer
	// than 2 KiB while their calls are at work; default 16 MiB. What does not fit is refused.
	MaxBuffered int
	// MaxDepth is how deep arrays and objects may nest in a message; default 64.
	MaxDepth int
	// MaxValues is how many JSON values a message may hold; default 131072.
	MaxValues int
	// MaxInFlight is how many requests of one connection may be at work; default 64.
	MaxInFlight int
	// MaxCalls is how many requests of all connections may be at work; default 512.
	MaxCalls int
	// MaxConnections is how many connections Serve keeps open; default 128. One more takes
	// the place of the one that has been idle longest, if that is a minute or more, or
	// gets an error line and is closed.
	MaxConnections int

	// MaxSubscriptions is how many resources and tasks one connection may have subscribed
	// to, each subscriptions/listen counting one more; default 128.
	MaxSubscriptions int

	// MaxState is the longest requestState in bytes, and the longest inputResponses: what a
	// client has answered during one request; default 256 KiB.
	MaxState int

	// AskTimeout is how long the client may take to answer what a handler asks of it;
	// default 10 min.
	AskTimeout time.Duration
	// MaxTasks is how many tasks there may be, until their time to live is over; default
	// 256. One more becomes an ordinary call if the tool allows it, or is refused.
	MaxTasks int
	// MaxTaskBytes is what all tasks together may hold in bytes: long arguments, questions,
	// answers and results, and 1 KiB each; default 4 MiB. A task whose result finds no room
	// fails.
	MaxTaskBytes int
	// TaskTTL is how long a task may work and then keeps its result, from its creation;
	// default 10 min. Then it is cancelled and forgotten. Clients of revision 2025-11-25
	// may ask for less, down to a minute.
	TaskTTL time.Duration
	// TaskPoll is how often clients are asked to poll a task; default 500 ms.
	TaskPoll time.Duration

	// HandshakeTimeout is from the connection to notifications/initialized, or to the first
	// request of a revision without a handshake; default 10 s.
	HandshakeTimeout time.Duration
	// MessageTimeout is from the first byte of a message to its newline; default 30 s.
	MessageTimeout time.Duration
	// IdleTimeout is how long a connection may say nothing and wait for
	// nothing; default 1 h.
	IdleTimeout time.Duration
	// WriteTimeout is how long a client may leave what we send unread; default 10 s.
	WriteTimeout time.Duration
	// DrainTimeout is how long requests at work may take once the client has
	// stopped sending; default 5 s. Then they are cancelled.
	DrainTimeout time.Duration
}

// withDefaults returns l with its zero fields filled in.
func (l Limits) withDefaults() Limits {
	setInt := func(p *int, v int) {
		if *p <= 0 {
			*p = v
		}
	}
	setTime := func(p *time.Duration, v time.Duration) {
		if *p <= 0 {
			*p = v
		}
	}
	setInt(&l.MaxLine, 4<<20)
	setInt(&l.MaxBuffered, 16<<20)
	setInt(&l.MaxDepth, 64)
	setInt(&l.MaxValues, 1<<17)
	setInt(&l.MaxInFlight, 64)
	setInt(&l.MaxCalls, 512)
	setInt(&l.MaxConnections, 128)
	setInt(&l.MaxSubscriptions, 128)
	setInt(&l.MaxTasks, 256)
	setInt(&l.MaxTaskBytes, 4<<20)
	setTime(&l.TaskTTL, 10*time.Minute)
	setTime(&l.TaskPoll, 500*time.Millisecond)
	setInt(&l.MaxState, 256<<10)
	setTime(&l.AskTimeout, 10*time.Minute)
	setTime(&l.HandshakeTimeout, 10*time.Second)
	setTime(&l.MessageTimeout, 30*time.Second)
	setTime(&l.IdleTimeout, time.Hour)
	setTime(&l.WriteTimeout, 10*time.Second)
	setTime(&l.DrainTimeout, 5*time.Second)
	return l
}
