package mcp

import (
	"cmp"
	"encoding/base64"
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
	Structured any  // nil, or what marshals to JSON; an object, for clients before 2026-07-28
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
	dst = appendMember(dst, "mimeType", cmp.Or(mime, "application/octet-stream")) // it must not be left out
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
