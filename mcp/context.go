package mcp

import (
	"context"
	"log/slog"
)

// Progress tells the client how far the call has come, if it asked to know
// (MCP basic/utilities/progress). progress must grow from one report to the
// next; one that does not is dropped. total is 0 if unknown. message is text for
// people, or a piece of streamed output; revision 2024-11-05 has no place for it.
//
// It waits while the client is slow to read. The error is not nil if
// the call is over or its connection is gone; a tool should then return.
func Progress(ctx context.Context, progress, total float64, message string) error { return nil }

// WantsProgress reports whether the client asked for progress of this call.
func WantsProgress(ctx context.Context) bool { return false }

// Log sends a log message to the client of this call, if it asked for that level
// (MCP server/utilities/logging). logger names the source and may be empty.
// data is anything that marshals to JSON.
func Log(ctx context.Context, level slog.Level, logger string, data any) error { return nil }
