package mcp

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"
	"sync"
	"time"
)

// A call that waits for its client is not kept. What there is to remember of it goes to
// the client as requestState, and comes back with the answers (MCP 2026-07-28
// basic/patterns/mrtr). The client must be able neither to read nor to change it, nor to
// use it for another request: it is encrypted and authenticated with a key of this boot
// and bound to the request it belongs to.
//
//	base64url( nonce 12 | AES-128-GCM( expiry 8 | round 2 | request 32 | answers ) | tag 16 )
//
// expiry counts nanoseconds since the server's start, which no change of the clock moves.

// state is what a requestState holds.
type state struct {
	expiry  time.Duration // since the server's start
	round   int           // how many times the client has been asked
	request [sha256.Size]byte
	answers []byte // JSON object
}

const (
	stateHeadSize  = 8 + 2 + sha256.Size
	stateNonceSize = 12
)

// stateEncoding refuses texts that no encoder makes, so that a state is one text only.
var stateEncoding = base64.RawURLEncoding.Strict()

// sealer makes and opens states. The key is made when the first state is: most servers
// never need one.
type sealer struct {
	once sync.Once
	aead cipher.AEAD
}

func (k *sealer) key() cipher.AEAD {
	k.once.Do(func() {
		key := make([]byte, 16)
		_, _ = rand.Read(key) // does not fail: crypto/rand ends the program first
		block, err := aes.NewCipher(key)
		if err == nil {
			k.aead, err = cipher.NewGCM(block)
		}
		if err != nil {
			panic("mcp: " + err.Error()) // the key has the wrong size
		}
	})
	return k.aead
}

// seal returns the text of st. Nonces are random: a key makes far fewer than 2^32.
func (k *sealer) seal(st *state) string {
	aead := k.key()
	box := make([]byte, stateNonceSize, stateNonceSize+stateHeadSize+len(st.answers)+aead.Overhead())
	_, _ = rand.Read(box)
	plain := make([]byte, 0, stateHeadSize+len(st.answers))
	plain = binary.BigEndian.AppendUint64(plain, uint64(st.expiry))
	plain = binary.BigEndian.AppendUint16(plain, uint16(st.round))
	plain = append(plain, st.request[:]...)
	plain = append(plain, st.answers...)
	return stateEncoding.EncodeToString(aead.Seal(box, box, plain, nil))
}

// open takes a text apart that seal has made, since the server's start.
func (k *sealer) open(text string) (st state, ok bool) {
	if strings.ContainsAny(text, "\r\n") { // which base64 skips
		return st, false
	}
	box, err := stateEncoding.DecodeString(text)
	if err != nil || len(box) < stateNonceSize {
		return st, false
	}
	plain, err := k.key().Open(box[stateNonceSize:stateNonceSize], box[:stateNonceSize], box[stateNonceSize:], nil)
	if err != nil || len(plain) < stateHeadSize {
		return st, false
	}
	st.expiry = time.Duration(binary.BigEndian.Uint64(plain))
	st.round = int(binary.BigEndian.Uint16(plain[8:]))
	copy(st.request[:], plain[10:])
	st.answers = plain[stateHeadSize:]
	return st, true
}

// openState opens the requestState of a request. The request's digest, which takes time
// if its params are long, is looked at only for a state of ours.
func (s *Server) openState(text string, rev *revision, method string, params []byte) (st state, e *Error) {
	if most := s.opts.Limits.MaxState; len(text) > most {
		return st, Errorf(CodeInvalidParams, "params.requestState is longer than the limit of %d bytes", most)
	}
	st, ok := s.sealer.open(text)
	switch {
	case !ok:
		return st, Errorf(CodeInvalidParams, "params.requestState was changed, or is none of this server's since it started")
	case st.request != digest(rev, method, params):
		return st, Errorf(CodeInvalidParams, "params.requestState belongs to another request")
	case time.Since(s.stats.start) > st.expiry:
		return st, Errorf(CodeInvalidParams, "params.requestState has expired: make the request anew")
	}
	return st, nil
}

// digest returns what tells a request from others: its method, its revision and those
// of its params that say what is wanted, however they are written.
func digest(rev *revision, method string, params []byte) [sha256.Size]byte {
	var named, arguments []byte
	eachMember(params, func(name string, v []byte) {
		switch name {
		case "name", "uri": // a request has one of them
			named = v
		case "arguments":
			arguments = v
		}
	})
	dst := appendString(nil, rev.name)
	dst = appendString(dst, method)
	for _, v := range [][]byte{named, arguments} {
		if v != nil && !isEmpty(v) { // no arguments are written in two ways
			w := walker{b: v}
			dst = w.canonical(dst)
		}
	}
	return sha256.Sum256(dst)
}

// isEmpty reports whether v, a checked value, is an object without members.
func isEmpty(v []byte) bool {
	if !isObject(v) {
		return false
	}
	w := walk(v)
	_, _, ok := w.member()
	return !ok
}

// canonical steps over the value at hand, which is well formed, and appends it so that
// equal values give equal text: without space, strings escaped in one way, members by name.
// Numbers stay as they are written. It reads the text once: what nests deep must not be
// looked at again for each level.
func (w *walker) canonical(dst []byte) []byte {
	w.skipSpace()
	switch w.b[w.i] {
	case '"':
		return appendString(dst, w.text())
	case '[':
		dst = append(dst, '[')
		for w.i++; ; w.skipComma() {
			if w.skipSpace(); w.b[w.i] == ']' {
				w.i++
				return append(dst, ']')
			}
			dst = append(w.canonical(dst), ',')
		}
	case '{':
		type member struct {
			name     []byte
			from, to int // in dst
		}
		var list []member
		dst = append(dst, '{')
		first := len(dst)
		for w.i++; ; w.skipComma() {
			if w.skipSpace(); w.b[w.i] == '}' {
				w.i++
				break
			}
			m := member{name: w.text(), from: len(dst)}
			w.skipSpace()
			w.i++ // the colon
			dst = w.canonical(append(appendString(dst, m.name), ':'))
			dst = append(dst, ',')
			m.to = len(dst)
			list = append(list, m)
		}
		byName := func(a, b member) int { return strings.Compare(string(a.name), string(b.name)) }
		if !slices.IsSortedFunc(list, byName) {
			slices.SortStableFunc(list, byName)
			old := slices.Clone(dst[first:])
			dst = dst[:first]
			for _, m := range list {
				dst = append(dst, old[m.from-first:m.to-first]...)
			}
		}
		return append(dst, '}')
	}
	return append(dst, w.value()...)
}

// text steps over the string at hand and returns what it says.
func (w *walker) text() []byte {
	from := w.i
	w.skipString()
	return text(w.b[from:w.i])
}
