package mcp

import (
	"context"
	"strings"
)

// maxLogSize is how much of a log one reading returns.
const maxLogSize = 1 << 20

// AddLogResource adds a resource, such as log://kernel, whose text is a log.
// read returns bytes from a position on, 0 being the oldest kept, and the position
// after them; no bytes means that there are no more.
func (s *Server) AddLogResource(uri, name, description string, read func(from uint64) (text []byte, next uint64, err error)) {
	s.AddResource(Resource{URI: uri, Name: name, Description: description, MIMEType: "text/plain"},
		func(ctx context.Context) ([]Contents, error) {
			var text []byte
			for from := uint64(0); len(text) < maxLogSize && ctx.Err() == nil; {
				b, next, err := read(from)
				if err != nil {
					return nil, err
				}
				if len(b) == 0 || next <= from {
					break
				}
				text, from = append(text, b[:min(len(b), maxLogSize-len(text))]...), next
			}
			return []Contents{{Text: strings.ToValidUTF8(string(text), "\ufffd")}}, nil
		})
}
