package mcp

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
)

// appendTo appends the params of sampling/createMessage.
func (r *SampleRequest) appendTo(c *call, dst []byte) ([]byte, error) {
	dst = append(dst, `{"messages":[`...)
	for _, m := range r.Messages {
		dst = m.appendTo(dst, c.rev)
	}
	dst = append(dst[:len(dst)-1], `],"maxTokens":`...)
	dst = strconv.AppendInt(dst, int64(r.MaxTokens), 10)
	dst = appendMember(dst, "systemPrompt", r.System)
	dst = appendOptional(dst, "temperature", r.Temperature)
	if r.Preferences != nil {
		dst = r.Preferences.appendTo(dst)
	}
	// MCP 2025-11-25 client/sampling "Capabilities": not unless the client declares it.
	if c.rev.asks&capSamplingContext == 0 || c.can()&capSamplingContext != 0 {
		dst = appendMember(dst, "includeContext", r.IncludeContext)
	}
	var err error
	add := func(name string, v any, there bool) {
		if !there || err != nil {
			return
		}
		var doc []byte
		if doc, err = json.Marshal(v); err == nil {
			dst = append(dst, `,"`+name+`":`...)
			dst = append(dst, doc...)
		}
	}
	add("stopSequences", r.StopSequences, len(r.StopSequences) > 0)
	add("metadata", r.Metadata, r.Metadata != nil)
	if r.Tools != nil {
		dst = append(dst, `,"tools":[`...)
		for i, t := range r.Tools {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(dst, `{"name":`...)
			dst = appendString(dst, t.Name)
			dst = appendMember(dst, "description", t.Description)
			add("inputSchema", t.InputSchema, true)
			dst = append(dst, '}')
		}
		dst = append(dst, ']')
		if r.ToolChoice != "" {
			dst = append(dst, `,"toolChoice":{"mode":`...)
			dst = append(appendString(dst, r.ToolChoice), '}')
		}
	}
	return append(dst, '}'), err
}

// appendTo appends the message as revision rev has it, and a comma.
func (m SampleMessage) appendTo(dst []byte, rev *revision) []byte {
	list := len(m.Content) > 1 && rev.asks&capSamplingTools != 0
	for i, c := range m.Content {
		if i == 0 || !list {
			dst = append(dst, `{"role":"`...)
			dst = append(dst, m.Role...)
			dst = append(dst, `","content":`...)
			if list {
				dst = append(dst, '[')
			}
		}
		dst = c.appendTo(dst, rev)
		if !list {
			dst = append(dst, '}')
		}
		dst = append(dst, ',')
	}
	if list {
		dst = append(dst[:len(dst)-1], "]},"...)
	}
	return dst
}

// appendTo appends the member modelPreferences with a leading comma.
func (p *ModelPreferences) appendTo(dst []byte) []byte {
	dst = append(dst, `,"modelPreferences":{"hints":[`...)
	for i, h := range p.Hints {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"name":`...)
		dst = append(appendString(dst, h), '}')
	}
	dst = append(dst, ']')
	dst = appendOptional(dst, "costPriority", p.Cost)
	dst = appendOptional(dst, "speedPriority", p.Speed)
	dst = appendOptional(dst, "intelligencePriority", p.Intelligence)
	return append(dst, '}')
}

// appendOptional appends ,"name":v unless v is nil or no number that JSON has.
func appendOptional(dst []byte, name string, v *float64) []byte {
	if v == nil || !finite(*v) {
		return dst
	}
	dst = append(dst, `,"`+name+`":`...)
	return appendNumber(dst, *v)
}

func (u ToolUse) appendTo(dst []byte, _ *revision) []byte {
	dst = append(dst, `{"type":"tool_use"`...)
	dst = append(dst, `,"id":`...)
	dst = appendString(dst, u.ID)
	dst = append(dst, `,"name":`...)
	dst = appendString(dst, u.Name)
	dst = append(dst, `,"input":`...)
	if !isObject(u.Input) || !json.Valid(u.Input) {
		return append(dst, "{}}"...)
	}
	return append(append(dst, u.Input...), '}')
}

func (t ToolResult) appendTo(dst []byte, rev *revision) []byte {
	dst = append(dst, `{"type":"tool_result","toolUseId":`...)
	dst = appendString(dst, t.ToolUseID)
	dst = append(dst, `,"content":[`...)
	for i, c := range t.Content {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = c.appendTo(dst, rev)
	}
	dst = append(dst, ']')
	if doc, err := json.Marshal(t.Structured); t.Structured != nil && err == nil {
		dst = append(dst, `,"structuredContent":`...)
		dst = append(dst, doc...)
	}
	if t.IsError {
		dst = append(dst, `,"isError":true`...)
	}
	return append(dst, '}')
}

// parseSample reads a CreateMessageResult.
func parseSample(answer []byte) (r SampleResult, err error) {
	var role, content, model, stop []byte
	eachMember(answer, func(name string, v []byte) {
		switch name {
		case "role":
			role = v
		case "content":
			content = v
		case "model":
			model = v
		case "stopReason":
			stop = v
		}
	})
	if !isNamed(role, string(User)) && !isNamed(role, string(Assistant)) {
		return r, badAnswer("role must be user or assistant")
	}
	if !isString(model) {
		return r, badAnswer("model must be a string")
	}
	r.Role, r.Model = Role(unquote(role)), unquote(model)
	if isString(stop) {
		r.StopReason = unquote(stop)
	}
	r.Content, err = parseContents(content)
	return r, err
}

// parseContents reads one content block, or an array of them.
func parseContents(v []byte) ([]Content, error) {
	if isObject(v) {
		c, err := parseContent(v)
		return []Content{c}, err
	}
	if len(v) == 0 || v[0] != '[' {
		return nil, badAnswer("content must be an object or array")
	}
	var list []Content
	for w := walk(v); ; {
		e, ok := w.element()
		if !ok {
			return list, nil
		}
		c, err := parseContent(e)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
}

// parseContent reads one content block.
func parseContent(v []byte) (Content, error) {
	if !isObject(v) {
		return nil, badAnswer("content must be an object")
	}
	var b struct{ kind, text, data, mime, id, name, input []byte }
	eachMember(v, func(name string, v []byte) {
		for _, f := range [...]struct {
			name string
			to   *[]byte
		}{{"type", &b.kind}, {"text", &b.text}, {"data", &b.data}, {"mimeType", &b.mime}, {"id", &b.id}, {"name", &b.name}, {"input", &b.input}} {
			if f.name == name {
				*f.to = v
			}
		}
	})
	bad := func(members ...[]byte) bool {
		return slices.ContainsFunc(members, func(m []byte) bool { return !isString(m) })
	}
	if bad(b.kind) {
		return nil, badAnswer("content has no type")
	}
	switch kind := unquote(b.kind); kind {
	case "text":
		if bad(b.text) {
			return nil, badAnswer("text content has no text")
		}
		return Text(unquote(b.text)), nil
	case "image", "audio":
		if bad(b.data, b.mime) {
			return nil, badAnswerf("%s content must have data and mimeType", kind)
		}
		data, err := base64.StdEncoding.DecodeString(unquote(b.data))
		if err != nil {
			return nil, badAnswerf("%s content: %v", kind, err)
		}
		if kind == "image" {
			return Image{data, unquote(b.mime)}, nil
		}
		return Audio{data, unquote(b.mime)}, nil
	case "tool_use":
		if bad(b.id, b.name) || !isObject(b.input) {
			return nil, badAnswer("tool_use content must have id, name and input")
		}
		return ToolUse{unquote(b.id), unquote(b.name), append(json.RawMessage(nil), b.input...)}, nil
	default:
		return nil, badAnswerf("content is of the unknown type %s", clip(kind))
	}
}
