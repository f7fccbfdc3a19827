package mcp

// listPrompts answers prompts/list: name order, PageSize at a time.
func (s *session) listPrompts(r *request, dst []byte) ([]byte, *Error) {
	cat := s.srv.catalog.Load()
	from, to, e := s.page(r, cat.promptNames)
	if e != nil {
		return dst, e
	}
	dst = append(dst, `{"prompts":[`...)
	for i, name := range cat.promptNames[from:to] {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = cat.prompts[name].appendTo(dst, r.rev)
	}
	dst = append(dst, ']')
	return append(appendCursor(dst, cat.promptNames, to), '}'), nil
}

// appendTo appends the prompt's entry of prompts/list.
func (p *prompt) appendTo(dst []byte, rev *revision) []byte {
	dst = append(dst, `{"name":`...)
	dst = appendString(dst, p.Name)
	if rev.titles {
		dst = appendMember(dst, "title", p.Title)
	}
	dst = appendMember(dst, "description", p.Description)
	for i, a := range p.Arguments {
		dst = append(dst, []string{`,"arguments":[{"name":`, `,{"name":`}[min(i, 1)]...)
		dst = appendString(dst, a.Name)
		if rev.titles {
			dst = appendMember(dst, "title", a.Title)
		}
		dst = appendMember(dst, "description", a.Description)
		if a.Required {
			dst = append(dst, `,"required":true`...)
		}
		dst = append(dst, '}')
	}
	if len(p.Arguments) > 0 {
		dst = append(dst, ']')
	}
	dst = appendIcons(dst, p.Icons, rev)
	return append(appendMeta(dst, p.meta, rev), '}')
}

// getPrompt starts prompts/get. MCP server/prompts "Error Handling": an unknown name and
// missing arguments are error -32602.
func (s *session) getPrompt(r *request) *Error {
	if !isString(r.p.name) {
		return Errorf(CodeInvalidParams, "params.name must be a string")
	}
	if r.p.arguments != nil && !isObject(r.p.arguments) {
		return Errorf(CodeInvalidParams, "params.arguments must be an object")
	}
	name := text(r.p.name)
	p := s.srv.catalog.Load().prompts[string(name)]
	if p == nil {
		return Errorf(CodeInvalidParams, "unknown prompt: %s", clip(name))
	}
	given, err := p.arguments(r.p.arguments)
	if err != nil {
		return Errorf(CodeInvalidParams, "invalid arguments: %v", err)
	}
	f, err := p.bind(given)
	if err != nil {
		return Errorf(CodeInvalidParams, "invalid arguments: %v", err)
	}
	if e := s.admit(r, true); e != nil {
		return e
	}
	c := s.newCall(r)
	c.do = func(c *call, dst []byte) ([]byte, error) {
		res, err := f(c)
		if err != nil {
			return dst, err
		}
		return res.appendTo(c, dst)
	}
	if e := c.takeAnswers(r); e != nil {
		return e
	}
	return s.start(c, len(r.raw))
}

// appendTo appends the result of prompts/get.
func (r *PromptResult) appendTo(c *call, dst []byte) ([]byte, error) {
	if r == nil {
		return dst, Errorf(CodeInternalError, "prompt returned nothing")
	}
	dst = append(dst, '{')
	if r.Description != "" {
		dst = append(dst, `"description":`...)
		dst = append(appendString(dst, r.Description), ',')
	}
	dst = append(dst, `"messages":[`...)
	for i, m := range r.Messages {
		if m.Role != User && m.Role != Assistant || m.Content == nil {
			return dst, Errorf(CodeInternalError, "message %d of the prompt is of neither role or empty", i)
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = m.appendTo(dst, c.rev)
	}
	c.marks.setMeta(r.Meta)
	return append(dst, ']', '}'), nil
}

// appendTo appends the message.
func (m *Message) appendTo(dst []byte, rev *revision) []byte {
	dst = append(dst, `{"role":"`...)
	dst = append(dst, m.Role...)
	dst = append(dst, `","content":`...)
	return append(m.Content.appendTo(dst, rev), '}')
}
