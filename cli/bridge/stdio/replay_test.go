package stdio

import (
	"strings"
	"testing"
)

// After a restart the new guest gets the client's handshake, and what was set up since.
func TestSessionIsTakenUpAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const (
			info    = `{"id":1,"method":"logging/setLevel","params":{"level":"info"}}`
			debug   = `{"id":2,"method":"logging/setLevel","params":{"level":"debug"}}`
			bad     = `{"id":3,"method":"logging/setLevel","params":{"level":"nonsense"}}`
			a       = `{"id":4,"method":"resources/subscribe","params":{"uri":"a"}}`
			b       = `{"id":5,"method":"resources/subscribe","params":{"uri":"b"}}`
			notA    = `{"id":6,"method":"resources/unsubscribe","params":{"uri":"a"}}`
			ping    = `{"id":7,"method":"ping"}`
			message = `{"method":"notifications/message","params":{}}`
		)
		answer := func(l life, line, id string) {
			l.wants(line)
			l.says(`{"id":` + id + `,"result":{}}`)
		}
		c := start(t, func(l life) {
			l.shakes()
			answer(l, info, "1")
			answer(l, debug, "2")
			l.wants(bad)
			l.says(`{"id":3,"error":{"code":-32602,"message":"no"}}`)
			answer(l, a, "4")
			answer(l, b, "5")
			answer(l, notA, "6")
		}, func(l life) {
			l.shakes()
			l.wants(debug)
			l.says(message, `{"id":2,"result":{}}`)
			answer(l, b, "5")
			answer(l, ping, "7")
			l.stays()
		})
		c.shakes()
		for _, line := range []string{info, debug, bad, a, b, notA} {
			c.says(line)
			c.wantsPart(`"id":`)
		}
		c.wants(message) // what the guest says beside the answers is not kept
		c.says(ping)
		c.wants(`{"id":7,"result":{}}`)
		c.leaves()
		if !strings.Contains(c.logged(), "the session goes on") {
			t.Errorf("logged: %s", c.logged())
		}
	})
}

func TestAnotherServerEndsTheSession(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := start(t, func(l life) { l.shakes() }, func(l life) {
			l.wants(initLine)
			l.says(strings.Replace(initAnswer, `"version":"1"`, `"version":"2"`, 1))
			l.stays()
		})
		c.shakes()
		c.ends(errChanged)
	})
}

func TestSameAnswerInOtherWords(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := start(t, func(l life) { l.shakes() }, func(l life) {
			l.wants(initLine)
			l.says(`{"result":{"serverInfo":{"version":"1","name":"x"},"protocolVersion":"2025-11-25"},"id":0,"jsonrpc":"2.0"}`)
			l.wants(initialized)
			l.wants(`{"id":1,"method":"ping"}`)
			l.says(`{"id":1,"result":{}}`)
			l.stays()
		})
		c.shakes()
		c.says(`{"id":1,"method":"ping"}`)
		c.wants(`{"id":1,"result":{}}`)
		c.leaves()
	})
}

// A handshake that was not finished is the client's to repeat.
func TestHandshakeLostHalfway(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := start(t, func(l life) { l.wants(initLine) }, func(l life) {
			l.shakes()
			l.stays()
		})
		c.says(initLine)
		c.wantsPart(`"id":0,"error":{"code":-31001`, "initialize: ")
		c.shakes()
		c.leaves()
	})
}

// Guests that die while the session is taken up are tried again.
func TestGuestThatDiesInTheReplay(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := start(t, func(l life) { l.shakes() },
			func(l life) { l.wants(initLine) },
			func(l life) { l.wants(initLine); l.says(initAnswer) },
			func(l life) {
				l.shakes()
				l.wants(`{"id":1,"method":"ping"}`)
				l.says(`{"id":1,"result":{}}`)
				l.stays()
			})
		c.shakes()
		c.says(`{"id":1,"method":"ping"}`)
		c.wants(`{"id":1,"result":{}}`)
		c.leaves()
	})
}

// A stateless client has no session: nothing is replayed, its subscription ends with an
// error.
func TestModernClientHasNoReplay(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const (
			meta     = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}`
			listen   = `{"id":1,"method":"subscriptions/listen","params":{` + meta + `}}`
			discover = `{"id":2,"method":"server/discover","params":{` + meta + `}}`
		)
		c := start(t, func(l life) {
			l.wants(listen)
			l.says(`{"method":"notifications/subscriptions/acknowledged","params":{}}`)
		}, func(l life) {
			l.wants(discover)
			l.says(`{"id":2,"result":{}}`)
			l.stays()
		})
		c.says(listen)
		c.wantsPart("acknowledged")
		c.wantsPart(`"id":1,"error":{"code":-31001`, "subscriptions/listen: ")
		c.says(discover)
		c.wants(`{"id":2,"result":{}}`)
		c.leaves()
	})
}

// The old guest asked the client something, with id 0. It is gone; the new one asks
// something else, with id 0 as well. An answer to the first must not reach the second.
func TestAnswersDoNotMeetOtherQuestions(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const ask = `{"jsonrpc":"2.0","id":0,"method":"elicitation/create","params":{"message":"delete?"}}`
		c := start(t, func(l life) {
			l.shakes()
			l.says(ask)
			l.wants(`{"id":1,"method":"tools/call"}`)
		}, func(l life) {
			l.shakes()
			l.says(ask, `{"jsonrpc":"2.0","id":1,"method":"roots/list"}`)
			l.wants(`{"id":1,"result":{"roots":[]}}`)
			l.wants(`{"id":0,"result":{"action":"accept","new":true}}`)
			l.stays()
		})
		c.shakes()
		c.wants(ask)
		c.says(`{"id":1,"method":"tools/call"}`)
		c.wantsPart(`"id":1,"error"`)
		c.wantsPart(`"method":"notifications/cancelled"`, `"requestId":0,`)
		c.wants(strings.Replace(ask, `"id":0`, `"id":"unikai-1"`, 1))
		c.wants(`{"jsonrpc":"2.0","id":1,"method":"roots/list"}`)
		c.says(`{"id":0,"result":{"action":"accept"}}`, `{"id":1,"result":{"roots":[]}}`, `{"id":"unikai-1","result":{"action":"accept","new":true}}`)
		c.leaves()
	})
}
