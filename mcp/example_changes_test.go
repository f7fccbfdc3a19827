package mcp_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/unikernel-ai/unikernel-ai/mcp"
)

// Clients that have subscribed to a resource, in whichever way their revision has for that,
// are told when it changes. The one who tells never waits for them.
func ExampleServer_ResourceUpdated() {
	s := mcp.NewServer(mcp.Implementation{Name: "clock", Version: "1"}, nil)
	var seconds atomic.Int64
	s.AddResource(mcp.Resource{URI: "clock://seconds", Name: "seconds"},
		func(context.Context) ([]mcp.Contents, error) {
			return []mcp.Contents{{Text: fmt.Sprint(seconds.Load())}}, nil
		})
	go func() {
		for range time.Tick(time.Second) {
			seconds.Add(1)
			s.ResourceUpdated("clock://seconds")
		}
	}()
}
