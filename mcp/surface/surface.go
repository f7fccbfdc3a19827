// Package surface is what every image tells of itself, as resources of its MCP server:
//
//	log://kernel   console and kernel messages since boot
//	log://boot     the steps of the boot and how long each took, text and JSON
//	log://crash    how the boot before ended, if it died and its memory is still there
//	metrics://     counters of the server, the Go runtime, the kernel and vsock
//	selftest://    what the boot self tests found
//	image://       what the image was made of
//
// An image's main package calls Add once. Nothing is computed before a client asks,
// and the answers are bounded, whatever runs in the image.
//
// It is where the columns kernel, drivers and mcp meet for any image, as main.go is for
// //:image. On a host all of it answers kernel.ErrNotGuest, but for metrics:// and image://.
package surface

import (
	"context"
	"encoding/json"
	"time"

	"github.com/unikernel-ai/unikernel-ai/drivers/vsock"
	"github.com/unikernel-ai/unikernel-ai/kernel"
	"github.com/unikernel-ai/unikernel-ai/mcp"
)

// Image is what the surfaces tell beyond what they find out themselves. The zero value
// is good.
type Image struct {
	Name, Version string
	Stack         *vsock.Stack        // its numbers are part of metrics://; nil: none
	Metrics       func() []mcp.Metric // the program's own numbers; nil: none
	Model         func() *Model       // the model sealed in; nil: none
	Sums          string              // text of the go.sum that the image was built with; "": left out
}

// Add adds the resources to s. Call it when the image listens: that is the last step of
// log://boot. It returns how long after the first instruction that was, 0 on a host.
func Add(s *mcp.Server, img Image) time.Duration {
	t, _ := kernel.BootTimeline()
	b := boot{listening: t.Now}
	s.AddLogResource("log://kernel", "kernel log", "console and kernel messages since boot", kernel.ReadLog)
	addBoth(s, "log://boot", "boot log", "the steps of the boot and how long each took", b.read)
	if c, ok, _ := kernel.LastCrash(); ok {
		addCrash(s, c)
	}
	s.AddMetrics(img.metrics)
	addJSON(s, mcp.Resource{URI: "selftest://", Name: "self tests", Description: "what the boot self tests found"}, readSelfTests)
	addJSON(s, mcp.Resource{URI: "image://", Name: "image", Description: "what the image was made of: versions and digests"}, img.read)
	return b.listening
}

// addJSON adds a resource that is one JSON document.
func addJSON[T any](s *mcp.Server, r mcp.Resource, read func() (T, error)) {
	r.MIMEType = jsonType
	s.AddResource(r, func(context.Context) ([]mcp.Contents, error) {
		doc, err := read()
		if err != nil {
			return nil, err
		}
		return jsonContents(r.URI, doc)
	})
}

const (
	jsonType = "application/json"
	textType = "text/plain"
)

// jsonContents returns doc as the one piece of a resource.
func jsonContents(uri string, doc any) ([]mcp.Contents, error) {
	b, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	return []mcp.Contents{{URI: uri, MIMEType: jsonType, Text: string(b)}}, nil
}

// addBoth adds a resource that is a text and a JSON document, and URI/json, which is the
// document alone.
func addBoth(s *mcp.Server, uri, name, description string, read func() (text string, doc any, err error)) {
	asJSON := uri + "/json"
	s.AddResource(mcp.Resource{URI: uri, Name: name, Description: description + ", as text and as JSON"},
		func(context.Context) ([]mcp.Contents, error) {
			text, doc, err := read()
			if err != nil {
				return nil, err
			}
			list, err := jsonContents(asJSON, doc)
			return append([]mcp.Contents{{URI: uri, MIMEType: textType, Text: text}}, list...), err
		})
	addJSON(s, mcp.Resource{URI: asJSON, Name: name + " in JSON", Description: description},
		func() (any, error) {
			_, doc, err := read()
			return doc, err
		})
}
