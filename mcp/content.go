package mcp

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"reflect"
)

// Content is a piece of a tool's result: Text, Image, Audio, Embedded or Link.
type Content interface {
	// appendTo appends the content block as revision rev has it.
	appendTo(dst []byte, rev *revision) []byte
}

// Text is text content. As the Out type of a tool it is the whole result.
type Text string

// Image is image content.
type Image struct {
	Data     []byte
	MIMEType string
}

// Audio is audio content. Revision 2024-11-05 has none: it is told in words.
type Audio struct {
	Data     []byte
	MIMEType string
}

// Embedded is the contents of a resource inside a result.
type Embedded struct{ Contents Contents }

// Link points to a resource. Before revision 2025-06-18 there are no links: its URI
// is sent as text.
type Link struct{ Resource Resource }

// Result is a tool result in full, for tools that need more than Out gives.
type Result struct {
	Content    []Content
	Structured any  // nil, or what marshals to a JSON object
	IsError    bool // the tool failed; Content says how
	Meta       Meta
}

func (t Text) appendTo(dst []byte, _ *revision) []byte {
	dst = append(dst, `{"type":"text","text":`...)
	dst = appendString(dst, string(t))
	return append(dst, '}')
}

func (m Image) appendTo(dst []byte, _ *revision) []byte {
	return appendData(dst, "image", m.Data, m.MIMEType)
}

func (a Audio) appendTo(dst []byte, rev *revision) []byte {
	if !rev.audio {
		return Text("audio ("+a.MIMEType+") left out: this protocol revision has none").appendTo(dst, rev)
	}
	return appendData(dst, "audio", a.Data, a.MIMEType)
}

func appendData(dst []byte, kind string, data []byte, mime string) []byte {
	dst = append(dst, `{"type":"`...)
	dst = append(dst, kind...)
	dst = append(dst, `","data":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, data)
	dst = append(dst, '"')
	dst = appendMember(dst, "mimeType", mime)
	return append(dst, '}')
}

func (e Embedded) appendTo(dst []byte, rev *revision) []byte {
	dst = append(dst, `{"type":"resource","resource":`...)
	dst = e.Contents.appendTo(dst, rev)
	return append(dst, '}')
}

func (l Link) appendTo(dst []byte, rev *revision) []byte {
	if !rev.links {
		return Text(l.Resource.URI).appendTo(dst, rev)
	}
	dst = append(dst, `{"type":"resource_link",`...)
	dst = l.Resource.appendMembers(dst, rev, l.Resource.Meta.marshal())
	return append(dst, '}')
}

// isStructured reports whether a tool with that Out has structured output.
func isStructured[Out any]() bool {
	switch any((*Out)(nil)).(type) {
	case *Text, **Result:
		return false
	}
	return true
}

var errNotObject = errors.New("tool result is not a JSON object")

// appendOut appends the result of a tool whose function returned *out.
func appendOut[Out any](dst []byte, out *Out, rev *revision) ([]byte, error) {
	switch v := any(out).(type) {
	case *Text:
		dst = append(dst, `{"content":[`...)
		dst = v.appendTo(dst, rev)
		return append(dst, "]}"...), nil
	case **Result:
		if *v == nil {
			return dst, Errorf(CodeInternalError, "tool returned no result")
		}
		return (*v).appendTo(dst, rev)
	}
	doc, err := marshalObject(out)
	if err != nil {
		return dst, err
	}
	// MCP 2025-06-18 server/tools "Structured Content": for older clients also
	// the serialized JSON in a text content.
	dst = append(dst, `{"content":[{"type":"text","text":`...)
	dst = appendString(dst, doc)
	dst = append(dst, "}]"...)
	if rev.structured {
		dst = append(dst, `,"structuredContent":`...)
		dst = append(dst, doc...)
	}
	return append(dst, '}'), nil
}

func (r *Result) appendTo(dst []byte, rev *revision) ([]byte, error) {
	dst = append(dst, `{"content":[`...)
	for i, c := range r.Content {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = c.appendTo(dst, rev)
	}
	dst = append(dst, ']')
	if r.Structured != nil && rev.structured {
		doc, err := marshalObject(r.Structured)
		if err != nil {
			return dst, err
		}
		dst = append(dst, `,"structuredContent":`...)
		dst = append(dst, doc...)
	}
	if r.IsError {
		dst = append(dst, `,"isError":true`...)
	}
	return append(dst, '}'), nil
}

// appendToolError appends the result of a tool that failed.
func appendToolError(dst []byte, text string) []byte {
	dst = append(dst, `{"content":[`...)
	dst = Text(text).appendTo(dst, nil)
	return append(dst, `],"isError":true}`...)
}

// marshalObject returns v as JSON; it must be an object.
func marshalObject(v any) ([]byte, error) {
	doc, err := json.Marshal(v)
	if err != nil {
		return nil, Errorf(CodeInternalError, "tool result: %v", err)
	}
	if !isObject(doc) {
		if string(doc) == "null" && reflect.Indirect(reflect.ValueOf(v)).Kind() == reflect.Map {
			return noArguments, nil // a nil map has no members
		}
		return nil, Errorf(CodeInternalError, "%v", errNotObject)
	}
	return doc, nil
}
