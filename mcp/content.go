package mcp

// Content is a piece of a tool's result: Text, Image, Audio, Embedded or Link.
type Content interface {
	// appendTo appends the content block as revision rev has it.
	appendTo(dst []byte, rev *revision) []byte
}

// Text is text content. As the Out type of a tool it is the whole result.
type Text string

// Result is a tool result in full, for tools that need more than Out gives.
type Result struct {
	Content    []Content
	Structured any  // nil, or what marshals to a JSON object
	IsError    bool // the tool failed; Content says how
}

func (t Text) appendTo(dst []byte, _ *revision) []byte { return dst }
